"""What a file `.env` says, and what is made of one that cannot be read."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from todo.bootstrap.doctor import about_env_file
from todo.bootstrap.examining import diagnose
from todo.bootstrap.problems import what_is_set
from todo.bootstrap.surroundings import EnvFile, env_file, environment
from todo.bootstrap.tools import HostTools
from todo.config import SettingsInvalid
from todo.entrypoints.cli.tools import Level, Problem


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(content: str, *, encoding: str = "utf-8") -> EnvFile:
    Path(".env").write_bytes(content.encode(encoding))
    return env_file()


def test_without_one_there_is_nothing(here: Path) -> None:
    assert env_file() == EnvFile({})
    (here / ".env").mkdir()
    assert env_file() == EnvFile({})


def test_the_environment_of_the_process_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TODO_HOST", "::1")
    written("TODO_HOST=0.0.0.0\nTODO_MAIL_FROM='Zoë <zoe@example.com>'\n")

    assert environment()["TODO_HOST"] == "::1"
    assert environment()["TODO_MAIL_FROM"] == "Zoë <zoe@example.com>"


def test_a_mark_of_windows_is_no_part_of_the_first_name() -> None:
    assert written("TODO_PORT=8123\r\nTODO_HOST=::1\r\n", encoding="utf-8-sig").values == {
        "TODO_PORT": "8123",
        "TODO_HOST": "::1",
    }


@pytest.mark.parametrize(
    ("content", "unread"),
    [
        ("TODO_PORT=8123\n", []),
        ("# a\n\nTODO_PORT=8123\nBETTER_AUTH_SECRET: hunter2\n", [4]),
        ("A='1\n2'\n\n\n  what is this hunter2\nTODO_PORT=8123\n='hunter2'\n", [5, 7]),
        ("TODO_PORT=8123\r\nTODO_HOST='hunter2\r\n", [2]),
    ],
)
def test_lines_that_say_nothing_are_counted_and_the_others_hold(
    content: str, unread: Sequence[int], caplog: pytest.LogCaptureFixture
) -> None:
    file = written(content)

    assert file.unread == unread
    assert file.values["TODO_PORT"] == "8123"
    assert caplog.messages == []


def test_they_are_told_once_and_by_their_numbers_alone(caplog: pytest.LogCaptureFixture) -> None:
    written("TODO_PORT=8123\nhunter2 hunter2\n\nhunter2 hunter2\n")

    assert what_is_set()["TODO_PORT"] == "8123"

    assert caplog.messages == [
        "todo: lines 2, 4 of .env cannot be read, and have no effect: write NAME=value, or # before what is no setting"
    ]


def test_they_are_something_to_mend() -> None:
    assert [*about_env_file(EnvFile({}))] == []
    (found,) = about_env_file(EnvFile({}, [4]))

    assert (found.level, found.text) == (Level.MEND, "line 4 of .env cannot be read, and has no effect")
    assert found.mend == "write NAME=value, or # before what is no setting"


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_one_that_is_not_in_utf_8_is_a_fault_of_the_settings(encoding: str) -> None:
    with pytest.raises(SettingsInvalid, match=r"^\.env is no text in UTF-8, as line \d shows: save it as UTF-8$"):
        written("TODO_PORT=8123\nTODO_MAIL_FROM='Zoë <zoe@example.com>'\n", encoding=encoding)

    assert diagnose().exit_code == 78
    for ask in (lambda: HostTools().address(), lambda: HostTools().installation({}).__enter__()):
        with pytest.raises(Problem) as told:
            ask()
        assert (told.value.exit_code, len(told.value.lines)) == (78, 1)
