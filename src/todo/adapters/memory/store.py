"""The memory store and what it holds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

from todo.adapters.memory.leftovers import MemoryLeftovers
from todo.adapters.memory.repositories import (
    MemoryAccounts,
    MemoryNetworks,
    MemoryPasswords,
    MemorySessions,
    MemoryTasks,
    MemoryTickets,
    MemoryUsers,
)
from todo.adapters.memory.tables import Tables
from todo.adapters.memory.throttle import MemoryThrottle
from todo.adapters.memory.unit_of_work import MemoryUnitOfWork
from todo.domain.ports.store import (
    AccountRepository,
    LeftoverRepository,
    NetworkRepository,
    PasswordRepository,
    SessionRepository,
    Store,
    TaskRepository,
    TicketRepository,
    UserRepository,
)
from todo.domain.ports.throttle import Throttle


@dataclass(frozen=True, slots=True)
class MemoryStore(Store):
    """One unit of work at a time: the next waits at the door."""

    _tables: Tables = field(default_factory=Tables)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def tasks(self) -> TaskRepository:
        return MemoryTasks(self._tables, self._turn)

    @property
    def users(self) -> UserRepository:
        return MemoryUsers(self._tables)

    @property
    def passwords(self) -> PasswordRepository:
        return MemoryPasswords(self._tables)

    @property
    def accounts(self) -> AccountRepository:
        return MemoryAccounts(self._tables)

    @property
    def tickets(self) -> TicketRepository:
        return MemoryTickets(self._tables)

    @property
    def sessions(self) -> SessionRepository:
        return MemorySessions(self._tables)

    @property
    def networks(self) -> NetworkRepository:
        return MemoryNetworks(self._tables)

    @property
    def throttle(self) -> Throttle:
        return MemoryThrottle(self._tables)

    @property
    def leftovers(self) -> LeftoverRepository:
        return MemoryLeftovers(self._tables)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[MemoryUnitOfWork]:
        async with self._turn:
            yield MemoryUnitOfWork(self._tables)

    async def require_ready(self) -> None:
        pass

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        pass
