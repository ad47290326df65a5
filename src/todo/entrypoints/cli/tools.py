"""What the commands need. `bootstrap` hands it in, when a command runs: `--help` waits for none of it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, Protocol

from todo.domain.services.administration import Administration


class Problem(Exception):
    """Something a person can mend: told in a line each on standard error, with an exit code and no traceback."""

    def __init__(self, *lines: str, exit_code: int = 1) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines
        self.exit_code = exit_code


class Schema(Protocol):
    """The tables of the database, and the version of them that this program needs."""

    @property
    def head(self) -> str: ...
    async def current(self) -> str | None: ...
    async def upgrade(self) -> list[str]: ...
    async def differences(self) -> list[str]: ...


class Step(Protocol):
    @property
    def text(self) -> str: ...


class Plan(Protocol):
    """What was found in a database, and what adopting it takes."""

    @property
    def kind(self) -> str:
        """`empty`, `ours`, or `foreign`."""
        ...

    @property
    def made_by(self) -> str: ...
    @property
    def rows(self) -> Mapping[str, int]: ...
    @property
    def left_alone(self) -> Sequence[str]: ...
    @property
    def steps(self) -> Sequence[Step]: ...
    @property
    def notes(self) -> Sequence[str]: ...
    @property
    def refusals(self) -> Sequence[str]: ...
    @property
    def state(self) -> str:
        """Of the tables, when they were looked at."""
        ...


class Adopted(Protocol):
    @property
    def kind(self) -> str: ...
    @property
    def rows(self) -> Mapping[str, int]: ...
    @property
    def recorded(self) -> int: ...
    @property
    def applied(self) -> Sequence[str]: ...


class Adoption(Protocol):
    """Takes over a database that another program has filled."""

    async def survey(self) -> Plan:
        """Changes nothing."""
        ...

    async def adopt(self, *, state: str, progress: Callable[[int, int, str], None]) -> Adopted:
        """All of the plan that was made of this `state`, or nothing."""
        ...


class Installation(Protocol):
    """The settings, and the database they name: it runs, and can be worked on."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def workers(self) -> int: ...
    @property
    def data(self) -> str:
        """Where the data lives, for people. Without passwords."""
        ...

    @property
    def for_workers(self) -> Mapping[str, str]:
        """What a worker must find in its environment besides what is there."""
        ...

    def begin_log(self) -> None:
        """From here on this process tells what it has to tell in the log's form."""
        ...

    def schema(self) -> Schema: ...
    def adoption(self) -> Adoption: ...
    def accounts(self) -> AbstractAsyncContextManager[Administration]: ...


class Tools(Protocol):
    def installation(
        self, overrides: Mapping[str, str], *, serving: bool = False
    ) -> AbstractContextManager[Installation]:
        """Starts the embedded database when the settings name none. Serving needs a secret. Raises `Problem`."""
        ...

    def address(self) -> tuple[str, int]:
        """Host and port of the service, by the settings. Raises `Problem`."""
        ...

    def demo(self, host: str, port: int) -> tuple[Any, "DemoUser"]:
        """An application in memory, and somebody who has an account there."""
        ...

    def openapi(self) -> dict[str, Any]: ...

    def secret(self) -> str:
        """A new signing secret."""
        ...


class DemoUser(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def email(self) -> str: ...
    @property
    def password(self) -> str: ...
    @property
    def token(self) -> str: ...
