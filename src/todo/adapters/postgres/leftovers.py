"""What is over, in PostgreSQL."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Column, bindparam, delete, func, literal_column, select, tuple_

from todo.adapters.postgres.query import Query, Runner
from todo.adapters.postgres.tables import Moment, answers, sessions, throttle, verifications
from todo.domain.model.leftover import Leftover
from todo.domain.ports.store import LeftoverRepository

MY_TURN: Final = func.pg_try_advisory_xact_lock(func.hashtext(literal_column("'todo maintenance'")))
"""Held until the statement's own transaction ends, so a pooler in transaction mode does no harm."""


class Shelf:
    """A table whose rows are over at the moment that one of their columns tells."""

    def __init__(self, ends: Column[Any]) -> None:
        table = ends.table
        is_over = ends <= bindparam("over_by", type_=Moment)
        turn = select(MY_TURN.label("mine")).cte("turn").prefix_with("MATERIALIZED")
        over = (
            select(*table.primary_key)
            .where(select(turn.c.mine).scalar_subquery(), is_over)
            .limit(bindparam("at_most", type_=BigInteger))
            .with_for_update(skip_locked=True)
            .cte("over")
            .prefix_with("MATERIALIZED")  # looked for once: as a part of the join it might be looked for again
        )
        self.count = Query(select(func.count()).select_from(table).where(is_over))
        self.remove = Query(
            delete(table).where(tuple_(*table.primary_key).in_(select(*over.c))).returning(literal_column("1"))
        )


SHELVES: Final[Mapping[Leftover, Shelf]] = {
    Leftover.SESSIONS: Shelf(sessions.c.expiresAt),
    Leftover.TICKETS: Shelf(verifications.c.expiresAt),
    Leftover.ATTEMPTS: Shelf(throttle.c.due),
    Leftover.ANSWERS: Shelf(answers.c.expires_at),
}


class PostgresLeftovers(LeftoverRepository):
    """A batch is one statement. It skips rows that somebody holds: nobody waits for it, and it for nobody."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def count(self, kind: Leftover, *, over_by: datetime) -> int:
        row = await SHELVES[kind].count.row(self._runner, over_by=over_by)
        number: int = row[0]
        return number

    async def remove(self, kind: Leftover, *, over_by: datetime, at_most: int) -> int:
        return len(await SHELVES[kind].remove.rows(self._runner, over_by=over_by, at_most=at_most))
