"""What clients hear while the database is away: to come back soon. Never that they are signed out, never a success."""

import asyncio
import itertools
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.faults.database import FAST_SHUTDOWN, KILL, Database, running
from tests.integration.service import (
    PASSWORD,
    SECRET,
    STOPS_WITHIN,
    Person,
    Service,
    a_connection,
    a_folder,
    only_on_linux,
    serving,
    signed_up,
    started,
    until,
    vouched_for,
)
from todo.adapters.postgres.embedded import EmbeddedPostgres

LONGEST_ANSWER = 15
"""Seconds that anybody waits for an answer when the database says nothing at all."""

TASK_SIDE = {"detail": "Service Unavailable: please try again in a moment"}
SIGN_IN_SIDE = {
    "message": "The service is busy. Please try again in a moment.",
    "code": "SERVICE_UNAVAILABLE",
}


HALF_A_REQUEST = (
    "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
    "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n[1, 2, "
)
LARGE_ANSWERS = "GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 8


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with a_folder() as folder, running(EmbeddedPostgres(folder / "data")) as server:
        yield Database(server)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(database: Database) -> AsyncIterator[Service]:
    """Runs through all of it, and is never started again."""
    async with serving(database.url) as service:
        yield service


@pytest_asyncio.fixture(loop_scope="session")
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with service.client() as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def ada(client: httpx.AsyncClient) -> Person:
    """Signed in: the client's jar has her cookie."""
    return await signed_up(client)


def task_calls(tasks: str, headers: dict[str, str]) -> Iterator[dict[str, Any]]:
    for method, path, body in [
        ("GET", tasks, None),
        ("POST", tasks, {"title": "Never kept"}),
        ("GET", f"{tasks}/1", None),
        ("PUT", f"{tasks}/1", {"title": "Never kept"}),
        ("PATCH", f"{tasks}/1/complete", None),
        ("DELETE", f"{tasks}/1", None),
    ]:
        yield {"method": method, "url": path, "headers": headers, "json": body}


def sign_in_calls(person: Person) -> Iterator[dict[str, Any]]:
    credentials = {"email": person.email, "password": PASSWORD}
    yield {"method": "GET", "url": "/api/auth/session"}
    yield {"method": "POST", "url": "/api/auth/login", "json": credentials}
    yield {"method": "POST", "url": "/api/auth/signup", "json": {**credentials, "email": f"new-{person.email}"}}
    yield {"method": "POST", "url": "/api/auth/logout"}


def every_call(person: Person) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    """Each call that needs the database, with the body of its refusal."""
    elsewhere = vouched_for("usr_elsewhere")
    for call in itertools.chain(
        task_calls(person.tasks, person.bearer),
        task_calls(person.proxied, {}),
        task_calls(elsewhere.tasks, elsewhere.bearer),
    ):
        yield call, TASK_SIDE
    for call in sign_in_calls(person):
        yield call, SIGN_IN_SIDE


async def assert_told_to_come_back(client: httpx.AsyncClient, person: Person) -> None:
    """Every call at the same moment, each twice as a client would that tries again."""
    calls = [*every_call(person)] * 2
    answers = await asyncio.gather(*(client.request(**call) for call, _ in calls))

    for (call, refusal), answer in zip(calls, answers, strict=True):
        assert answer.status_code == 503, call
        assert answer.json() == answer.json() | refusal, call
        assert answer.json().keys() & {"detail", "message"} == refusal.keys() & {"detail", "message"}, call
        assert int(answer.headers["retry-after"]) >= 1, call
        assert "set-cookie" not in answer.headers, call


async def assert_well_again(client: httpx.AsyncClient, person: Person) -> None:
    """With the next call already: nobody has to wait for anything, and nobody was signed out."""
    session = await client.get("/api/auth/session")
    assert session.json()["user"]["id"] == person.id
    assert (await client.post(person.proxied, json={"title": "Well again"})).status_code == 201
    credentials = {"email": person.email, "password": PASSWORD}
    assert (await client.post("/api/auth/login", json=credentials)).status_code == 200


@pytest.mark.parametrize("how", [KILL, FAST_SHUTDOWN], ids=["killed", "shut down"])
async def test_while_the_database_is_away_everybody_is_told_to_come_back(
    client: httpx.AsyncClient, ada: Person, database: Database, how: int
) -> None:
    kept = (await client.post(ada.proxied, json={"title": "Before"})).json()

    async with database.away(how):
        await assert_told_to_come_back(client, ada)
        assert (await client.get("/")).status_code == 200
        assert (await client.get(ada.tasks, headers={"Authorization": "Bearer x"})).status_code == 401

    await assert_well_again(client, ada)
    assert (await client.get(ada.proxied)).json()[0] == kept
    assert [task["title"] for task in (await client.get(ada.proxied)).json()] == ["Before", "Well again"]


