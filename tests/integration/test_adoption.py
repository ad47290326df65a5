"""Moving in: what each kind of database becomes, and that nothing is lost on the way."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from tests.builders import HandClock, a_new_task
from tests.contracts.store import StoreContract
from tests.integration.databases import beside, fresh_database
from tests.integration.old_databases import (
    OF_1_7,
    OF_DRIZZLE,
    OF_PRISMA,
    ROWS,
    SHAPES,
    TASKS,
    TASKS_WITH_TIMES,
    UP_TO_1_2,
    dump,
    fill,
    rows_of,
)
from todo.adapters.postgres.address import DatabaseAddress
from todo.adapters.postgres.adoption import Adoption
from todo.adapters.postgres.adoption.plan import AdoptionRefused
from todo.adapters.postgres.adoption.shape import AT, FIRST
from todo.adapters.postgres.migrations import VERSION_TABLE, MigrationRefused, Migrations, _config
from todo.adapters.postgres.store import PostgresStore
from todo.adapters.postgres.tables import SESSION_USER_KEY, TASK_OWNER_KEY, USER_EMAIL_KEY
from todo.domain.errors import OwnerUnknown, StoreUnavailable
from todo.domain.model.session import SessionHandle, SessionId
from todo.domain.model.task import TaskId
from todo.domain.model.user import Email, UserId
from todo.domain.ports.store import Store

ADA = "NF9Iy4iYwsT8sAWUSU87Skmjg5qmOJ8Z"
BOB = "YcuKoBVvSoRLKgEhSEnSEAITNBEyXU55"
LONG = "x" * 600

TASK_ROWS = f"""
INSERT INTO tasks (id, user_id, title, description, completed) VALUES
    (1, '{ADA}', 'Buy milk', NULL, false), (2, '{ADA}', '  ', '', true), (4, '{BOB}', '{LONG}', 'Ω', true);
SELECT setval('tasks_id_seq', 9);
"""  # noqa: S608
TIMED_TASK_ROWS = f"""
INSERT INTO tasks VALUES
    (1, '{ADA}', 'Buy milk', NULL, false, '2026-03-29 01:30:00.123456', '2026-03-29 01:30:00.123456'),
    (2, '{BOB}', 'Call', 'x', true, '2026-10-25 00:30:00', '2026-10-25 01:30:00');
