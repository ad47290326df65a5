"""Connections, shared by the requests of one worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg

from todo.adapters.postgres.address import DatabaseAddress
from todo.adapters.postgres.query import Runner, translated
from todo.domain.errors import StoreUnavailable

WAIT_FOR_CONNECTION = 2.0
STATEMENT_TIMEOUT = 2.5
FAREWELL_TIMEOUT = 1.0
"""What is in flight has had its time before the pool is closed; a server that says nothing must not hold up a stop."""


class Pool(Runner):
    """At most `size` connections, made when they are first needed, so that a worker starts while the database is away.

    A statement waits at most two seconds for a connection, and for its answer two and a half, or twice that when the
    server does not even answer the call to give it up. Connections are not reset between users: nobody leaves anything
    behind in a session, and a round trip for each statement is saved.
    """

    def __init__(self, address: DatabaseAddress, *, size: int) -> None:
        self._address = address
        self._size = size
        self._taken = 0
        self._pool: Any = None

    @property
    def taken(self) -> int:
        """Connections in use, and asked for."""
        return self._taken

    async def open(self) -> None:
        self._pool = await asyncpg.create_pool(
            min_size=0,
            max_size=self._size,
            command_timeout=STATEMENT_TIMEOUT,
            reset=_nothing_to_reset,
            **self._address.connect_arguments,
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
        finally:
            await self._release(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Runner]:
        """Raises `StoreUnavailable`, also when it cannot be committed."""
        async with self.connection() as connection:
            transaction = connection.transaction()
            await translated(transaction.start)
            try:
                yield connection
            except BaseException:
                with suppress(StoreUnavailable):
                    await translated(transaction.rollback)
                raise
            await translated(transaction.commit)

    async def fetch(self, query: str, *args: Any) -> list[Any]:
        connection = await self._acquire()
        try:
            rows: list[Any] = await connection.fetch(query, *args)
            return rows
        finally:
            await self._release(connection)

    async def fetchrow(self, query: str, *args: Any) -> Any:
        connection = await self._acquire()
        try:
            return await connection.fetchrow(query, *args)
        finally:
            await self._release(connection)

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

    async def _release(self, connection: Any) -> None:
        self._taken -= 1
        if self._pool is not None:
            await self._pool.release(connection)


async def _nothing_to_reset(_: object) -> None:
    pass
