"""What is over, in memory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from todo.adapters.memory.tables import Tables
from todo.domain.model.leftover import Leftover
from todo.domain.ports.store import LeftoverRepository


@dataclass(frozen=True, slots=True)
class Shelf:
    kept: Callable[[Tables], dict[Any, Any]]
    ends: Callable[[Any], datetime]


SHELVES: Final[Mapping[Leftover, Shelf]] = {
    Leftover.SESSIONS: Shelf(lambda tables: tables.sessions, lambda session: session.expires_at),
    Leftover.TICKETS: Shelf(lambda tables: tables.tickets, lambda ticket: ticket.expires_at),
    Leftover.ATTEMPTS: Shelf(lambda tables: tables.taken, lambda taken: taken.due),
    Leftover.ANSWERS: Shelf(lambda tables: tables.answers, lambda kept: kept[0]),
}


@dataclass(frozen=True, slots=True)
class MemoryLeftovers(LeftoverRepository):
    """There is one process: nobody else can be at this work."""

    _tables: Tables

    async def count(self, kind: Leftover, *, over_by: datetime) -> int:
        return len(self._over(kind, over_by))

    async def remove(self, kind: Leftover, *, over_by: datetime, at_most: int) -> int:
        over = self._over(kind, over_by)[:at_most]
        for key in over:
            del SHELVES[kind].kept(self._tables)[key]
        return len(over)

    def _over(self, kind: Leftover, over_by: datetime) -> list[Any]:
        shelf = SHELVES[kind]
        return [key for key, thing in shelf.kept(self._tables).items() if shelf.ends(thing) <= over_by]
