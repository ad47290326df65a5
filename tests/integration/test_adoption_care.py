"""It looks before it acts, acts wholly or not at all, and once."""

import asyncio

import pytest

from tests.integration.databases import connect
from tests.integration.old_databases import (
    AFTERWARDS,
    OF_1_7,
    OF_DRIZZLE,
    ROWS,
    SHAPES,
    TASK_ROWS,
    TASKS,
    TASKS_WITH_TIMES,
    TIMED_TASK_ROWS,
    adoption_of,
    dump,
    fill,
    migrations_of,
    rows_of,
    sign_in_rows,
)
from todo.adapters.postgres.adoption import Adoption
from todo.adapters.postgres.adoption.plan import AdoptionRefused
from todo.adapters.postgres.migrations import MigrationRefused
from todo.domain.errors import StoreUnavailable


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
        assert (await sign_in_rows(bare_database))["session"] == AFTERWARDS["session"]

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
        other = await connect(bare_database)
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
