"""What commands do to the tables of a database that `DATABASE_URL` names, and what they say of others."""

import asyncio
import json
import re
from pathlib import Path
from typing import Final

import pytest

from tests.integration.databases import execute
from tests.integration.service import PASSWORD, SECRET, Finished, a_folder, run_todo, serving, signed_up, started
from tests.integration.test_migrations import fetch, migrations_of, tables_of
from todo.adapters.postgres.migrations import TablesUnfit
from todo.adapters.postgres.schema_version import HEAD
from todo.adapters.postgres.store import PostgresStore
from todo.adapters.system_clock import SystemClock
from todo.domain.errors import StoreOutdated

ON_ROWS: Final = {
    "user list": "",
    "user create ada@example.com --password-stdin": PASSWORD,
    "user set-password ada@example.com --password-stdin": PASSWORD,
    "sessions list": "",
    "sessions end --email ada@example.com": "",
    "sessions end --all --yes": "",
    "maintenance --dry-run": "",
    "maintenance": "",
    "user delete ada@example.com --yes": "",
}
"""What each is told on its standard input."""


async def on_rows(database: str) -> dict[str, Finished]:
    """Every command that works on rows, one after the other."""
    settings = {"DATABASE_URL": database, "BETTER_AUTH_SECRET": SECRET}
    return {line: await run_todo(*line.split(), stdin=typed, settings=settings) for line, typed in ON_ROWS.items()}


async def version_is(database: str, version: str) -> None:
    await execute(database, f"UPDATE todo_schema_version SET version_num = '{version}'")  # noqa: S608


async def versions_in(database: str) -> list[tuple[object, ...]]:
    return await fetch(database, "SELECT version_num FROM todo_schema_version")


class TestMissingOrOutdated:
    async def test_on_a_bare_database_every_command_says_what_to_do_and_makes_nothing(self, bare_database: str) -> None:
        told = await on_rows(bare_database)

        assert told == dict.fromkeys(ON_ROWS, refused_at("none"))
        assert await tables_of(bare_database) == set()

    async def test_outdated_tables_stay_so(self, bare_database: str) -> None:
        migrations = migrations_of(bare_database)
        await migrations.run(lambda connection: migrations.upgrade_on(connection, to="0001"))

        told = await on_rows(bare_database)

        assert told == dict.fromkeys(ON_ROWS, refused_at("0001"))
        assert await versions_in(bare_database) == [("0001",)]

    async def test_those_who_only_look_change_nothing_either(self, bare_database: str, tmp_path: Path) -> None:
        settings = {"DATABASE_URL": bare_database, "BETTER_AUTH_SECRET": SECRET}

        current, checked, doctor, adoption, backup = await asyncio.gather(
            run_todo("db", "current", settings=settings),
            run_todo("db", "check", settings=settings),
            run_todo("doctor", settings=settings),
            run_todo("db", "adopt", "--dry-run", settings=settings),
            run_todo("backup", str(tmp_path / "kept"), settings=settings),
        )

        assert (current.code, checked.code, doctor.code, adoption.code, backup.code) == (0, 1, 1, 0, 1)
        assert re.fullmatch(r"the tables are at none, [^\n]*: run todo db upgrade\n", checked.out)
        assert re.fullmatch(r"todo: [^\n]*no tables[^\n]*: run todo db upgrade\n", backup.err)
        assert await tables_of(bare_database) == set()

    @pytest.mark.parametrize("command", ["db upgrade", "db adopt --yes"])
    async def test_who_is_told_to_bring_them_up_to_date_does(self, bare_database: str, command: str) -> None:
        told = await run_todo(*command.split(), settings={"DATABASE_URL": bare_database})

        assert told.code == 0
        assert await versions_in(bare_database) == [(migrations_of(bare_database).head,)]

    async def test_tables_of_another_program_are_told_apart(self, bare_database: str) -> None:
        await execute(bare_database, 'CREATE TABLE "user" (id text)')

        told = await on_rows(bare_database)

        assert {one.code for one in told.values()} == {1}
        assert {one.err for one in told.values()} == {
            "todo: another program has made these tables: look at them with todo db adopt --dry-run\n"
        }
        assert await tables_of(bare_database) == {"user"}

    async def test_the_embedded_database_is_brought_along(self) -> None:
        with a_folder() as folder:
            told = await run_todo("sessions", "list", settings={"TODO_DATA_DIR": str(folder / "data")})

        assert told == Finished(0, "Nobody is signed in.\n", "")


