"""From what there is to a plan."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import dialect as postgresql_dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from todo.adapters.postgres.adoption.catalog import Catalog
from todo.adapters.postgres.adoption.facts import Facts, ask, count_rows
from todo.adapters.postgres.adoption.fitting import Fitting, faults, fit, misnamed
from todo.adapters.postgres.adoption.key_steps import key_steps, owner_changes
from todo.adapters.postgres.adoption.makers import made_by
from todo.adapters.postgres.adoption.plan import Plan, Step, Work, listed, quoted
from todo.adapters.postgres.adoption.shape import (
    COMPLETED,
    FIRST,
    NUMBERS,
    OURS,
    SIGN_IN,
    TASKS,
    USER,
    key_columns,
    uniques,
)
from todo.adapters.postgres.adoption.table_steps import column_steps, fill_steps
from todo.adapters.postgres.adoption.task_steps import stranger_steps, task_steps
from todo.adapters.postgres.schema_version import VERSION_TABLE

_new_dialect: Any = postgresql_dialect
DIALECT: Final = _new_dialect()


def draft(connection: Connection, catalog: Catalog, *, version: str | None, last: Step) -> Plan:
    """Looks, and changes nothing. `last` is what follows the steps that are found here."""
    fittings = {name: fit(catalog.tables[name], FIRST.tables[name]) for name in catalog.ours}
    strayed = misnamed(catalog) if version is None else {}
    if version is not None or not (fittings or strayed):
        kind, maker = ("empty", "nobody") if version is None else ("ours", "this program")
        return _plan(catalog, kind=kind, made_by=maker, rows={})
    readable = {name: fitting for name, fitting in fittings.items() if fitting.found.kind in "rp"}
    refusals = list(_misplaced(fittings, strayed)) or [
        fault for fitting in fittings.values() for fault in faults(fitting, catalog)
    ]
    facts = Facts(empty={}) if refusals else ask(connection, fittings)
    refusals += facts.refusals
    return _plan(
        catalog,
        kind="foreign",
        made_by=made_by(catalog, fittings),
        rows=count_rows(connection, readable),
        left_alone=list(_left_alone(catalog, fittings)),
        steps=[] if refusals else [*_steps(catalog, fittings, facts), last],
        notes=[] if refusals else list(_notes(fittings)),
        refusals=refusals,
        newcomers=facts.strangers,
    )


def _plan(catalog: Catalog, **known: Any) -> Plan:
    return Plan(state=catalog.state, **known)


def _misplaced(fittings: Mapping[str, Fitting], strayed: Mapping[str, str]) -> Iterator[str]:
    for found, wanted in strayed.items():
        yield (
            f"the table {quoted(found)} looks like Better Auth's {quoted(wanted)} under another name: rename it first"
            f" (ALTER TABLE {quoted(found)} RENAME TO {quoted(wanted)})"
        )
    orphaned = [quoted(table.name) for table in SIGN_IN if table.name in fittings]
    if orphaned and USER.name not in fittings and USER.name not in strayed.values():
        yield f'there is {listed(orphaned)}, but no table "user": this is no database of Better Auth'


def _steps(catalog: Catalog, fittings: Mapping[str, Fitting], facts: Facts) -> Iterator[Step]:
    triggers = [(fitting.table, trigger) for fitting in fittings.values() for trigger in fitting.found.triggers]
    owners = {name: owner_changes(fitting) for name, fitting in fittings.items()}
    if triggers:
        yield Step(
            f"switch the triggers off while rows are changed: {listed([trigger.name for _, trigger in triggers])}",
            tuple(f"ALTER TABLE {table} DISABLE TRIGGER {quoted(trigger.name)}" for table, trigger in triggers),
        )
    if taken := [statement for off, _ in owners.values() for statement in off]:
        names = listed([quoted(name) for name, (off, _) in owners.items() if off])
        yield Step(f'take off the foreign keys of {names} to "user"; they come back below', tuple(taken))
    for table in SIGN_IN:
        if table.name in fittings:
            fitting = fittings[table.name]
            yield from (*column_steps(fitting, facts), *fill_steps(fitting, facts), *key_steps(fitting))
    if missing := [table for table in FIRST.sorted_tables if table.name not in fittings]:
        names = listed([quoted(table.name) for table in missing])
        yield Step(f"make the missing tables: {names}", tuple(work for table in missing for work in _making(table)))
    if TASKS.name in fittings:
        yield from task_steps(fittings[TASKS.name], facts, catalog)
    yield from stranger_steps(facts)
    if added := [on for _, on in owners.values() if on is not None]:
        names = listed([quoted(name) for name, (_, on) in owners.items() if on is not None])
        yield Step(f'add foreign keys of {names} to "user", by which the rows of a user go with the user', tuple(added))
    if triggers:
        again = [
            f"ALTER TABLE {table} ENABLE {'ALWAYS ' if trigger.always else ''}TRIGGER {quoted(trigger.name)}"
            for table, trigger in triggers
        ]
        yield Step("switch the triggers on again", tuple(again))


def _making(table: sa.Table) -> Iterator[Work]:
    if table is TASKS:
        yield f"CREATE SEQUENCE IF NOT EXISTS {NUMBERS.name}"
    yield str(CreateTable(table).compile(dialect=DIALECT))
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        yield str(CreateIndex(index).compile(dialect=DIALECT))


def _left_alone(catalog: Catalog, fittings: Mapping[str, Fitting]) -> Iterator[str]:
    others = [
        name for name, table in catalog.tables.items() if table.kind in "rp" and name not in {*OURS, VERSION_TABLE}
    ]
    yield from (f"table {quoted(name)}" for name in others)
    for fitting in fittings.values():
        yield from (f"column {fitting.table}.{quoted(column.name)}" for column in fitting.extra)
        ours = {key_columns(unique) for unique in uniques(fitting.wanted)}
        for key in fitting.found.keys:
            if key.kind in "cx" or (key.kind == "u" and fitting.ours(key.columns) not in ours):
                yield f"constraint {quoted(key.name)} of {fitting.table}"


def _notes(fittings: Mapping[str, Fitting]) -> Iterator[str]:
    yield "Make a backup first, and stop the old application. Its own migrations must not run here again."
    if any(fitting.renamed or fitting.converts_ids for name, fitting in fittings.items() if name != TASKS.name):
        yield "Columns get other names or types: the old application cannot use this database any more."
    if TASKS.name in fittings and fittings[TASKS.name].found.column(COMPLETED):
        yield 'The old backend cannot use "tasks" any more: its column completed is gone.'
    held = sorted({f"{by}" for fitting in fittings.values() for by, lets_go in fitting.found.referrers if not lets_go})
    if held:
        yield f"A user with rows in {listed(held)} cannot be deleted before those are: the tables do not let users go."
