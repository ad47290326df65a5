"""The installed command in real processes: what a unit test cannot see."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import rich_click as click
from openapi_spec_validator import validate

import todo.__main__  # noqa: F401  brings the commands
from tests.integration.databases import beside, connect, fresh_database
from tests.integration.service import (
    PASSWORD,
    PATIENCE,
    SECRET,
    TODO,
    Finished,
    Service,
    a_folder,
    free_port,
    run_todo,
    serving,
    signed_up,
    surroundings,
)
from todo.config import secret_fault
from todo.entrypoints.cli.main import todo as commands

NO_DATABASE = "postgresql://todo@127.0.0.1:1/todo"
SECONDS_FOR_HELP = 0.5
HEAVY = {"litestar", "sqlalchemy", "asyncpg", "alembic", "uvicorn", "advanced_alchemy", "argon2", "jwt"}
OTHER_PASSWORD = "Tr0ub4dor & 3"
MEASURED = """
import json, sys, time
from todo.__main__ import main
try:
    main()
except SystemExit as ended:
    print(json.dumps([ended.code, time.process_time(), sorted({name.partition(".")[0] for name in sys.modules})]))
"""


def every_command(group: click.Group = commands, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [path]
    for name, command in group.commands.items():
        deeper = (*path, name)
        found += every_command(command, deeper) if isinstance(command, click.Group) else [deeper]
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(database_server: str, migrated_template: str, way_in: str) -> AsyncIterator[str]:
    async with fresh_database(database_server, template=migrated_template) as name:
        yield beside(way_in, name)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(database: str) -> AsyncIterator[Service]:
    async with serving(database) as service:
        yield service


class TestHelp:
    @pytest.mark.parametrize("path", every_command(), ids=lambda path: " ".join(path) or "todo")
    def test_it_waits_for_nothing_that_is_slow_to_import(self, path: tuple[str, ...]) -> None:
        """The time is the processor's: the machine may be busy with other things."""
        ended = subprocess.run(
            [sys.executable, "-c", MEASURED, *path, "--help"],
            env=surroundings({}),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

        assert (ended.returncode, ended.stderr) == (0, "")
        code, seconds, modules = json.loads(ended.stdout.splitlines()[-1])
        assert code == 0
        assert HEAVY & set(modules) == set()
        assert seconds < SECONDS_FOR_HELP

    async def test_the_command_has_two_doors(self) -> None:
        installed, module = await asyncio.gather(
            run_todo("--version"),
            asyncio.to_thread(
                subprocess.run,
                [sys.executable, "-m", "todo", "--version"],
                env=surroundings({}),
                capture_output=True,
                text=True,
                timeout=PATIENCE,
            ),
        )

        assert re.fullmatch(r"todo \d+\.\d+\.\d+\n", installed.out)
        assert module.stdout.split()[-1] == installed.out.split()[-1]


class TestDatabase:
    async def test_its_tables_are_made_told_and_checked(self, bare_database: str) -> None:
        settings = {"DATABASE_URL": bare_database}

        before, not_yet = await asyncio.gather(
            run_todo("db", "current", "--json", settings=settings), run_todo("db", "check", settings=settings)
        )
        needed = json.loads(before.out)["needed"]
        assert json.loads(before.out) == {"version": None, "needed": needed}
        assert (not_yet.code, not_yet.err) == (1, "")
        assert "run todo db upgrade" in not_yet.out

        upgraded = await run_todo("db", "upgrade", "--json", settings=settings)
        assert (upgraded.code, json.loads(upgraded.out)["version"]) == (0, needed)
        assert json.loads(upgraded.out)["applied"][-1] == needed

        good = await run_todo("db", "check", "--json", settings=settings)
        told = {"ok": True, "version": needed, "needed": needed, "differences": []}
        assert (good.code, json.loads(good.out)) == (0, told)

        await execute(bare_database, "ALTER TABLE tasks DROP COLUMN description")
        changed = await run_todo("db", "check", "--json", settings=settings)
        assert (changed.code, json.loads(changed.out)["ok"]) == (1, False)
        assert "description" in json.loads(changed.out)["differences"][0]

    async def test_the_embedded_one_is_used_when_none_is_named(self) -> None:
        with a_folder() as folder:
            listed = await run_todo("user", "list", "--json", settings={"TODO_DATA_DIR": str(folder / "data")})

        assert (listed.code, listed.out, listed.err) == (0, "[]\n", "")

    async def test_tables_of_another_program_are_left_alone_and_told(self, bare_database: str) -> None:
        await execute(bare_database, 'CREATE TABLE "user" (something_else int)')

        refused = await run_todo("db", "upgrade", settings={"DATABASE_URL": bare_database})

        assert (refused.code, refused.out) == (1, "")
        assert re.fullmatch(r"(todo: [^\n]+\n)+", refused.err)


async def execute(database: str, statement: str) -> None:
    connection = await connect(database)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def test_what_is_done_to_accounts_holds_in_the_running_service(service: Service, database: str) -> None:
    async def run(*arguments: str, stdin: str = "") -> Finished:
        finished = await run_todo("user", *arguments, stdin=stdin, settings={"DATABASE_URL": database})
        assert (finished.code, finished.err) == (0, "")
        return finished

    made = json.loads((await run("create", "Ada@Example.com", "--password-stdin", "--json", stdin=PASSWORD)).out)
    async with service.client() as client:
        login = {"email": "ada@example.com", "password": PASSWORD}
        assert (await client.post("/api/auth/login", json=login)).json()["user"]["id"] == made["id"]
        tasks = f"/api/proxy/{made['id']}/tasks"
        assert (await client.post(tasks, json={"title": "Buy milk"})).status_code == 201

        await run("set-password", "ada@example.com", "--password-stdin", stdin=f"{OTHER_PASSWORD}\n")
        assert (await client.get(tasks)).status_code == 401
        assert (await client.post("/api/auth/login", json=login)).status_code == 401
        again = await client.post("/api/auth/login", json={**login, "password": OTHER_PASSWORD})
        assert again.status_code == 200
        assert len((await client.get(tasks)).json()) == 1

        bob = await signed_up(client, "bob@example.com")
        assert [user["email"] for user in json.loads((await run("list", "--json")).out)] == [
            "ada@example.com",
            "bob@example.com",
        ]
        await run("delete", bob.id, "--yes")
        assert (await client.get(bob.proxied)).status_code == 401
        assert (await client.get("/api/auth/session")).json() is None


class TestTerminal:
    """`pty.spawn` in a process of its own gives the command a terminal, and hands on what is typed and shown."""

    async def test_a_password_is_asked_for_twice_and_never_shown(self, empty_database: str) -> None:
        questions = [("Password: ", PASSWORD), ("Repeat", PASSWORD)]

        code, shown = await converse(["user", "create", "ada@example.com"], questions, database=empty_database)

        assert code == 0
        assert "ada@example.com has an account: usr_" in shown
        assert PASSWORD not in shown

    async def test_a_deletion_is_asked_about(self, empty_database: str) -> None:
        await execute(empty_database, """INSERT INTO "user" VALUES ('usr_ada', 'Ada', 'ada@example.com', false)""")
        question = "Delete ada@example.com with all their tasks? [y/N]: "

        kept, kept_shown = await converse(["user", "delete", "usr_ada"], [(question, "n")], database=empty_database)
        gone, gone_shown = await converse(["user", "delete", "usr_ada"], [(question, "y")], database=empty_database)

        assert (kept, kept_shown.splitlines()[-1]) == (1, "todo: nothing was deleted")
        assert (gone, gone_shown.splitlines()[-1]) == (0, "ada@example.com is deleted")


async def converse(arguments: list[str], talk: list[tuple[str, str]], *, database: str) -> tuple[int, str]:
    """Answers each question when it has been asked; gives the exit code and all that was to be seen."""
    terminal = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        terminal,
        TODO,
        *arguments,
        env={**surroundings({"DATABASE_URL": database}), "TERM": "dumb"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    shown = ""
    try:
        async with asyncio.timeout(PATIENCE):
            for question, answer in talk:
                while question not in shown:
                    seen = await process.stdout.read(1000)
                    assert seen, shown
                    shown += seen.decode()
                process.stdin.write(f"{answer}\n".encode())
            shown += (await process.stdout.read()).decode()
            return await process.wait(), shown
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


MISTAKES: dict[str, tuple[int, list[str], dict[str, str]]] = {
    "the database is away": (69, ["user", "list"], {"DATABASE_URL": NO_DATABASE}),
    "an option nobody knows": (78, ["db", "check"], {"DATABASE_URL": f"{NO_DATABASE}?color=red"}),
    "a secret that was not put there": (78, ["user", "list"], {"DATABASE_URL_FILE": "/dev/null"}),
    "a port that is none": (78, ["healthcheck"], {"TODO_PORT": "http"}),
    "no such address to listen on": (1, ["demo", "--host", "192.0.2.1"], {}),
}


async def test_no_mistake_of_a_person_ends_in_a_traceback() -> None:
    turns = asyncio.Semaphore(2)

    async def make(arguments: list[str], settings: dict[str, str]) -> Finished:
        async with turns:
            return await run_todo(*arguments, settings=settings)

    ended = await asyncio.gather(*(make(arguments, settings) for _, arguments, settings in MISTAKES.values()))

    told = dict(zip(MISTAKES, ended, strict=True))
    assert {name: one.code for name, one in told.items()} == {name: code for name, (code, _, _) in MISTAKES.items()}
    assert {name: one.out for name, one in told.items() if one.out} == {}
    assert {name: one.err for name, one in told.items() if not re.fullmatch(r"todo: [^\n]+\n", one.err)} == {}


class TestDescription:
    async def test_it_is_a_good_description_and_the_one_that_is_served(self, service: Service) -> None:
        printed = await run_todo("openapi")
        async with service.client() as client:
            served = (await client.get("/openapi.json")).json()

        description: dict[str, Any] = json.loads(printed.out)
        assert description == served
        validate(description)
        assert description["info"]["title"] == "Todo API with Authentication"
        checked = await run_todo("openapi", "--check", files={"docs/openapi.json": printed.out})
        assert (checked.code, checked.err) == (0, "")


async def test_secrets_are_good_and_never_the_same() -> None:
    first, second = await asyncio.gather(run_todo("secret"), run_todo("secret"))

    for made in (first, second):
        assert re.fullmatch(r"[0-9a-f]{64}\n", made.out)
        assert secret_fault(made.out.strip()) is None
    assert first.out != second.out


class TestHealthcheck:
    async def test_a_service_that_answers_is_well(self, service: Service) -> None:
        answers = await asyncio.gather(
            run_todo("healthcheck", files={".env": f"TODO_PORT={service.port}\n"}),
            run_todo("healthcheck", settings={"PORT": str(service.port)}, files={".env": "PORT=1\n"}),
            run_todo("healthcheck", settings={"PORT": str(service.port), "http_proxy": "http://127.0.0.1:1"}),
        )

        assert [*answers] == [Finished(0, f"{service.url} answers\n", "")] * 3

    async def test_one_that_is_not_there_is_not(self) -> None:
        port = free_port()

        asked = await run_todo("healthcheck", settings={"TODO_PORT": str(port), "BETTER_AUTH_SECRET": SECRET})

        assert (asked.code, asked.out) == (1, "")
        assert re.fullmatch(rf"todo: no answer from http://127\.0\.0\.1:{port}: Connection refused\n", asked.err)