def refused_at(version: str) -> Finished:
    line = f"todo: the tables are at {version}, this program needs {HEAD}: run todo db upgrade\n"
    return Finished(1, "", line)


class TestOfANewerProgram:
    async def test_the_service_says_so_in_a_line_and_serves(self, empty_database: str) -> None:
        await version_is(empty_database, "0099")

        async with serving(empty_database) as service, service.client() as client:
            ready = await client.get("/readyz")
            me = await signed_up(client)
            made = await client.post(me.proxied, json={"title": "By the old program"})
            said = service.stderr

        assert (ready.status_code, made.status_code) == (200, 201)
        assert said.count("\n") == 1
        assert "the tables are at 0099, of a newer program" in said
        assert await versions_in(empty_database) == [("0099",)]

    async def test_every_command_works(self, empty_database: str) -> None:
        await version_is(empty_database, "0099")

        told = await on_rows(empty_database)

        assert {line: (one.code, one.err) for line, one in told.items()} == dict.fromkeys(ON_ROWS, (0, ""))
        assert await versions_in(empty_database) == [("0099",)]

    async def test_an_upgrade_says_so_and_succeeds_and_a_check_sends_nobody_there(self, empty_database: str) -> None:
        await version_is(empty_database, "0099")
        settings = {"DATABASE_URL": empty_database}

        upgraded, adopted, checked, doctor = await asyncio.gather(
            run_todo("db", "upgrade", settings=settings),
            run_todo("db", "adopt", "--yes", "--json", settings=settings),
            run_todo("db", "check", settings=settings),
            run_todo("doctor", settings={**settings, "BETTER_AUTH_SECRET": SECRET}),
        )

        assert (upgraded.code, adopted.code, checked.code) == (0, 0, 1)
        assert re.fullmatch(r"the tables are at 0099, of a newer program .*: they are left as they are\n", upgraded.out)
        assert json.loads(adopted.out)["version"] == "0099"
        assert re.fullmatch(r"the tables are at 0099, of a newer program .*: run the newer program\n", checked.out)
        assert "are at 0099, of a newer program" in doctor.out
        assert await versions_in(empty_database) == [("0099",)]


class TestOfNobody:
    """At a version that no program of ours gives, and that none later could."""

    @pytest.mark.parametrize("version", ["0000", "theirs", "0099x"])
    async def test_nothing_is_done_to_them(self, empty_database: str, version: str) -> None:
        await version_is(empty_database, version)

        with pytest.raises(TablesUnfit, match=f"the tables are at {version}"):
            await migrations_of(empty_database).upgrade()
        assert not migrations_of(empty_database).is_newer(version)
        with pytest.raises(StoreOutdated):
            await require_ready(empty_database)
        assert await versions_in(empty_database) == [(version,)]

    async def test_that_is_an_error_in_a_line(self, empty_database: str) -> None:
        await version_is(empty_database, "theirs")
        settings = {"DATABASE_URL": empty_database, "BETTER_AUTH_SECRET": SECRET}

        async with started("serve", settings=settings) as service:
            served = await service.ended()
        told = [
            served,
            *(await on_rows(empty_database)).values(),
            await run_todo("db", "upgrade", settings=settings),
            await run_todo("db", "adopt", "--yes", "--json", settings=settings),
        ]

        assert {one.code for one in told} == {1}
        assert [one.err for one in told if not re.fullmatch(r"todo: the tables are at theirs, [^\n]+\n", one.err)] == []


async def require_ready(database: str) -> None:
    async with PostgresStore(migrations_of(database).address, clock=SystemClock(), pool_size=1) as store:
        await store.require_ready()
