"""Better Auth itself, from npm: its client, driven call by call, and its server."""

import asyncio
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, Final

import pytest

from tests.integration.service import PATIENCE, Finished, Service, free_port, until

HERE: Final = Path(__file__).parent
MODULES: Final = HERE / "node_modules"
INSTALL: Final = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
INSTALLED_WITHIN: Final = 300
"""Seconds, over a slow line."""

LONGEST_LINE: Final = 1_000_000
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def better_auth() -> Path:
    """The folder of the scripts, with the packages they need. They are fetched once for each checkout."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            missing(f"no {program} here: install Node.js 20 or newer")
    with turn():
        stamp, wanted = MODULES / ".installed", fingerprint()
        if not stamp.exists() or stamp.read_text() != wanted:
            install()
            stamp.write_text(wanted)
    return HERE


def missing(what: str) -> None:
    """Skips the asking test; fails it where `CI` is set, so that nobody skips unnoticed."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@contextmanager
def turn() -> Iterator[None]:
    """Several runs may share a checkout."""
    folder = os.open(HERE, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def fingerprint() -> str:
    return hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()


def install() -> None:
    try:
        ended = subprocess.run(INSTALL, cwd=HERE, capture_output=True, text=True, timeout=INSTALLED_WITHIN)
    except subprocess.TimeoutExpired:
        missing(f"npm could not fetch better-auth within {INSTALLED_WITHIN} s")
    else:
        if ended.returncode:
            missing(f"npm could not fetch better-auth: {ended.stderr}")


@dataclass(frozen=True)
class Answer:
    """What a call of the client resolves to."""

    data: Any
    error: dict[str, Any] | None

    @property
    def refusal(self) -> tuple[int, str | None]:
        """Status and code."""
        assert self.error is not None, self.data
        return self.error["status"], self.error.get("code")


class Node:
    """A process in which any number of people use the client, one call after the other."""

    def __init__(self, process: Process, complaints: IO[bytes]) -> None:
        self._process = process
        self._complaints = complaints
        self._turn = asyncio.Lock()

    async def somebody(self, who: str, *, url: str, kind: str = "browser", page: str | None = None) -> "Client":
        """Somebody new at this address: with a `browser`, by `bearer`, in `plain` Node, or in a page with `react`."""
        client = Client(self, who)
        await self.ask(who, "open", {"kind": kind, "url": url} | ({"page": page} if page else {}))
        return client

    async def ask(self, who: str, call: str, given: dict[str, Any] | None) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        async with self._turn:
            self._process.stdin.write(json.dumps({"who": who, "call": call, "with": given}).encode() + b"\n")
            line = await asyncio.wait_for(self._process.stdout.readline(), PATIENCE)
        if not line:
            self._complaints.seek(0)
            pytest.fail(f"The client is gone: {self._complaints.read().decode()}")
        said = json.loads(line, object_hook=with_dates)
        if "thrown" in said:
            pytest.fail(f"{call}: {said['thrown']}")
        return said.get("answer")


class Client:
    """Somebody who uses the official client."""

    def __init__(self, node: Node, who: str) -> None:
        self._node = node
        self._who = who

    async def __call__(self, call: str, **given: Any) -> Answer:
        """One call of the client, by its name there: `await ada("signIn.email", email=…)`."""
        answer = await self._node.ask(self._who, call, given or None)
        return Answer(answer["data"], answer["error"])

    async def its(self, what: str) -> Any:
        """`cookies` and the bearer `token` it holds, the `states` of its session store, what React has `shown`."""
        return await self._node.ask(self._who, f"its {what}", None)

    async def refetch(self) -> None:
        await self._node.ask(self._who, "its refetch", None)

    async def state(self, *, signed_in: bool, name: str | None = None) -> dict[str, Any]:
        """The state of the session store, once it has come to this: it asks by itself, a moment after each call."""
        async with asyncio.timeout(PATIENCE):
            while True:
                state: dict[str, Any] = (await self.its("states"))[-1]
                data = state["data"]
                if not state["isPending"] and bool(data) is signed_in and (not name or data["user"]["name"] == name):
                    return state
                await asyncio.sleep(0.02)


@asynccontextmanager
async def using_the_client(folder: Path) -> AsyncIterator[Node]:
    async with process(folder, "client.mjs") as (started, complaints):
        yield Node(started, complaints)
        assert started.stdin
        started.stdin.close()
        assert await asyncio.wait_for(started.wait(), PATIENCE) == 0


@dataclass(frozen=True)
class Server:
    """A real Better Auth server."""

    url: str
    port: int


@asynccontextmanager
async def better_auth_server(folder: Path, database: str, *, secret: str) -> AsyncIterator[Server]:
    """On this database, until the end of the block."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {"DATABASE_URL": database, "BETTER_AUTH_SECRET": secret, "BETTER_AUTH_URL": url}
    async with process(folder, "server.mjs", settings=settings) as (started, complaints):
        assert started.stdout
        line = await asyncio.wait_for(started.stdout.readline(), PATIENCE)
        if line != b"ready\n":
            complaints.seek(0)
            pytest.fail(f"The server does not start: {complaints.read().decode()}")
        yield Server(url, port)


async def finished(folder: Path, *arguments: str, settings: Mapping[str, str] | None = None) -> Finished:
    """A script, run to its end."""
    async with process(folder, *arguments, settings=settings) as (started, complaints):
        out, _ = await asyncio.wait_for(started.communicate(), PATIENCE)
        complaints.seek(0)
        return Finished(started.returncode or 0, out.decode(), complaints.read().decode())


@asynccontextmanager
async def process(
    folder: Path, *arguments: str, settings: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[Process, IO[bytes]]]:
    """A script, and what it says on stderr. It has ended when the block ends."""
    with tempfile.TemporaryFile() as complaints:
        started = await asyncio.create_subprocess_exec(
            "node",
            *arguments,
            cwd=folder,
            env={"PATH": os.environ["PATH"], **(settings or {})},
            stdin=PIPE,
            stdout=PIPE,
            stderr=complaints,
            limit=LONGEST_LINE,
        )
        try:
            yield started, complaints
        finally:
            if started.returncode is None:
                started.kill()
                await started.wait()


async def letter(service: Service, purpose: str, address: str) -> str:
    """The token in the link of the letter that development writes into the log instead of sending it."""
    pattern = rf"would send {purpose} to {re.escape(address)}: \S+(?:/reset-password/|token=)([^?&\s\"]+)"
    await until(lambda: bool(re.search(pattern, service.stderr)))
    token: str = re.findall(pattern, service.stderr)[-1]
    return token


def with_dates(found: dict[str, Any]) -> Any:
    """What the client has made a date of is one here, too."""
    if found.keys() == {"$date"}:
        return EPOCH + timedelta(milliseconds=found["$date"])
    return found
