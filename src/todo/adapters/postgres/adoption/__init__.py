"""Takes over a database that Better Auth, and perhaps an earlier task backend, has filled: every row stays."""

from collections.abc import Callable, Mapping
from typing import Final

from sqlalchemy import Connection, text

from todo.adapters.postgres.adoption.catalog import Catalog, read_catalog
from todo.adapters.postgres.adoption.drafting import draft
from todo.adapters.postgres.adoption.facts import count_rows
from todo.adapters.postgres.adoption.plan import Adopted, AdoptionRefused, Plan, Step, listed, quoted, run
from todo.adapters.postgres.adoption.shape import AT, USER
from todo.adapters.postgres.migrations import MigrationRefused, Migrations

Progress = Callable[[int, int, str], None]
"""Told before each step: its number from 0, how many there are, and what it does."""

IN_USE: Final = {"55P03", "40P01"}
"""SQLSTATEs of a lock that could not be had."""

SETTINGS: Final = (
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL timezone = 'UTC'",
    "SET CONSTRAINTS ALL IMMEDIATE",
)
"""Takes as long as it takes. Times without a zone are UTC."""

CHANGES: Final = text("""
    SELECT relname, n_tup_ins + n_tup_upd + n_tup_del AS changed FROM pg_stat_xact_user_tables
    WHERE schemaname = current_schema() AND relname = ANY (:names)
""")
"""How many rows of each table this server process has changed lately, whatever others do at the same time.

Not only in this transaction: behind a pooler those of other clients a moment ago are counted, too.
"""


class Adoption:
    """Every method may raise `StoreUnavailable` or `MigrationRefused`."""

    def __init__(self, migrations: Migrations, *, patience: float = 5.0) -> None:
        """Waits so many seconds for others who use the tables."""
        self._migrations = migrations
        self._patience = f"SET LOCAL lock_timeout = {round(patience * 1000)}"

    async def survey(self) -> Plan:
        """What there is, and what adopting it takes. Changes nothing."""
        return await self._migrations.run(self._survey)

    async def adopt(self, *, state: str | None = None, progress: Progress = lambda *_: None) -> Adopted:
        """Takes the steps of the plan in one transaction; brings a database that needs none up to date.

        Raises `AdoptionRefused`: when the plan has refusals, when the tables are not as a plan of that `state` saw
        them, when others use them, and when a row would be lost. Then everything is as it was. Of several at once, one
        does the work, and the others wait for it.
        """
        try:
            return await self._migrations.run(lambda connection: self._adopt(connection, state, progress))
        except MigrationRefused as error:
            if getattr(getattr(error.__cause__, "orig", None), "sqlstate", None) in IN_USE:
                raise AdoptionRefused(
                    "other programs are using these tables: stop them, and try again. Nothing was changed"
                ) from error
            raise

    def _survey(self, connection: Connection) -> Plan:
        run(connection, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return self._draft(connection, read_catalog(connection))

    def _adopt(self, connection: Connection, state: str | None, progress: Progress) -> Adopted:
        self._migrations.lock(connection)
        is_ours = self._migrations.version_of(connection) is not None
        catalog = read_catalog(connection) if is_ours else self._locked(connection)
        plan = self._draft(connection, catalog)
        if plan.kind != "foreign":
            applied = self._migrations.upgrade_on(connection)
            return Adopted(kind=plan.kind, rows={}, recorded=0, applied=applied)
        if plan.refusals:
            raise AdoptionRefused(*plan.refusals)
        if state not in {None, plan.state}:
            raise AdoptionRefused("the tables have changed since they were looked at: look again")
        others = [name for name in catalog.tables if name not in catalog.ours]
        changes = _changes(connection, others)
        for number, step in enumerate(plan.steps):
            progress(number, len(plan.steps), step.text)
            step.take(connection)
        applied = self._migrations.upgrade_on(connection, taken_over_at=AT)
        progress(len(plan.steps), len(plan.steps), "compare the rows")
        rows = count_rows(connection)
        _require_all_rows(plan, rows)
        _require_untouched(changes, _changes(connection, others))
        if differences := self._migrations.differences_on(connection):
            raise AdoptionRefused(
                "after all steps the tables still differ from ours; nothing was changed", *differences
            )
        return Adopted(kind=plan.kind, rows=rows, recorded=plan.newcomers, applied=applied)

    def _locked(self, connection: Connection) -> Catalog:
        """The tables, once nobody else can read, write or change them."""
        for setting in (self._patience, *SETTINGS):
            run(connection, setting)
        if names := [quoted(name) for name, table in read_catalog(connection).ours.items() if table.kind in "rp"]:
            run(connection, f"LOCK TABLE {listed(names)} IN ACCESS EXCLUSIVE MODE")
        return read_catalog(connection)

    def _draft(self, connection: Connection, catalog: Catalog) -> Plan:
        version = self._migrations.version_of(connection)
        head = self._migrations.head
        last = f"note version {AT}" + ("" if head == AT else f", and go on to version {head}")
        return draft(connection, catalog, version=version, last=Step(last, ()))


def _require_all_rows(plan: Plan, rows: Mapping[str, int]) -> None:
    expected = dict.fromkeys(rows, 0) | dict(plan.rows)
    expected[USER.name] += plan.newcomers
    if lost := [
        f"{quoted(name)} {expected[name]} before, {rows[name]} after" for name in rows if rows[name] != expected[name]
    ]:
        raise AdoptionRefused(f"rows would be lost or doubled, so nothing was changed: {listed(lost)}")


def _changes(connection: Connection, names: list[str]) -> dict[str, int]:
    return {row.relname: row.changed for row in connection.execute(CHANGES, {"names": names})}


def _require_untouched(before: Mapping[str, int], after: Mapping[str, int]) -> None:
    if touched := sorted(name for name in after if after[name] != before.get(name, 0)):
        raise AdoptionRefused(f"rows of other tables would be changed, so nothing was: {listed(touched)}")
