"""Which found column is which of ours, and what keeps a table from being taken."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from todo.adapters.postgres.adoption.catalog import Catalog, Column, Table
from todo.adapters.postgres.adoption.plan import listed, quoted
from todo.adapters.postgres.adoption.shape import (
    ACCOUNT,
    COMPLETED,
    NUMBERS,
    OURS,
    SESSION,
    TASKS,
    USER,
    VERIFICATION,
    essential,
    key_columns,
    owner_column,
)

PLAIN: Final = re.compile(r"(text|character varying|citext|timestamp|bigint|integer|smallint|boolean)\b(?!.*\[)")
TEXT: Final = frozenset({"text", "character varying", "citext"})
WHOLE: Final = ("smallint", "integer", "bigint")

SIGNS: Final = {
    USER.name: ("email", "emailVerified"),
    SESSION.name: ("token", "userId", "expiresAt"),
    ACCOUNT.name: ("providerId", "accountId"),
    VERIFICATION.name: ("identifier", "value", "expiresAt"),
}
"""Columns by which Better Auth's tables are known under other names."""


@dataclass(frozen=True, slots=True)
class Fitting:
    """A found table, laid beside the one that it shall become."""

    found: Table
    wanted: sa.Table
    names: Mapping[str, str]
    """Of our columns, those in the found table that mean the same."""
    source: sa.TableClause
    """The found table, to be asked for its rows."""

    @property
    def table(self) -> str:
        return quoted(self.wanted.name)

    def column(self, name: str) -> Column | None:
        return self.found.column(self.names[name]) if name in self.names else None

    @property
    def pairs(self) -> list[tuple[sa.Column[object], Column]]:
        """Our columns that are there, each with the one found."""
        both = [(wanted, self.column(wanted.name)) for wanted in self.wanted.columns]
        return [(wanted, found) for wanted, found in both if found is not None]

    @property
    def missing(self) -> list[sa.Column[object]]:
        return [wanted for wanted in self.wanted.columns if wanted.name not in self.names]

    @property
    def renamed(self) -> dict[str, str]:
        return {wanted: found for wanted, found in self.names.items() if wanted != found}

    @property
    def retyped(self) -> list[tuple[sa.Column[object], Column]]:
        return [(wanted, found) for wanted, found in self.pairs if found.type != type_name(wanted)]

    @property
    def extra(self) -> list[Column]:
        """Columns that mean nothing to this program."""
        known = {*self.names.values(), *([COMPLETED] if self.wanted is TASKS else [])}
        return [column for column in self.found.columns if column.name not in known]

    @property
    def primary_key(self) -> tuple[str, ...]:
        """By the names of ours."""
        key = self.found.primary_key()
        return self.ours(key.columns if key else ())

    def ours(self, columns: tuple[str, ...]) -> tuple[str, ...]:
        """Found columns, by the names they will have."""
        back = {found: wanted for wanted, found in self.names.items()}
        return tuple(back.get(name, name) for name in columns)

    @property
    def converts_ids(self) -> bool:
        """Its ids are no text yet, and what compares them with text would fail."""
        return any(_is_identifier(wanted) and base_type(found.type) not in TEXT for wanted, found in self.retyped)


def fit(found: Table, wanted: sa.Table) -> Fitting:
    """By name; Drizzle writes `expires_at` where others have `expiresAt`."""
    columns = {column.name for column in found.columns}
    spelled = {
        column.name: [name for name in (column.name, snake(column.name)) if name in columns] for column in wanted.c
    }
    names = {name: there[0] for name, there in spelled.items() if there}
    return Fitting(found, wanted, names, sa.table(found.name, *map(sa.column, sorted(columns))))


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower()


def type_name(column: sa.Column[object]) -> str:
    """As the catalogue calls it."""
    if isinstance(column.type, sa.TIMESTAMP):
        return "timestamp with time zone"
    if isinstance(column.type, sa.String) and column.type.length:
        return f"character varying({column.type.length})"
    return str(column.type).lower()


def faults(fitting: Fitting, catalog: Catalog) -> Iterator[str]:
    """Why the table cannot be taken, whatever its rows are."""
    table, found = fitting.table, fitting.found
    if found.kind != "r":
        kind = "view" if found.kind in "vm" else "partitioned or foreign table"
        yield f"{table} is a {kind}: only a plain table can be taken"
        return
    if not found.owned:
        yield f"{table} belongs to another database account: run this as the one that made it"
    if found.hides:
        yield f"row security hides rows of {table} from this account: run this as one that may see them all"
    lacking = [column.name for column in fitting.missing if essential(column)]
    if "id" not in fitting.names and "id" not in lacking:
        lacking.append("id")
    if lacking:
        yield f"{table} is not as Better Auth or SQLModel would make it: it has no column {listed(lacking)}"
        return
    yield from _column_faults(fitting)
    yield from _key_faults(fitting, catalog)


