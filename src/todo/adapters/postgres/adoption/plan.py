"""What adoption found, and what it means to do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import dialect as postgresql_dialect

Work = str | Callable[[Connection], None]

_new_dialect: Any = postgresql_dialect
_preparer: Final = _new_dialect().identifier_preparer


def quoted(name: str) -> str:
    """An identifier, as it stands in a statement."""
    return str(_preparer.quote_identifier(name))


def run(connection: Connection, statement: str) -> None:
    """As it stands: a colon in a name is no parameter."""
    connection.exec_driver_sql(statement)


def listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def counted(number: int, thing: str, things: str | None = None) -> str:
    return f"{number} {thing if number == 1 else things or thing + 's'}"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, told and done."""

    text: str
    work: tuple[Work, ...] = field(repr=False)

    def take(self, connection: Connection) -> None:
        for work in self.work:
            if isinstance(work, str):
                run(connection, work)
            else:
                work(connection)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    kind: str
    """`empty`: there is nothing to adopt. `ours`: it has been done. `foreign`: there are steps, or refusals."""
    made_by: str
    rows: Mapping[str, int]
    """How many there are, by table; of the tables to adopt, if any."""
    left_alone: Sequence[str] = ()
    steps: Sequence[Step] = ()
    notes: Sequence[str] = ()
    """What a person should know before saying yes."""
    refusals: Sequence[str] = ()
    """Why it cannot be done, with what to do about it; empty when it can."""
    newcomers: int = 0
    """Users to be made for tasks whose owner is none."""
    state: str
    """Of the tables, when they were looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """What has been done."""

    kind: str
    """As the plan's: `ours` when somebody else was faster."""
    rows: Mapping[str, int]
    """Afterwards, by table; empty when nothing was adopted."""
    recorded: int
    """Users made for tasks whose owner was none."""
    applied: Sequence[str]
    """Versions."""


class AdoptionRefused(Exception):
    """The database stays as it was; the reasons say what a person can do."""

    def __init__(self, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons
