"""`todo db adopt`, and what the other commands do where Better Auth lives, as real processes."""

import asyncio
import json
import os
import pty
import re
import signal
import subprocess
from contextlib import suppress

import pytest

from tests.integration.databases import connect
from tests.integration.old_databases import (
    AFTERWARDS,
    OF_1_7,
    OF_DRIZZLE,
    ROWS,
    TASK_ROWS,
    TASKS,
    UP_TO_1_2,
    dump,
    fill,
    rows_of,
    sign_in_rows,
)
from tests.integration.service import PATIENCE, SECRET, TODO, Finished, free_port, run_todo, surroundings

NO_DATABASE = "postgresql://todo@127.0.0.1:1/todo"


async def adopt(url: str, *options: str) -> Finished:
    return await run_todo("db", "adopt", *options, settings={"DATABASE_URL": url})


async def test_a_dry_run_tells_what_was_found_and_what_would_be_done(bare_database: str) -> None:
    await fill(bare_database, OF_DRIZZLE, ROWS, TASKS, TASK_ROWS, "CREATE TABLE notes (id int)")
    before = await dump(bare_database)

    told = await adopt(bare_database, "--dry-run")

    assert (told.code, told.err) == (0, "")
    assert "Better Auth 1.4 to 1.7, by a schema of Drizzle" in told.out
    assert "user 2, session 2, account 2, verification 1, tasks 3" in told.out
    assert 'table "notes"' in told.out
    numbers = re.findall(r"^ +(\d+)\. ", told.out, re.MULTILINE)
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
    assert "the old application cannot use this database any more" in told.out
    assert await dump(bare_database) == before


async def test_it_wants_a_yes_that_nobody_can_give_without_a_terminal(bare_database: str) -> None:
    await fill(bare_database, OF_1_7, ROWS)
    before = await dump(bare_database)

    refused = await adopt(bare_database)

    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "--yes" in refused.err
    assert await dump(bare_database) == before


async def test_it_is_done_and_told_and_the_second_time_there_is_nothing_to_do(bare_database: str) -> None:
    await fill(bare_database, UP_TO_1_2, ROWS, TASKS, TASK_ROWS)

    done = await adopt(bare_database, "--yes")
    again = await adopt(bare_database)
    checked = await run_todo("db", "check", settings={"DATABASE_URL": bare_database})

    assert (done.code, done.err) == (0, "")
    assert "every row is there (user 2, session 2, account 2, verification 1, tasks 3)" in done.out
    assert (again.code, again.err) == (0, "")
    assert again.out.startswith("there is nothing to adopt: the tables are this program's")
    assert (checked.code, checked.err) == (0, "")
    assert await sign_in_rows(bare_database) == AFTERWARDS


async def test_an_empty_database_is_told_and_brought_up_to_date(bare_database: str) -> None:
    done = await adopt(bare_database)
    checked = await run_todo("db", "check", settings={"DATABASE_URL": bare_database})

    assert (done.code, done.err) == (0, "")
    assert "nothing to adopt: the database has no tables of Better Auth" in done.out
    assert checked.code == 0


async def test_the_plan_and_the_result_can_be_had_as_json(bare_database: str) -> None:
    await fill(bare_database, OF_1_7, ROWS, TASKS, TASK_ROWS)
    await fill(bare_database, "INSERT INTO tasks (user_id, title, completed) VALUES ('far', 'x', true)")

    looked = await adopt(bare_database, "--dry-run", "--json")
    done = await adopt(bare_database, "--yes", "--json")
    again = await adopt(bare_database, "--json")

    plan, result, nothing = (json.loads(each.out) for each in (looked, done, again))
    assert (plan["ok"], plan["done"], plan["kind"], plan["refusals"]) == (True, False, "foreign", [])
    assert plan["rows"] == {"user": 2, "session": 2, "account": 2, "verification": 1, "tasks": 4}
    assert (result["ok"], result["done"], result["steps"]) == (True, True, plan["steps"])
    assert result["rows"] == plan["rows"] | {"user": 3}
    assert (result["recorded"], result["version"]) == (1, result["applied"][-1])
    assert (nothing["ok"], nothing["kind"], nothing["steps"]) == (True, "ours", [])


