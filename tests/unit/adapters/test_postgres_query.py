import importlib
import pkgutil
import re

import asyncpg
import pytest

from todo.adapters import postgres
from todo.adapters.postgres.query import Query, translated
from todo.domain.errors import StoreUnavailable

MODULES = [
    module.name for module in pkgutil.iter_modules(postgres.__path__, f"{postgres.__name__}.") if not module.ispkg
]
QUERIES = {
    f"{name.rpartition('.')[2]}.{constant}": value
    for name in MODULES
    if not name.endswith("keeper")
    for constant, value in vars(importlib.import_module(name)).items()
    if isinstance(value, Query)
}
GONE = [
    asyncpg.CannotConnectNowError("starting up"),
    asyncpg.ConnectionDoesNotExistError("cut"),
    asyncpg.TooManyConnectionsError("full"),
    asyncpg.DiskFullError("full"),
    asyncpg.AdminShutdownError("shutting down"),
    asyncpg.CrashShutdownError("crashed"),
    asyncpg.QueryCanceledError("too slow"),
    asyncpg.InvalidPasswordError("not you"),
    asyncpg.InvalidCatalogNameError("no such database"),
    asyncpg.SerializationError("try again"),
    asyncpg.DeadlockDetectedError("try again"),
    asyncpg.ReadOnlySQLTransactionError("a standby"),
    asyncpg.InterfaceError("connection is closed"),
    asyncpg.InternalClientError("cut in the middle"),
    TimeoutError(),
    ConnectionRefusedError(),
    FileNotFoundError(),
    OSError("host unknown"),
]
WRONG = [
    asyncpg.UniqueViolationError("taken"),
    asyncpg.ForeignKeyViolationError("unknown"),
    asyncpg.DataError("out of range"),
    asyncpg.UndefinedTableError("not migrated"),
    asyncpg.PostgresSyntaxError("ours"),
    asyncpg.InsufficientPrivilegeError("no"),
    ValueError(),
    KeyError(),
]


async def fail(error: Exception) -> None:
    raise error


def test_every_statement_is_composed_when_its_module_is_imported() -> None:
    assert len(QUERIES) > 15


@pytest.mark.parametrize("name", QUERIES)
def test_a_statement_is_text_with_a_place_for_each_value(name: str) -> None:
    query = QUERIES[name]

    places = [int(number) for number in re.findall(r"\$(\d+)", query.text)]

    assert isinstance(query.text, str)
    assert set(places) == set(range(1, len(query.names) + 1))
    assert all(query.names)


ABOUT_TASKS = [name for name, query in QUERIES.items() if re.search(r"\btasks\b", query.text)]
OWNER_ADDED = r"INSERT INTO tasks \(user_id, .*?(?:VALUES \(|SELECT )\$(\d+)::VARCHAR"
OWNER_ASKED = r"(?:FROM tasks|UPDATE tasks SET [^()]*\(tasks\.version \+ 1\)) WHERE tasks\.user_id = \$(\d+)::VARCHAR"


@pytest.mark.parametrize("name", ABOUT_TASKS)
def test_every_statement_about_tasks_is_asked_by_owner(name: str) -> None:
    """Wherever the rows of tasks are read or written, those of the one owner are named first."""
    query = QUERIES[name]
    text = " ".join(query.text.split())

    owners = re.findall(OWNER_ADDED, text) + re.findall(OWNER_ASKED, text)

    assert len(owners) == len(re.findall(r"(?:FROM|INTO|UPDATE|JOIN) tasks\b", text))
    assert {query.names[int(number) - 1] for number in owners} == {"owner"}


def test_there_are_statements_about_tasks() -> None:
    assert len(ABOUT_TASKS) >= 6


@pytest.mark.parametrize("error", GONE, ids=repr)
async def test_what_it_looks_like_when_the_database_is_away_has_one_word(error: Exception) -> None:
    with pytest.raises(StoreUnavailable) as refusal:
        await translated(fail, error)

    assert refusal.value.__cause__ is error


@pytest.mark.parametrize("error", WRONG, ids=repr)
async def test_what_else_goes_wrong_is_left_alone(error: Exception) -> None:
    with pytest.raises(type(error)) as raised:
        await translated(fail, error)

    assert raised.value is error
