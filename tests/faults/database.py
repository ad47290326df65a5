"""A PostgreSQL server of one's own, to be taken away: killed, frozen, without room."""

import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg

from tests.integration.service import until
from todo.adapters.postgres.embedded import EmbeddedPostgres
from todo.adapters.postgres.keeper import took

KILL, FAST_SHUTDOWN, IMMEDIATE_SHUTDOWN = signal.SIGKILL, signal.SIGINT, signal.SIGQUIT


class Database:
    """The server, and what can be done to it."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server = server

    @property
    def url(self) -> str:
        return self._server.url

    def url_of(self, role: str) -> str:
        return self.url.replace("postgres@", f"{quote(role)}@", 1)

    @property
    def log(self) -> str:
        return self._server.log_file.read_text(errors="replace")

    @property
    def data(self) -> Path:
        [data] = self._server.directory.glob("data-*")
        return data

    @property
    def postmaster(self) -> int:
        return int((self.data / "postmaster.pid").read_text().partition("\n")[0])

    async def fetch(self, query: str, *values: object) -> list[Any]:
        connection = await asyncpg.connect(self.url)
        try:
            return await connection.fetch(query, *values)
        finally:
            await connection.close()

    async def execute(self, statements: str) -> None:
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute(statements)
        finally:
            await connection.close()

    async def go(self, how: int) -> None:
        """Returns when the last of its processes has gone."""
        os.kill(self.postmaster, how)
        await until(self.has_gone)

    def has_gone(self) -> bool:
        """While one of its processes lives it holds this lock."""
        with (self._server.directory / "server.lock").open("ab") as lock:
            return took(lock, fcntl.LOCK_EX)

    async def come_back(self) -> None:
        await asyncio.to_thread(self._server.start)

    @asynccontextmanager
    async def away(self, how: int) -> AsyncIterator[None]:
        await self.go(how)
        try:
            yield
        finally:
            await self.come_back()

    @asynccontextmanager
    async def frozen(self) -> AsyncIterator[None]:
        """There, and silent: as behind a network that swallows everything."""
        postmaster = self.postmaster
        os.kill(postmaster, signal.SIGSTOP)  # first: from now on it makes no other processes
        pids = [*children_of(postmaster), postmaster]
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    async def move_wal(self, where: Path) -> None:
        """As `initdb --waldir` would have put it."""
        await self.go(FAST_SHUTDOWN)
        _move_and_link(self.data / "pg_wal", where / "pg_wal")
        await self.come_back()


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _move_and_link(folder: Path, place: Path) -> None:
    owner = folder.stat()
    shutil.copytree(folder, place)
    for path in [place.parent, place, *place.rglob("*")]:
        os.chown(path, owner.st_uid, owner.st_gid)
    shutil.rmtree(folder)
    folder.symlink_to(place)
    os.chown(folder, owner.st_uid, owner.st_gid, follow_symlinks=False)


@contextmanager
def running(server: EmbeddedPostgres) -> Iterator[EmbeddedPostgres]:
    """Closed at the end by whoever has started it last."""
    server.start()
    try:
        yield server
    finally:
        server.close(wait=True)


@contextmanager
def a_database(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[Database]:
    """As durable as in production."""
    with running(EmbeddedPostgres(folder / "postgres", settings=settings)) as server:
        yield Database(server)


@contextmanager
def a_place() -> Iterator[Path]:
    """A folder on a disk, which every account may enter."""
    with tempfile.TemporaryDirectory(prefix="todo-faults-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


class NotRootError(Exception):
    """Only root may mount."""


@contextmanager
def a_small_disk(folder: Path, mebibytes: int) -> Iterator[Path]:
    """A file system of its own, in memory. Raises `NotRootError`."""
    folder.mkdir(mode=0o711)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=0711", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        raise NotRootError(mounted.stderr.strip())
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Takes all the room there is. The file is to be removed again."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as output, contextlib.suppress(OSError):
        for size in (1 << 20, 1 << 12):
            with contextlib.suppress(OSError):
                while output.write(bytes(size)) == size:
                    pass
    return ballast
