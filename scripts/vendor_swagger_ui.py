"""Keeps the vendored Swagger UI: fetches the pinned release anew, or with --check says whether what is there is intact.

    python scripts/vendor_swagger_ui.py            fetch (needs npm), write, check
    python scripts/vendor_swagger_ui.py --check    check only: no network; exits 1 when a file is not as it was fetched

To move to another release, change RELEASE and INTEGRITY (`npm view swagger-ui-dist@VERSION dist.integrity`) and fetch.
"""

import argparse
import base64
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

RELEASE = "swagger-ui-dist@5.35.0"
INTEGRITY = "sha512-U06rpMtW9V3XPGOBeamTUSr0Z09jMX4IJuANpE/EZbAhw0G8CgwrzU4YmXkn/h0wCDNsXdGarTNNHC3sU8yVUQ=="
TAKEN = (
    "LICENSE",
    "NOTICE",
    "favicon-32x32.png",
    "swagger-ui-bundle.js",
    "swagger-ui-bundle.js.LICENSE.txt",
    "swagger-ui.css",
)
"""No standalone preset: it brings a top bar for choosing a description, and we have one."""

HOME = Path(__file__).resolve().parent.parent / "src/todo/entrypoints/http/docs/swagger-ui"
CHECKSUMS = "CHECKSUMS"
VERSION = "VERSION"


class VendoringError(Exception):
    """What was fetched, or what is there, is not what it should be."""


def fetch() -> dict[str, bytes]:
    """The taken files of the pinned release, byte for byte, from an archive that matches INTEGRITY."""
    npm = shutil.which("npm")
    if npm is None:
        raise VendoringError("npm is not installed, and fetching Swagger UI needs it")
    with tempfile.TemporaryDirectory() as folder:
        packing = [npm, "pack", RELEASE, "--ignore-scripts", "--loglevel=error", "--pack-destination", folder]
        if subprocess.run(packing, cwd=folder, stdout=subprocess.DEVNULL).returncode:
            raise VendoringError(f"npm could not fetch {RELEASE}")
        (archive,) = Path(folder).glob("*.tgz")
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if f"sha512-{digest}" != INTEGRITY:
            raise VendoringError(f"{RELEASE} came as sha512-{digest}, not as {INTEGRITY}")
        with tarfile.open(archive) as packed:
            return {name: _member(packed, name) for name in TAKEN}


def _member(packed: tarfile.TarFile, name: str) -> bytes:
    content = packed.extractfile(f"package/{name}")
    if content is None:
        raise VendoringError(f"{RELEASE} has no file {name}")
    return content.read()


def write(files: dict[str, bytes], home: Path = HOME) -> None:
    files = {**files, VERSION: f"{RELEASE}\n{INTEGRITY}\nFiles are as published, byte for byte.\n".encode()}
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    for name, content in files.items():
        (home / name).write_bytes(content)
    lines = (f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))
    (home / CHECKSUMS).write_text("".join(lines), encoding="ascii")


def check(home: Path = HOME) -> None:
    """Raises for a file that is changed, missing, unknown or not listed, and for any release but the pinned one."""
    if not (home / CHECKSUMS).is_file():
        raise VendoringError(f"there is no {home / CHECKSUMS}")
    listed = dict(_listed(line) for line in (home / CHECKSUMS).read_text(encoding="ascii").splitlines())
    there = {file.name for file in home.iterdir()} - {CHECKSUMS}
    wanted = {*TAKEN, VERSION}
    faults = [f"{name} is missing" for name in sorted(wanted - there)]
    faults += [f"{name} has no checksum" for name in sorted((wanted | there) - listed.keys())]
    faults += [f"{name} is not one of Swagger UI's files" for name in sorted((there | listed.keys()) - wanted)]
    faults += [
        f"{name} is changed"
        for name in sorted(wanted & there & listed.keys())
        if hashlib.sha256((home / name).read_bytes()).hexdigest() != listed[name]
    ]
    if not faults and (home / VERSION).read_text(encoding="ascii").split()[:2] != [RELEASE, INTEGRITY]:
        faults.append(f"{VERSION} does not say {RELEASE}")
    if faults:
        raise VendoringError("; ".join(faults))


def _listed(line: str) -> tuple[str, str]:
    digest, _, name = line.partition("  ")
    return name, digest


def main(arguments: list[str] | None = None, home: Path = HOME) -> int:
    parser = argparse.ArgumentParser(description="Fetch or check the vendored Swagger UI.")
    parser.add_argument("--check", action="store_true", help="only check what is there, without network")
    try:
        if not parser.parse_args(arguments).check:
            write(fetch(), home)
        check(home)
    except VendoringError as error:
        print(f"Swagger UI: {error}", file=sys.stderr)
        return 1
    print(f"Swagger UI: {RELEASE} is intact")
    return 0


if __name__ == "__main__":
    sys.exit(main())
