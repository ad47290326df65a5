"""What the commands work with: the settings, and the database they name."""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from todo.adapters.postgres.adoption import Adoption
from todo.adapters.postgres.backup import Backups
from todo.adapters.postgres.migrations import Migrations
from todo.adapters.postgres.store import PostgresStore
from todo.adapters.system_clock import SystemClock
from todo.bootstrap import VERSION, database_address, hasher, logs, migrations_address, password_choice
from todo.config import Settings
from todo.domain.services.administration import Administration
from todo.domain.services.maintenance import Maintenance
from todo.entrypoints.cli.tools import Installation

log = logging.getLogger("todo.serve")


@dataclass(frozen=True, slots=True, kw_only=True)
class HostInstallation(Installation):
    settings: Settings
    data: str
    for_workers: Mapping[str, str]
    owns_database: bool
    """The embedded one: nobody else looks after its tables."""

    @property
    def host(self) -> str:
        return self.settings.host

    @property
    def port(self) -> int:
        return self.settings.port

    @property
    def workers(self) -> int:
        return self.settings.workers

    def begin_log(self) -> None:
        logs(self.settings).start()
        if self.settings.secure and not self.settings.trusted_proxies:
            log.warning(
                "no proxy is trusted, though https ends at one: all people count as one. Set TODO_TRUSTED_PROXIES"
            )

    @property
    def drain_seconds(self) -> int:
        return self.settings.drain_seconds

    def schema(self) -> Migrations:
        return Migrations(migrations_address(self.settings))

    def adoption(self) -> Adoption:
        return Adoption(self.schema())

    def backups(self) -> Backups:
        return Backups(self.schema(), program=VERSION, clock=SystemClock())

    @asynccontextmanager
    async def accounts(self) -> AsyncIterator[Administration]:
        async with self._store() as store, hasher(self.settings) as hashing:
            yield Administration(
                store=store, hasher=hashing, clock=SystemClock(), choice=password_choice(self.settings)
            )

    @asynccontextmanager
    async def maintenance(self) -> AsyncIterator[Maintenance]:
        async with self._store() as store:
            yield Maintenance(store=store, clock=SystemClock())

    @asynccontextmanager
    async def _store(self) -> AsyncIterator[PostgresStore]:
        """With its tables as this program needs them. Somebody else's are not changed by the way."""
        address = database_address(self.settings)
        if self.owns_database:
            await self.schema().upgrade()
        else:
            await Migrations(address).require_current()
        async with PostgresStore(address, clock=SystemClock(), pool_size=1) as store:
            yield store
