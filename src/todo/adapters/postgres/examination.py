"""What can be learned of a database and of the way to it, without changing anything."""

from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg

from todo.adapters.postgres.address import DatabaseAddress
from todo.adapters.postgres.query import translated
from todo.adapters.postgres.tables import TASK_NUMBERS, Base
from todo.domain.ports.clock import Clock

PROBES: Final = 3
"""Turns of two clients. A pooler in transaction mode that nobody else uses gives both one server connection at once."""

Pooler = Literal["none", "session", "transaction"]

SERVER: Final = """
    SELECT current_setting('server_version') AS version,
        current_setting('server_version_num')::int / 10000 AS major,
        current_setting('server_encoding') AS encoding,
        pg_is_in_recovery() OR current_setting('default_transaction_read_only')::bool AS read_only,
        current_setting('fsync')::bool AND current_setting('full_page_writes')::bool
            AND current_setting('synchronous_commit') <> 'off' AS durable,
        current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS room,
        (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS taken,
        (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
        current_user AS role,
        (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS encrypted
"""
CANNOT: Final = """
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relname = ANY($1::text[])
        AND NOT CASE c.relkind WHEN 'S' THEN has_sequence_privilege(c.oid, 'USAGE, UPDATE')
            ELSE has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
                AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE') END
    ORDER BY c.relname
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What was found."""

    version: str
    major: int
    encoding: str
    read_only: bool
    durable: bool
    """Whether a power cut spares what was committed."""
    room: int
    """Connections that the server gives to those who are not superusers."""
    taken: int
    """Connections that are open now, those of a running service among them."""
    role: str
    superuser: bool
    closed_tables: Sequence[str]
    """Tables that the role may not work on, and the sequence of task ids."""
    clock_ahead: timedelta
    """Of the database, against ours."""
    clock_doubt: timedelta
    """By as much the comparison may be wrong."""
    pooler: Pooler
    pooler_expected: bool
    """Whether the settings allow for one in transaction mode."""
    local: bool
    """Whether no network is in between."""
    encrypted: bool
    verified: bool
    """Whether the server has to prove who it is."""


async def examine(address: DatabaseAddress, *, clock: Clock) -> Examination:
    """Raises `StoreUnavailable`."""
    async with _connected(address) as connection:
        server = await translated(connection.fetchrow, SERVER)
        closed = await translated(connection.fetch, CANNOT, [*Base.metadata.tables, TASK_NUMBERS.name])
        ahead, doubt = await _clocks(connection, clock)
        pooler = await _pooler(address, connection)
    mode = parse_qs(urlsplit(address.url).query).get("sslmode", [""])[0]
    return Examination(
        version=server["version"],
        major=server["major"],
        encoding=server["encoding"],
        read_only=server["read_only"],
        durable=server["durable"],
        room=server["room"],
        taken=server["taken"],
        role=server["role"],
        superuser=bool(server["superuser"]),
        closed_tables=[row["relname"] for row in closed],
        clock_ahead=ahead,
        clock_doubt=doubt,
        pooler=pooler,
        pooler_expected=address.pooled,
        local=is_local(address.url),
        # behind a pooler the server knows how the pooler reaches it, not how we reach the pooler
        encrypted=bool(server["encrypted"]) if pooler == "none" else address.tls is not None or mode == "require",
        verified=address.tls is not None or mode in {"verify-ca", "verify-full"},
    )


def is_local(url: str) -> bool:
    parts = urlsplit(url)
    host = parse_qs(parts.query).get("host", [unquote(parts.hostname or "localhost")])[0]
    return host.startswith(("/", "@", "127.")) or host in {"localhost", "::1"}


@asynccontextmanager
async def _connected(address: DatabaseAddress) -> Any:
    arguments = address.connect_arguments | {"statement_cache_size": 0, "command_timeout": 5}
    connection: Any = await translated(lambda: asyncpg.connect(**arguments))
    try:
        yield connection
    finally:
        await connection.close()


async def _clocks(connection: Any, clock: Clock) -> tuple[timedelta, timedelta]:
    before = clock.now()
    theirs: datetime = await translated(connection.fetchval, "SELECT clock_timestamp()")
    after = clock.now()
    doubt = (after - before) / 2
    return theirs.astimezone(UTC) - (before + doubt), doubt


async def _pooler(address: DatabaseAddress, connection: Any) -> Pooler:
    """A pooler gives its clients numbers of its own, where a server gives the number of its process."""
    if connection.get_server_pid() == await _process(connection):
        return "none"
    async with _connected(address) as other:
        for _ in range(PROBES):
            if await _process(connection) == await _process(other):
                return "transaction"  # one process, two clients that are both connected
    return "session"


async def _process(connection: Any) -> int:
    pid: int = await translated(connection.fetchval, "SELECT pg_backend_pid()")
    return pid
