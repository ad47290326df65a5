"""What the commands need. `bootstrap` hands it in, when a command runs: `--help` waits for none of it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from todo.domain.services.administration import Administration
from todo.domain.services.maintenance import Maintenance


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
    def knows(self, version: str) -> bool:
        """Whether this program has a way from this version to the head."""
        ...

    def is_newer(self, version: str) -> bool:
        """Whether a later program than this one has made tables of this version. This one works on them, too."""
        ...

    async def current(self) -> str | None: ...
    async def upgrade(self) -> list[str]:
        """Which versions that took. Tables of a newer program are left as they are."""
        ...

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


class Kept(Protocol):
    """What is in a backup."""

    @property
    def rows(self) -> Mapping[str, int]:
        """By table."""
        ...

    @property
    def left_out(self) -> Sequence[str]:
        """What was in the database, or is in the backup, and was not taken over: each with the reason."""
        ...

    @property
    def schema(self) -> str: ...
    @property
    def made_at(self) -> str: ...


class Backups(Protocol):
    """`progress` hears how many rows of how many are done, and of which table the last ones were."""

    async def save(self, file: Path, *, overwrite: bool, progress: Callable[[int, int, str], None]) -> Kept:
        """Keeps all rows as they are at one moment. The file is there when it is whole, and not before."""
        ...

    async def restore(self, file: Path, *, with_sessions: bool, progress: Callable[[int, int, str], None]) -> Kept:
        """Fills a database that is empty: all of it, or nothing."""
        ...


class Level(StrEnum):
    """How much a finding matters."""

    GOOD = "good"
    NOTE = "note"
    """Worth knowing; nothing to mend."""
    MEND = "mend"


class Finding(Protocol):
    @property
    def level(self) -> Level: ...
    @property
    def subject(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def mend(self) -> str:
        """What to do, in a line; empty when there is nothing to do."""
        ...


class Diagnosis(Protocol):
    @property
    def findings(self) -> Sequence[Finding]: ...
    @property
    def exit_code(self) -> int:
        """0 when all is well, 1 when there is something to mend, 69 without a database, 78 with wrong settings."""
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
    def drain_seconds(self) -> int: ...
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
    def accounts(self) -> AbstractAsyncContextManager[Administration]:
        """Raises `Problem` where the tables are missing or outdated. The embedded database is brought up to date."""
        ...

    def maintenance(self) -> AbstractAsyncContextManager[Maintenance]:
        """As `accounts`."""
        ...

    def backups(self) -> Backups: ...


class Tools(Protocol):
    def installation(
        self, overrides: Mapping[str, str], *, serving: bool = False
    ) -> AbstractContextManager[Installation]:
        """Starts the embedded database when the settings name none. Serving needs a secret. Raises `Problem`."""
        ...

    def address(self) -> tuple[str, int]:
        """Host and port of the service, by the settings. Raises `Problem`."""
        ...

    def doctor(self) -> Diagnosis:
        """Looks at everything, and changes nothing. An embedded database that has been set up is started meanwhile.

        What is wrong is a finding, and no `Problem`.
        """
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
