"""The steps for keys and indexes: what refusals are known by, and what makes look-ups quick."""

from collections.abc import Iterator

import sqlalchemy as sa

from todo.adapters.postgres.adoption.fitting import Fitting
from todo.adapters.postgres.adoption.plan import Step, listed, quoted
from todo.adapters.postgres.adoption.shape import key_columns, owner_column, uniques


def key_steps(fitting: Fitting) -> Iterator[Step]:
    keys: list[sa.PrimaryKeyConstraint | sa.UniqueConstraint] = [fitting.wanted.primary_key, *uniques(fitting.wanted)]
    changes = [change for key in keys for change in _named_key(fitting, key)]
    for index in sorted(fitting.wanted.indexes, key=lambda index: str(index.name)):
        changes += _named_index(fitting, index)
    if changes:
        yield Step(f"{fitting.table}: {listed([told for told, _ in changes])}", tuple(work for _, work in changes))


def _named_key(fitting: Fitting, wanted: sa.PrimaryKeyConstraint | sa.UniqueConstraint) -> Iterator[tuple[str, str]]:
    """What is told, and done. A unique index becomes the constraint where there is one."""
    table, name, columns = f"ALTER TABLE {fitting.table}", quoted(str(wanted.name)), key_columns(wanted)
    kind, words = ("p", "PRIMARY KEY") if isinstance(wanted, sa.PrimaryKeyConstraint) else ("u", "UNIQUE")
    alike = [key for key in fitting.found.keys if key.kind == kind and fitting.ours(key.columns) == columns]
    names = [key.name for key in alike if key.strict]
    if wanted.name in names:
        return
    if names:
        yield f"rename {names[0]} to {wanted.name}", f"{table} RENAME CONSTRAINT {quoted(names[0])} TO {name}"
        return
    for index in sorted(fitting.found.indexes, key=lambda index: index.name != wanted.name):
        if index.unique and index.plain and not index.keeps_key and fitting.ours(index.columns) == columns:
            told = f"make the index {index.name} the constraint {wanted.name}"
            yield told, f"{table} ADD CONSTRAINT {name} {words} USING INDEX {quoted(index.name)}"
            return
    parts = listed([quoted(column) for column in columns])
    yield f"add the constraint {wanted.name}", f"{table} ADD CONSTRAINT {name} {words} ({parts})"


def _named_index(fitting: Fitting, wanted: sa.Index) -> Iterator[tuple[str, str]]:
    name, columns = quoted(str(wanted.name)), tuple(wanted.columns.keys())
    alike = [index for index in fitting.found.indexes if fitting.ours(index.columns) == columns]
    names = [index.name for index in alike if index.plain and not index.unique]
    if wanted.name in names:
        return
    if names:
        yield f"rename {names[0]} to {wanted.name}", f"ALTER INDEX {quoted(names[0])} RENAME TO {name}"
        return
    parts = listed([quoted(column) for column in columns])
    yield f"add the index {wanted.name}", f"CREATE INDEX {name} ON {fitting.table} ({parts})"


def owner_changes(fitting: Fitting) -> tuple[list[str], str | None]:
    """The foreign keys to take off before anything else, and the one to add at the end; neither if all is well."""
    owner = owner_column(fitting.wanted)
    if owner is None:
        return [], None
    column, name = owner
    there = fitting.found.foreign_keys(fitting.names[column])
    kept = column not in {wanted.name for wanted, _ in fitting.retyped}
    if kept and len(there) == 1 and there[0].name == name and there[0].cascades and there[0].strict:
        return [], None
    table = f"ALTER TABLE {fitting.table}"
    key = f'{quoted(name)} FOREIGN KEY ({quoted(column)}) REFERENCES "user" (id) ON DELETE CASCADE'
    return [f"{table} DROP CONSTRAINT {quoted(key.name)}" for key in there], f"{table} ADD CONSTRAINT {key}"
