"""`todo openapi` and `todo secret`."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.memory_tools import MemoryTools, Shell

KEPT = Path("docs/openapi.json")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory."""
    monkeypatch.chdir(tmp_path)
    KEPT.parent.mkdir()
    return tmp_path


def test_the_description_is_printed_as_json(shell: Shell, tools: MemoryTools) -> None:
    printed = shell.run("openapi")

    assert printed.exit_code == 0
    assert json.loads(printed.stdout) == tools.api
    assert "Tâches" in printed.stdout


@pytest.mark.usefixtures("folder")
def test_what_was_printed_and_kept_is_up_to_date(shell: Shell) -> None:
    KEPT.write_text(shell.run("openapi").stdout, encoding="utf-8")

    checked = shell.run("openapi", "--check")

    assert (checked.exit_code, checked.stdout) == (0, "docs/openapi.json is up to date\n")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("kept", ["{}", None], ids=["another", "none"])
def test_another_description_is_told(shell: Shell, kept: str | None) -> None:
    if kept is not None:
        KEPT.write_text(kept)

    checked = shell.run("openapi", "--check")

    assert (checked.exit_code, checked.stdout) == (1, "")
    assert checked.stderr.startswith("todo: ")
    assert checked.stderr.endswith("todo openapi > docs/openapi.json\n")


def test_every_secret_is_another(shell: Shell) -> None:
    assert [shell.run("secret").stdout for _ in range(2)] == ["secret 0\n", "secret 1\n"]
