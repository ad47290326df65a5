"""The PostgreSQL store: a pool, and the repositories over it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from todo.adapters.postgres.address import DatabaseAddress
from todo.adapters.postgres.headroom import Headroom
from todo.adapters.postgres.leftovers import PostgresLeftovers
from todo.adapters.postgres.networks import PostgresNetworks
from todo.adapters.postgres.pool import Pool
from todo.adapters.postgres.schema_version import require_current
from todo.adapters.postgres.sessions import PostgresSessions
from todo.adapters.postgres.tasks import PostgresTasks
from todo.adapters.postgres.throttle import PostgresThrottle
from todo.adapters.postgres.unit_of_work import PostgresUnitOfWork
from todo.adapters.postgres.users import PostgresAccounts, PostgresPasswords, PostgresTickets, PostgresUsers
from todo.domain.errors import StoreUnavailable
from todo.domain.ports.clock import Clock
from todo.domain.ports.store import Store


class PostgresStore(Store):
    """Opens no connection before it is asked for something."""

    def __init__(self, address: DatabaseAddress, *, clock: Clock, pool_size: int = 10) -> None:
        self._pool = Pool(address, size=pool_size)
        self._clock = clock
        self._for_tasks, self._for_answers = Headroom(), Headroom()
        self._tasks = PostgresTasks(self._pool, self._for_tasks)
        self._users = PostgresUsers(self._pool)
        self._passwords = PostgresPasswords(self._pool)
        self._accounts = PostgresAccounts(self._pool)
        self._tickets = PostgresTickets(self._pool)
        self._sessions = PostgresSessions(self._pool)
        self._networks = PostgresNetworks(self._pool)
        self._throttle = PostgresThrottle(self._pool)
        self._leftovers = PostgresLeftovers(self._pool)

    @property
    def tasks(self) -> PostgresTasks:
        return self._tasks

    @property
    def users(self) -> PostgresUsers:
        return self._users

    @property
    def passwords(self) -> PostgresPasswords:
        return self._passwords

    @property
    def accounts(self) -> PostgresAccounts:
        return self._accounts

    @property
    def tickets(self) -> PostgresTickets:
        return self._tickets

    @property
    def sessions(self) -> PostgresSessions:
        return self._sessions

    @property
    def networks(self) -> PostgresNetworks:
        return self._networks

    @property
    def throttle(self) -> PostgresThrottle:
        return self._throttle

    @property
    def leftovers(self) -> PostgresLeftovers:
        return self._leftovers

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[PostgresUnitOfWork]:
        async with self._pool.connection() as connection:
            work = PostgresUnitOfWork(connection, self._clock, for_tasks=self._for_tasks, for_answers=self._for_answers)
            try:
                yield work
            except StoreUnavailable:  # the pool sees to the connection, and nobody waits for that
                raise
            except BaseException:
                await work.leave()
                raise
            await work.leave()

    async def require_ready(self) -> None:
        await require_current(self._pool)

    @property
    def connections_in_use(self) -> int:
        """By statements under way, and by those that wait for a connection."""
        return self._pool.taken

    @property
    def connections_limit(self) -> int:
        """As many there are at most; who asks for one more waits."""
        return self._pool.size

    async def __aenter__(self) -> Self:
        await self._pool.open()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._pool.close()
