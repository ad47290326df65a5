"""What is sent again because nobody knows what became of it."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg
import httpx

from tests.integration.service import SECRET, Person, serving, signed_up, started
from todo.adapters.postgres.address import DatabaseAddress

HOLD = 4711
STOP_BEFORE_THE_ANSWER_IS_KEPT = f"""
    CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_advisory_xact_lock({HOLD}); RETURN NEW; END';
    CREATE TRIGGER hold BEFORE UPDATE ON idempotency_keys FOR EACH ROW EXECUTE FUNCTION hold();
"""
SOMEBODY_WAITS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted"

NOBODY_ELSE_IS_AT_WORK = """
    SELECT count(*) = 0 FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
"""


@asynccontextmanager
async def connected(url: str) -> AsyncIterator["asyncpg.Connection"]:
    connection = await asyncpg.connect(**DatabaseAddress.parse(url).connect_arguments)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def held(database: str) -> AsyncIterator[None]:
    """No answer is kept meanwhile."""
    async with connected(database) as holder, holder.transaction():
        await holder.execute("SELECT pg_advisory_xact_lock($1)", HOLD)
        yield


async def until(beside_it: "asyncpg.Connection", query: str, *values: object) -> None:
    async with asyncio.timeout(10):
        while not await beside_it.fetchval(query, *values):  # noqa: ASYNC110  nobody can tell us
            await asyncio.sleep(0.01)


async def try_it(client: httpx.AsyncClient, person: Person) -> httpx.Response:
    headers = person.bearer | {"Idempotency-Key": "key"}
    return await client.post(person.tasks, headers=headers, json={"title": "Once"})


async def test_a_worker_that_dies_between_change_and_answer_leaves_neither(empty_database: str) -> None:
    settings = {"DATABASE_URL": empty_database, "BETTER_AUTH_SECRET": SECRET}
    async with connected(empty_database) as beside_it:
        await beside_it.execute(STOP_BEFORE_THE_ANSWER_IS_KEPT)
        async with started("serve", settings=settings) as service:
            await service.answers()
            async with service.client() as client, held(empty_database):
                me = await signed_up(client)
                under_way = asyncio.ensure_future(try_it(client, me))
                await until(beside_it, SOMEBODY_WAITS, HOLD)

                service.tell(signal.SIGKILL)
                with suppress(httpx.TransportError):
                    await under_way
            await service.ended()
        await until(beside_it, NOBODY_ELSE_IS_AT_WORK)

        assert await beside_it.fetchval("SELECT count(*) FROM tasks") == 0
        assert await beside_it.fetchval("SELECT count(*) FROM idempotency_keys") == 0

    async with serving(empty_database) as service, service.client() as client:
        answers = [await try_it(client, me) for _ in range(2)]
        tasks = (await client.get(me.tasks, headers=me.bearer)).json()

    assert [answer.status_code for answer in answers] == [201, 201]
    assert tasks == [answers[0].json()] == [answers[1].json()]


async def test_an_answer_is_known_to_every_worker_and_outlives_them(empty_database: str) -> None:
    async with serving(empty_database) as service, service.client() as client:
        me = await signed_up(client)
        first = await try_it(client, me)

    async with serving(empty_database) as service, service.client() as client:
        again = await try_it(client, me)

    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotency-replayed"] == "true"


async def test_who_waits_too_long_for_another_try_is_told_to_come_back(empty_database: str) -> None:
    async with connected(empty_database) as beside_it, serving(empty_database) as service, service.client() as client:
        await beside_it.execute(STOP_BEFORE_THE_ANSWER_IS_KEPT)
        me = await signed_up(client)
        async with held(empty_database):
            answers = await asyncio.gather(*(try_it(client, me) for _ in range(3)))
        after = await try_it(client, me)
        tasks = (await client.get(me.tasks, headers=me.bearer)).json()

    assert {answer.status_code for answer in answers} == {503}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers)
    assert after.status_code == 201
    assert len(tasks) == 1