@only_on_linux
async def test_a_database_that_says_nothing_is_away_too_and_holds_up_no_stop(
    client: httpx.AsyncClient, ada: Person, database: Database
) -> None:
    """Nor do those who never end their request, or never read its answer."""
    settings = {"DATABASE_URL": database.url, "BETTER_AUTH_SECRET": SECRET}
    async with started("serve", settings=settings) as stopped:
        await stopped.answers()
        with (
            a_connection(stopped, HALF_A_REQUEST.format(path=ada.tasks, token=ada.token).encode()),
            a_connection(stopped, LARGE_ANSWERS.encode()),
        ):
            async with stopped.client() as last:
                assert (await last.get(ada.tasks, headers=ada.bearer)).status_code == 200
            async with database.frozen(), asyncio.timeout(LONGEST_ANSWER):
                stopped.tell(signal.SIGTERM)
                finished, _ = await asyncio.gather(
                    stopped.ended(within=STOPS_WITHIN), assert_told_to_come_back(client, ada)
                )

    assert finished.code == 0
    await assert_well_again(client, ada)
    assert [task["title"] for task in (await client.get(ada.proxied)).json()] == ["Well again"]


async def test_a_service_may_start_before_its_database(database: Database) -> None:
    them = vouched_for("usr_early")
    async with AsyncExitStack() as stack:
        async with database.away(FAST_SHUTDOWN):
            service = await stack.enter_async_context(serving(database.url, "--no-migrate"))
            client = await stack.enter_async_context(service.client())
            early = await client.get(them.tasks, headers=them.bearer)
        later = await client.get(them.tasks, headers=them.bearer)

    assert (early.status_code, later.status_code) == (503, 200)


async def test_what_was_answered_with_success_is_stored(
    client: httpx.AsyncClient, ada: Person, database: Database
) -> None:
    """Writers who never stop, while the database is killed twice under their hands."""
    flipped = (await client.post(ada.proxied, json={"title": "Flipped"})).json()
    flips = Flips(client, f"{ada.proxied}/{flipped['id']}/complete")
    writers = [Writer(client, ada, number) for number in range(8)]
    workers: list[Worker] = [flips, *writers]
    work = [asyncio.create_task(worker.work()) for worker in workers]

    for _ in range(2):
        await all_hear(SUCCESS, workers)
        async with database.away(KILL):
            await all_hear(REFUSAL, workers)
    await all_hear(SUCCESS, workers)
    for worker in workers:
        worker.stop()
    await asyncio.gather(*work)

    tasks = (await client.get(ada.proxied)).json()
    assert all(kept in tasks for writer in writers for kept in writer.kept)
    assert flips.surprises == []
    assert {status for worker in workers for status in worker.heard} == {200, 201, 503}


SUCCESS = (200, 201)
REFUSAL = (503,)


class Worker:
    """Asks again and again until it is stopped, and counts what it hears."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._stopped = False
        self.heard: Counter[int] = Counter()

    async def work(self) -> None:
        while not self._stopped:
            answer = await self.ask()
            self.heard[answer.status_code] += 1
            if answer.status_code == 503:
                await asyncio.sleep(0.05)

    async def ask(self) -> httpx.Response:
        raise NotImplementedError

    def stop(self) -> None:
        self._stopped = True

    def count(self, statuses: tuple[int, ...]) -> int:
        return sum(self.heard[status] for status in statuses)


async def all_hear(statuses: tuple[int, ...], workers: Sequence[Worker]) -> None:
    """From now on, and more than once: the first answer may belong to the time before."""
    before = [worker.count(statuses) for worker in workers]
    await until(lambda: all(worker.count(statuses) >= seen + 3 for worker, seen in zip(workers, before, strict=True)))


class Writer(Worker):
    """Adds tasks with titles of its own."""

    def __init__(self, client: httpx.AsyncClient, person: Person, number: int) -> None:
        super().__init__(client)
        self._person = person
        self._titles = (f"{number}-{count}" for count in itertools.count())
        self.kept: list[dict[str, Any]] = []

    async def ask(self) -> httpx.Response:
        answer = await self._client.post(self._person.proxied, json={"title": next(self._titles)})
        if answer.is_success:
            self.kept.append(answer.json())
        return answer


class Flips(Worker):
    """Toggles one task. While nothing is refused, each answer is the opposite of the last."""

    def __init__(self, client: httpx.AsyncClient, path: str) -> None:
        super().__init__(client)
        self._path = path
        self._last: bool | None = False
        self.surprises: list[bool] = []

    async def ask(self) -> httpx.Response:
        answer = await self._client.patch(self._path)
        if not answer.is_success:
            self._last = None  # it may have happened, or not
            return answer
        completed: bool = answer.json()["completed"]
        if completed is self._last:
            self.surprises.append(completed)
        self._last = completed
        return answer
