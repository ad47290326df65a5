import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from tests.builders import (
    ADA,
    BOB,
    HASH,
    LATER,
    NOON,
    OTHER_HASH,
    HandClock,
    a_new_task,
    a_session,
    a_task,
    a_ticket,
    a_user,
    an_attempt,
    keep,
    principal,
)
from tests.contracts.answers import AnswerContract, QuotaContract, UnitTasksContract
from tests.contracts.samples import add_task
from tests.contracts.sessions import SessionContract
from tests.contracts.store import StoreContract
from tests.contracts.tasks import SaveContract
from tests.contracts.throttle import ThrottleContract
from tests.contracts.units_of_work import UnitOfWorkContract
from tests.integration.databases import beside, execute, only_directly
from todo.adapters.postgres.address import DatabaseAddress
from todo.adapters.postgres.store import PostgresStore
from todo.adapters.postgres.tables import TASK_OWNER_KEY
from todo.domain.errors import EmailTaken, StoreUnavailable, UserNotFound
from todo.domain.model.leftover import Leftover
from todo.domain.model.pace import Pseudonym
from todo.domain.model.retry import Answer
from todo.domain.model.session import SessionHandle, SessionId
from todo.domain.model.task import TaskId
from todo.domain.model.user import UserId
from todo.domain.ports.store import (
    AccountRepository,
    LeftoverRepository,
    NetworkRepository,
    PasswordRepository,
    SessionRepository,
    Store,
    TaskRepository,
    TicketRepository,
    UnitOfWork,
    UserRepository,
)
from todo.domain.ports.throttle import Throttle
from todo.domain.services.tasks import TaskService

SOMEBODY_WAITS = """
    SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database
    WHERE datname = current_database() AND NOT granted
"""
NOWHERE = "postgresql://nobody@/nowhere?host=/nonexistent"
MISSING = ("postgresql://nobody@127.0.0.1:1/nowhere", NOWHERE)

REPOSITORY_CALLS: dict[str, Callable[[Store], Awaitable[object]]] = {
    "tasks.of": lambda store: store.tasks.of(ADA),
    "tasks.get": lambda store: store.tasks.get(ADA, TaskId(1)),
    "tasks.add": lambda store: store.tasks.add(a_new_task()),
    "tasks.save": lambda store: store.tasks.save(a_task(), expecting=1),
    "tasks.remove": lambda store: store.tasks.remove(ADA, TaskId(1)),
    "users.get": lambda store: store.users.get(ADA),
    "users.find_by_email": lambda store: store.users.find_by_email(a_user().email),
    "users.all": lambda store: store.users.all(),
    "users.among": lambda store: store.users.among([ADA]),
    "passwords.find": lambda store: store.passwords.find(ADA),
    "accounts.of": lambda store: store.accounts.of(ADA),
    "tickets.find": lambda store: store.tickets.find(a_ticket().digest),
    "sessions.find": lambda store: store.sessions.find(SessionId("unknown")),
    "sessions.find_by_handle": lambda store: store.sessions.find_by_handle(SessionHandle("unknown")),
    "sessions.of": lambda store: store.sessions.of(ADA),
    "sessions.slide": lambda store: store.sessions.slide(a_session().slide(at=LATER), expecting=a_session()),
    "sessions.remove": lambda store: store.sessions.remove(SessionId("unknown")),
    "networks.is_known": lambda store: store.networks.is_known(ADA, Pseudonym(b"there"), since=LATER),
    "throttle.charge": lambda store: store.throttle.charge([], at=LATER),
    "throttle.give_back": lambda store: store.throttle.give_back([]),
    "sessions.latest": lambda store: store.sessions.latest(1),
    "sessions.remove_some": lambda store: store.sessions.remove_some(1),
    "leftovers.count": lambda store: store.leftovers.count(Leftover.SESSIONS, over_by=LATER),
    "leftovers.remove": lambda store: store.leftovers.remove(Leftover.SESSIONS, over_by=LATER, at_most=1),
    "begin": lambda store: keep(store),
}
UNIT_CALLS: dict[str, Callable[[UnitOfWork], Awaitable[object]]] = {
    "tasks": lambda work: work.tasks.get(ADA, TaskId(1)),
    "claim": lambda work: work.claim(an_attempt()),
    "keep_answer": lambda work: work.keep_answer(an_attempt(), Answer(status=200, body=b"")),
    "add_user": lambda work: work.add_user(a_user(BOB)),
    "save_user": lambda work: work.save_user(a_user(ADA)),
    "remove_user": lambda work: work.remove_user(ADA),
    "set_password": lambda work: work.set_password(ADA, HASH),
    "require_password": lambda work: work.require_password(ADA, HASH),
    "add_session": lambda work: work.add_session(a_session(ADA)),
    "remove_session": lambda work: work.remove_session(SessionId("unknown")),
    "limit_sessions_of": lambda work: work.limit_sessions_of(ADA, most=1, at=LATER),
    "remember_network": lambda work: work.remember_network(ADA, Pseudonym(b"there"), at=LATER, most=1),
    "remove_sessions_of": lambda work: work.remove_sessions_of(ADA),
    "add_ticket": lambda work: work.add_ticket(a_ticket(ADA)),
    "take_ticket": lambda work: work.take_ticket(a_ticket(ADA).digest),
    "commit": lambda work: work.commit(),
}


