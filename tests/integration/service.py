"""The service and the command line as processes of their own: started, asked, and ended by their pid."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

import httpx
import jwt
import pytest

from tests.integration.databases import POOLER

TODO: Final = str(Path(sysconfig.get_path("scripts")) / "todo")
"""The installed command."""

SECRET: Final = "7d0f6a52c1e84b39a6f1d2035c9be8470b1f3a6d5e2c4798a0d1b2c3e4f50617"
PASSWORD: Final = "correct horse battery"
COOKIE: Final = "better-auth.session_token"
PATIENCE: Final = 30
"""Seconds that anything may take on a busy machine. Nothing takes that long."""

STOPS_WITHIN: Final = 10
"""Seconds that a service may take to stop. Container platforms kill what takes longer."""

only_on_linux: Final = pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")


@dataclass(frozen=True)
class Finished:
    """A command that has ended."""

    code: int
    out: str
    err: str


async def run_todo(
    *arguments: str, stdin: str = "", settings: Mapping[str, str] | None = None, files: Mapping[str, str] | None = None
) -> Finished:
    """Runs a command to its end, in a folder that holds these files and no other."""
    with tempfile.TemporaryDirectory(prefix="todo-test-") as folder:
        write(Path(folder), files or {})
        ended = await asyncio.to_thread(
            subprocess.run,
            [TODO, *arguments],
            env=surroundings(settings or {}),
            cwd=folder,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    return Finished(ended.returncode, ended.stdout, ended.stderr)


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)


def surroundings(settings: Mapping[str, str]) -> dict[str, str]:
    """Of the environment of the tests only the way to programs. Who names no database does not get this machine's."""
    pooler = {"TODO_DB_POOLER": "transaction"} if POOLER else {}
    return {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "TODO_DATA_DIR": "/dev/null/none",
        "TODO_LOG_LEVEL": "warning",
        **pooler,
        **settings,
    }


