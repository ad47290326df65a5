"""Brings a database to the shape of the tables, by Alembic."""

import warnings
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
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError, SAWarning
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from todo.adapters.postgres.address import DatabaseAddress
from todo.adapters.postgres.query import AWAY
from todo.adapters.postgres.schema_version import VERSION_TABLE, is_newer
from todo.adapters.postgres.tables import Base, users
from todo.domain.errors import StoreUnavailable

ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('todo migrations'))")

Result = TypeVar("Result")


class MigrationRefused(Exception):
    """The database would not do what was asked, in its own words."""


class TablesUnfit(MigrationRefused):
    """The tables are not those that this program works on, in our words; they say what to do."""


class NotOurs(TablesUnfit):
    """Another program has made the tables: they must be adopted first."""


class Migrations:
    """What is there, what should be, and the way between.

    Every method may raise `StoreUnavailable` or `MigrationRefused`.
    """

    def __init__(self, address: DatabaseAddress) -> None:
        self.address = address
        self._scripts = ScriptDirectory.from_config(_config())

    @property
    def head(self) -> str:
        """The version this program needs."""
        head = self._scripts.get_current_head()
        assert head is not None  # noqa: S101  there is a first migration
        return head

    async def current(self) -> str | None:
        """The version of the database; `None` when it has none of our tables."""
        return await self.run(self.version_of)

    async def upgrade(self) -> list[str]:
        """Brings the database to `head` and says which versions that took. Of several at once, one does the work.

        Tables of a newer program are left as they are. Raises `NotOurs` when another program has made the tables, and
        `TablesUnfit` when they are at a version of neither.
        """
        return await self.run(self._upgrade)

    async def require_current(self) -> None:
        """Changes nothing. Raises `TablesUnfit` where there are no tables at the head or of a newer program."""
        await self.run(self._require_current)

    async def differences(self) -> list[str]:
        """Where the tables of the database differ from those of this program; empty when they agree."""
        return await self.run(self.differences_on)

    def knows(self, version: str) -> bool:
        """Whether this program has a way from this version to the head."""
        return version in {script.revision for script in self._scripts.walk_revisions()}

    def is_newer(self, version: str) -> bool:
        """Whether a later program has made the tables. They serve this one too: versions add before they remove."""
        return not self.knows(version) and is_newer(version)

    async def run(self, work: Callable[[Connection], Result]) -> Result:
        """Runs what works on a connection in a transaction of its own, which an exception undoes."""
        async with self.transaction() as connection:
            return await connection.run_sync(work)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A transaction of one's own, which an exception undoes."""
        try:
            async with self._transaction() as connection:
                yield connection
        except DBAPIError as error:
            if error.connection_invalidated:
                raise StoreUnavailable from error
            reason = str(error.orig).partition("\n")[0].rpartition(">: ")[2]
            raise MigrationRefused(reason) from error

    def lock(self, connection: Connection) -> None:
        """Waits until nobody else migrates or adopts, and keeps others waiting until the transaction ends."""
        connection.execute(ONE_AT_A_TIME)

    def version_of(self, connection: Connection) -> str | None:
        return _context(connection).get_current_revision()

    def upgrade_on(self, connection: Connection, *, to: str = "head", taken_over_at: str | None = None) -> list[str]:
        """Goes on from the present version, or from that whose shape somebody else has given to the tables.

        From one of a newer program it goes nowhere. Raises `TablesUnfit` where it does not know the way.
        """
        done: list[str] = []
        present = self.version_of(connection)
        if present is not None and not self.knows(present):
            if is_newer(present):
                return done
            raise TablesUnfit(_of_nobody(present))
        config = _config_on(connection, on_version_apply=lambda *, step, **_: done.append(step.up_revision_id))
        if taken_over_at is not None:
            command.stamp(config, taken_over_at)
        command.upgrade(config, to)
        return done

    def remove_on(self, connection: Connection) -> None:
        """Takes every table of ours away, with what is in it."""
        command.downgrade(_config_on(connection), "base")

    def differences_on(self, connection: Connection) -> list[str]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)  # of a type that SQLAlchemy does not know, in a column not ours
            found = compare_metadata(_context(connection), Base.metadata)
        return [str(difference) for difference in found if not _is_left_alone(difference)]

    def _upgrade(self, connection: Connection) -> list[str]:
        self.lock(connection)
        self._require_ours(connection)
        return self.upgrade_on(connection)

    def _require_current(self, connection: Connection) -> None:
        self._require_ours(connection)
        present = self.version_of(connection)
        if present is None or (self.knows(present) and present != self.head):
            raise TablesUnfit(
                f"the tables are at {present or 'none'}, this program needs {self.head}: run todo db upgrade"
            )
        if not self.knows(present) and not is_newer(present):
            raise TablesUnfit(_of_nobody(present))

    def _require_ours(self, connection: Connection) -> None:
        if self.version_of(connection) is None and inspect(connection).has_table(users.name):
            raise NotOurs("another program has made these tables: look at them with todo db adopt --dry-run")

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
        arguments = self.address.connect_arguments | {"statement_cache_size": 0}
        try:
            return await asyncpg.connect(**arguments)
        except AWAY as error:  # whoever migrates tells it, in words of their own
            raise StoreUnavailable from error


def _of_nobody(version: str) -> str:
    return (
        f"the tables are at {version}, a version that no program of ours gives them: "
        "look into todo_schema_version, or restore a backup into an empty database"
    )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def _config_on(connection: Connection, **more: Any) -> Config:
    config = _config()
    config.attributes["environment"] = {
        "connection": connection,
        "target_metadata": Base.metadata,
        "version_table": VERSION_TABLE,
        **more,
    }
    return config


def _context(connection: Connection) -> MigrationContext:
    return MigrationContext.configure(
        connection,
        opts={
            "version_table": VERSION_TABLE,
            "compare_type": True,
            "compare_server_default": False,
            "include_name": lambda name, kind, _: kind != "table" or name in Base.metadata.tables,
        },
    )


def _is_left_alone(difference: Any) -> bool:
    """What another program has and ours can do without: it is in nobody's way."""
    match difference:
        case ("remove_column", _, _, column):
            return bool(column.nullable or column.server_default is not None or column.identity is not None)
        case (str(kind), *_):
            return kind in {"remove_index", "remove_constraint", "remove_fk"}
    return False