def store_at(url: str, *, pooled: bool = False, pool_size: int = 10) -> PostgresStore:
    return PostgresStore(DatabaseAddress.parse(url, pooled=pooled), clock=HandClock(), pool_size=pool_size)


def methods_of(port: type) -> set[str]:
    return {name for name in vars(port) if not name.startswith("_")}


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection beside those of the store."""
    connection = await asyncpg.connect(**DatabaseAddress.parse(url).connect_arguments)
    try:
        yield connection
    finally:
        await connection.close()


async def cut_all_others(connection: asyncpg.Connection) -> None:
    """As when a server restarts: every other connection to this database is gone."""
    await connection.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


class TestPostgresStore(StoreContract):
    @pytest.fixture
    async def store(self, empty_database: str) -> AsyncIterator[Store]:
        async with store_at(empty_database) as store:
            yield store


class TestPostgresStoreBehindAPooler(
    SaveContract,
    SessionContract,
    UnitOfWorkContract,
    ThrottleContract,
    UnitTasksContract,
    AnswerContract,
    QuotaContract,
):
    @pytest.fixture
    async def store(self, empty_database: str) -> AsyncIterator[Store]:
        async with store_at(empty_database, pooled=True) as store:
            yield store


class TestADatabaseThatIsAway:
    def test_every_method_of_the_ports_is_tried_here(self) -> None:
        ports = {
            "tasks": TaskRepository,
            "users": UserRepository,
            "passwords": PasswordRepository,
            "accounts": AccountRepository,
            "tickets": TicketRepository,
            "sessions": SessionRepository,
            "networks": NetworkRepository,
            "throttle": Throttle,
            "leftovers": LeftoverRepository,
        }
        methods = {f"{name}.{method}" for name, port in ports.items() for method in methods_of(port)}

        assert set(REPOSITORY_CALLS) == methods | {"begin"}
        assert set(UNIT_CALLS) == methods_of(UnitOfWork)

    @pytest.mark.parametrize("method", REPOSITORY_CALLS)
    async def test_every_method_says_that_the_store_is_unavailable(self, method: str) -> None:
        async with store_at(NOWHERE) as store:
            with pytest.raises(StoreUnavailable):
                await REPOSITORY_CALLS[method](store)

    @pytest.mark.parametrize("method", REPOSITORY_CALLS)
    async def test_a_store_that_is_not_open_says_the_same(self, method: str) -> None:
        with pytest.raises(StoreUnavailable):
            await REPOSITORY_CALLS[method](store_at(NOWHERE))

    @pytest.mark.parametrize("url", MISSING)
    async def test_it_does_not_matter_how_it_is_away(self, url: str) -> None:
        async with store_at(url) as store:
            with pytest.raises(StoreUnavailable):
                await store.users.all()

    async def test_a_server_without_the_database_is_away_too(self, database_server: str) -> None:
        async with store_at(beside(database_server, "no_such_database")) as store:
            with pytest.raises(StoreUnavailable):
                await store.users.all()

    @only_directly
    async def test_a_server_that_does_not_know_us_is_away_too(self, empty_database: str) -> None:
        async with store_at(re.sub(r"^(\w+://)([^@/]*@)?", r"\1no_such_user@", empty_database)) as store:
            with pytest.raises(StoreUnavailable):
                await store.users.all()

    async def test_every_look_up_that_waits_together_hears_of_it(self) -> None:
        async with store_at(NOWHERE) as store:
            outcomes = await asyncio.gather(
                *(store.sessions.find(SessionId(f"{number}")) for number in range(20)), return_exceptions=True
            )

        assert all(isinstance(outcome, StoreUnavailable) for outcome in outcomes)

    async def test_a_store_opened_meanwhile_serves_as_soon_as_the_database_is_there(
        self, database_server: str, migrated_template: str
    ) -> None:
        name = f"todo_test_{uuid4().hex}"
        try:
            async with store_at(beside(database_server, name)) as store:
                with pytest.raises(StoreUnavailable):
                    await store.users.all()
                await execute(database_server, f"CREATE DATABASE {name} TEMPLATE {migrated_template}")

                assert list(await store.users.all()) == []
        finally:
            await execute(database_server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


class TestConnectionsThatAreCut:
    @pytest.mark.parametrize(
        ("method", "begun"),
        [(method, begun) for method in UNIT_CALLS for begun in (True, False) if begun or method != "commit"],
    )
    @only_directly
    async def test_every_change_of_a_unit_says_that_the_store_is_unavailable(
        self, empty_database: str, method: str, begun: bool
    ) -> None:
        async def change_after_the_cut() -> None:
            async with connected(empty_database) as beside_it, store.begin() as work:
                if begun:
                    await work.set_password(ADA, OTHER_HASH)
                await cut_all_others(beside_it)
                await UNIT_CALLS[method](work)
                await work.commit()

        async with store_at(empty_database) as store:
            await keep(store, a_user(ADA), (ADA, HASH))

            with pytest.raises(StoreUnavailable):
                await change_after_the_cut()

        async with store_at(empty_database) as another:
            assert await another.passwords.find(ADA) == HASH

    async def test_a_commit_that_does_not_come_through_is_told_and_keeps_nothing(self, empty_database: str) -> None:
        async def commit_after_the_cut() -> None:
            async with connected(empty_database) as beside_it, store.begin() as work:
                await work.add_user(a_user(ADA))
                await cut_all_others(beside_it)
                await work.commit()

        async with store_at(empty_database) as store:
            with pytest.raises(StoreUnavailable):
                await commit_after_the_cut()

        async with store_at(empty_database) as another:
            assert list(await another.users.all()) == []

    async def test_what_went_wrong_inside_is_told_when_the_connection_was_cut_too(self, empty_database: str) -> None:
        async def fail_after_the_cut() -> None:
            async with connected(empty_database) as beside_it, store.begin():
                await cut_all_others(beside_it)
                raise LookupError

        async with store_at(empty_database) as store:
            with pytest.raises((LookupError, StoreUnavailable)):
                await fail_after_the_cut()

    async def test_leaving_a_unit_whose_connection_was_cut_is_quiet_or_unavailable(self, empty_database: str) -> None:
        async with store_at(empty_database) as store, connected(empty_database) as beside_it:
            with suppress(StoreUnavailable):
                async with store.begin():
                    await cut_all_others(beside_it)

            assert list(await store.users.all()) == []

    async def test_the_store_recovers_by_itself(self, empty_database: str) -> None:
        async with store_at(empty_database, pool_size=4) as store, connected(empty_database) as beside_it:
            await keep(store, a_user(ADA))
            await asyncio.gather(*(store.users.all() for _ in range(20)))
            await cut_all_others(beside_it)

            await asyncio.gather(*(store.users.all() for _ in range(4)), return_exceptions=True)

            assert list(await store.users.all()) == [a_user(ADA)]
            await keep(store, a_user(BOB))


class TestConnectionsThatAreShort:
    async def test_who_gets_no_connection_is_told_in_about_two_seconds(self, empty_database: str) -> None:
        async with store_at(empty_database, pool_size=2) as store, store.begin(), store.begin():
            begun = time.monotonic()

            outcomes = await asyncio.gather(
                store.tasks.of(ADA), store.sessions.find(SessionId("unknown")), keep(store), return_exceptions=True
            )

            assert all(isinstance(outcome, StoreUnavailable) for outcome in outcomes)
            assert 1.5 < time.monotonic() - begun < 4

    async def test_a_connection_that_comes_free_is_given_to_who_waits(self, empty_database: str) -> None:
        async with store_at(empty_database, pool_size=1) as store:
            async with store.begin() as work:
                waiting = asyncio.ensure_future(store.users.all())
                await work.add_user(a_user(ADA))
                await work.commit()

            assert list(await waiting) == [a_user(ADA)]

    async def test_one_connection_serves_many_in_turn(self, empty_database: str) -> None:
        async with store_at(empty_database, pool_size=1) as store:
            await keep(store, a_user(ADA))

            tasks = await asyncio.gather(*(add_task(store) for _ in range(50)))

            assert list(await store.tasks.of(ADA)) == sorted(tasks, key=lambda task: task.id)

    async def test_refusals_and_cancellations_cost_no_connection(self, empty_database: str) -> None:
        async with store_at(empty_database, pool_size=1) as store:
            await keep(store, a_user(ADA))
            for _ in range(5):
                with pytest.raises(EmailTaken):
                    await keep(store, a_user(BOB, email=a_user(ADA).email))
                with pytest.raises(UserNotFound):
                    await keep(store, a_session(UserId("usr_nobody")))
                impatient = asyncio.ensure_future(store.users.all())
                await asyncio.sleep(0)
                impatient.cancel()
                with suppress(asyncio.CancelledError):
                    await impatient

            assert list(await store.users.all()) == [a_user(ADA)]

    async def test_what_is_under_way_is_finished_when_the_store_is_closed(self, empty_database: str) -> None:
        store = store_at(empty_database)
        async with store, connected(empty_database) as beside_it:
            await keep(store, a_user(ADA))
            async with beside_it.transaction():
                await beside_it.execute("LOCK TABLE tasks")
                under_way = asyncio.ensure_future(store.tasks.add(a_new_task()))
                while not await beside_it.fetchval(SOMEBODY_WAITS):
                    pass
                begun = time.monotonic()
                closing = asyncio.ensure_future(store.__aexit__())
                await asyncio.sleep(0)

            assert (await under_way).owner == ADA
            await closing
            assert time.monotonic() - begun < 4


class TestWhatTheDatabaseHolds:
    async def test_the_constraints_are_there_that_refusals_are_known_by(self, empty_database: str) -> None:
        async with connected(empty_database) as connection:
            rows = await connection.fetch(
                "SELECT conname, conrelid::regclass::text AS of, confdeltype::text AS gone FROM pg_constraint"
            )

        found = {row["conname"]: (row["of"], row["gone"]) for row in rows}
        assert found["user_email_key"] == ('"user"', " ")
        assert found[TASK_OWNER_KEY] == ("tasks", "c")
        assert found["session_userId_fkey"] == ("session", "c")

    async def test_rows_that_better_auth_has_left_are_understood(self, empty_database: str) -> None:
        async with store_at(empty_database) as store, connected(empty_database) as connection:
            await keep(store, a_user(ADA))
            await connection.execute(
                'INSERT INTO session (id, token, "userId", "updatedAt", "expiresAt") VALUES ($1, $1, $2, $3, $3)',
                "theirs",
                ADA,
                LATER,
            )
            await connection.execute(
                'INSERT INTO account (id, "accountId", "providerId", "userId", "updatedAt")'
                " VALUES ('1', '42', 'github', $1, $2), ('2', $1, 'credential', $1, $2)",
                ADA,
                LATER,
            )

            session = await store.sessions.find(SessionId("theirs"))

            assert session is not None
            assert (session.device.address, session.device.agent) == (None, "")
            assert await store.passwords.find(ADA) is None
            await keep(store, (ADA, HASH))
            assert await store.passwords.find(ADA) == HASH
            assert await connection.fetchval("SELECT count(*) FROM account WHERE password IS NOT NULL") == 1

    async def test_the_way_to_sign_in_is_kept_as_better_auth_keeps_it(self, empty_database: str) -> None:
        async with store_at(empty_database) as store, connected(empty_database) as connection:
            await keep(store, a_user(ADA), (ADA, HASH))

            rows = await connection.fetch('SELECT "accountId", "providerId", "userId", password FROM account')

            assert [tuple(row) for row in rows] == [(ADA, "credential", ADA, HASH)]

    async def test_behind_a_pooler_no_statement_outlives_its_transaction(self, empty_database: str) -> None:
        async with store_at(empty_database, pooled=True, pool_size=1) as store:
            await keep(store, a_user(ADA), a_session(ADA), (ADA, HASH))
            task = await add_task(store)
            await store.tasks.get(ADA, task.id)

            async with store._pool.connection() as connection:
                prepared = await connection.fetchval("SELECT count(*) FROM pg_prepared_statements")

            assert prepared == 0


class TestLeftoversThatManyRemove:
    async def test_of_many_who_remove_at_once_each_row_is_counted_by_one(self, empty_database: str) -> None:
        async with store_at(empty_database, pool_size=8) as store:
            await keep(store, a_user(ADA), *(a_session(ADA) for _ in range(200)))
            ended = NOON + timedelta(days=8)

            gone = await asyncio.gather(
                *(store.leftovers.remove(Leftover.SESSIONS, over_by=ended, at_most=150) for _ in range(8))
            )

            left = await store.leftovers.count(Leftover.SESSIONS, over_by=ended)
            assert sum(gone) + left == 200
            assert max(gone) == 150

    async def test_while_somebody_else_is_at_it_nothing_is_done_and_nobody_waits(self, empty_database: str) -> None:
        async with store_at(empty_database) as store, connected(empty_database) as beside_it:
            await keep(store, a_user(ADA), a_session(ADA))
            ended = NOON + timedelta(days=8)
            async with beside_it.transaction():
                assert await beside_it.fetchval("SELECT pg_try_advisory_xact_lock(hashtext('todo maintenance'))")

                during = await store.leftovers.remove(Leftover.SESSIONS, over_by=ended, at_most=10)

            assert during == 0
            assert await store.leftovers.remove(Leftover.SESSIONS, over_by=ended, at_most=10) == 1

    async def test_a_row_that_somebody_holds_is_left_for_the_next_time(self, empty_database: str) -> None:
        async with store_at(empty_database) as store, connected(empty_database) as beside_it:
            held, free = a_session(ADA), a_session(ADA)
            await keep(store, a_user(ADA), held, free)
            async with beside_it.transaction():
                await beside_it.execute("SELECT id FROM session WHERE id = $1 FOR UPDATE", held.id)

                gone = await store.leftovers.remove(Leftover.SESSIONS, over_by=NOON + timedelta(days=8), at_most=10)

            assert gone == 1
            assert await store.sessions.find(held.id) == held


class TestTasksThatManyChange:
    async def test_twenty_toggles_at_once_are_twenty_flips(self, empty_database: str) -> None:
        async with store_at(empty_database) as store:
            await keep(store, a_user(ADA))
            task = await add_task(store)
            service = TaskService(store=store, clock=HandClock())

            await asyncio.gather(*(service.toggle(task.id, by=principal(ADA)) for _ in range(21)))

            kept = await store.tasks.get(ADA, task.id)
            assert (kept.version, kept.completed) == (22, True)

    async def test_two_who_edit_different_fields_at_once_both_succeed(self, empty_database: str) -> None:
        async with store_at(empty_database) as store:
            await keep(store, a_user(ADA))
            task = await add_task(store)
            service = TaskService(store=store, clock=HandClock())

            await asyncio.gather(
                service.edit(task.id, description=None, completed=True, by=principal(ADA)),
                *(service.toggle(task.id, by=principal(ADA)) for _ in range(4)),
            )

            assert (await store.tasks.get(ADA, task.id)).version == 6

    async def test_many_first_writes_of_a_user_of_another_issuer_record_that_user_once(
        self, empty_database: str
    ) -> None:
        async with store_at(empty_database) as store:
            service = TaskService(store=store, clock=HandClock())
            visitor = principal(UserId("visitor"), email="visitor@example.com")

            added = await asyncio.gather(*(service.add(a_task().title, None, by=visitor) for _ in range(10)))

            assert [user.id for user in await store.users.all()] == ["visitor"]
            assert len(await store.tasks.of(UserId("visitor"))) == len(added)
