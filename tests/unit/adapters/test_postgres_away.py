"""What is told of a database that does not serve us: its own reason and the mend, and nothing of what it said."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from todo.adapters.postgres.address import DatabaseAddress
from todo.adapters.postgres.away import ANYTHING, WAYS, Away, why_away
from todo.adapters.postgres.examination import examine
from todo.adapters.system_clock import SystemClock
from todo.domain.errors import StoreUnavailable

TLS_WANTED = 80877103
"""The code of a request for TLS, in place of a version of the protocol."""


@asynccontextmanager
async def refusing(state: str, words: str = "hidden") -> AsyncIterator[int]:
    """A server without TLS that answers everybody with this SQLSTATE. Gives its port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length, code = struct.unpack("!ii", await reader.readexactly(8))
        if code == TLS_WANTED:
            writer.write(b"N")
            length, _ = struct.unpack("!ii", await reader.readexactly(8))
        await reader.readexactly(length - 8)
        fields = f"SFATAL\0VFATAL\0C{state}\0M{words}\0\0".encode()
        writer.write(b"E" + struct.pack("!i", len(fields) + 4) + fields)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def told(url: str) -> Away:
    with pytest.raises(StoreUnavailable) as raised:
        await examine(DatabaseAddress.parse(url), clock=SystemClock())
    away = why_away(raised.value)
    assert "hidden" not in away.why + away.mend
    return away


@pytest.mark.parametrize(
    ("state", "words", "why"),
    [
        ("28P01", "hidden", "refuses user or password"),
        ("28000", "hidden", "does not let this user in"),
        ("3D000", "hidden", "has no such database"),
        ("53300", "hidden", "has no connection left"),
        ("57P03", "hidden", "is starting, or being stopped"),
        ("08P01", "unsupported startup parameter: hidden", "has a pooler in front that refuses an option"),
        ("08P01", "hidden", "breaks the connection off"),
        ("57P05", "hidden", "does not answer, or does not let us in"),
    ],
)
async def test_a_refusal_of_the_server_is_told_by_its_state(state: str, words: str, why: str) -> None:
    async with refusing(state, words) as port:
        away = await told(f"postgresql://todo:hidden@127.0.0.1:{port}/hidden")

    assert away.why.startswith(why)


@pytest.mark.parametrize("mode", ["require", "verify-full"])
async def test_a_server_without_tls_is_told_from_one_that_is_away(mode: str) -> None:
    async with refusing("57P03") as port:
        away = await told(f"postgresql://todo:hidden@127.0.0.1:{port}/todo?sslmode={mode}")

    assert away.why == "speaks no TLS, and DATABASE_URL asks for it"


async def test_a_port_where_nobody_listens_is_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    by_port = await told("postgresql://todo:hidden@127.0.0.1:1/todo")
    by_socket = await told(f"postgresql://todo:hidden@/todo?host={tmp_path_factory.mktemp('s')}")
    by_files = await told("postgresql://todo:hidden@127.0.0.1:1/todo?sslmode=verify-full&sslrootcert=/nowhere/ca.pem")

    assert by_port.why == "takes no connections: nobody listens there"
    assert by_socket.why == "cannot be called: a file is not there"
    assert by_files.why.startswith("cannot be called")


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (socket.gaierror(-2, "hidden"), "has a host that nobody knows"),
        (ssl.SSLCertVerificationError(1, "hidden"), "shows a certificate that is not trusted"),
        (ssl.SSLError(1, "hidden"), "speaks another TLS"),
        (TimeoutError("hidden"), "does not answer in time"),
        (OSError("Multiple exceptions: [Errno 111] Connect call failed (hidden)"), "takes no connections"),
        (asyncpg.ReadOnlySQLTransactionError("hidden"), "takes no changes"),
        (asyncpg.DiskFullError("hidden"), "has no room left"),
    ],
)
def test_other_kinds_are_told_as_well(error: Exception, why: str) -> None:
    outer = StoreUnavailable()
    outer.__cause__ = error

    assert why_away(outer).why.startswith(why)
    assert "hidden" not in why_away(outer).why + why_away(outer).mend


def test_what_nobody_knows_has_a_mend_all_the_same() -> None:
    assert why_away(StoreUnavailable()) is ANYTHING


def test_no_kind_hides_a_narrower_one_that_comes_after_it() -> None:
    kinds = [kind for kind, _ in WAYS]

    hidden = [late for place, late in enumerate(kinds) for early in kinds[:place] if issubclass(late, early)]
    assert hidden == []