def free_port() -> int:
    """Nobody listens there. Of tests that run side by side each worker takes other ports: a second may pass until they
    are used.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    while True:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port: int = probe.getsockname()[1]
        if port // 2 % workers == worker % workers:  # by twos: those that Linux gives here are all odd
            return port


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def until(condition: Callable[[], bool], *, within: float = PATIENCE) -> None:
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"This did not come about within {within} s.")
        await asyncio.sleep(0.02)


@contextmanager
def a_folder() -> Iterator[Path]:
    """One that every account may enter, unlike pytest's: as root, the embedded server is another account's."""
    with tempfile.TemporaryDirectory(prefix="todo-test-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


class Service:
    """One run of a command that serves."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path, port: int) -> None:
        self._process = process
        self._folder = folder
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def stdout(self) -> str:
        return (self._folder / "stdout").read_text()

    @property
    def stderr(self) -> str:
        return (self._folder / "stderr").read_text()

    @property
    def workers(self) -> list[int]:
        """The pids of the processes that answer, when there are several."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]

    def client(self, **options: Any) -> httpx.AsyncClient:
        """Keeps cookies, as curl with a jar does; says nothing of an origin; follows no redirect."""
        return httpx.AsyncClient(base_url=self.url, timeout=PATIENCE, trust_env=False, **options)

    def tell(self, signal_number: int) -> None:
        self._process.send_signal(signal_number)

    def tell_all(self, signal_number: int) -> None:
        """As a terminal does: the workers hear it, too."""
        os.killpg(self.pid, signal_number)

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    async def ended(self, *, within: float = PATIENCE) -> Finished:
        """What it has said when it has ended; fails when it does not."""
        await until(lambda: self.has_ended, within=within)
        return Finished(self._process.returncode, self.stdout, self.stderr)

    async def stop(self) -> None:
        """As a platform stops a service: all must be well."""
        self.tell(signal.SIGTERM)
        finished = await self.ended(within=STOPS_WITHIN)

        assert finished.code == 0, finished.err
        assert "Traceback" not in finished.err, finished.err

    async def answers(self) -> None:
        """Waits until it does."""
        deadline = time.monotonic() + PATIENCE
        async with self.client() as client:
            while True:
                if self.has_ended:
                    pytest.fail(f"The service has ended with {self._process.returncode}: {self.stderr}")
                with suppress(httpx.TransportError):
                    assert (await client.get("/")).status_code == 200
                    return
                if time.monotonic() > deadline:
                    pytest.fail(f"The service does not answer: {self.stderr}")
                await asyncio.sleep(0.02)

    async def end(self) -> None:
        """Whatever state it is in. Leaves no process behind."""
        if not self.has_ended:
            self.tell(signal.SIGTERM)
            with suppress(pytest.fail.Exception):
                await self.ended(within=STOPS_WITHIN + 5)
        if not self.has_ended:
            self.tell_all(signal.SIGKILL)
            self._process.wait()


@asynccontextmanager
async def started(*arguments: str, port: int | None = None, settings: Mapping[str, str]) -> AsyncIterator[Service]:
    """A command that serves, from its first moment on. It is ended at the end, if it has not ended by itself."""
    port = port or free_port()
    with tempfile.TemporaryDirectory(prefix="todo-test-") as name:
        folder = Path(name)
        with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
            process = subprocess.Popen(  # noqa: ASYNC220  takes a millisecond
                [TODO, *arguments, "--port", str(port)],
                env=surroundings(settings),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        service = Service(process, folder, port)
        try:
            yield service
        finally:
            await service.end()


@asynccontextmanager
async def serving(
    database: str, *arguments: str, port: int | None = None, settings: Mapping[str, str] | None = None
) -> AsyncIterator[Service]:
    """`todo serve` on this database, once it answers. Stopped at the end, it must stop well."""
    given = {"DATABASE_URL": database, "BETTER_AUTH_SECRET": SECRET, **(settings or {})}
    async with started("serve", *arguments, port=port, settings=given) as service:
        await service.answers()
        yield service
        await service.stop()


@asynccontextmanager
async def serving_embedded(directory: Path, *arguments: str) -> AsyncIterator[Service]:
    """`todo serve` with nothing set but where its data are kept, once it answers."""
    async with started("serve", *arguments, settings={"TODO_DATA_DIR": str(directory)}) as service:
        await service.answers()
        yield service
        await service.stop()


def a_connection(service: Service, words: bytes) -> socket.socket:
    """Has said this much, and says no more."""
    connection = socket.create_connection(("127.0.0.1", service.port))
    connection.sendall(words)
    return connection


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody with a token."""

    id: str
    email: str
    token: str

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def cookie(self) -> dict[str, str]:
        return {"Cookie": f"{COOKIE}={self.token}"}

    @property
    def tasks(self) -> str:
        return f"/api/{quote(self.id, safe='')}/tasks"

    @property
    def proxied(self) -> str:
        return f"/api/proxy/{quote(self.id, safe='')}/tasks"


async def signed_up(client: httpx.AsyncClient, email: str | None = None) -> Person:
    """Somebody new; without an address, with one that nobody else has. The client's jar holds their cookie."""
    email = email or f"{uuid4().hex}@example.com"
    answer = await client.post("/api/auth/signup", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return Person(id=answer.json()["user"]["id"], email=email, token=cookie_of(answer))


def cookie_of(answer: httpx.Response) -> str:
    """The token in the cookie that an answer sets."""
    found = re.match(rf"{re.escape(COOKIE)}=([^;]+);", answer.headers.get("set-cookie", ""))
    assert found, answer.headers
    return found[1]


def vouched_for(subject: str, *, secret: str = SECRET, **claims: object) -> Person:
    """Somebody with a token that another holder of the secret has minted."""
    now = int(time.time())
    content = {"iss": "better-auth", "aud": "fastapi-backend", "sub": subject, "iat": now, "exp": now + 3600, **claims}
    token = jwt.encode(content, secret.encode(), algorithm="HS256")
    return Person(id=subject, email=str(claims.get("email", "")), token=token)