"""  # noqa: S608


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


AFTERWARDS: dict[str, list[dict[str, Any]]] = {
    "user": [
        {
            "id": ADA,
            "name": "Ada Lovelace",
            "email": "ada@example.com",
            "emailVerified": False,
            "image": None,
            "createdAt": at("2026-11-22 17:40:13.586"),
            "updatedAt": at("2026-11-22 17:40:13.586"),
        },
        {
            "id": BOB,
            "name": "",
            "email": "bob.the-b@example.com",
            "emailVerified": True,
            "image": "https://example.com/bob.png",
            "createdAt": at("2026-03-29 01:30:00.001"),
            "updatedAt": at("2026-10-25 00:59:59.999"),
        },
    ],
    "session": [
        {
            "id": "JM0yjXD84c7pByKBXK254Hy3YVdEzMfW",
            "expiresAt": at("2026-03-29 02:30:00"),
            "token": "i3TLI4XKodmtUWyBAippxFLlP1ZAdqRi",
            "createdAt": at("2026-03-22 02:30:00"),
            "updatedAt": at("2026-03-22 02:30:00"),
            "ipAddress": None,
            "userAgent": None,
            "userId": BOB,
        },
        {
            "id": "LRrfSK0u6ip4tE5Xg5ma9u0VxaDQ294f",
            "expiresAt": at("2026-11-29 17:40:13.622"),
            "token": "gRzRslJgjyBEfKWmzCpY7Avt1bszG1DE",
            "createdAt": at("2026-11-22 17:40:13.622"),
            "updatedAt": at("2026-11-22 17:40:13.622"),
            "ipAddress": "127.0.0.1",
            "userAgent": "curl/transcript",
            "userId": ADA,
        },
    ],
    "account": [
        {
            "id": "a2",
            "accountId": "108",
            "providerId": "google",
            "userId": BOB,
            "accessToken": "at",
            "refreshToken": "rt",
            "idToken": "it",
            "accessTokenExpiresAt": at("2026-11-22 18:40:00"),
            "refreshTokenExpiresAt": at("2027-11-22 18:40:00"),
            "scope": "openid email",
            "password": None,
            "createdAt": at("2026-03-29 01:30:00.001"),
            "updatedAt": at("2026-03-29 01:30:00.001"),
        },
        {
            "id": "wjhjjvibOav49CP0SfBnC6AnSqqDr3BI",
            "accountId": ADA,
            "providerId": "credential",
            "userId": ADA,
            "accessToken": None,
            "refreshToken": None,
            "idToken": None,
            "accessTokenExpiresAt": None,
            "refreshTokenExpiresAt": None,
            "scope": None,
            "password": "d4e0bb711759b2d0cca906bc1ac0e632:d20279cb",
            "createdAt": at("2026-11-22 17:40:13.617"),
            "updatedAt": at("2026-11-22 17:40:13.617"),
        },
    ],
    "verification": [
        {
            "id": "X2AnTS2fRB7S2hudDVzYqQWa2kq4E0CN",
            "identifier": "reset-password:FDl6x5DWyao4MPuaq1psbnGc",
            "value": ADA,
            "expiresAt": at("2026-11-22 18:40:13.7"),
            "createdAt": at("2026-11-22 17:40:13.7"),
            "updatedAt": at("2026-11-22 17:40:13.7"),
        },
    ],
}


def migrations_of(url: str, *, pooled: bool = False) -> Migrations:
    return Migrations(DatabaseAddress.parse(url, pooled=pooled))


def adoption_of(url: str) -> Adoption:
    return Adoption(migrations_of(url))


async def sign_in_rows(url: str) -> dict[str, list[dict[str, Any]]]:
    return {name: await rows_of(url, f'SELECT * FROM "{name}" ORDER BY id') for name in AFTERWARDS}  # noqa: S608


class TestWhatIsTaken:
    @pytest.mark.parametrize("shape", SHAPES)
    async def test_a_database_of_better_auth_keeps_every_row(self, bare_database: str, shape: str) -> None:
        await fill(bare_database, SHAPES[shape], ROWS)

        done = await adoption_of(bare_database).adopt()

        assert await sign_in_rows(bare_database) == AFTERWARDS
        assert done.rows == {"user": 2, "session": 2, "account": 2, "verification": 1, "tasks": 0}

    @pytest.mark.parametrize("tasks", [TASKS, TASKS_WITH_TIMES], ids=["tasks", "tasks with times"])
    @pytest.mark.parametrize("shape", SHAPES)
    async def test_it_becomes_as_this_program_needs_it(self, bare_database: str, shape: str, tasks: str) -> None:
        await fill(bare_database, SHAPES[shape], ROWS, tasks)
        migrations = migrations_of(bare_database)

        await Adoption(migrations).adopt()

        assert await migrations.differences() == []
        assert await migrations.current() == migrations.head
        names = {row["conname"] for row in await rows_of(bare_database, "SELECT conname FROM pg_constraint")}
        assert {USER_EMAIL_KEY, SESSION_USER_KEY, TASK_OWNER_KEY} <= names

    @pytest.mark.parametrize("shape", SHAPES)
    async def test_it_has_the_defaults_of_a_new_one(self, bare_database: str, empty_database: str, shape: str) -> None:
        """Or more: Drizzle's `email_verified` is false by default, and may stay so."""
        asked = (
            "SELECT table_name, column_name, column_default FROM information_schema.columns"
            " WHERE table_schema = 'public' AND column_default IS NOT NULL"
        )
        await fill(bare_database, SHAPES[shape], TASKS)

        await adoption_of(bare_database).adopt()

        ours, theirs = (
            [tuple(row.values()) for row in await rows_of(of, asked)] for of in (empty_database, bare_database)
        )
        assert set(ours) <= set(theirs)

    @pytest.mark.parametrize(
        ("shape", "maker"),
        [
            ("1.7", "Better Auth 1.7, by its own migration"),
            ("1.4 to 1.6", "Better Auth 1.4 to 1.6, by its own migration"),
            ("1.3", "Better Auth 1.3 or earlier, by its own migration"),
            ("1.2", "Better Auth 1.2 or earlier, by its own migration"),
            ("Prisma", "Better Auth 1.4 to 1.7, by a schema of Prisma"),
            ("Drizzle", "Better Auth 1.4 to 1.7, by a schema of Drizzle (columns in snake_case)"),
        ],
    )
    async def test_its_maker_is_told(self, bare_database: str, shape: str, maker: str) -> None:
        await fill(bare_database, SHAPES[shape], TASKS)

        plan = await adoption_of(bare_database).survey()

        assert plan.made_by == f"{maker}; tasks of a SQLModel backend"

    async def test_times_are_converted_without_writing_the_tables_anew(self, bare_database: str) -> None:
        asked = "SELECT pg_relation_filenode('session'), pg_relation_filenode('account')"
        await fill(bare_database, UP_TO_1_2, ROWS)
        before = await rows_of(bare_database, asked)

        await adoption_of(bare_database).adopt()

        assert await rows_of(bare_database, asked) == before

    async def test_the_zone_of_the_database_does_not_matter(self, bare_database: str) -> None:
        name = bare_database.partition("?")[0].rpartition("/")[2]
        await fill(bare_database, UP_TO_1_2, ROWS, f"ALTER DATABASE {name} SET timezone = 'America/New_York'")

        await adoption_of(bare_database).adopt()

        assert await sign_in_rows(bare_database) == AFTERWARDS

    async def test_verifications_without_times_get_those_they_must_have_had(self, bare_database: str) -> None:
        await fill(
            bare_database,
            UP_TO_1_2,
            "INSERT INTO verification VALUES ('1', 'a', 'b', '2020-01-01', NULL, NULL),"
            " ('2', 'a', 'b', '2020-01-01', NULL, '2019-12-31'), ('3', 'a', 'b', '2999-01-01', NULL, NULL)",
        )

        await adoption_of(bare_database).adopt()

        rows = await rows_of(bare_database, 'SELECT "createdAt", "updatedAt" FROM verification ORDER BY id')
        assert [tuple(row.values()) for row in rows[:2]] == [(at("2020-01-01"),) * 2, (at("2019-12-31"),) * 2]
        assert rows[2]["createdAt"] == rows[2]["updatedAt"] < datetime.now(UTC)

    async def test_ids_that_the_database_has_chosen_become_text(self, bare_database: str) -> None:
        ada = "0b7a4b1e-43b5-4f0e-9d7c-2f6f0f6f0a01"
        numbers = '"id" integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY'
        with_uuids = OF_1_7.replace('"id" text NOT NULL', '"id" uuid DEFAULT gen_random_uuid() NOT NULL', 1)
        with_uuids = with_uuids.replace('"userId" text', '"userId" uuid').replace(
            '"id" text NOT NULL PRIMARY KEY', numbers
        )
        await fill(
            bare_database,
            with_uuids.replace("'key1'", "1"),
            f"INSERT INTO \"user\" VALUES ('{ada}', 'Ada', 'ada@example.com', true)",  # noqa: S608
            'INSERT INTO session ("expiresAt", token, "updatedAt", "userId")'  # noqa: S608
            f" VALUES (now(), 'token', now(), '{ada}')",
        )

        await adoption_of(bare_database).adopt()

        assert await rows_of(bare_database, 'SELECT id FROM "user"') == [{"id": ada}]
        assert await rows_of(bare_database, 'SELECT id, "userId" FROM session') == [{"id": "1", "userId": ada}]
        assert await migrations_of(bare_database).differences() == []

    async def test_what_is_not_ours_is_told_and_stays(self, bare_database: str) -> None:
        await fill(
            bare_database,
            OF_1_7,
            "ALTER TABLE \"user\" ADD COLUMN role text DEFAULT 'user', ADD CHECK (length(name) < 99)",
            'CREATE TABLE "twoFactor" (id text PRIMARY KEY, "userId" text REFERENCES "user")',
            ROWS.replace("'2026-11-22 17:40:13.586+00'),", "'2026-11-22 17:40:13.586+00', 'admin'),").replace(
                "'2026-10-25 00:59:59.999+00')", "'2026-10-25 00:59:59.999+00', NULL)"
            ),
        )
        adoption = adoption_of(bare_database)

        plan = await adoption.survey()
        await adoption.adopt()

        assert plan.left_alone == [
            'table "jwks"',
            'table "rateLimit"',
            'table "twoFactor"',
            'column "user"."role"',
            'constraint "user_name_check" of "user"',
        ]
        assert any("twoFactor" in note for note in plan.notes)
        assert [row["role"] for row in await rows_of(bare_database, 'SELECT role FROM "user" ORDER BY id')] == [
            "admin",
            None,
        ]
        assert [row["id"] for row in await rows_of(bare_database, "SELECT id FROM jwks")] == ["key1"]
        assert await migrations_of(bare_database).differences() == []

    async def test_triggers_rest_while_rows_are_changed_and_work_again_afterwards(self, bare_database: str) -> None:
        await fill(
            bare_database,
            OF_1_7,
            ROWS,
            """CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
               $$ BEGIN NEW."updatedAt" = '2000-01-01'; RETURN NEW; END $$""",
            'CREATE TRIGGER touch BEFORE UPDATE ON "user" FOR EACH ROW EXECUTE FUNCTION touch()',
            'CREATE TRIGGER ever BEFORE UPDATE ON "user" FOR EACH ROW EXECUTE FUNCTION touch()',
            'CREATE TRIGGER never BEFORE UPDATE ON "user" FOR EACH ROW EXECUTE FUNCTION touch()',
            'ALTER TABLE "user" ENABLE ALWAYS TRIGGER ever, DISABLE TRIGGER never',
        )
        asked = "SELECT tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname"
        before = await rows_of(bare_database, asked)

        await adoption_of(bare_database).adopt()

        assert await sign_in_rows(bare_database) == AFTERWARDS
        assert await rows_of(bare_database, asked) == before

    async def test_keys_that_wait_for_the_end_of_a_transaction_are_in_nobodys_way(self, bare_database: str) -> None:
        await fill(bare_database, OF_PRISMA, ROWS)
        await fill(
            bare_database,
            'ALTER TABLE "session" ALTER CONSTRAINT "session_userId_fkey" DEFERRABLE INITIALLY DEFERRED',
            'ALTER TABLE "user" ADD COLUMN boss text REFERENCES "user" DEFERRABLE INITIALLY DEFERRED',
        )

        await adoption_of(bare_database).adopt()

        assert await migrations_of(bare_database).differences() == []

    async def test_tables_that_are_missing_are_made(self, bare_database: str) -> None:
        await fill(bare_database, OF_1_7, 'DROP TABLE "verification", "account"')

        await adoption_of(bare_database).adopt()

        assert await migrations_of(bare_database).differences() == []

    async def test_columns_that_are_missing_are_added(self, bare_database: str) -> None:
        await fill(bare_database, OF_1_7, ROWS)
        await fill(
            bare_database,
            'ALTER TABLE "session" DROP COLUMN "createdAt", DROP COLUMN "userAgent"',
            'ALTER TABLE "account" DROP COLUMN "createdAt", DROP COLUMN "updatedAt", DROP COLUMN "scope"',
        )

        await adoption_of(bare_database).adopt()

        assert await migrations_of(bare_database).differences() == []
        session = await rows_of(bare_database, 'SELECT "createdAt" = "updatedAt" AS same FROM session')
        assert session == [{"same": True}] * 2

    async def test_a_pooler_in_between_is_fine(self, bare_database: str) -> None:
        await fill(bare_database, OF_DRIZZLE, ROWS, TASKS, TASK_ROWS)
        migrations = migrations_of(bare_database, pooled=True)

        await Adoption(migrations).adopt()

        assert await migrations.differences() == []


