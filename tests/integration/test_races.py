"""Many at the same moment, on services that share a database and nothing else."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from tests.integration.databases import beside, connect, fresh_database
from tests.integration.service import (
    PASSWORD,
    SECRET,
    Person,
    Service,
    cookie_of,
    only_on_linux,
    serving,
    signed_up,
    until,
    vouched_for,
)
from todo.adapters.jwt_tokens import JwtTokens
from todo.adapters.postgres.address import DatabaseAddress
from todo.adapters.postgres.store import PostgresStore
from todo.adapters.system_clock import SystemClock
from todo.domain.model.principal import Claims
from todo.domain.model.session import Device, Session
from todo.domain.model.user import UserId

Clients = tuple[httpx.AsyncClient, httpx.AsyncClient]
TAKEN = (422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(database_server: str, migrated_template: str, way_in: str) -> AsyncIterator[str]:
    async with fresh_database(database_server, template=migrated_template) as name:
        yield beside(way_in, name)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def services(database: str) -> AsyncIterator[tuple[Service, Service]]:
    """Two on one database."""
    async with AsyncExitStack() as stack:
        first, second = await asyncio.gather(
            *(stack.enter_async_context(serving(database)) for _ in range(2)),
        )
        yield first, second


@pytest_asyncio.fixture(loop_scope="session")
async def clients(services: tuple[Service, Service]) -> AsyncIterator[Clients]:
    """One for each service. They keep no cookies, since what each person shows stands in the request."""
    async with forgetful(services[0]) as first, forgetful(services[1]) as second:
        yield first, second


@asynccontextmanager
async def forgetful(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with service.client(limits=httpx.Limits(max_connections=50)) as client:

        async def forget(_: httpx.Response) -> None:
            client.cookies.clear()

        client.event_hooks["response"].append(forget)
        yield client


async def at_once(
    times: int, clients: Clients, do: Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]
) -> list[httpx.Response]:
    """Does it so many times at the same moment, by turns with each service."""
    return await asyncio.gather(*(do(clients[number % 2]) for number in range(times)))


async def fetch(database: str, query: str, *values: object) -> list[Any]:
    connection = await connect(database)
    try:
        return [tuple(row) for row in await connection.fetch(query, *values)]
    finally:
        await connection.close()


async def test_of_twenty_who_sign_up_with_one_address_one_has_the_account(clients: Clients, database: str) -> None:
    name = uuid4().hex
    spellings = iter([f"{name}@example.com", f"{name.upper()}@Example.com"] * 10)

    answers = await at_once(
        20,
        clients,
        lambda client: client.post("/api/auth/signup", json={"email": next(spellings), "password": PASSWORD}),
    )

    refused = [answer for answer in answers if not answer.is_success]
    assert len(refused) == 19
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {TAKEN}
    assert not any("set-cookie" in answer.headers for answer in refused)
    [winner] = [answer for answer in answers if answer.is_success]
    found = await fetch(database, 'SELECT id FROM "user" WHERE email = $1', f"{name}@example.com")
    assert found == [(winner.json()["user"]["id"],)]
    assert await fetch(database, 'SELECT count(*) FROM account WHERE "userId" = $1', winner.json()["user"]["id"]) == [
        (1,)
    ]


@pytest.mark.parametrize("flips", [50, 51])
async def test_every_toggle_is_a_flip(clients: Clients, database: str, flips: int) -> None:
    me = await signed_up(clients[0])
    task = (await clients[0].post(me.tasks, headers=me.bearer, json={"title": "Flip"})).json()
    one = f"{me.tasks}/{task['id']}"

    answers = await at_once(flips, clients, lambda client: client.patch(f"{one}/complete", headers=me.bearer))

    assert {answer.status_code for answer in answers} == {200}
    assert sum(answer.json()["completed"] for answer in answers) == (flips + 1) // 2
    assert (await clients[0].get(one, headers=me.bearer)).json()["completed"] is (flips % 2 == 1)
    assert await fetch(database, "SELECT version FROM tasks WHERE id = $1", task["id"]) == [(1 + flips,)]


async def test_two_changes_of_different_fields_are_both_kept(clients: Clients) -> None:
    me = await signed_up(clients[0])
    task = (await clients[0].post(me.tasks, headers=me.bearer, json={"title": "0"})).json()
    one = f"{me.tasks}/{task['id']}"

    for number in range(20):
        title, description = {"title": f"title {number}"}, {"description": f"description {number}"}
        answers = await asyncio.gather(
            clients[0].put(one, headers=me.bearer, json=title),
            clients[1].put(one, headers=me.bearer, json=description),
        )
        assert [answer.status_code for answer in answers] == [200, 200]

        now = (await clients[number % 2].get(one, headers=me.bearer)).json()

        assert now == now | title | description


@pytest.mark.parametrize("email", [None, "one@example.com"])
async def test_the_first_writes_of_another_issuers_user_all_succeed(
    clients: Clients, database: str, email: str | None
) -> None:
    name = uuid4().hex
    them = vouched_for(f"usr_{name}", **({"email": f"{name}.{email}"} if email else {}))

    answers = await at_once(
        20, clients, lambda client: client.post(them.tasks, headers=them.bearer, json={"title": "First"})
    )

    assert {answer.status_code for answer in answers} == {201}
    kept = (await clients[1].get(them.tasks, headers=them.bearer)).json()
    assert sorted(task["id"] for task in kept) == sorted(answer.json()["id"] for answer in answers)
    expected = f"{name}.{email}" if email else f"usr_{name}@users.invalid"
    assert await fetch(database, 'SELECT email FROM "user" WHERE id = $1', them.id) == [(expected,)]


async def test_two_users_of_another_issuer_who_claim_one_address_both_get_in(clients: Clients, database: str) -> None:
    name = uuid4().hex
    them = [vouched_for(f"usr_{name}_{number}", email=f"{name}@example.com") for number in range(10)]
    asking = iter(them)

    def write(client: httpx.AsyncClient) -> Awaitable[httpx.Response]:
        one = next(asking)
        return client.post(one.tasks, headers=one.bearer, json={"title": "First"})

    answers = await at_once(10, clients, write)

    assert {answer.status_code for answer in answers} == {201}
    found = await fetch(database, 'SELECT email FROM "user" WHERE id = ANY($1)', [one.id for one in them])
    assert len(found) == len(set(found)) == 10
    assert (f"{name}@example.com",) in found


async def test_of_twenty_who_delete_a_task_one_has_deleted_it(clients: Clients) -> None:
    me = await signed_up(clients[0])
    task = (await clients[0].post(me.tasks, headers=me.bearer, json={"title": "Only once"})).json()

    answers = await at_once(20, clients, lambda client: client.delete(f"{me.tasks}/{task['id']}", headers=me.bearer))

    assert sorted(answer.status_code for answer in answers) == [200] + [404] * 19
    assert (await clients[1].get(me.tasks, headers=me.bearer)).json() == []


async def test_a_task_that_is_deleted_while_it_is_changed_does_not_come_back(clients: Clients) -> None:
    me = await signed_up(clients[0])

    for _ in range(20):
        task = (await clients[0].post(me.tasks, headers=me.bearer, json={"title": "Going"})).json()
        one = f"{me.tasks}/{task['id']}"
        deleted, *changed = await asyncio.gather(
            clients[0].delete(one, headers=me.bearer),
            clients[1].put(one, headers=me.bearer, json={"title": "Staying"}),
            clients[1].patch(f"{one}/complete", headers=me.bearer),
        )

        assert deleted.status_code == 200
        assert {answer.status_code for answer in changed} <= {200, 404}
        assert (await clients[1].get(one, headers=me.bearer)).status_code == 404


async def test_after_a_logout_no_service_lets_the_token_in(clients: Clients, database: str) -> None:
    """Two hundred rounds, twenty at the same moment: no look at a session may be older than its question."""
    me = await signed_up(clients[0])
    sessions = await many_sessions(database, me, 200)
    turns = asyncio.Semaphore(20)

    async def sign_out(session: Person, here: httpx.AsyncClient, there: httpx.AsyncClient) -> list[int]:
        async with turns:
            before = [
                await here.get(session.tasks, headers=session.bearer),
                await there.get(session.tasks, headers=session.bearer),
            ]
            out = await here.post("/api/auth/logout", headers=session.cookie)
            after = await asyncio.gather(
                there.get(session.tasks, headers=session.bearer),
                here.get(session.proxied, headers=session.cookie),
            )
            return [answer.status_code for answer in (*before, out, *after)]

    rounds = await asyncio.gather(
        *(sign_out(session, clients[number % 2], clients[1 - number % 2]) for number, session in enumerate(sessions))
    )

    assert [codes for codes in rounds if codes != [200, 200, 200, 401, 401]] == []
    assert (await clients[1].get(me.tasks, headers=me.bearer)).status_code == 200


async def many_sessions(database: str, person: Person, number: int) -> list[Person]:
    """The same person, signed in many times over, with none of the hashing."""
    now = datetime.now(UTC)
    sessions = [Session.start(UserId(person.id), Device(), at=now) for _ in range(number)]
    async with PostgresStore(DatabaseAddress.parse(database), clock=SystemClock()) as store, store.begin() as work:
        for session in sessions:
            await work.add_session(session)
        await work.commit()
    tokens = JwtTokens(SECRET)
    return [
        Person(id=person.id, email=person.email, token=tokens.issue(Claims.of(session, at=now))) for session in sessions
    ]


@only_on_linux
async def test_a_logout_on_one_worker_holds_on_the_other(empty_database: str) -> None:
    """While one of the two workers stands still, the other must be the one that answers."""
    async with serving(empty_database, "--workers", "2") as service:
        await until(lambda: len(service.workers) == 2)
        first, second = service.workers
        me = await ask(service, signed_up)
        for worker in (first, second):
            with standing_still(worker):
                seen = await ask(service, lambda client: client.get(me.tasks, headers=me.bearer))
                assert seen.status_code == 200

        with standing_still(second):
            out = await ask(service, lambda client: client.post("/api/auth/logout", headers=me.cookie))
        with standing_still(first):
            refused = await ask(service, lambda client: client.get(me.tasks, headers=me.bearer))

    assert (out.status_code, refused.status_code) == (200, 401)


Answer = Any


async def ask(service: Service, question: Callable[[httpx.AsyncClient], Awaitable[Answer]]) -> Answer:
    """On a new connection: an old one belongs to a worker already."""
    async with service.client() as client:
        return await question(client)


@contextmanager
def standing_still(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_an_old_password_opens_nothing_once_another_is_set(clients: Clients) -> None:
    first, second = clients
    person = await signed_up(first)
    wanted = {"currentPassword": PASSWORD, "newPassword": "quite another one", "revokeOtherSessions": True}

    *tries, changed = await asyncio.gather(
        *(
            client.post("/api/auth/login", json={"email": person.email, "password": PASSWORD})
            for client in (first, second) * 5  # as many as may guess at once
        ),
        first.post("/api/auth/change-password", json=wanted, headers=person.cookie),
    )

    assert changed.status_code == 200
    assert {answer.status_code for answer in tries} <= {200, 401}
    for answer in tries:
        if answer.status_code == 200:
            token = cookie_of(answer)
            answer = await second.get(person.tasks, headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 401


async def test_of_fifty_tries_with_one_key_one_adds_a_task_and_all_hear_the_same(
    clients: Clients, database: str
) -> None:
    me = await signed_up(clients[0])
    keyed = me.bearer | {"Idempotency-Key": uuid4().hex}

    answers = await at_once(50, clients, lambda client: client.post(me.tasks, headers=keyed, json={"title": "Once"}))

    assert {(answer.status_code, answer.content) for answer in answers} == {(201, answers[0].content)}
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 49
    assert await fetch(database, "SELECT id FROM tasks WHERE user_id = $1", me.id) == [(answers[0].json()["id"],)]
    assert await fetch(database, "SELECT status FROM idempotency_keys WHERE user_id = $1", me.id) == [(201,)]


async def test_of_fifty_toggles_with_one_key_one_is_a_flip(clients: Clients) -> None:
    me = await signed_up(clients[0])
    task = (await clients[0].post(me.tasks, headers=me.bearer, json={"title": "Flip"})).json()
    keyed = me.bearer | {"Idempotency-Key": uuid4().hex}

    answers = await at_once(
        50, clients, lambda client: client.patch(f"{me.tasks}/{task['id']}/complete", headers=keyed)
    )

    assert {(answer.status_code, answer.content) for answer in answers} == {(200, answers[0].content)}
    assert answers[0].json()["completed"] is True


def some_with_a_key(person: Person, number: int) -> Iterator[dict[str, str]]:
    """The headers of so many requests, of which every other has a key of its own."""
    for turn in range(number):
        yield person.bearer | ({"Idempotency-Key": uuid4().hex} if turn % 2 else {})


async def test_keyed_and_plain_toggles_at_once_are_all_flips(clients: Clients, database: str) -> None:
    me = await signed_up(clients[0])
    task = (await clients[0].post(me.tasks, headers=me.bearer, json={"title": "Flip"})).json()
    headers = some_with_a_key(me, 21)

    answers = await at_once(
        21, clients, lambda client: client.patch(f"{me.tasks}/{task['id']}/complete", headers=next(headers))
    )

    assert {answer.status_code for answer in answers} == {200}
    assert await fetch(database, "SELECT version FROM tasks WHERE id = $1", task["id"]) == [(22,)]


async def test_the_quota_is_no_more_for_many_at_once(clients: Clients, database: str) -> None:
    me = await signed_up(clients[0])
    await fetch(
        database, "INSERT INTO tasks (user_id, title) SELECT $1, 'One of many' FROM generate_series(1, 9990)", me.id
    )
    headers = some_with_a_key(me, 30)

    answers = await at_once(
        30, clients, lambda client: client.post(me.tasks, headers=next(headers), json={"title": "One more"})
    )

    assert sorted(answer.status_code for answer in answers) == [201] * 10 + [409] * 20
    assert await fetch(database, "SELECT count(*) FROM tasks WHERE user_id = $1", me.id) == [(10_000,)]
