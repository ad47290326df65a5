"""What PostgreSQL's own catalogue says about the tables of one schema."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, text

from todo.adapters.postgres.adoption.shape import OURS

RELATIONS: Final = text("""
    SELECT c.relname, c.relkind::text AS kind, pg_has_role(c.relowner, 'USAGE') AS owned,
           c.relkind IN ('r', 'p') AND row_security_active(c.oid) AS hides
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relkind <> 't' ORDER BY c.relname
""")
COLUMNS: Final = text("""
    SELECT c.relname, a.attnum::int AS number, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
           NOT a.attnotnull AS nullable, pg_get_expr(d.adbin, d.adrelid) AS "default",
           a.attidentity <> '' AS identity, a.attgenerated <> '' AS generated,
           (SELECT s.relname FROM pg_depend p JOIN pg_class s ON s.relkind = 'S' AND s.relnamespace = c.relnamespace
            WHERE (p.classid, p.objid, p.refobjid) = ('pg_attrdef'::regclass, d.oid, s.oid)
               OR (p.objid, p.refobjid, p.refobjsubid, p.deptype) = (s.oid, c.oid, a.attnum, 'i') LIMIT 1) AS sequence
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE n.nspname = current_schema() AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attnum
""")
KEYS: Final = text("""
    SELECT c.relname, k.conname AS name, k.contype::text AS kind, k.conkey::int[] AS columns,
           CASE WHEN r.relnamespace = c.relnamespace THEN r.relname ELSE k.confrelid::regclass::text END AS refers_to,
           k.confkey::int[] AS refers_by, k.convalidated AND NOT k.condeferrable AS strict,
           k.confdeltype::text = 'c' AND k.confupdtype::text = 'a' AS cascades
    FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_class r ON r.oid = k.confrelid
    WHERE n.nspname = current_schema() AND k.contype IN ('p', 'u', 'f', 'c', 'x') ORDER BY c.relname, k.conname
""")
INDEXES: Final = text("""
    SELECT c.relname, i.relname AS name, x.indisunique AS "unique", x.indkey::int2[]::int[] AS columns,
           EXISTS (SELECT FROM pg_constraint WHERE conindid = x.indexrelid AND contype IN ('p', 'u', 'x')) AS keeps_key,
           m.amname = 'btree' AND x.indpred IS NULL AND x.indexprs IS NULL AND x.indisvalid AND x.indimmediate
           AND x.indnkeyatts = x.indnatts AND 0 = ALL (x.indoption::int2[])
           AND NOT EXISTS (SELECT FROM pg_opclass o WHERE o.oid = ANY (x.indclass::oid[]) AND NOT o.opcdefault) AS plain
    FROM pg_index x
    JOIN pg_class c ON c.oid = x.indrelid AND c.relkind IN ('r', 'p')
    JOIN pg_class i ON i.oid = x.indexrelid
    JOIN pg_am m ON m.oid = i.relam
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() ORDER BY c.relname, i.relname
""")
TRIGGERS: Final = text("""
    SELECT c.relname, g.tgname AS name, g.tgenabled = 'A' AS always
    FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A') ORDER BY c.relname, g.tgname
""")
VIEWS: Final = text("""
    SELECT DISTINCT c.relname, a.attname AS column, w.ev_class::regclass::text AS view
    FROM pg_depend d
    JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
    JOIN pg_class c ON d.refclassid = 'pg_class'::regclass AND c.oid = d.refobjid AND w.ev_class <> c.oid
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') ORDER BY 1, 2, 3
""")
REFERRERS: Final = text("""
    SELECT r.relname, k.conrelid::regclass::text AS table, k.confdeltype::text IN ('c', 'n', 'd') AS lets_go
    FROM pg_constraint k
    JOIN pg_class r ON r.oid = k.confrelid
    JOIN pg_class c ON c.oid = k.conrelid
    JOIN pg_namespace n ON n.oid = r.relnamespace
    WHERE n.nspname = current_schema() AND k.contype = 'f'
      AND NOT (c.relnamespace = r.relnamespace AND c.relname = ANY (:ours)) ORDER BY 1, 2
