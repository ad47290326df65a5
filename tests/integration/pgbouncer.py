"""PgBouncer in transaction mode, in front of the tests' own server: on a socket of its own, and as nobody."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest

PROGRAM: Final = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
PORT: Final = 6432
"""Of the socket's name: nobody listens on the network."""

SERVER_CONNECTIONS: Final = 4
"""So few that clients get each other's."""

PATIENCE: Final = 10

needs_pgbouncer: Final = pytest.mark.skipif(PROGRAM is None, reason="there is no pgbouncer here (Debian: pgbouncer)")

CONFIGURATION: Final = """\
[databases]
* = {server}

[pgbouncer]
listen_addr =
listen_port = {port}
unix_socket_dir = {folder}
unix_socket_mode = 0777
auth_type = any
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 500
log_connections = 0
log_disconnections = 0
log_pooler_errors = 0
"""


@contextmanager
def pgbouncer(server: str) -> Iterator[str]:
    """The URL of the same databases by way of PgBouncer; whoever comes is the user of `server`."""
    assert PROGRAM, "there is no pgbouncer here (Debian: pgbouncer)"
    with tempfile.TemporaryDirectory(prefix="todo-test-") as name:
        folder = Path(name)
        folder.chmod(0o777)
        settings = folder / "pgbouncer.ini"
        settings.write_text(
            CONFIGURATION.format(server=_connection(server), port=PORT, folder=folder, size=SERVER_CONNECTIONS)
        )
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen([PROGRAM, "-q", str(settings)], stdout=log, stderr=log, **_account(server))
        try:
            _wait(process, folder)
            yield f"postgresql://postgres@/postgres?host={quote(name)}&port={PORT}"
        finally:
            process.send_signal(signal.SIGTERM)  # at once: its clients have gone, and those of a test that failed must
            process.wait(PATIENCE)


def _connection(server: str) -> str:
    parts = urlsplit(server)
    options = parse_qs(parts.query)
    host = options.get("host", [parts.hostname or "localhost"])[0]
    port = options.get("port", [str(parts.port or 5432)])[0]
    password = f" password='{unquote(parts.password)}'" if parts.password else ""
    return f"host={host} port={port} user={unquote(parts.username or 'postgres')}{password}"


def _account(server: str) -> dict[str, Any]:
    """PgBouncer refuses to be root. The socket of the embedded server is for its own account only."""
    if os.geteuid() != 0:
        return {}
    directory = Path(parse_qs(urlsplit(server).query).get("host", ["/nonexistent"])[0])
    owner = directory.stat().st_uid if directory.is_dir() else 0
    return {"user": owner or "nobody", "group": "nogroup", "extra_groups": []}


def _wait(process: "subprocess.Popen[bytes]", folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(folder / f".s.PGSQL.{PORT}")) == 0:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"pgbouncer does not start: {(folder / 'log').read_text()}", pytrace=False)
        time.sleep(0.02)


@pytest.fixture(scope="session")
def pooler(database_server: str) -> Iterator[str]:
    """The session's server by way of PgBouncer."""
    with pgbouncer(database_server) as url:
        yield url
