"""From the tables to the file, as they are at one moment."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
from sqlalchemy import Table

from todo.adapters.postgres.address import DatabaseAddress
from todo.adapters.postgres.backup.archive import BackupRefused, Manifest, Part, Writer
from todo.adapters.postgres.backup.asking import PLAIN, Progress, asked
from todo.adapters.postgres.schema_version import VERSION_TABLE
from todo.adapters.postgres.tables import TASK_NUMBERS, Base, throttle

NOT_WORTH_KEEPING: Final = frozenset({throttle.name})
"""Counters of the moment."""

COLUMNS: Final = """
    SELECT c.relname AS table, a.attname AS column
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p')
        AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    ORDER BY c.relname, a.attnum
"""
VERSION: Final = f"SELECT version_num FROM {VERSION_TABLE}"  # noqa: S608  a constant
NEXT_NUMBER: Final = f"SELECT last_value + is_called::int FROM {TASK_NUMBERS.name}"  # noqa: S608  a constant

Columns = dict[str, list[str]]


@asynccontextmanager
async def snapshot(address: DatabaseAddress) -> AsyncIterator[tuple[Any, Columns]]:
    """A connection that sees one moment, and the columns of each table there is."""
    connection = await asked(asyncpg.connect(**address.connect_arguments))
    try:
        columns = columns_of(await asked(connection.fetch(COLUMNS)))
        if VERSION_TABLE not in columns:
            raise BackupRefused(
                "there is nothing to back up, as the database has no tables of this program: run todo db upgrade"
            )
        ours = ", ".join(f'"{name}"' for name in columns if name in {*Base.metadata.tables, VERSION_TABLE})
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await asked(connection.execute(PLAIN))
            await asked(connection.execute(f"LOCK TABLE {ours} IN ACCESS SHARE MODE"))  # no migration from here on
            yield connection, columns
    finally:
        await connection.close()


async def save(connection: Any, columns: Columns, writer: Writer, progress: Progress) -> Manifest:
    """Of the time and the program it says nothing yet."""
    tables = [table for table in Base.metadata.sorted_tables if table.name in columns.keys() - NOT_WORTH_KEEPING]
    counts = [await asked(connection.fetchval(f'SELECT count(*) FROM "{table.name}"')) for table in tables]  # noqa: S608  ours
    parts: list[Part] = []
    for table in tables:
        before = sum(part.rows for part in parts)
        kept = tuple(name for name in columns[table.name] if name in table.c)
        parts.append(await _copied(connection, table, kept, writer, _beginning(progress, before, sum(counts))))
    if (copied := [part.rows for part in parts]) != counts:
        raise BackupRefused(f"the database gave {sum(copied)} rows, and has counted {sum(counts)}")
    return Manifest(
        schema=await asked(connection.fetchval(VERSION)),
        server=str(connection.get_server_version().major),
        parts=tuple(parts),
        sequences={TASK_NUMBERS.name: await asked(connection.fetchval(NEXT_NUMBER))},
        left_out=tuple(not_ours(columns)),
    )


async def _copied(connection: Any, table: Table, columns: tuple[str, ...], writer: Writer, progress: Progress) -> Part:
    with writer.part(table.name, columns) as output:

        async def keep(rows: bytes) -> None:
            output.write(rows)
            progress(output.rows, 0, table.name)

        await asked(connection.copy_from_table(table.name, columns=columns, output=keep, format="text"))
    return output.part


def _beginning(progress: Progress, before: int, total: int) -> Progress:
    return lambda done, _, what: progress(before + done, total, what)


def columns_of(rows: Iterable[Any]) -> Columns:
    found: Columns = {}
    for row in rows:
        found.setdefault(row["table"], []).append(row["column"])
    return found


def not_ours(columns: Columns) -> list[str]:
    """Tables and columns that this program knows nothing of."""
    tables = Base.metadata.tables
    strange = [f"table {name}" for name in columns if name not in tables and name != VERSION_TABLE]
    return strange + [
        f"column {table}.{column}"
        for table, names in columns.items()
        if table in tables
        for column in names
        if column not in tables[table].c
    ]
