"""Why a database does not serve us, in a few words: by the kind of the error, and never by what stands in it."""

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import asyncpg


@dataclass(frozen=True, slots=True)
class Away:
    why: str
    """What the server does, as in "PostgreSQL at … does not answer"."""
    mend: str


ANYTHING: Final = Away("does not answer, or does not let us in", "is it running, and does DATABASE_URL name it?")
NO_TLS: Final = Away("speaks no TLS, and DATABASE_URL asks for it", "switch it on at the server, or take sslmode out")
UNKNOWN_OPTION: Final = Away(
    "has a pooler in front that refuses an option of DATABASE_URL",
    "take search_path, options and application_name out of it, or list them in the pooler's ignore_startup_parameters",
)
BROKEN_OFF: Final = Away("breaks the connection off", "look at its log, and at that of a pooler or proxy in between")
NOBODY_LISTENS: Final = Away(
    "takes no connections: nobody listens there", "is it running, and are host and port in DATABASE_URL right?"
)

WAYS: Final[tuple[tuple[type[BaseException], Away], ...]] = (
    (
        asyncpg.InvalidPasswordError,
        Away("refuses user or password", "correct them in DATABASE_URL, with what is special percent-encoded"),
    ),
    (
        asyncpg.InvalidAuthorizationSpecificationError,
        Away(
            "does not let this user in",
            "is there such a role, may it LOGIN, and does pg_hba.conf let it in from here, with TLS or without?",
        ),
    ),
    (
        asyncpg.InvalidCatalogNameError,
        Away("has no such database", "make it with createdb, or correct its name at the end of DATABASE_URL"),
    ),
    (
        asyncpg.TooManyConnectionsError,
        Away(
            "has no connection left",
            "lower TODO_WORKERS or TODO_DB_POOL_SIZE, raise max_connections, or put PgBouncer in between",
        ),
    ),
    (asyncpg.DiskFullError, Away("has no room left on its disk", "make room")),
    (asyncpg.CannotConnectNowError, Away("is starting, or being stopped", "wait a moment; then look at its log")),
    (asyncpg.AdminShutdownError, Away("is being stopped", "start it again")),
    (asyncpg.CrashShutdownError, Away("has crashed", "look at its log")),
    (asyncpg.QueryCanceledError, Away("has called a statement off", "is it slow, or its statement_timeout short?")),
    (asyncpg.ReadOnlySQLTransactionError, Away("takes no changes", "let DATABASE_URL name the primary, no replica")),
    (asyncpg.LockNotAvailableError, Away("is busy: others hold what is needed", "try again later")),
    (asyncpg.TransactionRollbackError, Away("is busy: others were in the way", "try again")),
    (asyncpg.ProtocolViolationError, BROKEN_OFF),
    (asyncpg.PostgresConnectionError, BROKEN_OFF),
    (
        asyncpg.ClientConfigurationError,
        Away("cannot be called as DATABASE_URL says", "look at its options: sslmode, and the files of certificates"),
    ),
    (
        ssl.SSLCertVerificationError,
        Away(
            "shows a certificate that is not trusted, or of another host",
            "name the authority with sslrootcert=/path/to/ca.pem, and the host as the certificate does",
        ),
    ),
    (ssl.SSLError, Away("speaks another TLS than we do", "look at its log, and at the TLS options of DATABASE_URL")),
    (socket.gaierror, Away("has a host that nobody knows", "correct the host in DATABASE_URL, or mend the DNS")),
    (ConnectionRefusedError, NOBODY_LISTENS),
    (
        FileNotFoundError,
        Away(
            "cannot be called: a file is not there", "is it running, if that is its socket; else look for certificates"
        ),
    ),
    (PermissionError, Away("cannot be called: a file is closed to us", "let this account use socket and certificates")),
    (
        TimeoutError,
        Away("does not answer in time", "is it running, is host right, and does a firewall let us through?"),
    ),
    (ConnectionResetError, BROKEN_OFF),
    (BrokenPipeError, BROKEN_OFF),
)
"""The first that fits."""


def why_away(error: BaseException) -> Away:
    """Of what a `StoreUnavailable` was raised from."""
    for cause in _causes(error):
        if type(cause) is ConnectionError and "rejected SSL" in str(cause):  # asyncpg has no kind for it
            return NO_TLS
        if isinstance(cause, asyncpg.ProtocolViolationError) and "startup parameter" in str(cause):
            return UNKNOWN_OPTION
        if type(cause) is OSError and "Connect call failed" in str(cause):  # asyncio's, of several addresses
            return NOBODY_LISTENS
        for kind, away in WAYS:
            if isinstance(cause, kind):
                return away
    return ANYTHING


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
