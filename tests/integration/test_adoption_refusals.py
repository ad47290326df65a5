"""Databases that cannot be taken as they are: each is refused with a word that helps, and stays as it was."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.integration.databases import only_directly
from tests.integration.old_databases import (
    OF_1_7,
    OF_PRISMA,
    ROWS,
    TASKS,
    TASKS_WITH_TIMES,
    UP_TO_1_2,
    adoption_of,
    dump,
    fill,
    migrations_of,
)
from todo.adapters.postgres.adoption.plan import AdoptionRefused
from todo.adapters.postgres.migrations import MigrationRefused, NotOurs

UUIDS = OF_1_7.replace('"id" text', '"id" uuid', 1).replace('"userId" text', '"userId" uuid')
NOBODYS_TASK = "INSERT INTO tasks (user_id, title, completed) VALUES"

SHAPES_REFUSED: dict[str, tuple[list[str], str]] = {
    "a column that must be filled": (
        [OF_1_7, 'ALTER TABLE "user" ADD COLUMN "tenantId" text NOT NULL'],
        '"user" has a column tenantId that must be filled.*SET DEFAULT',
    ),
    "a column of tasks that must be filled": (
        [OF_1_7, TASKS, "ALTER TABLE tasks ADD COLUMN priority varchar NOT NULL"],
        '"tasks" has a column priority that must be filled',
    ),
    "tables in the plural": (
        [OF_1_7, *(f'ALTER TABLE "{name}" RENAME TO "{name}s"' for name in ("user", "session", "account"))],
        'the table "users" looks like Better Auth\'s "user".*ALTER TABLE "users" RENAME TO "user"',
    ),
    "one table under another name": (
        [OF_1_7, 'ALTER TABLE "account" RENAME TO "oauth"'],
        'the table "oauth" looks like Better Auth\'s "account"',
    ),
    "columns under other names": (
        [OF_1_7, 'ALTER TABLE "user" RENAME COLUMN email TO mail', 'ALTER TABLE "user" RENAME COLUMN name TO called'],
        '"user" is not as Better Auth or SQLModel would make it: it has no column name, email$',
    ),
    "users of another program": (
        ['CREATE TABLE "user" (id serial PRIMARY KEY, email text, hashed_password text)'],
        "has no column name, emailVerified$",
    ),
    "sessions of another program": (
        ["CREATE TABLE session (sid varchar PRIMARY KEY, sess json, expire timestamp(6))"],
        'there is "session", but no table "user"',
    ),
    "tasks of another program": (
        ["CREATE TABLE tasks (name text)"],
        '"tasks" is not as .*no column user_id, title, id$',
    ),
    "a view": (
        ['CREATE VIEW "user" AS SELECT 1 AS id'],
        '"user" is a view: only a plain table can be taken',
    ),
    "a table in parts": (
        [OF_1_7, "CREATE TABLE tasks (id int, user_id text, title text) PARTITION BY HASH (user_id)"],
        '"tasks" is a partitioned or foreign table',
    ),
    "a view of a column that must change": (
        [UP_TO_1_2, 'CREATE VIEW newcomers AS SELECT id, "createdAt" FROM "user"'],
        'the view newcomers shows "user"."createdAt", which must change',
    ),
    "a view of completed": (
        [OF_1_7, TASKS, "CREATE VIEW done AS SELECT 1 AS one FROM tasks WHERE completed"],
        'the view done shows "tasks"."completed"',
    ),
    "a type that means something else": (
        [OF_1_7, 'ALTER TABLE "account" ALTER scope TYPE json USING NULL'],
        '"account" has a column scope of type json, where text is needed',
    ),
    "a list in place of a text": (
        [OF_1_7, 'ALTER TABLE "account" ALTER scope TYPE text[] USING NULL'],
        r'"account" has a column scope of type text\[\], where text is needed',
    ),
    "completed that is no yes or no": (
        [OF_1_7, TASKS.replace("BOOLEAN", "INTEGER")],
        '"tasks" has a column completed of type integer, where boolean is needed',
    ),
    "a column that is computed": (
        [OF_1_7, TASKS, "ALTER TABLE tasks ADD COLUMN version bigint GENERATED ALWAYS AS (length(title)) STORED"],
        '"tasks" has a column version that is computed',
    ),
    "tasks that are named by a uuid": (
        [OF_1_7, TASKS.replace("id SERIAL", "id uuid DEFAULT gen_random_uuid()")],
        '"tasks" has a column id of type uuid, where bigint is needed',
    ),
    "ids that others refer to": (
        [UUIDS, 'CREATE TABLE passkey (id text, "userId" uuid REFERENCES "user")'],
        'other tables refer to "user", whose ids must become text: passkey',
    ),
    "tasks that others refer to": (
        [OF_1_7, TASKS, "CREATE TABLE tags (task_id int REFERENCES tasks)"],
        'other tables refer to "tasks", whose primary key must change: tags',
    ),
    "tasks of other users": (
        [
            OF_1_7,
            TASKS,
            "CREATE TABLE users (id varchar PRIMARY KEY)",
            "ALTER TABLE tasks ADD FOREIGN KEY (user_id) REFERENCES users",
        ],
        'user_id of "tasks" refers to users, not to the id of "user".*drop the constraint tasks_user_id_fkey',
    ),
    "no primary key": (
        [OF_1_7, 'ALTER TABLE "verification" DROP CONSTRAINT verification_pkey'],
        '"verification" has no primary key of id',
    ),
    "another primary key": (
        [OF_1_7, TASKS.replace("PRIMARY KEY (id)", "PRIMARY KEY (title)")],
        '"tasks" has no primary key of id',
    ),
    "a name of an index that something else has": (
        [UP_TO_1_2, 'CREATE VIEW "session_userId_idx" AS SELECT 1'],
        'the name session_userId_idx is needed for "session", and something else has it',
    ),
    "a name of a key that something else has": (
        [OF_PRISMA, 'DROP INDEX "user_email_key"', 'CREATE INDEX user_email_key ON "user" (name)'],
        'the name user_email_key is needed for "user", and something else has it',
    ),
    "a name of a sequence that something else has": (
        [OF_1_7, TASKS.replace("SERIAL", "INT"), "CREATE TABLE tasks_id_seq (id int)"],
        'the name tasks_id_seq is needed for "tasks", and something else has it',
    ),
    "a sequence that numbers something else": (
        [
            OF_1_7,
            TASKS.replace("SERIAL", "INT"),
            "CREATE SEQUENCE tasks_id_seq",
            "CREATE TABLE x (id int DEFAULT nextval('tasks_id_seq'))",
        ],
        'the name tasks_id_seq is needed for "tasks", and something else has it',
    ),
}  # fmt: skip

ROWS_REFUSED: dict[str, tuple[list[str], str]] = {
    "addresses that differ by case": (
        [
            OF_1_7,
            ROWS,
            "INSERT INTO \"user\" VALUES ('x', '', 'ADA@example.com', false), ('y', '', 'Ada@Example.com', false)",
        ],
        "1 address would be another's in lower case: ADA@example.com and Ada@Example.com and ada@example.com. Keep one",
    ),
    "many such": (
        [
            OF_1_7,
            """INSERT INTO "user" SELECT n || a, '', a || n || '@example.com', false
               FROM generate_series(1, 30) AS n, unnest(ARRAY['a', 'A']) AS a""",
        ],
        "^30 addresses would be .* and 10 more. Keep one",
    ),
    "a user without an address": (
        [OF_1_7, 'ALTER TABLE "user" ALTER email DROP NOT NULL', "INSERT INTO \"user\" VALUES ('x', '', NULL, false)"],
        '"user" has 1 row without email',
    ),
    "a token twice": (
        [OF_1_7, ROWS, 'ALTER TABLE "session" DROP CONSTRAINT session_token_key', "UPDATE session SET token = 'one'"],
        '"session" has 1 token more than once',
    ),
    "sessions of nobody": (
        [
            OF_1_7,
            ROWS,
            'ALTER TABLE "session" DROP CONSTRAINT "session_userId_fkey"',
            "UPDATE session SET \"userId\" = 'nobody' WHERE \"userAgent\" IS NULL",
        ],
        '"session" has 1 row of users who are not there',
    ),
    "tasks of nobody": (
        [OF_1_7, TASKS, "ALTER TABLE tasks ALTER user_id DROP NOT NULL", f"{NOBODYS_TASK} (NULL, 'x', true)"],
        '"tasks" has 1 row without user_id',
    ),
    "tasks of an empty name": ([OF_1_7, TASKS, f"{NOBODYS_TASK} ('', 'x', true)"], "1 row with an empty user_id"),
    "tasks of a name too long": (
        [OF_1_7, TASKS, f"{NOBODYS_TASK} (repeat('x', 256), 'x', true)"],
        "1 row with a user_id of more than 255 characters",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", [*SHAPES_REFUSED, *ROWS_REFUSED])
async def test_what_cannot_be_taken_is_told_and_stays_as_it_was(bare_database: str, case: str) -> None:
    statements, told = (SHAPES_REFUSED | ROWS_REFUSED)[case]
    await fill(bare_database, *statements)
    before = await dump(bare_database)
    adoption = adoption_of(bare_database)

    plan = await adoption.survey()
    with pytest.raises(AdoptionRefused, match=told) as refused:
        await adoption.adopt()

    assert plan.kind == "foreign"
    assert plan.steps == []
    assert tuple(plan.refusals) == refused.value.reasons
    assert len(plan.refusals) == (3 if case == "tables in the plural" else 1)
    assert "\n" not in str(refused.value)
    assert await dump(bare_database) == before


async def test_all_that_is_in_the_way_is_told_at_once(bare_database: str) -> None:
    await fill(bare_database, OF_1_7, TASKS, 'ALTER TABLE "user" ADD COLUMN a int NOT NULL, ADD COLUMN b int NOT NULL')
    await fill(bare_database, "ALTER TABLE tasks ADD COLUMN c int NOT NULL")

    plan = await adoption_of(bare_database).survey()

    assert [refusal.partition(" that must")[0] for refusal in plan.refusals] == [
        '"user" has a column a',
        '"user" has a column b',
        '"tasks" has a column c',
    ]


async def test_another_programs_users_and_sessions_are_no_reason_to_refuse(bare_database: str) -> None:
    await fill(
        bare_database,
        "CREATE TABLE users (id text, email text, email_verified boolean)",
        "CREATE TABLE refresh_tokens (token text, user_id text, expires_at timestamptz)",
    )

    plan = await adoption_of(bare_database).survey()

    assert plan.kind == "empty"


@only_directly
async def test_who_may_not_change_the_tables_is_told(database_server: str, bare_database: str) -> None:
    async with somebody(database_server) as name:
        await fill(bare_database, OF_1_7, ROWS, TASKS_WITH_TIMES)
        await fill(bare_database, f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {name}")
        plan = await adoption_of(as_role(bare_database, name)).survey()
        await fill(bare_database, f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {name}")

    assert len(plan.refusals) == 5
    assert all("belongs to another database account" in refusal for refusal in plan.refusals)


@only_directly
async def test_who_may_not_see_all_rows_is_told(database_server: str, bare_database: str) -> None:
    async with somebody(database_server) as name:
        await fill(
            bare_database, OF_1_7, ROWS, 'ALTER TABLE "user" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY'
        )
        for table in ("user", "session", "account", "verification"):
            await fill(bare_database, f'ALTER TABLE "{table}" OWNER TO {name}')
        plan = await adoption_of(as_role(bare_database, name)).survey()
        await fill(bare_database, f"REASSIGN OWNED BY {name} TO CURRENT_USER")

    assert len(plan.refusals) == 1
    assert 'row security hides rows of "user"' in plan.refusals[0]


async def test_an_upgrade_without_a_word_does_not_take_what_is_anothers(bare_database: str) -> None:
    """A service that is started by mistake, say. `todo db upgrade` tells first what it will do."""
    await fill(bare_database, OF_1_7, ROWS)
    before = await dump(bare_database)

    with pytest.raises(NotOurs, match="todo db adopt"):
        await migrations_of(bare_database).upgrade()

    assert issubclass(NotOurs, MigrationRefused)
    assert await dump(bare_database) == before


@asynccontextmanager
async def somebody(server: str) -> AsyncIterator[str]:
    """The name of a role without rights."""
    name = f"todo_test_{uuid4().hex}"
    await fill(server, f"CREATE ROLE {name}")
    try:
        yield name
    finally:
        await fill(server, f"DROP ROLE {name}")


def as_role(url: str, role: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}options={quote(f'-c role={role}')}"
