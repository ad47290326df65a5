"""Brings a database to the shape of the tables, by Alembic."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from todo.adapters.postgres.address import DatabaseAddress
from todo.adapters.postgres.query import translated
from todo.adapters.postgres.tables import Base

VERSION_TABLE = "todo_schema_version"
"""A name of our own: the database may hold another program's `alembic_version`."""

ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('todo migrations'))")

Result = TypeVar("Result")


class MigrationRefused(Exception):
    """The database would not do what was asked, in its own words."""


class Migrations:
    """What is there, what should be, and the way between.

    Every method may raise `StoreUnavailable` or `MigrationRefused`.
    """

    def __init__(self, address: DatabaseAddress) -> None:
        self._address = address
        self._scripts = ScriptDirectory.from_config(_config())

    @property
    def head(self) -> str:
        """The version this program needs."""
        head = self._scripts.get_current_head()
        assert head is not None  # noqa: S101  there is a first migration
        return head

    async def current(self) -> str | None:
        """The version of the database; `None` when it has none of our tables."""
        return await self._run(lambda connection: _context(connection).get_current_revision())

    async def upgrade(self) -> list[str]:
        """Brings the database to `head` and says which versions that took. Of several at once, one does the work."""
        return await self._run(self._upgrade)

    async def differences(self) -> list[str]:
        """Where the tables of the database differ from those of this program; empty when they agree."""
        return await self._run(_differences)

    def _upgrade(self, connection: Connection) -> list[str]:
        connection.execute(ONE_AT_A_TIME)
        done: list[str] = []
        config = _config()
        config.attributes["environment"] = {
            "connection": connection,
            "target_metadata": Base.metadata,
            "version_table": VERSION_TABLE,
            "on_version_apply": lambda *, step, **_: done.append(step.up_revision_id),
        }
        command.upgrade(config, "head")
        return done

    async def _run(self, work: Callable[[Connection], Result]) -> Result:
        try:
            async with self._transaction() as connection:
                return await connection.run_sync(work)
        except DBAPIError as error:
            reason = str(error.orig).partition("\n")[0].rpartition(">: ")[2]
            raise MigrationRefused(reason) from error

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        engine = create_async_engine(
            "postgresql+asyncpg://?prepared_statement_cache_size=0",
            async_creator=self._connect,
            poolclass=NullPool,
            hide_parameters=True,
        )
        try:
            async with engine.begin() as connection:
                yield connection
        finally:
            await engine.dispose()

    async def _connect(self) -> Any:
        arguments = self._address.connect_arguments | {"statement_cache_size": 0}
        return await translated(lambda: asyncpg.connect(**arguments))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def _context(connection: Connection) -> MigrationContext:
    return MigrationContext.configure(
        connection, opts={"version_table": VERSION_TABLE, "compare_type": True, "compare_server_default": False}
    )


def _differences(connection: Connection) -> list[str]:
    return [str(difference) for difference in compare_metadata(_context(connection), Base.metadata)]
