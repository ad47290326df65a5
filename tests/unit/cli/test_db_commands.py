"""`todo db`."""

import json

import pytest

from tests.unit.cli.memory_tools import HEAD, MemorySchema, MemoryTools, Shell


@pytest.mark.parametrize(
    ("version", "applied", "said"),
    [
        (None, ["0001", "0002"], "now at 0002; applied: 0001, 0002\n"),
        ("0001", ["0002"], "now at 0002; applied: 0002\n"),
        ("0002", [], "already at 0002\n"),
    ],
)
def test_an_upgrade_says_what_it_took(
    shell: Shell, tools: MemoryTools, version: str | None, applied: list[str], said: str
) -> None:
    tools.schema = MemorySchema(version)
    told = shell.run("db", "upgrade")
    tools.schema = MemorySchema(version)
    told_as_json = shell.run("db", "upgrade", "--json")

    assert (told.exit_code, told.stdout) == (0, said)
    answer = json.loads(told_as_json.stdout)
    assert (answer["version"], answer["applied"]) == (HEAD, applied)
    assert tools.schema.version == HEAD


@pytest.mark.parametrize(("version", "shown"), [(None, "none"), ("0001", "0001"), ("0002", "0002")])
def test_the_version_is_told_beside_the_one_that_is_needed(
    shell: Shell, tools: MemoryTools, version: str | None, shown: str
) -> None:
    tools.schema = MemorySchema(version)

    told, told_as_json = shell.run("db", "current"), shell.run("db", "current", "--json")

    assert (told.exit_code, told.stdout) == (0, f"{shown} (this program needs 0002)\n")
    assert json.loads(told_as_json.stdout) == {"version": version, "needed": HEAD}


def test_a_check_of_good_tables_succeeds(shell: Shell) -> None:
    told, told_as_json = shell.run("db", "check"), shell.run("db", "check", "--json")

    assert (told.exit_code, told.stdout) == (0, "the tables are at 0002, as this program needs them\n")
    assert told_as_json.exit_code == 0
    assert json.loads(told_as_json.stdout) == {"ok": True, "version": HEAD, "needed": HEAD, "differences": []}


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (MemorySchema(None), "the tables are at none, this program needs 0002: run todo db upgrade\n"),
        (MemorySchema("0001"), "the tables are at 0001, this program needs 0002: run todo db upgrade\n"),
        (MemorySchema("theirs"), "the tables are at theirs, a version of no program of ours: restore a backup\n"),
        (
            MemorySchema(HEAD, ["remove_table x", "add_index y"]),
            "the tables differ from what this program needs:\n  remove_table x\n  add_index y\n",
        ),
    ],
    ids=["without tables", "outdated", "of nobody", "changed by hand"],
)
def test_a_check_of_other_tables_fails(shell: Shell, tools: MemoryTools, schema: MemorySchema, said: str) -> None:
    tools.schema = schema

    told, told_as_json = shell.run("db", "check"), shell.run("db", "check", "--json")

    assert (told.exit_code, told.stdout) == (1, said)
    assert told_as_json.exit_code == 1
    assert json.loads(told_as_json.stdout)["ok"] is False
    assert tools.schema.version == schema.version


def test_tables_of_a_newer_program_are_left_as_they_are(shell: Shell, tools: MemoryTools) -> None:
    tools.schema = MemorySchema("0099")

    told, told_as_json = shell.run("db", "upgrade"), shell.run("db", "upgrade", "--json")
    adopted = shell.run("db", "adopt", "--yes")

    at = "the tables are at 0099, of a newer program (this one knows them up to 0002)"
    assert (told.exit_code, told.stdout) == (0, f"{at}: they are left as they are\n")
    assert json.loads(told_as_json.stdout) == {"version": "0099", "applied": []}
    assert adopted.stdout.endswith("the tables are at 0099\n")
    assert tools.schema.version == "0099"


def test_a_check_of_newer_tables_sends_nobody_to_upgrade_them(shell: Shell, tools: MemoryTools) -> None:
    tools.schema = MemorySchema("0099")

    told, told_as_json = shell.run("db", "check"), shell.run("db", "check", "--json")

    assert told.exit_code == told_as_json.exit_code == 1
    assert "of a newer program" in told.stdout
    assert "upgrade" not in told.stdout
    assert json.loads(told_as_json.stdout) == {"ok": False, "version": "0099", "needed": HEAD, "differences": []}
