"""Questions to the database whose refusals are told to a person."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import asyncpg

from todo.adapters.postgres.backup.archive import BackupRefused
from todo.adapters.postgres.query import AWAY
from todo.domain.errors import StoreUnavailable

Result = TypeVar("Result")
Progress = Callable[[int, int, str], None]

PLAIN: Final = "SET LOCAL datestyle = 'ISO'; SET LOCAL timezone = 'UTC'; SET LOCAL statement_timeout = 0"
"""Whatever the role or the database says: rows are written in one way, and a large table takes its time."""


async def asked(call: Awaitable[Result]) -> Result:
    """Says in the domain's word that the database is away, and in its own why it refuses; never with a row in it."""
    try:
        return await call
    except AWAY as error:
        raise StoreUnavailable from error
    except asyncpg.PostgresError as error:
        reason = str(error).partition("\n")[0]
        raise BackupRefused(f"the database refused: {reason}") from error
