"""From the file to the tables, in one transaction."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from todo.adapters.postgres.backup.archive import BackupRefused, Part, Reader
from todo.adapters.postgres.backup.asking import PLAIN, Progress, asked
from todo.adapters.postgres.migrations import Migrations
from todo.adapters.postgres.tables import Base, users

SET_NUMBER = "SELECT setval($1::text::regclass, $2, false)"


def verify(backup: Reader, progress: Progress) -> None:
    """Reads everything before anything is touched. Raises `BackupRefused`."""
    total = sum(backup.manifest.rows.values())
    before = 0
    for part in backup.manifest.parts:
        for rows in backup.verify(part):
            progress(before + rows, total, f"check {part.table}")
        before += part.rows


def prepare(connection: Connection, migrations: Migrations, version: str) -> None:
    """Makes empty tables of that version, where there were empty ones or none. Raises `BackupRefused`."""
    migrations.lock(connection)
    there = set(inspect(connection).get_table_names())
    present = migrations.version_of(connection)
    if present is None and users.name in there:
        raise BackupRefused("another program has made the tables of this database: restore into an empty one")
    if present is not None:
        if not migrations.knows(present):
            raise BackupRefused(f"the tables are at {present}, of a newer program: restore into an empty database")
        _require_empty(connection, there)
        migrations.remove_on(connection)
    migrations.upgrade_on(connection, to=version)


def _require_empty(connection: Connection, there: set[str]) -> None:
    ours = [table for table in Base.metadata.sorted_tables if table.name in there]
    for table in ours:
        connection.execute(text(f'LOCK TABLE "{table.name}" IN ACCESS EXCLUSIVE MODE'))
    for table in ours:
        if connection.scalar(select(select(table).exists())):
            raise BackupRefused(f"the database is not empty, there are rows in {table.name}: restore into an empty one")


async def fill(connection: AsyncConnection, backup: Reader, parts: Sequence[Part], progress: Progress) -> None:
    raw: Any = (await connection.get_raw_connection()).driver_connection
    await asked(raw.execute(PLAIN))
    total = sum(part.rows for part in parts)
    before = 0
    for part in parts:
        rows = _rows(backup, part, lambda done, what, before=before: progress(before + done, total, what))
        status = await asked(raw.copy_to_table(part.table, source=rows, columns=part.columns, format="text"))
        if status != f"COPY {part.rows}":
            raise BackupRefused(f"of {part.rows} rows of {part.table} the database took: {status}")
        before += part.rows
    for name, number in backup.manifest.sequences.items():
        await asked(raw.execute(SET_NUMBER, name, number))


async def _rows(backup: Reader, part: Part, told: Any) -> AsyncIterator[bytes]:
    done = 0
    for chunk in backup.chunks(part):
        yield chunk
        done += chunk.count(b"\n")
        told(done, part.table)
