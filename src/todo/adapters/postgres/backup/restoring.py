"""From the file to the tables, in one transaction.

The file may have been tampered with, and whoever restores is often a superuser: names out of it reach the database only
after they were found among ours.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table, func, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from todo.adapters.postgres.backup.archive import BackupRefused, Manifest, Part, Reader
from todo.adapters.postgres.backup.asking import PLAIN, Progress, asked
from todo.adapters.postgres.backup.saving import COLUMNS, NOT_WORTH_KEEPING, Columns, columns_of
from todo.adapters.postgres.migrations import Migrations
from todo.adapters.postgres.tables import (
    TASK_NUMBERS,
    Base,
    accounts,
    answers,
    known_networks,
    sessions,
    users,
    verifications,
)

SCHEMA: Final = "SELECT current_schema()"
SET_NUMBER: Final = "SELECT setval(format('%I.%I', $1::text, $2::text)::regclass, $3, false)"

KINDS: Final = {
    users.name: "users",
    sessions.name: "sessions",
    accounts.name: "ways to sign in",
    verifications.name: "tickets of letters",
    known_networks.name: "known networks",
    answers.name: "kept answers",
}
"""What the rows of a table are, where its name does not say so."""
ELSEWHERE: Final = (
    "Restore into an empty database: make one, and name it as DATABASE_URL; "
    "or without DATABASE_URL name a new folder as TODO_DATA_DIR"
)

KEPT: Final = Base.metadata.tables.keys() - NOT_WORTH_KEEPING
NUMBERED: Final = frozenset({TASK_NUMBERS.name})


def require_ours(manifest: Manifest) -> None:
    """Raises `BackupRefused` where the file speaks of what no backup of ours holds."""
    tables = [part.table for part in manifest.parts]
    for table in tables:
        if table not in KEPT:
            raise BackupRefused(f"the backup holds {table!r}, which is no table that is kept")
        if tables.count(table) > 1:
            raise BackupRefused(f"the backup holds the table {table} twice")
    if strange := sorted(manifest.sequences.keys() - NUMBERED):
        raise BackupRefused(f"the backup sets {strange[0]!r}, which is no sequence of ours")
    if missing := sorted(NUMBERED - manifest.sequences.keys()):
        raise BackupRefused(f"the backup does not say where {missing[0]} goes on")


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
            whose = "of a newer program" if migrations.is_newer(present) else "a version of no program of ours"
            raise BackupRefused(f"the tables are at {present}, {whose}: restore into an empty database")
        ours = [table for table in Base.metadata.sorted_tables if table.name in there]
        _require_empty(connection, ours)  # before anything is locked: a service that runs here is not disturbed
        for table in ours:
            connection.execute(text(f'LOCK TABLE "{table.name}" IN ACCESS EXCLUSIVE MODE'))
        _require_empty(connection, ours)
        migrations.remove_on(connection)
    migrations.upgrade_on(connection, to=version)


def _require_empty(connection: Connection, ours: Sequence[Table]) -> None:
    kept = [table for table in ours if table.name in KEPT]
    if not any(connection.scalar(select(select(table).exists())) for table in kept):
        return
    connection.execute(text("SET LOCAL statement_timeout = 0"))  # counting a large table takes its time
    counts = {table: connection.scalar(select(func.count()).select_from(table)) or 0 for table in kept}
    told = ", ".join(f"{KINDS.get(table.name, table.name)} {rows:,}" for table, rows in counts.items() if rows)
    raise BackupRefused(f"the database is in use ({told}), and nothing in it was changed. {ELSEWHERE}")


async def fill(connection: AsyncConnection, backup: Reader, parts: Sequence[Part], progress: Progress) -> None:
    """Into the tables that `prepare` has made. Raises `BackupRefused` for a part that is not as those tables are."""
    raw: Any = (await connection.get_raw_connection()).driver_connection
    await asked(raw.execute(PLAIN))
    schema = await asked(raw.fetchval(SCHEMA))
    _require_fitting(backup.manifest, columns_of(await asked(raw.fetch(COLUMNS))))
    total = sum(part.rows for part in parts)
    before = 0
    for part in parts:
        rows = _rows(backup, part, lambda done, what, before=before: progress(before + done, total, what))
        status = await asked(
            raw.copy_to_table(part.table, schema_name=schema, source=rows, columns=part.columns, format="text")
        )
        if status != f"COPY {part.rows}":
            raise BackupRefused(f"of {part.rows} rows of {part.table} the database took: {status}")
        before += part.rows
    for name, number in backup.manifest.sequences.items():
        await asked(raw.execute(SET_NUMBER, schema, name, number))


def _require_fitting(manifest: Manifest, columns: Columns) -> None:
    """Every table of that version with no column but its own."""
    if missing := sorted((KEPT & columns.keys()) - manifest.rows.keys()):
        raise BackupRefused(f"the backup is not whole: the table {missing[0]} is missing")
    for part in manifest.parts:
        known = columns.get(part.table)
        if known is None:
            raise BackupRefused(f"the backup holds {part.table}, which tables at {manifest.schema} do not have")
        if strange := [name for name in part.columns if name not in known]:
            raise BackupRefused(f"the backup holds {part.table} with {strange[0]!r}, which is no column of it")
        if len(set(part.columns)) < len(part.columns) or not part.columns:
            raise BackupRefused(f"the backup holds {part.table} without columns, or with one of them twice")


async def _rows(backup: Reader, part: Part, told: Any) -> AsyncIterator[bytes]:
    done = 0
    for chunk in backup.chunks(part):
        yield chunk
        done += chunk.count(b"\n")
        told(done, part.table)