class TestTasks:
    async def test_they_keep_their_numbers_and_texts(self, bare_database: str) -> None:
        await fill(bare_database, OF_1_7, ROWS, TASKS, TASK_ROWS)
        before = datetime.now(UTC)

        await adoption_of(bare_database).adopt()

        rows = await rows_of(bare_database, "SELECT * FROM tasks ORDER BY id")
        kept = [(row["id"], row["user_id"], row["title"], row["description"], row["version"]) for row in rows]
        assert kept == [(1, ADA, "Buy milk", None, 1), (2, ADA, "  ", "", 1), (4, BOB, LONG, "Ω", 1)]
        assert [row["completed_at"] is not None for row in rows] == [False, True, True]
        moments = {row[name] for row in rows for name in ("completed_at", "created_at", "updated_at")} - {None}
        assert len(moments) == 1
        assert before <= moments.pop() <= datetime.now(UTC)

    async def test_a_task_was_completed_when_it_was_changed_last(self, bare_database: str) -> None:
        await fill(bare_database, OF_DRIZZLE, ROWS, TASKS_WITH_TIMES, TIMED_TASK_ROWS)

        await adoption_of(bare_database).adopt()

        rows = await rows_of(bare_database, "SELECT completed_at, created_at, updated_at FROM tasks ORDER BY id")
        assert [tuple(row.values()) for row in rows] == [
            (None, at("2026-03-29 01:30:00.123456"), at("2026-03-29 01:30:00.123456")),
            (at("2026-10-25 01:30:00"), at("2026-10-25 00:30:00"), at("2026-10-25 01:30:00")),
        ]

    @pytest.mark.parametrize(
        "numbers",
        [
            "SERIAL",
            "BIGSERIAL",
            "SMALLSERIAL",
            "INTEGER GENERATED BY DEFAULT AS IDENTITY",
            "BIGINT GENERATED ALWAYS AS IDENTITY",
        ],
    )
    async def test_their_numbering_goes_on_after_those_that_are_gone(self, bare_database: str, numbers: str) -> None:
        await fill(
            bare_database,
            OF_1_7,
            ROWS,
            TASKS.replace("SERIAL", numbers),
            TASK_ROWS.replace(") VALUES", ") OVERRIDING SYSTEM VALUE VALUES"),
        )

        await adoption_of(bare_database).adopt()

        await fill(bare_database, f"INSERT INTO tasks (user_id, title) VALUES ('{ADA}', 'New')")  # noqa: S608
        assert await rows_of(bare_database, "SELECT id FROM tasks WHERE title = 'New'") == [{"id": 10}]
        sequence = await rows_of(bare_database, "SELECT data_type::text, max_value FROM pg_sequences")
        assert [tuple(row.values()) for row in sequence] == [("bigint", 2**63 - 1)]

    @pytest.mark.parametrize("default", ["DROP DEFAULT", "SET DEFAULT nextval('numbers')"])
    async def test_their_numbering_goes_on_without_a_sequence_of_that_name(
        self, bare_database: str, default: str
    ) -> None:
        await fill(bare_database, OF_1_7, ROWS, TASKS, TASK_ROWS, "CREATE SEQUENCE numbers")
        await fill(bare_database, f"ALTER TABLE tasks ALTER id {default}", "DROP SEQUENCE tasks_id_seq")

        await adoption_of(bare_database).adopt()

        await fill(bare_database, f"INSERT INTO tasks (user_id, title) VALUES ('{ADA}', 'New')")  # noqa: S608
        assert await rows_of(bare_database, "SELECT id FROM tasks WHERE title = 'New'") == [{"id": 5}]

    async def test_owners_who_are_no_users_are_recorded_as_such(self, bare_database: str) -> None:
        await fill(bare_database, OF_1_7, ROWS, TASKS, TASK_ROWS)
        await fill(
            bare_database,
            "INSERT INTO tasks (user_id, title, completed) VALUES"
            " ('Usr_Far', 'a', false), ('usr_far', 'b', true), ('usr_far', 'c', false)",
        )
        adoption = adoption_of(bare_database)

        plan = await adoption.survey()
        done = await adoption.adopt()

        assert any("record 2 owners of tasks" in step.text for step in plan.steps)
        assert (done.recorded, done.rows["user"], done.rows["tasks"]) == (2, 4, 6)
        made = await rows_of(bare_database, "SELECT id, email, name FROM \"user\" WHERE id ILIKE 'usr%' ORDER BY email")
        assert {row["id"] for row in made} == {"Usr_Far", "usr_far"}
        assert "usr_far@users.invalid" in {row["email"] for row in made}
        assert all(row["email"].endswith("@users.invalid") for row in made)

    async def test_there_need_be_no_users_at_all(self, bare_database: str) -> None:
        await fill(bare_database, TASKS, TASK_ROWS)
        adoption = adoption_of(bare_database)

        plan = await adoption.survey()
        done = await adoption.adopt()

        assert plan.made_by == "tasks of a SQLModel backend"
        assert (done.recorded, done.rows["tasks"]) == (2, 3)
        assert await migrations_of(bare_database).differences() == []

    async def test_what_may_be_missing_in_an_old_table_is_filled_in(self, bare_database: str) -> None:
        await fill(
            bare_database,
            OF_1_7,
            ROWS,
            "CREATE TABLE tasks (id serial PRIMARY KEY, user_id varchar, title varchar, description varchar,"
            " completed boolean, created_at timestamptz, updated_at timestamptz)",
            f"INSERT INTO tasks VALUES (1, '{ADA}', NULL, NULL, NULL, NULL, '2026-01-02'),"  # noqa: S608
            f" (2, '{ADA}', 'x', NULL, true, '2026-01-01', NULL)",
        )
        adoption = adoption_of(bare_database)

        plan = await adoption.survey()
        await adoption.adopt()

        assert any("title ('Untitled')" in step.text for step in plan.steps)
        rows = await rows_of(bare_database, "SELECT title, completed_at, created_at, updated_at FROM tasks ORDER BY id")
        assert [tuple(row.values()) for row in rows] == [
            ("Untitled", None, at("2026-01-02"), at("2026-01-02")),
            ("x", at("2026-01-01"), at("2026-01-01"), at("2026-01-01")),
        ]


