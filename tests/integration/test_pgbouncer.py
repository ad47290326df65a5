"""PgBouncer in transaction mode: no client may notice it, however many share its few connections."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest

from tests.builders import HandClock
from tests.contracts.store import StoreContract
from tests.integration.databases import beside, fresh_database
from tests.integration.pgbouncer import needs_pgbouncer
from tests.integration.service import SECRET, run_todo, serving, signed_up
from tests.integration.test_postgres_store import store_at
from todo.adapters.postgres.address import DatabaseAddress
from todo.adapters.postgres.examination import examine
from todo.domain.errors import DomainError
from todo.domain.model.session import SessionId
from todo.domain.ports.store import Store

pytestmark = needs_pgbouncer
CLIENTS = 6
ROUNDS = 5


@pytest.fixture
async def pooled_database(database_server: str, migrated_template: str, pooler: str) -> AsyncIterator[str]:
    """A database of this test's own, by way of PgBouncer."""
    async with fresh_database(database_server, template=migrated_template) as name:
        yield beside(pooler, name)


class TestTheStoreBehindPgBouncer(StoreContract):
    @pytest.fixture
    async def store(self, pooled_database: str) -> AsyncIterator[Store]:
        async with store_at(pooled_database, pooled=True) as store:
            yield store


async def walk(client: httpx.AsyncClient) -> None:
    """Somebody new does everything there is to do with tasks, and signs out."""
    me = await signed_up(client)
    for number in range(ROUNDS):
        made = await client.post(me.proxied, json={"title": f"Task {number}"})
        assert made.status_code == 201, made.text
        one = f"{me.tasks}/{made.json()['id']}"
        changed = await client.put(one, json={"description": me.id}, headers=me.bearer)
        toggled = await client.patch(f"{one}/complete", headers=me.bearer)
        assert (changed.status_code, toggled.json()["completed"]) == (200, True)
        assert toggled.json()["description"] == me.id
    listed = (await client.get(me.tasks, headers=me.bearer)).json()
    assert {task["description"] for task in listed} == {me.id}
    assert len(listed) == ROUNDS
    await client.delete(f"{me.tasks}/{listed[0]['id']}", headers=me.bearer)
    assert len((await client.get(me.proxied)).json()) == ROUNDS - 1
    await client.post("/api/auth/logout")
    assert (await client.get(me.tasks, headers=me.bearer)).status_code == 401


async def test_people_at_several_services_see_their_own_rows_and_no_error(pooled_database: str) -> None:
    pooling = {"TODO_DB_POOLER": "transaction"}
    async with (
        serving(pooled_database, "--workers", "2", settings=pooling) as first,
        serving(pooled_database, settings=pooling) as second,
    ):
        clients = [service.client() for service in (first, second) for _ in range(CLIENTS)]
        try:
            await asyncio.gather(*(walk(client) for client in clients))
        finally:
            await asyncio.gather(*(client.aclose() for client in clients))


async def test_without_the_setting_statements_do_fail(pooled_database: str) -> None:
    """So the tests above would see it."""

    async def ask(store: Store, number: int) -> None:
        await store.sessions.find(SessionId(str(number)))
        await store.users.all()

    async with (
        store_at(pooled_database, pooled=False) as one,
        store_at(pooled_database, pooled=False) as other,
    ):
        outcomes: list[object] = []
        for _ in range(5):
            asking = (ask(store, number) for store in (one, other) for number in range(20))
            outcomes += await asyncio.gather(*asking, return_exceptions=True)

    failures = [outcome for outcome in outcomes if isinstance(outcome, asyncpg.PostgresError | DomainError)]
    assert failures


class TestTheDoctor:
    @pytest.mark.parametrize("expected", [True, False])
    async def test_it_sees_a_pooler_in_transaction_mode(self, pooled_database: str, expected: bool) -> None:
        found = await examine(DatabaseAddress.parse(pooled_database, pooled=expected), clock=HandClock())

        assert (found.pooler, found.pooler_expected) == ("transaction", expected)

    async def test_it_sees_none_where_there_is_none(self, database_server: str) -> None:
        assert (await examine(DatabaseAddress.parse(database_server), clock=HandClock())).pooler == "none"

    @pytest.mark.parametrize(("setting", "asked_for"), [("", True), ("transaction", False)])
    async def test_it_asks_for_the_setting(self, pooled_database: str, setting: str, asked_for: bool) -> None:
        settings = {"DATABASE_URL": pooled_database, "BETTER_AUTH_SECRET": SECRET, "TODO_DB_POOLER": setting}

        told = await run_todo("doctor", settings=settings)

        assert ("→ set TODO_DB_POOLER=transaction" in told.out) is asked_for


@pytest.mark.parametrize(
    "command", ["db check", "db upgrade", "maintenance", "sessions list", "sessions end --all --yes", "backup kept"]
)
async def test_the_commands_work_through_it(pooled_database: str, command: str) -> None:
    settings = {"DATABASE_URL": pooled_database, "TODO_DB_POOLER": "transaction"}

    told = await run_todo(*command.split(), settings=settings)

    assert (told.code, told.err) == (0, "")
