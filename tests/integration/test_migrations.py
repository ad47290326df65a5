import asyncio

import asyncpg
import pytest

from tests.integration.databases import execute
from todo.adapters.postgres.address import DatabaseAddress
from todo.adapters.postgres.migrations import MigrationRefused, Migrations
from todo.adapters.postgres.schema_version import VERSION_TABLE
from todo.domain.errors import StoreUnavailable

OURS = {"user", "session", "account", "verification", "tasks", "known_network", "throttle", "idempotency_keys"}


def migrations_of(url: str, *, pooled: bool = False) -> Migrations:
    return Migrations(DatabaseAddress.parse(url, pooled=pooled))


async def fetch(url: str, statement: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(**DatabaseAddress.parse(url).connect_arguments)
    try:
        return [tuple(row) for row in await connection.fetch(statement)]
    finally:
        await connection.close()


async def tables_of(url: str) -> set[object]:
    rows = await fetch(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {name for (name,) in rows}


async def test_a_bare_database_has_no_version(bare_database: str) -> None:
    assert await migrations_of(bare_database).current() is None


async def test_looking_changes_nothing(bare_database: str) -> None:
    migrations = migrations_of(bare_database)

    await migrations.current()
    await migrations.differences()

    assert await tables_of(bare_database) == set()


async def test_a_bare_database_is_brought_to_the_head(bare_database: str) -> None:
    migrations = migrations_of(bare_database)

    done = await migrations.upgrade()

    assert done[-1] == migrations.head
    assert await migrations.current() == migrations.head
    assert await tables_of(bare_database) == OURS | {VERSION_TABLE}


async def test_nobody_has_an_account_before_somebody_makes_one(empty_database: str) -> None:
    rows = [row for name in OURS for row in await fetch(empty_database, f'TABLE "{name}"')]

    assert rows == []


async def test_who_is_at_the_head_has_nothing_to_do(empty_database: str) -> None:
    migrations = migrations_of(empty_database)

    assert await migrations.upgrade() == []
    assert await migrations.current() == migrations.head


async def test_of_five_who_upgrade_at_once_one_does_the_work(bare_database: str) -> None:
    done = await asyncio.gather(*(migrations_of(bare_database).upgrade() for _ in range(5)))

    assert sorted(map(bool, done)) == [False, False, False, False, True]
    assert await migrations_of(bare_database).differences() == []


async def test_behind_a_pooler_it_works_as_well(bare_database: str) -> None:
    migrations = migrations_of(bare_database, pooled=True)

    await migrations.upgrade()

    assert await migrations.current() == migrations.head


async def test_the_tables_of_the_program_and_those_of_the_migrations_agree(empty_database: str) -> None:
    assert await migrations_of(empty_database).differences() == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("ALTER TABLE tasks DROP COLUMN description", "description"),
        ("ALTER TABLE tasks ADD COLUMN colour text NOT NULL", "colour"),
        ('ALTER TABLE "user" ALTER COLUMN email DROP NOT NULL', "email"),
        ("ALTER TABLE tasks ALTER COLUMN version TYPE text", "version"),
        ('ALTER TABLE "user" DROP CONSTRAINT user_email_key', "UniqueConstraint"),
        ("ALTER TABLE tasks DROP CONSTRAINT tasks_user_id_fkey", "tasks_user_id_fkey"),
        ('DROP INDEX "session_userId_idx"', "session_userId_idx"),
        ("DROP TABLE verification", "verification"),
    ],
)
async def test_a_database_that_somebody_has_changed_differs(empty_database: str, change: str, told: str) -> None:
    await execute(empty_database, change)

    differences = await migrations_of(empty_database).differences()

    assert differences
    assert any(told in difference for difference in differences)