class TestCare:
    """It looks before it acts, acts wholly or not at all, and once."""

    @pytest.mark.parametrize("shape", SHAPES)
    async def test_a_survey_changes_nothing(self, bare_database: str, shape: str) -> None:
        await fill(bare_database, SHAPES[shape], ROWS, TASKS, TASK_ROWS)
        before = await dump(bare_database)

        plan = await adoption_of(bare_database).survey()

        assert plan.kind == "foreign"
        assert plan.rows == {"user": 2, "session": 2, "account": 2, "verification": 1, "tasks": 3}
        assert await dump(bare_database) == before

    async def test_the_second_run_finds_nothing_to_do(self, bare_database: str) -> None:
        await fill(bare_database, OF_DRIZZLE, ROWS, TASKS, TASK_ROWS)
        adoption = adoption_of(bare_database)
        await adoption.adopt()
        before = await dump(bare_database)

        plan = await adoption.survey()
        done = await adoption.adopt(state=plan.state)

        assert (plan.kind, plan.steps, done.kind, done.applied) == ("ours", (), "ours", [])
        assert await dump(bare_database) == before

    async def test_an_empty_database_is_only_brought_up_to_date(self, bare_database: str) -> None:
        adoption, migrations = adoption_of(bare_database), migrations_of(bare_database)

        plan = await adoption.survey()
        done = await adoption.adopt(state=plan.state)

        assert (plan.kind, plan.steps, done.kind) == ("empty", (), "empty")
        assert await migrations.current() == migrations.head
        assert await migrations.differences() == []

    async def test_of_two_at_once_one_does_the_work(self, bare_database: str) -> None:
        await fill(bare_database, OF_DRIZZLE, ROWS, TASKS, TASK_ROWS)

        done = await asyncio.gather(*(adoption_of(bare_database).adopt() for _ in range(2)))

        assert sorted(each.kind for each in done) == ["foreign", "ours"]
        assert await sign_in_rows(bare_database) == AFTERWARDS

    async def test_whichever_step_fails_everything_is_as_it_was(self, bare_database: str) -> None:
        await fill(bare_database, OF_DRIZZLE, ROWS, TASKS_WITH_TIMES, TIMED_TASK_ROWS)
        await fill(bare_database, 'ALTER TABLE tasks DROP CONSTRAINT "tasks_user_id_fkey"')
        await fill(bare_database, "INSERT INTO tasks SELECT 9, 'far', title, '', true, now(), now() FROM tasks LIMIT 1")
        adoption = adoption_of(bare_database)
        before, steps = await dump(bare_database), len((await adoption.survey()).steps)
        assert steps > 20

        for failing in range(steps + 1):

            def fail(number: int, _of: int, text: str, failing: int = failing) -> None:
                if number == failing:
                    raise RuntimeError(text)

            with pytest.raises(RuntimeError):
                await adoption.adopt(progress=fail)
            assert await dump(bare_database) == before

        await adoption.adopt()
        assert await sign_in_rows(bare_database) != {}

    async def test_what_the_database_refuses_leaves_everything_as_it_was(self, bare_database: str) -> None:
        await fill(bare_database, OF_DRIZZLE, ROWS, TASKS, TASK_ROWS)
        before = await dump(bare_database)
        await fill(
            bare_database,
            """CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS
               $$ BEGIN RAISE EXCEPTION 'not here' ; END $$""",
            "CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION refuse()",
        )

        with pytest.raises(MigrationRefused, match="not here"):
            await adoption_of(bare_database).adopt()
        await fill(bare_database, "DROP EVENT TRIGGER refuse")

        assert await dump(bare_database) == before

    async def test_a_connection_that_is_cut_in_the_middle_leaves_everything_as_it_was(self, bare_database: str) -> None:
        await fill(bare_database, OF_DRIZZLE, ROWS, TASKS, TASK_ROWS)
        before = await dump(bare_database)
        loop, cut = asyncio.get_running_loop(), []

        def cut_it(number: int, _of: int, _text: str) -> None:
            if number == 7:
                cut.append(loop.run_in_executor(None, asyncio.run, fill(bare_database, CUT_ALL_OTHERS)))

        with pytest.raises(StoreUnavailable):
            await adoption_of(bare_database).adopt(progress=cut_it)
        await asyncio.gather(*cut)

        assert await dump(bare_database) == before

    async def test_who_is_kept_waiting_by_another_program_is_told(self, bare_database: str) -> None:
        await fill(bare_database, OF_1_7, ROWS)
        before = await dump(bare_database)
        other = await asyncpg.connect(bare_database)
        try:
            async with other.transaction():
                await other.execute('LOCK TABLE "session" IN ACCESS SHARE MODE')
                with pytest.raises(AdoptionRefused, match="other programs are using these tables"):
                    await Adoption(migrations_of(bare_database), patience=0.05).adopt()
        finally:
            await other.close()

        assert await dump(bare_database) == before

    async def test_what_has_changed_since_the_survey_is_looked_at_again(self, bare_database: str) -> None:
        await fill(bare_database, OF_1_7, ROWS)
        adoption = adoption_of(bare_database)
        plan = await adoption.survey()
        await fill(bare_database, 'ALTER TABLE "user" ADD COLUMN role text')

        with pytest.raises(AdoptionRefused, match="have changed since"):
            await adoption.adopt(state=plan.state)

        assert await migrations_of(bare_database).current() is None

    async def test_rows_that_came_since_the_survey_are_taken_too(self, bare_database: str) -> None:
        await fill(bare_database, OF_1_7, ROWS)
        adoption = adoption_of(bare_database)
        plan = await adoption.survey()
        await fill(bare_database, "INSERT INTO \"user\" VALUES ('new', '', 'New@example.com', false)")

        done = await adoption.adopt(state=plan.state)

        assert done.rows["user"] == 3
        assert await rows_of(bare_database, "SELECT email FROM \"user\" WHERE id = 'new'") == [
            {"email": "new@example.com"}
        ]

    @pytest.mark.parametrize(
        ("rule", "told"),
        [
            ("DELETE FROM verification", '"verification" 1 before, 0 after'),
            ("INSERT INTO \"rateLimit\" VALUES ('x', 1, 1)", "rows of other tables would be changed.*rateLimit"),
        ],
    )
    async def test_a_row_too_few_or_too_many_stops_it(self, bare_database: str, rule: str, told: str) -> None:
        await fill(bare_database, OF_1_7, ROWS, f'CREATE RULE surprise AS ON UPDATE TO "user" DO ALSO {rule}')
        before = await dump(bare_database)

        with pytest.raises(AdoptionRefused, match=told):
            await adoption_of(bare_database).adopt()

        assert await dump(bare_database) == before

    async def test_it_tells_each_step_before_it_is_taken(self, bare_database: str) -> None:
        await fill(bare_database, OF_1_7, ROWS)
        adoption = adoption_of(bare_database)
        plan = await adoption.survey()
        told: list[tuple[int, int, str]] = []

        await adoption.adopt(progress=lambda *step: told.append(step))

        assert told[:-1] == [(number, len(plan.steps), step.text) for number, step in enumerate(plan.steps)]
        assert told[-1][:2] == (len(plan.steps),) * 2


