"""Which version the tables have, and which this program needs: asked by every worker, without Alembic."""

from pathlib import Path
from typing import Final

import asyncpg
from sqlalchemy import column, select, table

from todo.adapters.postgres.query import Query, Runner
from todo.domain.errors import StoreOutdated

VERSION_TABLE: Final = "todo_schema_version"
"""A name of our own: the database may hold another program's `alembic_version`."""

HEAD: Final = max(
    path.name.partition("_")[0] for path in (Path(__file__).parent / "migrations" / "versions").glob("[0-9]*_*.py")
)
"""Versions count up, and stand at the beginning of the names of their files."""

CURRENT: Final = Query(select(column("version_num")).select_from(table(VERSION_TABLE)))


def is_newer(version: str) -> bool:
    """Whether a later program than this one has made the tables. What is no number is of nobody's counting."""
    return version.isdecimal() and int(version) > int(HEAD)


async def require_current(runner: Runner) -> None:
    """Raises `StoreOutdated` before the migrations have run, and for a version that is of no program's.

    A later one will do: migrations add before they remove, and in a rolling upgrade the old workers must not all
    leave at once.
    """
    try:
        row = await CURRENT.row(runner)
    except asyncpg.UndefinedTableError as error:
        raise StoreOutdated from error
    if row is None or not (row["version_num"] == HEAD or is_newer(row["version_num"])):
        raise StoreOutdated