@pytest.mark.parametrize("command", ["adopt", "upgrade"])
async def test_what_is_in_the_way_is_told_in_a_line_each(bare_database: str, command: str) -> None:
    await fill(bare_database, OF_1_7, 'ALTER TABLE "user" ADD COLUMN a int NOT NULL, ADD COLUMN b int NOT NULL')

    refused = await run_todo("db", command, settings={"DATABASE_URL": bare_database})

    assert refused.code == 1
    assert re.fullmatch(r'(todo: "user" has a column [ab] that must be filled[^\n]+\n){2}', refused.err)


async def test_what_is_in_the_way_is_json_too(bare_database: str) -> None:
    await fill(bare_database, OF_1_7, 'ALTER TABLE "user" ADD COLUMN a int NOT NULL')

    refused = await adopt(bare_database, "--json", "--yes")

    assert refused.code == 1
    assert json.loads(refused.out)["ok"] is False
    assert len(json.loads(refused.out)["refusals"]) == 1


@pytest.mark.parametrize("command", ["adopt", "upgrade"])
async def test_a_database_that_is_away_is_told(command: str) -> None:
    away = await run_todo("db", command, settings={"DATABASE_URL": NO_DATABASE})

    assert (away.code, away.out, away.err.count("\n")) == (69, "", 1)


async def test_an_upgrade_adopts_and_tells_it_first(bare_database: str) -> None:
    await fill(bare_database, OF_1_7, ROWS)

    done = await run_todo("db", "upgrade", settings={"DATABASE_URL": bare_database})
    again = await run_todo("db", "upgrade", "--json", settings={"DATABASE_URL": bare_database})

    assert (done.code, done.err) == (0, "")
    assert done.out.index("Better Auth 1.7") < done.out.index("To do") < done.out.index("every row is there")
    assert json.loads(again.out)["applied"] == []
    assert await sign_in_rows(bare_database) == AFTERWARDS


async def test_a_service_that_is_started_by_mistake_takes_nothing(bare_database: str) -> None:
    await fill(bare_database, OF_1_7, ROWS)
    before = await dump(bare_database)

    settings = {"DATABASE_URL": bare_database, "BETTER_AUTH_SECRET": SECRET}
    refused = await run_todo("serve", "--port", str(free_port()), settings=settings)

    assert (refused.code, refused.err.count("\n")) == (1, 1)
    assert "todo db adopt" in refused.err
    assert await dump(bare_database) == before


async def test_who_presses_ctrl_c_in_the_middle_has_changed_nothing(bare_database: str) -> None:
    await fill(bare_database, OF_DRIZZLE, ROWS)
    before = await dump(bare_database)
    waits = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    other = await connect(bare_database)
    try:
        async with other.transaction():
            await other.execute('LOCK TABLE "session" IN ACCESS SHARE MODE')
            process = await asyncio.create_subprocess_exec(
                TODO,
                *("db", "adopt", "--yes"),
                env=surroundings({"DATABASE_URL": bare_database}),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            async with asyncio.timeout(PATIENCE):
                while not await rows_of(bare_database, waits):
                    assert process.returncode is None
            process.send_signal(signal.SIGINT)
            _, told = await process.communicate()
    finally:
        await other.close()

    assert process.returncode != 0
    assert b"Traceback" not in told
    assert await dump(bare_database) == before


@pytest.mark.parametrize(("answer", "adopted"), [("y", True), ("n", False)])
async def test_on_a_terminal_it_asks_and_shows_how_far_it_is(bare_database: str, answer: str, adopted: bool) -> None:
    await fill(bare_database, OF_1_7, ROWS)

    code, shown = await asyncio.to_thread(on_a_terminal, bare_database, answer)

    assert "Do this now? [y/N]" in shown
    assert code == (0 if adopted else 1)
    assert ("━" in shown, "compare the rows" in shown) == (adopted, adopted)
    versions = await rows_of(bare_database, "SELECT to_regclass('todo_schema_version') IS NOT NULL AS there")
    assert versions == [{"there": adopted}]


def on_a_terminal(url: str, answer: str) -> tuple[int, str]:
    """The exit code, and all that a person saw who gave that answer."""
    ours, theirs = pty.openpty()
    environment = surroundings({"DATABASE_URL": url, "TERM": "xterm"})
    with subprocess.Popen(
        [TODO, "db", "adopt"], env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        os.write(ours, f"{answer}\n".encode())
        shown = b""
        with suppress(OSError):  # Linux says so when the other side has closed a terminal
            while piece := os.read(ours, 4096):
                shown += piece
        os.close(ours)
        return process.wait(PATIENCE), shown.decode()
