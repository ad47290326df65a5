"""How the store behaves while PostgreSQL is away: how often it knocks, what it asks again, what the log says."""

import asyncio
import logging
from contextlib import AbstractAsyncContextManager
from typing import Any

import asyncpg
import pytest
from sqlalchemy import bindparam, delete, select

from todo.adapters.postgres import door
from todo.adapters.postgres.complaints import Complaints
from todo.adapters.postgres.door import Door
from todo.adapters.postgres.query import Query, Runner
from todo.adapters.postgres.tables import tasks
from todo.domain.errors import StoreUnavailable

READ = Query(select(tasks.c.id).where(tasks.c.user_id == bindparam("owner")))
WRITE = Query(delete(tasks).where(tasks.c.user_id == bindparam("owner")))


class House:
    """In place of asyncpg: counts who knocks, and opens or does not."""

    def __init__(self) -> None:
        self.knocks = 0
        self.open = False

    async def connect(self) -> str:
        self.knocks += 1
        await asyncio.sleep(0)
        if not self.open:
            raise ConnectionRefusedError
        return "connection"


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> House:
    house = House()
    monkeypatch.setattr(asyncpg, "connect", house.connect)
    monkeypatch.setattr(door, "PAUSE", 0.01)
    return house


async def everybody(entrance: Door, count: int) -> list[Any]:
    return await asyncio.gather(*(entrance.connect() for _ in range(count)), return_exceptions=True)


async def test_of_many_who_come_at_once_a_few_find_the_door_closed_for_all(house: House) -> None:
    outcomes = await everybody(Door(), 100)

    assert house.knocks == door.AT_ONCE
    assert {type(outcome) for outcome in outcomes} == {ConnectionRefusedError, StoreUnavailable}


async def test_the_log_says_once_that_it_is_back(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "todo.postgres")
    entrance = Door()
    await everybody(entrance, 3)
    house.open = True

    for _ in range(3):
        await everybody(entrance, 3)

    assert [record.message for record in caplog.records] == ["the database is back"]


async def test_while_the_server_is_away_one_knocks_for_all_after_a_pause(house: House) -> None:
    entrance = Door()
    await everybody(entrance, 1)

    for _ in range(5):
        await everybody(entrance, 100)

    assert house.knocks == 1 + 5


async def test_when_it_is_back_everybody_who_waited_comes_in(house: House) -> None:
    entrance = Door()
    await everybody(entrance, 1)
    house.open = True

    assert await everybody(entrance, 10) == ["connection"] * 10
    assert await everybody(entrance, 10) == ["connection"] * 10


class Cut(Runner):
    """A runner whose first connection has gone."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.asked = 0

    async def fetch(self, _query: str, *_values: Any) -> list[Any]:
        self.asked += 1
        if self._errors:
            raise self._errors.pop(0)
        return ["row"]

    async def fetchrow(self, query: str, *values: Any) -> Any:
        return (await self.fetch(query, *values))[0]

    def transaction(self) -> AbstractAsyncContextManager[Runner]:
        raise AssertionError  # nobody begins one here


CUT_OFF = [asyncpg.ConnectionDoesNotExistError, asyncpg.AdminShutdownError, ConnectionResetError]


@pytest.mark.parametrize("kind", CUT_OFF)
async def test_a_read_is_asked_again_when_its_connection_was_cut(kind: type[Exception]) -> None:
    runner = Cut(kind("gone"))

    assert await READ.row(runner, owner="ada") == "row"
    assert runner.asked == 2


async def test_a_read_is_asked_again_only_once() -> None:
    runner = Cut(*[asyncpg.ConnectionDoesNotExistError("gone")] * 2)

    with pytest.raises(StoreUnavailable):
        await READ.rows(runner, owner="ada")
    assert runner.asked == 2


@pytest.mark.parametrize("kind", CUT_OFF)
async def test_a_change_is_never_made_twice(kind: type[Exception]) -> None:
    """It may have happened although its connection was cut."""
    runner = Cut(kind("gone"))

    with pytest.raises(StoreUnavailable):
        await WRITE.row(runner, owner="ada")
    assert runner.asked == 1


async def test_who_was_not_answered_in_time_does_not_ask_again() -> None:
    runner = Cut(TimeoutError())

    with pytest.raises(StoreUnavailable):
        await READ.row(runner, owner="ada")
    assert runner.asked == 1


@pytest.mark.parametrize(
    "kind",
    [
        asyncpg.DiskFullError,
        asyncpg.TooManyConnectionsError,
        asyncpg.AdminShutdownError,
        asyncpg.CannotConnectNowError,
        asyncpg.QueryCanceledError,
        asyncpg.ConnectionFailureError,
        asyncpg.ReadOnlySQLTransactionError,
        asyncpg.LockNotAvailableError,
        asyncpg.DeadlockDetectedError,
        asyncpg.SerializationError,
        asyncpg.PostgresIOError,
        asyncpg.InternalClientError,
    ],
)
async def test_whatever_keeps_the_server_from_answering_is_told_as_come_back_later(kind: type[Exception]) -> None:
    with pytest.raises(StoreUnavailable):
        await WRITE.row(Cut(kind("no")), owner="ada")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_log_names_each_cause_at_most_once_a_second(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    complaints = Complaints(clock)

    with caplog.at_level(logging.WARNING, "todo.postgres"):
        for _ in range(3):
            complaints.tell(ConnectionRefusedError("nobody listens"))
            complaints.tell(asyncpg.DiskFullError("no space"))
            clock.now += 0.4
        clock.now += 1
        complaints.tell(ConnectionRefusedError("nobody listens"))

    assert [record.getMessage() for record in caplog.records] == [
        "the database is away: ConnectionRefusedError: nobody listens",
        "the database is away: DiskFullError 53100: no space",
        "the database is away: ConnectionRefusedError: nobody listens (2 times before)",
    ]
