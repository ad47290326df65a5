"""How connections go from hand to hand. What PostgreSQL has to do with it is tried with one, elsewhere."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from todo.adapters.postgres import pool as limits
from todo.adapters.postgres.address import DatabaseAddress
from todo.adapters.postgres.pool import Pool
from todo.domain.errors import StoreUnavailable


class Line:
    """A connection. Its statements are answered when somebody says so."""

    def __init__(self) -> None:
        self.closed = self.in_transaction = False
        self.statements: list[str] = []
        self.answer: asyncio.Future[list[str]] | None = None

    async def fetch(self, query: str) -> list[str]:
        self.statements.append(query)
        if query == "at once":
            return [query]
        self.answer = asyncio.get_running_loop().create_future()
        return await self.answer

    def is_closed(self) -> bool:
        return self.closed

    def is_in_transaction(self) -> bool:
        return self.in_transaction

    async def close(self, *, timeout: float) -> None:  # noqa: ASYNC109  as asyncpg has it
        assert timeout
        self.closed = True

    def terminate(self) -> None:
        self.closed = True


class Server:
    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.is_away = False
        self.delay = 0

    async def connect(self, **_: Any) -> Any:
        await asyncio.sleep(self.delay)
        if self.is_away:
            raise ConnectionRefusedError
        self.lines.append(Line())
        return self.lines[-1]

    @property
    def open(self) -> list[Line]:
        return [line for line in self.lines if not line.closed]


@asynccontextmanager
async def pool_of(server: Server, size: int) -> AsyncIterator[Pool]:
    address = DatabaseAddress.parse("postgresql://localhost/x")
    pool = Pool(address, size=size, connect=server.connect)
    await pool.open()
    try:
        yield pool
    finally:
        await pool.close()


async def turns(count: int = 10) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def begun(*works: Awaitable[Any]) -> list["asyncio.Task[Any]"]:
    tasks = [asyncio.ensure_future(work) for work in works]
    await turns()
    return tasks


Cause = Callable[["asyncio.Task[Any]", Line], None]


async def test_the_connection_used_last_is_used_next() -> None:
    server = Server()
    async with pool_of(server, 3) as pool:
        for _ in range(5):
            await pool.fetch("at once")

        assert len(server.lines) == 1


async def test_there_are_never_more_than_allowed_and_who_waits_is_served_in_turn() -> None:
    server = Server()
    async with pool_of(server, 2) as pool:
        tasks = await begun(*(pool.fetch(f"statement {number}") for number in range(6)))
        assert (len(server.lines), pool.taken) == (2, 6)

        for _ in range(3):
            for line in server.lines:
                assert line.answer
                line.answer.set_result([])
                await turns()

        assert all(task.done() for task in tasks)
        assert server.lines[0].statements == ["statement 0", "statement 2", "statement 4"]
        assert server.lines[1].statements == ["statement 1", "statement 3", "statement 5"]
        assert pool.taken == 0


async def test_a_connection_that_has_gone_while_nobody_used_it_is_made_anew() -> None:
    server = Server()
    async with pool_of(server, 1) as pool:
        await pool.fetch("at once")
        server.lines[0].closed = True

        await pool.fetch("at once")

        assert len(server.lines) == 2


async def test_who_waits_makes_a_connection_in_the_place_of_one_that_has_gone() -> None:
    server = Server()
    async with pool_of(server, 1) as pool:
        first, second = await begun(pool.fetch("first"), pool.fetch("at once"))
        server.lines[0].closed = True
        assert server.lines[0].answer
        server.lines[0].answer.set_exception(ConnectionResetError())
        await turns()

        assert isinstance(first.exception(), ConnectionResetError)
        assert second.result() == ["at once"]


@pytest.mark.parametrize(
    "cause",
    [
        lambda task, _: task.cancel(),
        lambda _, line: line.answer.set_exception(TimeoutError()),
        lambda _, line: line.answer.set_exception(StoreUnavailable()),
    ],
    ids=["called off", "too slow", "away"],
)
async def test_a_connection_in_the_middle_of_something_is_not_used_again(cause: Cause) -> None:
    server = Server()
    async with pool_of(server, 1) as pool:
        (task,) = await begun(pool.fetch("for ever"))

        cause(task, server.lines[0])
        await asyncio.wait([task])
        await turns()
        await pool.fetch("at once")

        assert [line.closed for line in server.lines] == [True, False]
        assert pool.taken == 0


@pytest.mark.parametrize("fault", [None, ValueError])
async def test_a_transaction_that_could_not_be_left_is_handed_to_nobody(fault: type[Exception] | None) -> None:
    server = Server()
    async with pool_of(server, 1) as pool:
        with suppress(ValueError):
            async with pool.connection():
                server.lines[0].in_transaction = True
                if fault is not None:
                    raise fault
        await turns()
        await pool.fetch("at once")

        assert [line.closed for line in server.lines] == [True, False]
        assert pool.taken == 0


async def test_whoever_waits_for_a_connection_to_be_made_waits_no_longer_than_for_one_that_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "WAIT_FOR_CONNECTION", 0.02)
    server = Server()
    server.delay = 1
    async with pool_of(server, 1) as pool:
        with pytest.raises(TimeoutError):
            await pool.fetch("at once")
        server.delay = 0

        assert await pool.fetch("at once") == ["at once"]


async def test_one_that_was_refused_something_is_used_again() -> None:
    server = Server()
    async with pool_of(server, 1) as pool:
        (task,) = await begun(pool.fetch("wrong"))
        assert server.lines[0].answer
        server.lines[0].answer.set_exception(ValueError("wrong"))
        await asyncio.wait([task])

        await pool.fetch("at once")

        assert len(server.lines) == 1


async def test_who_stops_waiting_leaves_the_turn_to_the_next() -> None:
    server = Server()
    async with pool_of(server, 1) as pool:
        first, second, third = await begun(*(pool.fetch(each) for each in ("first", "second", "at once")))
        assert server.lines[0].answer

        server.lines[0].answer.set_result([])
        await asyncio.sleep(0)  # the first is woken and gives to the second, which is called off in the same moment
        second.cancel()
        await asyncio.wait([first, second])
        await turns()

        assert third.result() == ["at once"]
        assert (pool.taken, len(server.open)) == (0, 1)


async def test_when_no_connection_can_be_made_everybody_hears_of_it() -> None:
    server = Server()
    server.is_away = True
    async with pool_of(server, 1) as pool:
        tasks = await begun(*(pool.fetch("at once") for _ in range(3)))
        assert [type(task.exception()) for task in tasks] == [ConnectionRefusedError] * 3

        server.is_away = False
        assert await pool.fetch("at once") == ["at once"]


async def test_who_waits_in_vain_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WAIT_FOR_CONNECTION", 0.01)
    monkeypatch.setattr(limits, "TICK", 0.01)
    server = Server()
    async with pool_of(server, 1) as pool:
        holder, *waiting = await begun(*(pool.fetch("for ever") for _ in range(4)))
        await asyncio.wait(waiting, timeout=1)

        assert [type(task.exception()) for task in waiting] == [TimeoutError] * 3
        assert (holder.done(), pool.taken) == (False, 1)
        holder.cancel()
        await asyncio.wait([holder])


async def test_a_connection_that_has_become_old_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    async with pool_of(server, 1) as pool:
        await pool.fetch("at once")
        pool._look_around()
        await pool.fetch("at once")
        assert len(server.lines) == 1

        monkeypatch.setattr(limits, "OLD_AFTER", 0)
        pool._look_around()
        await turns()
        await pool.fetch("at once")

        assert [line.closed for line in server.lines] == [True, False]


async def test_connections_that_nobody_needs_any_more_are_closed() -> None:
    server = Server()
    async with pool_of(server, 5) as pool:
        tasks = await begun(*(pool.fetch("many at once") for _ in range(5)))
        for line in server.lines:
            assert line.answer
            line.answer.set_result([])
        await asyncio.wait(tasks)

        pool._look_around()
        await pool.fetch("at once")
        assert len(server.open) == 5, "they have just been used"
        pool._look_around()
        await turns()

        assert len(server.open) == 1
        assert server.open[0].statements == ["many at once", "at once"]
        tasks = await begun(*(pool.fetch("many again") for _ in range(5)))
        assert len(server.open) == 5
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def test_closing_waits_for_what_is_under_way_and_refuses_the_rest() -> None:
    server = Server()
    async with pool_of(server, 1) as pool:
        first, second = await begun(pool.fetch("first"), pool.fetch("second"))
        closing = asyncio.create_task(pool.close())
        await turns()

        assert not closing.done()
        assert isinstance(second.exception(), StoreUnavailable)
        with pytest.raises(StoreUnavailable):
            await pool.fetch("third")
        assert server.lines[0].answer
        server.lines[0].answer.set_result(["done"])
        await closing

        assert first.result() == ["done"]
        assert server.open == []


async def test_what_does_not_end_in_time_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FAREWELL_TIMEOUT", 0.01)
    server = Server()
    async with pool_of(server, 1) as pool:
        (task,) = await begun(pool.fetch("for ever"))

        await pool.close()

        assert server.open == []
        task.cancel()
        await asyncio.wait([task])
