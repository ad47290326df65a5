"""What commands do to the tables of a database that `DATABASE_URL` names, and what they say of others."""

import asyncio
import json
import re
from typing import Final

import pytest

from tests.integration.databases import execute
from tests.integration.service import PASSWORD, SECRET, Finished, run_todo, serving, signed_up, started
from tests.integration.test_migrations import fetch, migrations_of
from todo.adapters.postgres.migrations import TablesUnfit
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
