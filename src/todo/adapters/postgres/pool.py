"""Connections, shared by the requests of one worker."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg

from todo.adapters.postgres.address import DatabaseAddress
from todo.adapters.postgres.door import Door
from todo.adapters.postgres.query import AWAY, Runner, translated
from todo.domain.errors import StoreUnavailable

WAIT_FOR_CONNECTION = 2.0
STATEMENT_TIMEOUT = 2.5
"""Together less than five seconds, in which everybody has an answer even from a server that says nothing."""
FAREWELL_TIMEOUT = 1.0
"""What is in flight has had its time before the pool is closed; a server that says nothing must not hold up a stop."""


class Pool(Runner):
    """At most `size` connections, made when they are first needed, so that a worker starts while the database is away.

    A statement waits at most two seconds for a connection, and for its answer two and a half. Calling it off on the
    server takes longer: that is not waited for. Connections are not reset between users: nobody leaves anything behind
    in a session, and a round trip for each statement is saved.
    """

    def __init__(self, address: DatabaseAddress, *, size: int) -> None:
        self._address = address
        self._size = size
        self._taken = 0
        self._pool: Any = None
        self._partings: set[asyncio.Task[None]] = set()  # a loop keeps only weak references

    @property
    def taken(self) -> int:
        """Connections in use, and asked for."""
        return self._taken

    async def open(self) -> None:
        arguments = self._address.connect_arguments
        self._pool = await asyncpg.create_pool(
            min_size=0,
            max_size=self._size,
            command_timeout=STATEMENT_TIMEOUT,
            reset=_nothing_to_reset,
            connect=Door().connect,
            **arguments | {"timeout": min(arguments["timeout"], WAIT_FOR_CONNECTION)},
        )

    async def close(self) -> None:
        """Waits for what is running, and closes by force what does not end in time."""
        if self._pool is None:
            return
        try:
            await asyncio.wait_for(self._pool.close(), FAREWELL_TIMEOUT)
        except TimeoutError:
            self._pool.terminate()
        finally:
            self._pool = None

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """A connection of one's own for a while. Raises `StoreUnavailable`."""
        connection = await translated(self._acquire)
        try:
            yield connection
        except StoreUnavailable:
            self._part(self._forget(connection))
            raise
        except BaseException:
            await self._release(connection)
            raise
        await self._release(connection)

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
            await self._release_after(error, connection)
            raise
        await self._release(connection)
        return rows

    async def fetchrow(self, query: str, *args: Any) -> Any:
        connection = await self._acquire()
        try:
            row = await connection.fetchrow(query, *args)
        except BaseException as error:
            await self._release_after(error, connection)
            raise
        await self._release(connection)
        return row

    async def _acquire(self) -> Any:
        if self._pool is None:
            raise StoreUnavailable
        self._taken += 1
        try:
            if self._taken <= self._size:  # nobody waits: a clock for it would take 4 % of a request
                return await self._pool.acquire()
            async with asyncio.timeout(WAIT_FOR_CONNECTION):
                return await self._pool.acquire()
        except BaseException:
            self._taken -= 1
            raise

    async def _release(self, connection: Any, within: float | None = None) -> None:
        try:
            if self._pool is not None:
                await self._pool.release(connection, timeout=within)
        finally:
            self._taken -= 1

    async def _release_after(self, error: BaseException, connection: Any) -> None:
        if isinstance(error, TimeoutError | asyncio.CancelledError):  # the statement is to be called off first
            self._part(self._release(connection, STATEMENT_TIMEOUT))
        else:
            await self._release(connection)

    async def _forget(self, connection: Any) -> None:
        """Undoes what is under way, or throws the connection away."""
        try:
            async with asyncio.timeout(STATEMENT_TIMEOUT):
                await connection.execute("ROLLBACK")
        except (*AWAY, asyncpg.PostgresError):
            connection.terminate()
        await self._release(connection, STATEMENT_TIMEOUT)

    def _part(self, parting: Coroutine[Any, Any, None]) -> None:
        """Sees to a connection in the background: who has waited in vain has waited long enough."""
        task = asyncio.create_task(parting)
        self._partings.add(task)
        task.add_done_callback(self._parted)

    def _parted(self, task: "asyncio.Task[None]") -> None:
        self._partings.discard(task)
        if not task.cancelled():
            task.exception()  # the connection was thrown away, and that is all there is to it


async def _nothing_to_reset(_: object) -> None:
    pass
