"""One PostgreSQL for all, as durable as in production, and a database on it for each service."""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from benchmarks import cpu

T = TypeVar("T")
ON_DISK = Path("/var/tmp")  # noqa: S108  mkdtemp makes a folder of our own in it
"""Unlike /tmp, which many machines keep in memory, where a commit would cost nothing."""
ANOTHER = "insert into tasks (user_id, title) select $1, 'Task ' || n from generate_series(1, $2) n returning id"


@dataclass(frozen=True, slots=True)
class Database:
    url: str

    def run(self, statement: str, *values: object) -> None:
        """Without values it may be several statements."""
        asyncio.run(self.connected(lambda connection: connection.execute(statement, *values)))

    def ask(self, query: str) -> object:
        return asyncio.run(self.connected(lambda connection: connection.fetchval(query)))

    def reset(self, user_id: str, keep: Sequence[int], tasks: int) -> list[int]:
        """Leaves these tasks and as many others as are missing, open, and the server with nothing to catch up on."""

        async def reset(connection: "asyncpg.Connection") -> list[int]:
            await connection.execute("delete from tasks where id <> all($1::bigint[])", keep)
            others = await connection.fetch(ANOTHER, user_id, tasks - len(keep))
            await connection.execute("vacuum analyze tasks")
            await connection.execute("checkpoint")
            return [*keep, *(record["id"] for record in others)]

        return asyncio.run(self.connected(reset))

    async def connected(self, use: Callable[["asyncpg.Connection"], Awaitable[T]]) -> T:
        connection = await asyncpg.connect(self.url)
        try:
            return await use(connection)
        finally:
            await connection.close()


@dataclass(frozen=True, slots=True)
class Server:
    main: Database

    @property
    def pid(self) -> int | None:
        """Of the process whose children the connections are; only if it runs on this machine."""
        return asyncio.run(self.main.connected(_pid_of_server))

    @contextmanager
    def database(self, name: str) -> Iterator[Database]:
        """An empty database of this name; one left over by an interrupted run gives way."""
        self.main.run(f'drop database if exists "{name}" with (force)')
        self.main.run(f'create database "{name}"')
        try:
            yield Database(urlunsplit(urlsplit(self.main.url)._replace(path=f"/{name}")))
        finally:
            self.main.run(f'drop database if exists "{name}" with (force)')


async def _pid_of_server(connection: "asyncpg.Connection") -> int | None:
    backend = await connection.fetchval("select case when inet_server_addr() is null then pg_backend_pid() end")
    return backend and cpu.parent_of(backend)


def _for_every_driver(url: str) -> str:
    """With the socket alone: not every driver of the peers knows what else keeps libpq's variables out."""
    socket = [option for option in urlsplit(url).query.split("&") if option.startswith(("host=", "port="))]
    return urlunsplit(urlsplit(url)._replace(query="&".join(socket)))


@contextmanager
def server(url: str | None) -> Iterator[Server]:
    """The server at the URL, or else an embedded one in a directory that goes away with it."""
    with ExitStack() as stack:
        if url is None:
            from todo.adapters.postgres.embedded import EmbeddedPostgres

            directory = Path(tempfile.mkdtemp(prefix="todo-bench-", dir=ON_DISK if ON_DISK.is_dir() else None))
            stack.callback(shutil.rmtree, directory, ignore_errors=True)
            embedded = EmbeddedPostgres(directory)
            stack.callback(embedded.close, wait=True)
            url = _for_every_driver(embedded.start().url)
        yield Server(Database(url))