CUT_ALL_OTHERS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class TestAfterwards:
    async def test_people_find_their_things(self, bare_database: str) -> None:
        await fill(bare_database, OF_DRIZZLE, ROWS, TASKS, TASK_ROWS)
        await adoption_of(bare_database).adopt()

        async with PostgresStore(DatabaseAddress.parse(bare_database), clock=HandClock()) as store:
            bob = await store.users.find_by_email(Email("bob.the-b@example.com"))
            session = await store.sessions.find_by_handle(SessionHandle("gRzRslJgjyBEfKWmzCpY7Avt1bszG1DE"))
            password = await store.passwords.find(UserId(ADA))
            tasks = await store.tasks.of(UserId(ADA))
            added = await store.tasks.add(a_new_task(UserId(ADA)))
            with pytest.raises(OwnerUnknown):
                await store.tasks.add(a_new_task(UserId("nobody")))

        assert bob is not None
        assert session is not None
        assert (bob.id, session.id, session.user) == (BOB, SessionId("LRrfSK0u6ip4tE5Xg5ma9u0VxaDQ294f"), ADA)
        assert password == "d4e0bb711759b2d0cca906bc1ac0e632:d20279cb"
        assert [(task.id, task.completed) for task in tasks] == [(TaskId(1), False), (TaskId(2), True)]
        assert added.id == 10

    async def test_the_shape_that_is_adopted_to_is_that_of_its_version(self, bare_database: str) -> None:
        def compare(connection: Connection) -> list[Any]:
            config = _config()
            config.attributes["environment"] = {"connection": connection, "version_table": VERSION_TABLE}
            command.upgrade(config, AT)
            options = {"version_table": VERSION_TABLE, "compare_type": True, "compare_server_default": True}
            return list(compare_metadata(MigrationContext.configure(connection, opts=options), FIRST))

        assert await migrations_of(bare_database).run(compare) == []


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def adopted_template(database_server: str) -> AsyncIterator[str]:
    """The name of a database that was Drizzle's and SQLModel's, without a row."""
    async with fresh_database(database_server) as name:
        url = beside(database_server, name)
        await fill(url, OF_DRIZZLE, TASKS_WITH_TIMES)
        await adoption_of(url).adopt()
        yield name


class TestAdoptedStore(StoreContract):
    @pytest_asyncio.fixture(loop_scope="session")
    async def store(self, database_server: str, adopted_template: str) -> AsyncIterator[Store]:
        async with (
            fresh_database(database_server, template=adopted_template) as name,
            PostgresStore(DatabaseAddress.parse(beside(database_server, name)), clock=HandClock()) as store,
        ):
            yield store
