"""The steps that give a found table the columns of ours. A step that has nothing to do is left out."""

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from todo.adapters.postgres.adoption.catalog import Column
from todo.adapters.postgres.adoption.facts import Facts
from todo.adapters.postgres.adoption.fitting import TEXT, Fitting, base_type, type_name
from todo.adapters.postgres.adoption.plan import Step, Work, counted, listed, quoted
from todo.adapters.postgres.adoption.shape import USER, is_moment

IS_NOW = {"CURRENT_TIMESTAMP", "now()"}

LOWER_CASE = 'UPDATE "user" SET email = lower(email COLLATE "C") WHERE email <> lower(email COLLATE "C")'

OTHER = {"createdAt": "updatedAt", "updatedAt": "createdAt", "created_at": "updated_at", "updated_at": "created_at"}
"""What comes nearest to a time that is missing."""

MADE_UP = {"emailVerified": "false", "name": "''", "title": "'Untitled'", "version": "1"}
"""What a row gets that has no value, where every row needs one."""


def column_steps(fitting: Fitting, facts: Facts) -> Iterator[Step]:
    """Names, types, values: in this order, each relying on those before it."""
    table = f"ALTER TABLE {fitting.table}"
    if renamed := fitting.renamed:
        told = listed([f"{found} to {wanted}" for wanted, found in renamed.items()])
        yield Step(
            f"{fitting.table}: rename {told}",
            tuple(f"{table} RENAME COLUMN {quoted(found)} TO {quoted(wanted)}" for wanted, found in renamed.items()),
        )
    if added := [column for column in fitting.missing if column.name != "id"]:
        parts = [f"ADD COLUMN {quoted(column.name)} {_definition(fitting, column)}" for column in added]
        yield Step(
            f"{fitting.table}: add {listed([column.name for column in added])}",
            (f"{table} {listed(parts)}",),
        )
    yield from _type_steps(fitting)
    if fitting.wanted is USER and facts.mixed_case:
        yield Step(
            f"{fitting.table}: write {counted(facts.mixed_case, 'address', 'addresses')} in lower case", (LOWER_CASE,)
        )


def _definition(fitting: Fitting, column: sa.Column[object]) -> str:
    whole = f" DEFAULT {default_of(column)} NOT NULL" if _starts_whole(fitting, column) else ""
    return type_name(column) + whole


def _starts_whole(fitting: Fitting, column: sa.Column[object]) -> bool:
    """An added column whose default is all that its rows need: PostgreSQL adds it without touching them."""
    return (
        column.name not in fitting.names
        and column.server_default is not None
        and OTHER.get(column.name) not in fitting.names
    )


def default_of(column: sa.Column[object]) -> str | None:
    default = column.server_default
    return str(default.arg) if isinstance(default, sa.DefaultClause) else None


def _type_steps(fitting: Fitting) -> Iterator[Step]:
    table, retyped = f"ALTER TABLE {fitting.table}", fitting.retyped
    if not retyped:
        return
    ids = {
        column.name
        for column, found in retyped
        if isinstance(column.type, sa.String) and base_type(found.type) not in TEXT
    }
    work: list[Work] = [
        f"{table} ALTER COLUMN {quoted(column.name)} DROP IDENTITY"
        for column, found in retyped
        if found.identity and column.name in ids
    ]
    dropped = [
        f"ALTER COLUMN {quoted(column.name)} DROP DEFAULT"
        for column, found in retyped
        if found.default is not None and (is_moment(column) or column.name in ids)
    ]
    if dropped:
        work.append(f"{table} {listed(dropped)}")
    work.append(f"{table} {listed([_conversion(column) for column, _ in retyped])}")
    yield Step(f"{fitting.table}: convert {'; '.join(_conversions_told(retyped))}", tuple(work))


def _conversions_told(retyped: Sequence[tuple[sa.Column[object], Column]]) -> Iterator[str]:
    alike: dict[tuple[str, str], list[str]] = {}
    for column, found in retyped:
        alike.setdefault((found.type, type_name(column)), []).append(column.name)
    for (before, after), names in alike.items():
        utc = ", taken as UTC" if before.endswith("without time zone") else ""
        yield f"{listed(names)} from {before} to {after}{utc}"


def _conversion(column: sa.Column[object]) -> str:
    """By assignment, never by a cast: that would cut off what is too long.

    Times have no USING either: as the transaction's zone is UTC they are converted without writing the table anew.
    """
    name = quoted(column.name)
    using = f" USING {name}::text" if isinstance(column.type, sa.String) else ""
    return f"ALTER COLUMN {name} TYPE {type_name(column)}{using}"


def fill_steps(fitting: Fitting, facts: Facts) -> Iterator[Step]:
    """Afterwards every row has what it needs, and new ones get it."""
    required = [column for column in fitting.wanted.columns if not column.nullable and column.name != "id"]
    wanting = [
        column
        for column in required
        if (column.name not in fitting.names and not _starts_whole(fitting, column))
        or facts.empty.get((fitting.wanted.name, column.name))
    ]
    if values := {column.name: _made_up(fitting, column) for column in wanting}:
        parts = [f"{quoted(name)} = COALESCE({quoted(name)}, {value})" for name, value in values.items()]
        told = [f"{name} ({MADE_UP[name]})" if name in MADE_UP else name for name in values]
        lacking = " OR ".join(f"{quoted(name)} IS NULL" for name in values)
        yield Step(
            f"{fitting.table}: fill in {listed(told)} where it is missing",
            (f"UPDATE {fitting.table} SET {listed(parts)} WHERE {lacking}",),  # noqa: S608  names and values of ours
        )
    changes = list(_requirements(fitting))
    if changes:
        names = listed(sorted({column for column, _ in changes}))
        parts = [f"ALTER COLUMN {quoted(column)} {change}" for column, change in changes]
        yield Step(
            f"{fitting.table}: set the defaults, and whether a value may be missing, of {names}",
            (f"ALTER TABLE {fitting.table} {listed(parts)}",),
        )


def _made_up(fitting: Fitting, column: sa.Column[object]) -> str:
    """For a time the other one, or else now. What has run out was made before it ran out."""
    if not is_moment(column):
        return MADE_UP[column.name]
    runs_out = ', LEAST("expiresAt", CURRENT_TIMESTAMP)' if "expiresAt" in fitting.wanted.c else ""
    return f"{quoted(OTHER[column.name])}{runs_out}, CURRENT_TIMESTAMP"


def _requirements(fitting: Fitting) -> Iterator[tuple[str, str]]:
    """Columns, and what to change about them."""
    for column in fitting.wanted.columns:
        found = fitting.column(column.name)
        if column.name == "id" or _starts_whole(fitting, column):
            continue
        if (found is None or found.nullable) and not column.nullable:
            yield column.name, "SET NOT NULL"
        if found is not None and not found.nullable and column.nullable:
            yield column.name, "DROP NOT NULL"
        wanted = default_of(column)
        if wanted is None and is_moment(column) and found and found.default:
            wanted = "CURRENT_TIMESTAMP"  # of Drizzle's, say: the conversion has taken it off
        kept = found is not None and found.type == type_name(column) and found.default in {wanted, *IS_NOW}
        if wanted is not None and not kept:
            yield column.name, f"SET DEFAULT {wanted}"
