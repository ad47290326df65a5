"""Who has filled the database, as far as its shape tells."""

from collections.abc import Mapping

from todo.adapters.postgres.adoption.catalog import Catalog, Index
from todo.adapters.postgres.adoption.fitting import Fitting
from todo.adapters.postgres.adoption.shape import ACCOUNT, COMPLETED, SESSION, TASKS, USER, VERIFICATION

INDEXED = {SESSION.name: "userId", ACCOUNT.name: "userId", VERIFICATION.name: "identifier"}
"""Since 1.4."""


def made_by(catalog: Catalog, fittings: Mapping[str, Fitting]) -> str:
    """For people."""
    makers = []
    if USER.name in fittings:
        makers.append(f"Better Auth {_versions(catalog, fittings)}, by {_way(catalog, fittings)}")
    if TASKS.name in fittings:
        completed = fittings[TASKS.name].found.column(COMPLETED)
        makers.append("tasks of a SQLModel backend" if completed else "tasks of an earlier backend")
    return "; ".join(makers) or "unknown"


def _way(catalog: Catalog, fittings: Mapping[str, Fitting]) -> str:
    sign_in = [fitting for name, fitting in fittings.items() if name != TASKS.name]
    if any(fitting.renamed for fitting in sign_in):
        return "a schema of Drizzle (columns in snake_case)"
    types = {found.type for fitting in sign_in for _, found in fitting.pairs}
    if "_prisma_migrations" in catalog.tables or any(type_.startswith("timestamp(3)") for type_ in types):
        return "a schema of Prisma"
    return "its own migration"


def _versions(catalog: Catalog, fittings: Mapping[str, Fitting]) -> str:
    keys = {column.name for column in catalog.tables["jwks"].columns} if "jwks" in catalog.tables else None
    if keys is not None and "alg" in keys:
        return "1.7"
    if keys is not None and keys & {"expiresAt", "expires_at"}:
        return "1.4 to 1.6"
    if any(_indexes(fittings, name) for name in INDEXED):
        return "1.4 to 1.7"
    created = fittings[VERIFICATION.name].column("createdAt") if VERIFICATION.name in fittings else None
    if created is None or created.nullable:
        return "1.2 or earlier"
    return "1.3 or earlier"


def _indexes(fittings: Mapping[str, Fitting], name: str) -> list[Index]:
    if name not in fittings:
        return []
    fitting = fittings[name]
    return [index for index in fitting.found.indexes if fitting.ours(index.columns) == (INDEXED[name],)]
