"""Writes down which packages the program is made of, with their versions: CycloneDX 1.6, from requirements-run.lock.

    python scripts/sbom.py todo.cdx.json

The same lock gives the same bytes. The checksums stand in the lock itself, one for each file of a package.
"""

import argparse
import json
import re
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PIN = re.compile(r"^([a-z0-9-]+)==([^\s;\\]+)(?: ; ([^\\]+?))?(?: \\)?$", re.MULTILINE)


def inventory(lock: str, *, version: str) -> dict[str, Any]:
    """What the lock pins. A package that is needed on some machines only says on which."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "todo", "version": version, "bom-ref": "todo"}},
        "components": [component(*pin) for pin in PIN.findall(lock)],
    }


def component(name: str, version: str, marker: str) -> dict[str, Any]:
    purl = f"pkg:pypi/{name}@{version}"
    found: dict[str, Any] = {"type": "library", "name": name, "version": version, "purl": purl, "bom-ref": purl}
    return found | ({"properties": [{"name": "todo:marker", "value": marker}]} if marker else {})


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("path", type=Path, help="where to write it")
    path = parser.parse_args().path
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    made = inventory((ROOT / "requirements-run.lock").read_text(), version=version)
    path.write_text(json.dumps(made, indent=2) + "\n")
    print(f"{path}: {len(made['components'])} packages")


if __name__ == "__main__":
    main()
