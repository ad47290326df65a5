"""What the program is built on, and what it is built into."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from scripts.sbom import inventory

ROOT = Path(__file__).parents[2]
LOCKS = {name: (ROOT / name).read_text() for name in ("requirements.lock", "requirements-run.lock")}
FLOORS = {
    "litestar": (2, 22),
    "pyjwt": (2, 13),
    "uvicorn": (0, 54),
    "argon2-cffi": (25, 1),
    "httptools": (0, 9),
}
"""Below these there are weaknesses that are known, or behaviour that tests of ours rely on being otherwise."""
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())


def pinned(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;\\]+)", LOCKS[lock], re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize("package", FLOORS)
def test_no_package_is_older_than_its_last_known_weakness(lock: str, package: str) -> None:
    version = pinned(lock)[package]

    assert tuple(int(part) for part in re.findall(r"\d+", version)[:2]) >= FLOORS[package]


def test_h11_where_it_is_pinned_at_all_is_not_the_one_with_lenient_chunks() -> None:
    for lock in LOCKS:
        assert tuple(map(int, pinned(lock).get("h11", "0.16").split(".")[:2])) >= (0, 16)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_file_of_every_package_is_known_by_its_checksum(lock: str) -> None:
    for entry in re.split(r"\n(?=\S)", LOCKS[lock].strip()):
        assert re.match(r"[a-z0-9-]+==\S+", entry), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_place_to_fetch_from(lock: str) -> None:
    assert not re.search(r"https?://|--(?:extra-)?index-url|--find-links|^-e|@ ", LOCKS[lock], re.MULTILINE)


def test_the_program_runs_on_what_was_tested() -> None:
    assert pinned("requirements-run.lock").items() <= pinned("requirements.lock").items()


def test_the_inventory_is_the_lock() -> None:
    made = inventory(LOCKS["requirements-run.lock"], version="1.2.3")

    components = made["components"]
    assert {one["name"]: one["version"] for one in components} == pinned("requirements-run.lock")
    assert len(components) == len(pinned("requirements-run.lock")) > 20
    assert len({one["bom-ref"] for one in components}) == len(components)
    assert {one["purl"] for one in components} >= {f"pkg:pypi/litestar@{pinned('requirements-run.lock')['litestar']}"}
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    assert made["metadata"]["component"]["version"] == "1.2.3"


def test_the_inventory_says_what_only_some_machines_need() -> None:
    made = inventory('one==1.0 \\\n    --hash=sha256:0\ntwo==2.0 ; sys_platform != "win32" \\\n', version="1")

    assert [component.get("properties") for component in made["components"]] == [
        None,
        [{"name": "todo:marker", "value": 'sys_platform != "win32"'}],
    ]


def test_the_linter_looks_for_weaknesses_and_for_what_blocks() -> None:
    lint = PROJECT["tool"]["ruff"]["lint"]

    assert {"S", "ASYNC", "B", "DTZ"} <= set(lint["select"])
    assert not [rule for rule in lint["ignore"] if rule.startswith(("S", "ASYNC", "B"))]
    assert not [name for name in lint["per-file-ignores"] if name.startswith("src")]


def test_what_is_shipped_holds_no_tests_and_needs_none_of_their_packages() -> None:
    assert PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"] == {"packages": ["src/todo"]}
    shipped = [path for path in (ROOT / "src").rglob("*") if "__pycache__" not in path.parts]
    tests_own = {re.split(r"[<>=]", wanted)[0] for wanted in PROJECT["dependency-groups"]["dev"]}

    assert [path for path in shipped if re.match(r"test_|conftest", path.name) or "tests" in path.parts] == []
    for path in shipped:
        if path.suffix == ".py":
            imported = set(re.findall(r"^\s*(?:from|import) (\w+)", path.read_text(), re.MULTILINE))
            assert not imported & {name.replace("-", "_") for name in tests_own}, path