def _column_faults(fitting: Fitting) -> Iterator[str]:
    table = fitting.table
    for column in fitting.extra:
        if not column.fills_itself:
            yield (
                f"{table} has a column {column.name} that must be filled, and that this program does not know: give it"
                f" a default (ALTER TABLE {table} ALTER COLUMN {quoted(column.name)} SET DEFAULT ...) or drop NOT NULL"
            )
    for wanted, found in fitting.pairs:
        if not _converts(wanted, found):
            yield f"{table} has a column {found.name} of type {found.type}, where {type_name(wanted)} is needed"
        if found.generated:
            yield f"{table} has a column {found.name} that is computed from others: it cannot be written to"
    completed = fitting.found.column(COMPLETED) if fitting.wanted is TASKS else None
    if completed and completed.type != "boolean":
        yield f"{table} has a column {COMPLETED} of type {completed.type}, where boolean is needed"
    changing = {found.name for _, found in fitting.retyped} | ({COMPLETED} if completed else set())
    for column_name, view in fitting.found.views:
        if column_name in changing:
            yield f"the view {view} shows {table}.{quoted(column_name)}, which must change: drop the view first"


def _key_faults(fitting: Fitting, catalog: Catalog) -> Iterator[str]:
    table, found = fitting.table, fitting.found
    key = found.primary_key()
    allowed = {("id",), key_columns(fitting.wanted.primary_key)} | (
        {("id", "user_id")} if fitting.wanted is TASKS else set()
    )
    if key is None or fitting.primary_key not in allowed or not key.strict:
        yield f"{table} has no primary key of id"
    owner = owner_column(fitting.wanted)
    for foreign in found.foreign_keys(fitting.names[owner[0]]) if owner else []:
        if foreign.refers_to != USER.name or foreign.refers_by != ("id",):
            yield (
                f'{listed(foreign.columns)} of {table} refers to {foreign.refers_to}, not to the id of "user":'
                f' if its values are ids of "user" all the same, drop the constraint {foreign.name} first'
            )
    others = sorted({table for table, _ in found.referrers})
    if others and fitting.wanted is TASKS and fitting.primary_key != key_columns(TASKS.primary_key):
        yield f"other tables refer to {table}, whose primary key must change: {listed(others)}"
    if others and fitting.converts_ids:
        yield f"other tables refer to {table}, whose ids must become text: {listed(others)}"
    yield from _taken_names(fitting, catalog)
    if fitting.wanted is TASKS:
        yield from _number_faults(fitting, catalog)


def _taken_names(fitting: Fitting, catalog: Catalog) -> Iterator[str]:
    """Names of keys and indexes that something else has already."""
    own = {key.name for key in fitting.found.keys if key.strict}
    for constraint in fitting.wanted.constraints:
        name = str(constraint.name)
        if isinstance(constraint, sa.PrimaryKeyConstraint | sa.UniqueConstraint) and name in catalog.relations - own:
            index = next((index for index in fitting.found.indexes if index.name == name), None)
            if index is None or not (
                index.unique and index.plain and fitting.ours(index.columns) == key_columns(constraint)
            ):
                yield f"the name {name} is needed for {fitting.table}, and something else has it: rename that first"
    for wanted in fitting.wanted.indexes:
        index = next((index for index in fitting.found.indexes if index.name == wanted.name), None)
        fits = (
            index and index.plain and not index.unique and fitting.ours(index.columns) == tuple(wanted.columns.keys())
        )
        if wanted.name in catalog.relations and not fits:
            yield f"the name {wanted.name} is needed for {fitting.table}, and something else has it: rename that first"


def _number_faults(fitting: Fitting, catalog: Catalog) -> Iterator[str]:
    """The sequence of our name may be there already, if it is the column's, or nobody's."""
    column = fitting.column("id")
    if NUMBERS.name in catalog.relations and column is not None and column.sequence != NUMBERS.name:
        users = [table for table in catalog.tables.values() if any(c.sequence == NUMBERS.name for c in table.columns)]
        if users or NUMBERS.name not in catalog.sequences:
            yield f"the name {NUMBERS.name} is needed for {fitting.table}, and something else has it: rename that first"


def misnamed(catalog: Catalog) -> dict[str, str]:
    """Tables that hold what Better Auth's do under other names, with the names they should have."""
    there = {wanted: _resembling(catalog, signs) for wanted, signs in SIGNS.items() if wanted not in catalog.tables}
    if not there.get(ACCOUNT.name) and USER.name not in catalog.tables:
        return {}  # accounts are unmistakable; another program may have users and sessions of its own
    return {found: wanted for wanted, found in there.items() if found is not None}


def _resembling(catalog: Catalog, signs: tuple[str, ...]) -> str | None:
    for name, table in sorted(catalog.tables.items()):
        spelled = {column.name for column in table.columns}
        if name not in OURS and all(sign in spelled or snake(sign) in spelled for sign in signs):
            return name
    return None


def _is_identifier(column: sa.Column[object]) -> bool:
    return column.name in {"id", "userId", "user_id"} and not isinstance(column.type, sa.BigInteger)


def base_type(type_: str) -> str:
    match = PLAIN.match(type_)
    return match.group(1) if match else type_


def _converts(wanted: sa.Column[object], found: Column) -> bool:
    base = base_type(found.type)
    if _is_identifier(wanted):
        return base in TEXT or found.type in {"uuid", *WHOLE}
    if isinstance(wanted.type, sa.String):
        return base in TEXT
    if isinstance(wanted.type, sa.TIMESTAMP):
        return base == "timestamp"
    if isinstance(wanted.type, sa.Integer):
        return found.type in WHOLE[: WHOLE.index(type_name(wanted)) + 1]
    return found.type == type_name(wanted)