@pytest.mark.parametrize(
    "change",
    [
        'CREATE TABLE jwks (id text PRIMARY KEY, "publicKey" text NOT NULL)',
        "ALTER TABLE tasks ADD COLUMN colour text",
        "ALTER TABLE tasks ADD COLUMN colour text NOT NULL DEFAULT 'red'",
        "ALTER TABLE tasks ADD COLUMN colour int GENERATED ALWAYS AS IDENTITY",
        "ALTER TABLE tasks ADD COLUMN place point",
        'ALTER TABLE "user" ADD COLUMN boss text REFERENCES "user"',
        "CREATE INDEX ix_tasks_title ON tasks (title, lower(description))",
        "ALTER TABLE tasks ADD UNIQUE (user_id, title)",
    ],
)
async def test_what_another_program_has_beside_ours_is_no_difference(empty_database: str, change: str) -> None:
    await execute(empty_database, change)

    assert await migrations_of(empty_database).differences() == []


async def test_a_bare_database_differs_by_every_table(bare_database: str) -> None:
    differences = await migrations_of(bare_database).differences()

    assert all(any(f"'{table}'" in difference for difference in differences) for table in OURS)


async def test_the_version_table_of_another_program_is_left_alone(bare_database: str) -> None:
    await execute(bare_database, "CREATE TABLE alembic_version (version_num text)")
    await execute(bare_database, "INSERT INTO alembic_version VALUES ('theirs')")

    await migrations_of(bare_database).upgrade()

    assert await fetch(bare_database, "SELECT version_num FROM alembic_version") == [("theirs",)]


async def test_an_upgrade_that_is_refused_tells_why_and_leaves_nothing_behind(bare_database: str) -> None:
    await execute(bare_database, "CREATE TABLE tasks (id int)")

    with pytest.raises(MigrationRefused, match='relation "tasks" already exists'):
        await migrations_of(bare_database).upgrade()

    assert await tables_of(bare_database) == {"tasks"}
    assert await migrations_of(bare_database).current() is None


async def test_who_was_refused_can_try_again(bare_database: str) -> None:
    await execute(bare_database, "CREATE TABLE tasks (id int)")
    migrations = migrations_of(bare_database)
    with pytest.raises(MigrationRefused):
        await migrations.upgrade()
    await execute(bare_database, "DROP TABLE tasks")

    await migrations.upgrade()

    assert await migrations.differences() == []


@pytest.mark.parametrize("method", ["current", "upgrade", "differences"])
async def test_a_database_that_is_away_is_told(method: str) -> None:
    migrations = migrations_of("postgresql://nobody@/nowhere?host=/nonexistent")

    with pytest.raises(StoreUnavailable):
        await getattr(migrations, method)()


async def test_tasks_are_numbered_by_a_sequence_and_named_by_their_owner_first(empty_database: str) -> None:
    columns = await fetch(
        empty_database,
        "SELECT attname FROM pg_constraint JOIN LATERAL unnest(conkey) WITH ORDINALITY AS key(number, place) ON true"
        " JOIN pg_attribute ON attrelid = conrelid AND attnum = number WHERE conname = 'tasks_pkey' ORDER BY place",
    )
    defaults = await fetch(
        empty_database,
        "SELECT column_default, is_identity FROM information_schema.columns"
        " WHERE table_name = 'tasks' AND column_name = 'id'",
    )

    assert columns == [("user_id",), ("id",)]
    assert defaults == [("nextval('tasks_id_seq'::regclass)", "NO")]


async def test_users_sessions_and_accounts_have_the_columns_of_better_auth(empty_database: str) -> None:
    rows = await fetch(
        empty_database,
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'",
    )
    columns = {table: {column for of, column in rows if of == table} for table in OURS}

    assert columns["user"] >= {"id", "name", "email", "emailVerified", "image", "createdAt", "updatedAt"}
    assert columns["session"] >= {
        "id", "expiresAt", "token", "createdAt", "updatedAt", "ipAddress", "userAgent", "userId",
    }  # fmt: skip
    assert columns["account"] >= {
        "id", "accountId", "providerId", "userId", "accessToken", "refreshToken", "idToken", "accessTokenExpiresAt",
        "refreshTokenExpiresAt", "scope", "password", "createdAt", "updatedAt",
    }  # fmt: skip
    assert columns["verification"] >= {"id", "identifier", "value", "expiresAt", "createdAt", "updatedAt"}
