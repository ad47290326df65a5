"""The tools of the command line over a memory store, and a shell to call the commands from."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from click.testing import CliRunner, Result

import todo.__main__  # noqa: F401  brings the commands
from tests.builders import HandClock, PlainHasher, a_session, keep
from todo.adapters.memory import MemoryStore
from todo.domain.model.session import Session
from todo.domain.model.user import Password, User
from todo.domain.services.administration import Administration
from todo.domain.services.maintenance import Maintenance
from todo.entrypoints.cli.main import todo as commands
from todo.entrypoints.cli.tools import (
    Adoption,
    Backups,
    DemoUser,
    Installation,
    Level,
    Schema,
    Step,
    Tools,
)

Value = TypeVar("Value")
HEAD = "0002"


class MemorySchema(Schema):
    """Tables that have a version, and nothing else."""

    def __init__(self, version: str | None = None, differences: Sequence[str] = ()) -> None:
        self.version = version
        self._differences = list(differences)

    @property
    def head(self) -> str:
        return HEAD

    def knows(self, version: str) -> bool:
        return version in {"0001", HEAD}

    def is_newer(self, version: str) -> bool:
        return version.isdecimal() and version > HEAD

    async def current(self) -> str | None:
        return self.version

    async def upgrade(self) -> list[str]:
        done = [version for version in ("0001", HEAD) if version > (self.version or "")]
        self.version = max(HEAD, self.version or "")
        return done

    async def differences(self) -> list[str]:
        return self._differences


@dataclass
class NothingToAdopt:
    """The plan for a database that no other program has filled."""

    kind: str = "ours"
    made_by: str = "this program"
    rows: Mapping[str, int] = field(default_factory=dict)
    left_alone: Sequence[str] = ()
    steps: Sequence[Step] = ()
    notes: Sequence[str] = ()
    refusals: Sequence[str] = ()
    state: str = ""


@dataclass
class Upgraded:
    applied: Sequence[str]
    kind: str = "ours"
    rows: Mapping[str, int] = field(default_factory=dict)
    recorded: int = 0


class MemoryAdoption(Adoption):
    def __init__(self, schema: MemorySchema) -> None:
        self._schema = schema

    async def survey(self) -> NothingToAdopt:
        return NothingToAdopt()

    async def adopt(self, *, state: str, progress: Callable[[int, int, str], None]) -> Upgraded:
        return Upgraded(await self._schema.upgrade())


@dataclass
class Saved:
    rows: Mapping[str, int]
    left_out: Sequence[str] = ()
    schema: str = HEAD
    made_at: str = "2026-11-24T12:00:00+00:00"


class MemoryBackups(Backups):
    """Remembers what was asked, and always keeps and brings back the same."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, bool]] = []
        self.kept = Saved(rows={"user": 1, "tasks": 1234})

    async def save(self, file: Path, *, overwrite: bool, progress: Callable[[int, int, str], None]) -> Saved:
        self.asked.append(("save", str(file), overwrite))
        progress(1235, 1235, "tasks")
        return self.kept

    async def restore(self, file: Path, *, with_sessions: bool, progress: Callable[[int, int, str], None]) -> Saved:
        self.asked.append(("restore", str(file), with_sessions))
        progress(1235, 1235, "tasks")
        return self.kept


@dataclass
class Noticed:
    level: Level
    subject: str
    text: str
    mend: str = ""


@dataclass
class Diagnosed:
    findings: Sequence[Noticed] = (Noticed(Level.GOOD, "settings", "can be read"),)
    exit_code: int = 0


@dataclass
class MemoryInstallation(Installation):
    service: Administration
    upkeep: Maintenance
    tables: MemorySchema
    archive: MemoryBackups
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    drain_seconds: int = 0
    data: str = "in memory"

    @property
    def for_workers(self) -> Mapping[str, str]:
        return {}

    def begin_log(self) -> None:
        pass

    def schema(self) -> MemorySchema:
        return self.tables

    def adoption(self) -> MemoryAdoption:
        return MemoryAdoption(self.tables)

    def backups(self) -> MemoryBackups:
        return self.archive

    @asynccontextmanager
    async def accounts(self) -> AsyncIterator[Administration]:
        yield self.service

    @asynccontextmanager
    async def maintenance(self) -> AsyncIterator[Maintenance]:
        yield self.upkeep


class MemoryTools(Tools):
    """A test sets what is different from a machine where all is well."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.clock = HandClock()
        self.hasher = PlainHasher()
        self.accounts = Administration(store=self.store, hasher=self.hasher, clock=self.clock)
        self.maintenance = Maintenance(store=self.store, clock=self.clock)
        self.schema = MemorySchema(HEAD)
        self.backups = MemoryBackups()
        self.diagnosis = Diagnosed()
        self.trouble: Exception | None = None
        self.api: dict[str, Any] = {"openapi": "3.1.0", "info": {"title": "Tâches"}}
        self._secrets = iter(range(1_000_000))

    @contextmanager
    def installation(self, overrides: Mapping[str, str], *, serving: bool = False) -> Iterator[MemoryInstallation]:
        if self.trouble is not None:
            raise self.trouble
        yield MemoryInstallation(self.accounts, self.maintenance, self.schema, self.backups)

    def doctor(self) -> Diagnosed:
        return self.diagnosis

    def address(self) -> tuple[str, int]:
        return "127.0.0.1", 1  # nobody may listen there but root, and nobody does

    def demo(self, host: str, port: int) -> tuple[Any, DemoUser]:
        raise NotImplementedError

    def openapi(self) -> dict[str, Any]:
        return self.api

    def secret(self) -> str:
        return f"secret {next(self._secrets)}"


class Shell:
    """Types commands, and does to the accounts what other people do meanwhile."""

    def __init__(self) -> None:
        self.tools = MemoryTools()

    def run(self, *arguments: str, typed: str = "") -> Result:
        """Standard input is a file here, as in a script: there is nobody to ask."""
        return CliRunner().invoke(commands, arguments, input=typed, obj=lambda: self.tools, prog_name="todo")

    def create(self, email: str, password: str, *arguments: str) -> Result:
        return self.run("user", "create", email, "--password-stdin", *arguments, typed=f"{password}\n")

    def users(self) -> list[User]:
        """The oldest first."""
        return list(run(self.tools.accounts.all()))

    def opens(self, email: str, password: str) -> bool:
        """Whether this is the password of this address."""
        user = run(self.tools.accounts.find(email))
        kept = run(self.tools.store.passwords.find(user.id))
        return run(self.tools.hasher.verify(Password.attempt(password), kept))

    def session_of(self, email: str) -> Session:
        """A new one."""
        session = a_session(run(self.tools.accounts.find(email)).id)
        run(keep(self.tools.store, session))
        return session

    def is_live(self, session: Session) -> bool:
        return run(self.tools.store.sessions.find(session.id)) is not None


def run(work: Awaitable[Value]) -> Value:
    async def in_loop() -> Value:
        return await work

    return asyncio.run(in_loop())
