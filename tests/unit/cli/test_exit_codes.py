"""What a script learns from a command: every code that `--help` names, and no other."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import rich_click as click

from tests.unit.cli.memory_tools import Diagnosed, MemorySchema, Noticed, Shell
from todo.domain import errors
from todo.domain.errors import DomainError
from todo.entrypoints.cli.main import EXIT_CODES, todo
from todo.entrypoints.cli.tools import Level, Problem

PASSWORD = "correct horse battery"
STOPPED_BY_CTRL_C = 130
"""Of a real service, in `tests/integration/test_serve.py`."""


@dataclass(frozen=True)
class Case:
    code: int
    arguments: str
    typed: str = PASSWORD
    before: Callable[[Shell], object] = lambda _: None


def trouble(error: Exception) -> Callable[[Shell], None]:
    def prepare(shell: Shell) -> None:
        shell.tools.trouble = error

    return prepare


def without_tables(shell: Shell) -> None:
    shell.tools.schema = MemorySchema(None)


def with_ada(shell: Shell) -> None:
    shell.create("ada@example.com", PASSWORD)


CREATE = "user create new@example.com --password-stdin"
AWAY = trouble(errors.StoreUnavailable())
WRONG = trouble(Problem("TODO_PORT must be a number", "BETTER_AUTH_SECRET is missing", exit_code=78))


def ill(exit_code: int) -> Callable[[Shell], None]:
    def prepare(shell: Shell) -> None:
        shell.tools.diagnosis = Diagnosed([Noticed(Level.MEND, "it", "is broken", "mend it")], exit_code)

    return prepare


CASES = {
    "help": Case(0, "--help"),
    "version": Case(0, "--version"),
    "made": Case(0, CREATE),
    "no tables": Case(1, "db check", before=without_tables),
    "no service": Case(1, "healthcheck"),
    "busy": Case(1, "user list", before=trouble(errors.Busy())),
    "a problem": Case(1, "user list", before=trouble(Problem("the disk is full"))),
    "something to mend": Case(1, "doctor", before=ill(1)),
    "no such command": Case(2, "destroy"),
    "no such option": Case(2, "user list --all"),
    "an argument is missing": Case(2, "user create"),
    "no number": Case(2, "serve --port http"),
    "no port": Case(2, "serve --port 0"),
    "no terminal": Case(2, "user delete ada@example.com", before=with_ada),
    "not the web": Case(2, "healthcheck --url file:///etc/passwd"),
    "sessions of whom": Case(2, "sessions end"),
    "sessions of whom of two": Case(2, "sessions end --user usr_ada --all"),
    "sessions of one user twice": Case(2, "sessions list --user usr_ada --email ada@example.com"),
    "no terminal to sign everybody out": Case(2, "sessions end --all"),
    "no file": Case(2, "backup"),
    "no address": Case(65, "user create nobody --password-stdin"),
    "short password": Case(65, CREATE, typed="seven77"),
    "long password": Case(65, CREATE, typed="a" * 129),
    "no password": Case(65, CREATE, typed=""),
    "long name": Case(65, f"{CREATE} --name {'a' * 256}"),
    "short new password": Case(65, "user set-password ada@example.com --password-stdin", "seven77", with_ada),
    "password of nobody": Case(67, "user set-password bob@example.com --password-stdin"),
    "password of no id": Case(67, "user set-password usr_nobody --password-stdin"),
    "delete nobody": Case(67, "user delete bob@example.com --yes"),
    "sessions of nobody": Case(67, "sessions end --email bob@example.com"),
    "the database is away": Case(69, "user list", before=AWAY),
    "the database is away from its tables": Case(69, "db upgrade", before=AWAY),
    "taken": Case(73, "user create ADA@example.com --password-stdin", before=with_ada),
    "wrong settings": Case(78, "user list", before=WRONG),
    "wrong settings for serving": Case(78, "serve", before=WRONG),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_script_can_tell_what_went_wrong(shell: Shell, case: Case) -> None:
    case.before(shell)

    ended = shell.run(*case.arguments.split(), typed=case.typed)

    assert ended.exit_code == case.code, ended.output
    assert ended.exception is None or isinstance(ended.exception, SystemExit)
    assert "Traceback" not in ended.output
    if case.code not in {0, 2}:
        assert ended.stderr == "" or all(line.startswith("todo: ") for line in ended.stderr.splitlines())
    if case.code >= 64:
        assert (ended.stdout, bool(ended.stderr)) == ("", True)


def codes_of_help() -> dict[int, str]:
    """Each code, with what it means."""
    listed = " ".join(EXIT_CODES.split()).removeprefix("Exit codes: ").rstrip(".")
    return {int(code): means for code, means in (entry.split(" ", 1) for entry in listed.split("; "))}


def test_help_names_every_code_and_no_other() -> None:
    assert set(codes_of_help()) == {case.code for case in CASES.values()} | {STOPPED_BY_CTRL_C}


def test_the_page_for_operators_has_the_same_list() -> None:
    page = (Path(__file__).parents[3] / "docs" / "operate.md").read_text(encoding="utf-8")

    _, found, after = page.partition("| Exit code | Means |\n| --- | --- |\n")
    rows = re.findall(r"(?m)^\| (\d+) \| (.+) \|$", after.partition("\n\n")[0])
    assert found
    assert [(int(code), means) for code, means in rows] == list(codes_of_help().items())


def test_all_that_is_wrong_is_told_in_a_line_each(shell: Shell) -> None:
    WRONG(shell)

    assert shell.run("db", "check").stderr == "todo: TODO_PORT must be a number\ntodo: BETTER_AUTH_SECRET is missing\n"


def every_refusal(kind: type[DomainError] = DomainError) -> list[type[DomainError]]:
    return [kind, *(deeper for child in kind.__subclasses__() for deeper in every_refusal(child))]


@pytest.mark.parametrize("refusal", every_refusal(), ids=lambda kind: kind.__name__)
def test_no_refusal_is_a_traceback(shell: Shell, refusal: type[DomainError]) -> None:
    shell.tools.trouble = refusal()

    ended = shell.run("user", "list")

    assert ended.exit_code in {1, 65, 67, 69, 73}
    assert re.fullmatch(r"todo: [^\n]+\n", ended.stderr)
    assert isinstance(ended.exception, SystemExit)


def every_command(group: click.Group = todo, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The names that lead to each command, groups included."""
    found = [path]
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found += every_command(command, (*path, name))
        else:
            found.append((*path, name))
    return found


@pytest.mark.parametrize("path", every_command(), ids=lambda path: " ".join(path) or "todo")
@pytest.mark.parametrize("asked", ["--help", "-h"])
def test_every_command_explains_itself(shell: Shell, path: tuple[str, ...], asked: str) -> None:
    shell.tools.trouble = AssertionError("help needs no tools")

    told = shell.run(*path, asked)

    assert told.exit_code == 0
    assert " ".join(("Usage: todo", *path)) in told.stdout


def test_help_lists_the_commands() -> None:
    assert {" ".join(path) for path in every_command()} >= {
        "backup",
        "db",
        "db check",
        "db current",
        "db upgrade",
        "demo",
        "doctor",
        "healthcheck",
        "maintenance",
        "openapi",
        "restore",
        "secret",
        "serve",
        "sessions",
        "sessions end",
        "sessions list",
        "user",
        "user create",
        "user delete",
        "user list",
        "user set-password",
    }