""").bindparams(ours=list(OURS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    number: int
    name: str
    type: str
    nullable: bool
    default: str | None
    identity: bool
    generated: bool
    sequence: str | None
    """That its numbers come from."""

    @property
    def fills_itself(self) -> bool:
        """A row can be added without a value for it."""
        return self.nullable or self.identity or self.generated or self.default is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A constraint other than NOT NULL."""

    name: str
    kind: str
    """One letter, as `pg_constraint.contype`."""
    columns: tuple[str, ...]
    refers_to: str | None
    refers_by: tuple[str, ...]
    strict: bool
    """Holds for all rows, at once."""
    cascades: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    name: str
    unique: bool
    columns: tuple[str, ...]
    keeps_key: bool
    """It is there for a constraint."""
    plain: bool
    """A B-tree of columns as they are, over all rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    name: str
    always: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    name: str
    kind: str
    """One letter, as `pg_class.relkind`."""
    owned: bool
    """By the account that asks: others may not change it."""
    hides: bool
    """Row security keeps some rows from the account that asks."""
    columns: tuple[Column, ...]
    keys: tuple[Key, ...]
    indexes: tuple[Index, ...]
    triggers: tuple[Trigger, ...]
    views: tuple[tuple[str, str], ...]
    """Columns, and views that show them."""
    referrers: tuple[tuple[str, bool], ...]
    """Tables that are not ours and refer to it, and whether they let a row go."""

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)

    def primary_key(self) -> Key | None:
        return next((key for key in self.keys if key.kind == "p"), None)

    def foreign_keys(self, column: str) -> list[Key]:
        return [key for key in self.keys if key.kind == "f" and key.columns == (column,)]


@dataclass(frozen=True, slots=True)
class Catalog:
    tables: Mapping[str, Table]
    relations: frozenset[str]
    """The names that are taken: of tables, indexes, sequences and views."""
    sequences: frozenset[str]

    @property
    def ours(self) -> dict[str, Table]:
        """Those with the names of ours."""
        return {name: self.tables[name] for name in OURS if name in self.tables}

    @property
    def state(self) -> str:
        """The same as long as nobody changes the shape of these tables."""
        return sha256(repr(self.ours).encode()).hexdigest()[:16]


def read_catalog(connection: Connection) -> Catalog:
    relations = [dict(row) for row in connection.execute(RELATIONS).mappings()]
    columns = _by_table(connection, COLUMNS)
    keys, indexes = _by_table(connection, KEYS), _by_table(connection, INDEXES)
    triggers, views, referrers = (_by_table(connection, asked) for asked in (TRIGGERS, VIEWS, REFERRERS))
    names = {of: {row["number"]: row["name"] for row in rows} for of, rows in columns.items()}

    def table(name: str, **facts: Any) -> Table:
        return Table(
            name=name,
            columns=tuple(Column(**row) for row in columns[name]),
            keys=tuple(
                Key(**row | {"columns": _named(row["columns"], names[name]), "refers_by": _referred(row, names)})
                for row in keys[name]
            ),
            indexes=tuple(Index(**row | {"columns": _named(row["columns"], names[name])}) for row in indexes[name]),
            triggers=tuple(Trigger(**row) for row in triggers[name]),
            views=tuple((row["column"], row["view"]) for row in views[name]),
            referrers=tuple((row["table"], row["lets_go"]) for row in referrers[name]),
            **facts,
        )

    return Catalog(
        tables={
            row["relname"]: table(row.pop("relname"), **row) for row in map(dict, relations) if row["kind"] in "rpvmf"
        },
        relations=frozenset(row["relname"] for row in relations),
        sequences=frozenset(row["relname"] for row in relations if row["kind"] == "S"),
    )


def _by_table(connection: Connection, statement: Any) -> Mapping[str, list[dict[str, Any]]]:
    rows: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in connection.execute(statement).mappings():
        found = dict(row)
        rows[found.pop("relname")].append(found)
    return rows


def _named(numbers: list[int], names: Mapping[int, str]) -> tuple[str, ...]:
    """A number without a name is an expression's."""
    return tuple(names.get(number, "") for number in numbers or ())


def _referred(key: Mapping[str, Any], names: Mapping[str, Mapping[int, str]]) -> tuple[str, ...]:
    return _named(key["refers_by"], names.get(key["refers_to"] or "", {}))
