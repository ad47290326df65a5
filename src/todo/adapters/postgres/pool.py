"""Connections, shared by the requests of one worker.

asyncpg's own pool makes a task, two timers and a proxy for each statement, to reset what nobody here leaves behind in a
session. With it a request took a sixth more of the processor (measured; docs/adr/0003).
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from asyncpg import Connection

from todo.adapters.postgres.address import DatabaseAddress
from todo.adapters.postgres.door import Door
from todo.adapters.postgres.query import Runner, translated
from todo.domain.errors import StoreUnavailable

WAIT_FOR_CONNECTION = 2.0
TICK = 0.1
"""Seconds between two looks for those who have waited so long."""
STATEMENT_TIMEOUT = 2.5
"""With the wait less than five seconds, in which everybody has an answer even from a server that says nothing."""
FAREWELL_TIMEOUT = 1.0
"""What is in flight has had its time before the pool is closed; a server that says nothing must not hold up a stop."""
LOOK_EVERY = 300.0
"""Seconds between two looks at the idle connections: those that nobody has used since the last one are closed."""
OLD_AFTER = 1800.0
"""Seconds after which a connection is made anew: the server may have moved, and its memory for one only grows."""


class Pool(Runner):
    """At most `size` connections, made when they are first needed, so that a worker starts while the database is away.

    A statement waits at most two seconds for a connection, and for its answer two and a half. Calling it off on the
    server takes longer: that is not waited for, and its connection is not used again.
    """

    def __init__(
        self, address: DatabaseAddress, *, size: int, connect: Callable[..., Awaitable[Connection]] | None = None
    ) -> None:
        arguments = address.connect_arguments
        self._arguments = arguments | {
            "command_timeout": STATEMENT_TIMEOUT,
            "timeout": min(arguments["timeout"], WAIT_FOR_CONNECTION),
        }
        self._make = connect or Door().connect
        self._is_open = False
        self._taken = 0
        self._size = size
        self._places = size
        """For connections yet to be made."""
        self._all_gone = asyncio.Event()
        self._connections: dict[Connection, float] = {}
        """And when each was made."""
        self._idle: list[Connection] = []
        """The one used last is used next, so that those who are not needed can be told."""
        self._unneeded = 0
        """Of the idle ones, how many nobody has used since the last look."""
        self._waiting: deque[tuple[float, asyncio.Future[Connection | None]]] = deque()
        """Until when, for a connection; or for `None`, a place to make one in."""
        self._tick: asyncio.TimerHandle | None = None
        self._partings: set[asyncio.Task[None]] = set()  # a loop keeps only weak references
        self._look: asyncio.TimerHandle | None = None

    @property
    def taken(self) -> int:
        """Connections in use, and asked for."""
        return self._taken

    @property
    def size(self) -> int:
        return self._size

    async def open(self) -> None:
        self._is_open = True
        self._look_around()

    async def close(self) -> None:
        """Waits for what is running, and closes by force what does not end in time."""
        self._is_open = False
        for timer in (self._look, self._tick):
            if timer is not None:
                timer.cancel()
        self._tick = None
        while (turn := self._next()) is not None:
            turn.set_exception(StoreUnavailable())
        while self._idle:
            self._part(self._idle.pop())
        if self._places == self._size:
            return
        self._all_gone.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_TIMEOUT):
                await self._all_gone.wait()
        for connection in self._connections:
            connection.terminate()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """A connection of one's own for a while. Raises `StoreUnavailable`."""
        connection = await translated(self._acquire)
        try:
            yield connection
        except BaseException as error:
            self._release_after(error, connection)
            raise
        self._release_clean(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Runner]:
        """Raises `StoreUnavailable`, also when it cannot be committed."""
        async with self.connection() as connection:
            await translated(connection.execute, "BEGIN")
            try:
                yield connection
            except StoreUnavailable:  # the pool sees to the connection, and nobody waits for that
                raise
            except BaseException:
                with suppress(StoreUnavailable):
                    await translated(connection.execute, "ROLLBACK")
                raise
            if await translated(connection.execute, "COMMIT") != "COMMIT":
                raise StoreUnavailable

    async def fetch(self, query: str, *args: Any) -> list[Any]:
        connection = await self._acquire()
        try:
            rows: list[Any] = await connection.fetch(query, *args)
        except BaseException as error:
            self._release_after(error, connection)
            raise
        self._release(connection)
        return rows

    async def fetchrow(self, query: str, *args: Any) -> Any:
        connection = await self._acquire()
        try:
            row = await connection.fetchrow(query, *args)
        except BaseException as error:
            self._release_after(error, connection)
            raise
        self._release(connection)
        return row

    async def _acquire(self) -> Connection:
        if not self._is_open:
            raise StoreUnavailable
        self._taken += 1
        try:
            while self._idle:
                idle = self._idle.pop()
                self._unneeded = min(self._unneeded, len(self._idle))
                if not idle.is_closed():
                    return idle
                self._forget(idle)
            until = asyncio.get_running_loop().time() + WAIT_FOR_CONNECTION
            if self._places:
                self._places -= 1
            else:
                connection = await self._wait_for_turn(until)
                if connection is not None:
                    return connection
            async with asyncio.timeout_at(until):
                return await self._connect()
        except BaseException:
            self._taken -= 1
            raise

    async def _wait_for_turn(self, until: float) -> Connection | None:
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[Connection | None] = loop.create_future()
        self._waiting.append((until, turn))
        if self._tick is None:
            self._tick = loop.call_later(TICK, self._send_away)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:  # it came as we were called off
                self._give(turn.result())
            raise

    def _send_away(self) -> None:
        """Those who have waited in vain. One timer for all costs less than one for each, which took 4 % of a change."""
        loop = asyncio.get_running_loop()
        while self._waiting and (self._waiting[0][1].done() or self._waiting[0][0] <= loop.time()):
            _, turn = self._waiting.popleft()
            if not turn.done():
                turn.set_exception(TimeoutError())
        self._tick = loop.call_later(TICK, self._send_away) if self._waiting else None

    async def _connect(self) -> Connection:
        """In a place that is taken already."""
        try:
            connection: Connection = await self._make(**self._arguments)
        except BaseException:
            self._give(None)
            raise
        self._connections[connection] = asyncio.get_running_loop().time()
        return connection

    def _release(self, connection: Connection) -> None:
        self._taken -= 1
        self._give(connection)

    def _release_after(self, error: BaseException, connection: Connection) -> None:
        """What may be in the middle of something is not used again, a transaction that could not be left for one."""
        if isinstance(error, StoreUnavailable | TimeoutError | asyncio.CancelledError):
            self._discard(connection)
        else:
            self._release_clean(connection)

    def _release_clean(self, connection: Connection) -> None:
        if not connection.is_closed() and connection.is_in_transaction():
            self._discard(connection)
        else:
            self._release(connection)

    def _discard(self, connection: Connection) -> None:
        self._taken -= 1
        self._part(connection)

    def _give(self, connection: Connection | None) -> None:
        """To who has waited longest for it, or for the place of one."""
        if connection is not None and connection.is_closed():
            self._forget(connection)
        elif connection is not None and not self._is_open:
            self._part(connection)
        elif (turn := self._next()) is not None:
            turn.set_result(connection)
        elif connection is None:
            self._places += 1
            if self._places == self._size:
                self._all_gone.set()
        else:
            self._idle.append(connection)

    def _next(self) -> "asyncio.Future[Connection | None] | None":
        while self._waiting:
            _, turn = self._waiting.popleft()
            if not turn.done():
                return turn
        return None

    def _part(self, connection: Connection) -> None:
        """Closes it in the background: who has waited in vain has waited long enough."""
        task = asyncio.create_task(self._end(connection))
        self._partings.add(task)
        task.add_done_callback(self._partings.discard)

    async def _end(self, connection: Connection) -> None:
        try:
            await connection.close(timeout=STATEMENT_TIMEOUT)  # calls off what is under way on the server
        except Exception:
            connection.terminate()
        finally:
            self._forget(connection)

    def _forget(self, connection: Connection) -> None:
        self._connections.pop(connection, None)
        self._give(None)

    def _look_around(self) -> None:
        loop = asyncio.get_running_loop()
        old = loop.time() - OLD_AFTER
        wanted = [each for each in self._idle[self._unneeded :] if self._connections[each] > old]
        for connection in self._idle:
            if connection not in wanted:
                self._part(connection)
        self._idle = wanted
        self._unneeded = len(wanted)
        self._look = loop.call_later(LOOK_EVERY, self._look_around)
