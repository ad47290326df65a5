"""Moving in: what each kind of database becomes, and that nothing is lost on the way."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.integration.old_databases import (
    ADA,
    AFTERWARDS,
    BOB,
    LONG_TITLE,
    OF_1_7,
    OF_DRIZZLE,
    OF_PRISMA,
    ROWS,
    SHAPES,
    TASK_ROWS,
    TASKS,
    TASKS_WITH_TIMES,
    TIMED_TASK_ROWS,
    UP_TO_1_2,
    adoption_of,
    at,
    fill,
    migrations_of,
    rows_of,
    sign_in_rows,
)
from todo.adapters.postgres.adoption import Adoption
from todo.adapters.postgres.tables import TASK_OWNER_KEY


async def defaults_of(url: str) -> set[tuple[Any, ...]]:
    asked = (
        "SELECT table_name, column_name, column_default FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_default IS NOT NULL"
    )
    return {tuple(row.values()) for row in await rows_of(url, asked)}


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
        assert {"user_email_key", "session_userId_fkey", TASK_OWNER_KEY} <= names

    @pytest.mark.parametrize("shape", SHAPES)
    async def test_it_has_the_defaults_of_a_new_one(self, bare_database: str, empty_database: str, shape: str) -> None:
        """Or more: Drizzle's `email_verified` is false by default, and may stay so."""
        await fill(bare_database, SHAPES[shape], TASKS)

        await adoption_of(bare_database).adopt()

        assert await defaults_of(empty_database) <= await defaults_of(bare_database)

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
        assert kept == [(1, ADA, "Buy milk", None, 1), (2, ADA, "  ", "", 1), (4, BOB, LONG_TITLE, "Ω", 1)]
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
