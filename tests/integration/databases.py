"""Gives the integration tests their databases: a server for the session, and a database of its own for each test."""

import asyncio
import gc
import os
import re
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager
from functools import cache
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from todo.adapters.postgres.address import DatabaseAddress
from todo.adapters.postgres.embedded import EmbeddedPostgres, EmbeddedPostgresError
from todo.adapters.postgres.migrations import Migrations

IMAGE = "postgres:18"
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""Twice as fast, and a power cut may take the data: for tests only."""
MEMORY = Path("/dev/shm")
ROOM = 2 << 30
"""Bytes, for a server of each worker. Containers often have less."""
SAME_ORDER_AS_EMBEDDED = "--locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C"
DOCKER_PATIENCE = 3
POOLER = os.environ.get("TODO_TEST_POOLER", "")
only_directly = pytest.mark.skipif(bool(POOLER), reason="the pooler keeps from its clients what this is about")


class NoServerError(Exception):
    """Why a kind of server cannot be had here."""


@contextmanager
def container_server(_: Mapping[str, str]) -> Iterator[str]:
    try:
        require_docker()
    except Exception as error:  # docker, requests and the operating system have exceptions of their own each
        raise NoServerError(f"no Docker daemon answers ({error})") from error
    try:
        stop, url = start_container()
    except Exception as error:  # and so have the image, the reaper and the network
        complain(problem := f"Docker answers, but {IMAGE} does not start ({error})")
        raise NoServerError(problem) from error
    try:
        yield url
    finally:
        stop()


def require_docker() -> None:
    """Asks the daemon: that there is a client proves nothing."""
    from testcontainers.core.docker_client import DockerClient  # takes a second, which only some runs need

    DockerClient(timeout=DOCKER_PATIENCE).client.ping()


def start_container() -> tuple[Callable[[], None], str]:
    from testcontainers.community.postgres import PostgresContainer

    container = PostgresContainer(IMAGE, username="postgres", dbname="postgres", driver=None)
    container.with_env("POSTGRES_INITDB_ARGS", SAME_ORDER_AS_EMBEDDED)
    container.with_command(["postgres", *(f"--{name}={value}" for name, value in FORGETFUL.items())])
    container.start()
    return container.stop, container.get_connection_url()


def complain(problem: str) -> None:
    """Warns without failing the tests, where warnings are errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(problem, stacklevel=2)


@contextmanager
def embedded_server(_: Mapping[str, str]) -> Iterator[str]:
    directory = Path(tempfile.mkdtemp(prefix="todo-test-", dir=a_quick_place()))  # root's server cannot enter pytest's
    server = EmbeddedPostgres(directory, settings=FORGETFUL)
    try:
        try:
            server.start()
        except EmbeddedPostgresError as error:
            raise NoServerError(f"the embedded server does not start ({error})") from error
        yield server.url
    finally:
        server.close(wait=True)
        shutil.rmtree(directory)


@cache
def a_quick_place() -> Path | None:
    """Where a copy of a database is made in a tenth of the time that a disk takes; `None` where there is no such place.

    Programs must be allowed there: root's server may bring its own along.
    """
    if not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK):
        return None
    found = os.statvfs(MEMORY)
    return MEMORY if found.f_bavail * found.f_frsize >= ROOM and not found.f_flag & os.ST_NOEXEC else None


@contextmanager
def given_server(environment: Mapping[str, str]) -> Iterator[str]:
    url = environment.get("TODO_TEST_DATABASE_URL")
    if not url:
        raise NoServerError("TODO_TEST_DATABASE_URL is not set")
    yield url


SERVERS: dict[str, Callable[[Mapping[str, str]], AbstractContextManager[str]]] = {
    "container": container_server,
    "embedded": embedded_server,
    "url": given_server,
}


def wanted_servers(environment: Mapping[str, str]) -> list[str]:
    """In the order of trying. TODO_TEST_DATABASE forces one; a URL somebody has set is meant, too."""
    if forced := environment.get("TODO_TEST_DATABASE"):
        return [forced]
    return ["url"] if environment.get("TODO_TEST_DATABASE_URL") else ["container", "embedded"]


@contextmanager
def running_server(environment: Mapping[str, str]) -> Iterator[str]:
    reasons: list[str] = []
    with ExitStack() as stack:
        for kind in wanted_servers(environment):
            if kind not in SERVERS:
                pytest.fail(f"TODO_TEST_DATABASE is {kind!r}, but can be: {', '.join(SERVERS)}.", pytrace=False)
            with sockets_left_by_docker():
                try:
                    url = stack.enter_context(SERVERS[kind](environment))
                except NoServerError as reason:
                    reasons.append(str(reason))
                    continue
            yield url
            return
    pytest.fail(f"There is no PostgreSQL to test with: {'; '.join(reasons)}.", pytrace=False)


@contextmanager
def sockets_left_by_docker() -> Iterator[None]:
    """Python complains of each that was not closed, which fails the tests where warnings are errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            yield
        finally:
            gc.collect()


def migrate(url: str) -> None:
    """Has an event loop of its own, so it needs a thread that has none."""
    asyncio.run(Migrations(DatabaseAddress.parse(url)).upgrade())


def beside(url: str, database: str) -> str:
    """The same server's URL for another database, with its options as they are."""
    return re.sub(r"^(\w+://[^/?]*)(/[^?]*)?", rf"\1/{database}", url)


@asynccontextmanager
async def fresh_database(server: str, *, template: str = "template0") -> AsyncIterator[str]:
    """The name of a copy of `template`, which goes with everybody connected to it."""
    name = f"todo_test_{uuid4().hex}"  # several runs may share a server
    strategy = "file_copy" if a_quick_place() else "wal_log"  # which writes less of it to a disk
    await execute(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY {strategy}")
    try:
        yield name
    finally:
        await execute(server, f"DROP DATABASE {name} WITH (FORCE)")


async def connect(url: str) -> asyncpg.Connection:
    """A connection that is good behind a pooler, too."""
    return await asyncpg.connect(**DatabaseAddress.parse(url).connect_arguments)


async def execute(url: str, statement: str) -> None:
    connection = await connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def database_server() -> Iterator[str]:
    """A superuser's URL of the session's server."""
    with running_server(os.environ) as url:
        yield url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def migrated_template(database_server: str) -> AsyncIterator[str]:
    """The name of a migrated database to copy; nobody may be connected to it."""
    async with fresh_database(database_server) as name:
        await asyncio.to_thread(migrate, beside(database_server, name))
        yield name


@pytest.fixture(scope="session")
def way_in(request: pytest.FixtureRequest, database_server: str) -> str:
    """How tests reach their databases: directly, or with TODO_TEST_POOLER=pgbouncer by way of that."""
    if not POOLER:
        return database_server
    if POOLER != "pgbouncer":
        pytest.fail(f"TODO_TEST_POOLER is {POOLER!r}, but can only be pgbouncer.", pytrace=False)
    return f"{request.getfixturevalue('pooler')}&pgbouncer=true"


@pytest_asyncio.fixture(loop_scope="session")
async def empty_database(database_server: str, migrated_template: str, way_in: str) -> AsyncIterator[str]:
    """The URL of a database of this test's own: migrated, without a row."""
    async with fresh_database(database_server, template=migrated_template) as name:
        yield beside(way_in, name)


@pytest_asyncio.fixture(loop_scope="session")
async def bare_database(database_server: str, way_in: str) -> AsyncIterator[str]:
    """The URL of a database of this test's own, without any tables."""
    async with fresh_database(database_server) as name:
        yield beside(way_in, name)
