"""What the rows are like, where it matters for adoption: counted, and refused when a row could not be kept."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import aggregate_order_by

from todo.adapters.postgres.adoption.fitting import Fitting
from todo.adapters.postgres.adoption.plan import counted, listed
from todo.adapters.postgres.adoption.shape import OURS, SESSION, TASKS, USER, owner_column
from todo.domain.model.user import LONGEST_USER_ID

MADE_UP: Final = {"createdAt", "updatedAt", "created_at", "updated_at", "emailVerified", "name", "title", "version"}
"""Columns that get a value where they have none. A row with none elsewhere could not be kept as it is."""

SHOWN: Final = 20
"""Of addresses that collide, so many are told by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    empty: Mapping[tuple[str, str], int]
    """How many rows have no value, by table and column of ours that needs one."""
    mixed_case: int = 0
    """Addresses with capitals, which no look-up would find."""
    strangers: int = 0
    """Owners of tasks who are no users."""
    refusals: tuple[str, ...] = ()


def count_rows(connection: Connection, names: Iterable[str] = OURS) -> dict[str, int]:
    return {name: _count(connection, sa.select(sa.func.count()).select_from(sa.table(name))) for name in names}


def ask(connection: Connection, fittings: Mapping[str, Fitting]) -> Facts:
    """The tables themselves can be taken."""
    empty = {
        (fitting.wanted.name, column): number
        for fitting in fittings.values()
        for column, number in _empty(connection, fitting).items()
    }
    refusals = [
        f"{fittings[table].table} has {counted(number, 'row')} without {column}: fill it in, or delete them"
        for (table, column), number in empty.items()
        if number and column not in MADE_UP
    ]
    if USER.name in fittings:
        refusals += _colliding_addresses(connection, fittings[USER.name])
    if SESSION.name in fittings:
        refusals += _repeated_tokens(connection, fittings[SESSION.name])
    refusals += [
        fault for fitting in fittings.values() for fault in _orphans(connection, fitting, fittings.get("user"))
    ]
    if TASKS.name in fittings:
        refusals += _owners_that_cannot_be(connection, fittings[TASKS.name])
    return Facts(
        empty=empty,
        mixed_case=_mixed_case(connection, fittings[USER.name]) if USER.name in fittings else 0,
        strangers=_strangers(connection, fittings),
        refusals=tuple(refusals),
    )


def text_of(fitting: Fitting, column: str) -> sa.ColumnElement[str]:
    """A found column as text."""
    return sa.cast(fitting.source.c[fitting.names[column]], sa.Text)


def lower(address: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """ASCII only, as addresses are: in Turkish the small letter for I is another."""
    return sa.func.lower(address.collate("C"))


def _empty(connection: Connection, fitting: Fitting) -> dict[str, int]:
    loose = {wanted.name: found.name for wanted, found in fitting.pairs if found.nullable and not wanted.nullable}
    if not loose:
        return {}
    counts = [sa.func.count().filter(fitting.source.c[name].is_(None)) for name in loose.values()]
    return dict(zip(loose, connection.execute(sa.select(*counts)).one(), strict=True))


def _mixed_case(connection: Connection, users: Fitting) -> int:
    email = text_of(users, "email")
    return _count(connection, sa.select(sa.func.count()).where(email != lower(email)))


def _colliding_addresses(connection: Connection, users: Fitting) -> Iterator[str]:
    email = text_of(users, "email")
    same = sa.func.array_agg(aggregate_order_by(email, email)).label("same")
    groups = connection.execute(
        sa.select(same).group_by(lower(email)).having(sa.func.count() > 1).order_by(lower(email))
    ).all()
    if groups:
        told = [" and ".join(row.same) for row in groups[:SHOWN]]
        more = f" and {len(groups) - SHOWN} more" if len(groups) > SHOWN else ""
        yield (
            f"{counted(len(groups), 'address', 'addresses')} would be another's in lower case: {listed(told)}{more}."
            " Keep one of each, and change or delete the others"
        )


def _repeated_tokens(connection: Connection, sessions: Fitting) -> Iterator[str]:
    token = text_of(sessions, "token")
    repeated = sa.select(token.label("token")).group_by(token).having(sa.func.count() > 1).subquery()
    if number := _count(connection, sa.select(sa.func.count()).select_from(repeated)):
        yield f"{sessions.table} has {counted(number, 'token')} more than once: delete those rows but one"


def _orphans(connection: Connection, fitting: Fitting, users: Fitting | None) -> Iterator[str]:
    owner = owner_column(fitting.wanted)
    if owner is None or users is None or fitting.wanted is TASKS:
        return
    if any(key.strict for key in fitting.found.foreign_keys(fitting.names[owner[0]])):
        return
    asked = sa.select(sa.func.count()).select_from(fitting.source).where(_belongs_to_nobody(fitting, owner[0], users))
    if number := _count(connection, asked):
        yield f"{fitting.table} has {counted(number, 'row')} of users who are not there: delete them first"


def _owners_that_cannot_be(connection: Connection, tasks: Fitting) -> Iterator[str]:
    owner = text_of(tasks, "user_id")
    if number := _count(connection, sa.select(sa.func.count()).where(owner == "")):
        yield f"{tasks.table} has {counted(number, 'row')} with an empty user_id: give them an owner, or delete them"
    if number := _count(connection, sa.select(sa.func.count()).where(sa.func.length(owner) > LONGEST_USER_ID)):
        yield f"{tasks.table} has {counted(number, 'row')} with a user_id of more than {LONGEST_USER_ID} characters"


def _strangers(connection: Connection, fittings: Mapping[str, Fitting]) -> int:
    if TASKS.name not in fittings:
        return 0
    tasks = fittings[TASKS.name]
    asked = sa.select(sa.func.count(text_of(tasks, "user_id").distinct()))
    if USER.name in fittings:
        asked = asked.where(_belongs_to_nobody(tasks, "user_id", fittings[USER.name]))
    return _count(connection, asked)


def _belongs_to_nobody(fitting: Fitting, owner: str, users: Fitting) -> sa.ColumnElement[bool]:
    user, belongs = text_of(users, "id"), text_of(fitting, owner)
    return ~sa.exists(sa.select(sa.literal_column("1")).where(user == belongs).correlate(fitting.source))


def _count(connection: Connection, asked: Any) -> int:
    number: int = connection.execute(asked).scalar_one()
    return number
