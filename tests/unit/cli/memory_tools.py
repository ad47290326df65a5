"""The tools of the command line over a memory store, and a shell to call the commands from."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from click.testing import CliRunner, Result

import todo.__main__  # noqa: F401  brings the commands
from tests.builders import HandClock, PlainHasher
from todo.adapters.memory import MemoryStore
from todo.domain.model.session import Device
from todo.domain.model.user import Email, Password
from todo.domain.services.accounts import AccountService, SignedIn
from todo.entrypoints.cli.main import todo as commands
from todo.entrypoints.cli.tools import DemoUser, Installation, Schema, Tools

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

    async def current(self) -> str | None:
        return self.version

    async def upgrade(self) -> list[str]:
        done = [version for version in ("0001", HEAD) if version > (self.version or "")]
        self.version = HEAD
        return done

    async def differences(self) -> list[str]:
        return self._differences


@dataclass
class MemoryInstallation(Installation):
    service: AccountService
    tables: MemorySchema
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    data: str = "in memory"

    @property
    def for_workers(self) -> Mapping[str, str]:
        return {}

    def schema(self) -> MemorySchema:
        return self.tables

    @asynccontextmanager
    async def accounts(self) -> AsyncIterator[AccountService]:
        yield self.service


class MemoryTools(Tools):
    """A test sets what is different from a machine where all is well."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.clock = HandClock()
        self.accounts = AccountService(store=self.store, hasher=PlainHasher(), clock=self.clock)
        self.schema = MemorySchema(HEAD)
        self.trouble: Exception | None = None
        self.api: dict[str, Any] = {"openapi": "3.1.0", "info": {"title": "Tâches"}}
        self._secrets = iter(range(1_000_000))

    @contextmanager
    def installation(self, overrides: Mapping[str, str], *, serving: bool = False) -> Iterator[MemoryInstallation]:
        if self.trouble is not None:
            raise self.trouble
        yield MemoryInstallation(self.accounts, self.schema)

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

    def sign_in(self, email: str, password: str) -> SignedIn:
        return self.do(lambda accounts: accounts.sign_in(Email(email), Password.attempt(password), device=Device()))

    def is_live(self, begun: SignedIn) -> bool:
        return self._run(self.tools.store.sessions.find(begun.session.id)) is not None

    def do(self, use: Callable[[AccountService], Awaitable[Value]]) -> Value:
        return self._run(use(self.tools.accounts))

    @staticmethod
    def _run(work: Awaitable[Value]) -> Value:
        async def in_loop() -> Value:
            return await work

        return asyncio.run(in_loop())
