"""What limits guessing, over PostgreSQL: with many at once, on several workers, and with the rights that suffice."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import asyncpg
import httpx
import pytest

from tests.builders import ADA, NOON, PASSWORD, SECRET, HandClock, PlainHasher, a_user, keep
from tests.integration.databases import execute, only_directly
from tests.integration.service import PASSWORD as WORD
from tests.integration.service import Service, cookie_of, serving, signed_up
from tests.mailboxes import OutboxMailer
from todo.adapters.hmac_pseudonyms import HmacPseudonyms
from todo.adapters.jwt_email_proofs import JwtEmailProofs
from todo.adapters.postgres.address import DatabaseAddress
from todo.adapters.postgres.store import PostgresStore
from todo.domain.errors import CredentialsWrong, TooManyAttempts
from todo.domain.model.pace import Bucket, Pace, Pseudonym
from todo.domain.model.session import MOST_SESSIONS, Device
from todo.domain.model.user import Email, Password, User
from todo.domain.services.accounts import AccountService
from todo.domain.services.attempts import Attempts
from todo.domain.services.verification import VerificationService

GUESS = Password("a wrong guess")
MANY = 200
POOL = 4
"""Connections of each worker, and attempts that it makes at a time."""
SAFETY = Path(__file__).parents[2] / "SECURITY.md"
ADDRESS = "203.0.113.7"
WAITING = "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted"


class Worker:
    """Signs people in over a pool of its own. Its hasher counts how often it is asked."""

    def __init__(self, store: PostgresStore) -> None:
        clock = HandClock()
        mailer = OutboxMailer()
        verification = VerificationService(store=store, mailer=mailer, proofs=JwtEmailProofs(SECRET), clock=clock)
        self.store = store
        self._door = asyncio.Semaphore(POOL)
        self.accounts = AccountService(
            store=store,
            hasher=PlainHasher(),
            clock=clock,
            verification=verification,
            attempts=Attempts(store=store, pseudonyms=HmacPseudonyms(SECRET), clock=clock),
        )

    async def sign_in(self, email: Email, password: Password = GUESS, *, address: str = ADDRESS) -> str:
        try:
            async with self._door:  # who waits for a connection too long is told so, and was not counted
                await self.accounts.sign_in(email, password, device=Device(address=address))
        except (CredentialsWrong, TooManyAttempts) as error:
            return type(error).__name__
        return "in"


@pytest.fixture
async def workers(empty_database: str) -> AsyncIterator[list[Worker]]:
    """Four that share a database and nothing else."""
    async with AsyncExitStack() as stack:
        yield [
            Worker(
                await stack.enter_async_context(
                    PostgresStore(DatabaseAddress.parse(empty_database), clock=HandClock(), pool_size=POOL)
                )
            )
            for _ in range(4)
        ]


@pytest.fixture
async def ada(workers: list[Worker]) -> User:
    user = a_user(ADA)
    await keep(workers[0].store, user, (ADA, await PlainHasher().hash(PASSWORD)))
    return user


async def gathered(*attempts: Awaitable[str]) -> Counter[str]:
    return Counter(await asyncio.gather(*attempts))


class TestManyAtOnce:
    async def test_ten_get_through_to_one_account_from_one_address(self, workers: list[Worker], ada: User) -> None:
        came = await gathered(*(workers[n % 4].sign_in(ada.email) for n in range(MANY)))

        assert came == {"CredentialsWrong": 10, "TooManyAttempts": MANY - 10}

    async def test_thirty_get_through_to_one_account_from_many_addresses(
        self, workers: list[Worker], ada: User
    ) -> None:
        came = await gathered(*(workers[n % 4].sign_in(ada.email, address=f"10.{n}.0.1") for n in range(MANY)))

        assert came == {"CredentialsWrong": 30, "TooManyAttempts": MANY - 30}

    async def test_thirty_get_through_from_one_address_to_many_accounts(self, workers: list[Worker]) -> None:
        came = await gathered(*(workers[n % 4].sign_in(Email(f"person{n}@example.com")) for n in range(MANY)))

        assert came == {"CredentialsWrong": 30, "TooManyAttempts": MANY - 30}

    @only_directly  # twelve wait for one row at the same moment, each on a connection of its own to the server
    async def test_of_those_who_have_all_seen_room_for_one_one_gets_through(
        self, workers: list[Worker], empty_database: str
    ) -> None:
        """They look, and then wait for the same row; what they saw is not true any more when it is their turn."""
        bucket = Bucket(name=Pseudonym(b"x" * 16), pace=Pace(burst=3, every=timedelta(minutes=1)))
        other = Bucket(name=Pseudonym(b"a" * 16), pace=Pace(burst=50, every=timedelta(minutes=1)))
        await workers[0].store.throttle.charge([bucket], at=NOON)
        await workers[0].store.throttle.charge([bucket], at=NOON)

        async def charged(number: int) -> str:
            try:
                await workers[number % 4].store.throttle.charge([bucket, other], at=NOON)
            except TooManyAttempts:
                return "refused"
            return "let through"

        connected = [worker.store.networks.is_known(ADA, bucket.name, since=NOON) for worker in workers * POOL]
        await asyncio.gather(*connected)  # making a connection takes longer than a statement may
        holder = await asyncpg.connect(**DatabaseAddress.parse(empty_database).connect_arguments)
        try:
            async with holder.transaction():
                await holder.execute("SELECT FROM throttle FOR UPDATE")
                crowd = asyncio.ensure_future(gathered(*(charged(number) for number in range(12))))
                async with asyncio.timeout(2):
                    while await holder.fetchval(WAITING) < 12:  # noqa: ASYNC110  nobody can tell us
                        await asyncio.sleep(0.01)
        finally:
            await holder.close()

        assert await crowd == {"let through": 1, "refused": 11}
        left = [await self._is_let_through(workers[0], other) for _ in range(60)]
        assert left.count(True) == 49

    @staticmethod
    async def _is_let_through(worker: Worker, bucket: Bucket) -> bool:
        try:
            await worker.store.throttle.charge([bucket], at=NOON)
        except TooManyAttempts:
            return False
        return True

    async def test_no_more_than_that_get_through_when_everything_is_mixed(
        self, workers: list[Worker], ada: User
    ) -> None:
        """Nobody waits in a circle: PostgreSQL would break that up with an error, which would be told here."""
        came = await gathered(
            *(
                workers[n % 4].sign_in(
                    Email(f"person{n % 3}@example.com") if n % 2 else ada.email,
                    PASSWORD if n % 7 == 0 else GUESS,
                    address=f"10.0.{n % 5}.1",
                )
                for n in range(2 * MANY)
            )
        )

        assert came.total() == 2 * MANY
        assert 30 <= came["CredentialsWrong"] <= 30 * 5

    async def test_who_is_known_gets_in_after_all_that(self, workers: list[Worker], ada: User) -> None:
        assert await workers[0].sign_in(ada.email, PASSWORD, address="192.0.2.1") == "in"

        await gathered(*(workers[n % 4].sign_in(ada.email, address=f"10.{n}.0.1") for n in range(MANY)))

        assert await workers[1].sign_in(ada.email, PASSWORD, address="192.0.2.1") == "in"
        assert await workers[1].sign_in(ada.email, PASSWORD, address="198.51.100.1") == "TooManyAttempts"

    async def test_nobody_has_more_than_fifty_sessions(self, workers: list[Worker], ada: User) -> None:
        for _ in range(7):
            came = await gathered(*(workers[n % 4].sign_in(ada.email, PASSWORD) for n in range(8)))
            assert came == {"in": 8}

        assert len(await workers[0].store.sessions.of(ADA)) == MOST_SESSIONS


class TestTheTable:
    async def test_has_no_address_in_it(self, workers: list[Worker], ada: User, empty_database: str) -> None:
        await workers[0].sign_in(ada.email)
        await workers[0].sign_in(ada.email, PASSWORD)

        rows = await fetch(empty_database, "SELECT key FROM throttle UNION ALL SELECT network FROM known_network")

        assert len(rows) == 4
        assert all(len(row[0]) == 16 for row in rows)

    async def test_costs_no_write_ahead_log(self, empty_database: str) -> None:
        assert await fetch(empty_database, "SELECT relpersistence FROM pg_class WHERE relname = 'throttle'") == [
            (b"u",)
        ]

    async def test_does_not_grow_for_ever(self, workers: list[Worker], empty_database: str) -> None:
        pace = Pace(burst=1, every=timedelta(milliseconds=1))
        throttle = workers[0].store.throttle
        for n in range(510):
            moment = NOON + n * pace.every
            await throttle.charge([Bucket(name=Pseudonym(n.to_bytes(16, "big")), pace=pace)], at=moment)

        assert len(await fetch(empty_database, "SELECT key FROM throttle")) < 50


async def fetch(url: str, statement: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(**DatabaseAddress.parse(url).connect_arguments)
    try:
        return [tuple(row) for row in await connection.fetch(statement)]
    finally:
        await connection.close()


async def test_two_processes_count_as_one(empty_database: str) -> None:
    async with serving(empty_database) as first, serving(empty_database) as second:
        async with first.client() as client:
            person = await signed_up(client)

        statuses = Counter(await asyncio.gather(*(guess(service, person.email) for service in (first, second) * 15)))

    assert statuses == {401: 10, 429: 20}


async def guess(service: Service, email: str) -> int:
    async with service.client() as client:
        answer = await client.post("/api/auth/login", json={"email": email, "password": "a wrong guess"})
        return answer.status_code


@only_directly  # the role comes by an option of the connection
class TestTheLeastRights:
    """Those that stand in SECURITY.md."""

    @pytest.fixture
    async def as_service(self, database_server: str, empty_database: str) -> AsyncIterator[str]:
        """The URL of the database for a role with these rights and no others."""
        async with a_role(database_server, empty_database) as name:
            await execute(empty_database, grants().replace("todo_service", name))
            yield f"{empty_database}{'&' if '?' in empty_database else '?'}options={quote(f'-c role={name}')}"

    async def test_are_enough_for_everything_that_people_do(self, as_service: str) -> None:
        async with serving(as_service, "--no-migrate") as service, service.client() as client:
            await self._walk(client)

    async def test_are_not_enough_to_change_the_tables(self, as_service: str) -> None:
        for statement in (
            "CREATE TABLE mine (id int)",
            'ALTER TABLE "user" ADD COLUMN mine int',
            "DROP TABLE tasks",
            "TRUNCATE throttle",
            "DELETE FROM todo_schema_version",
            "CREATE SCHEMA mine",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await execute(as_service, statement)

    @staticmethod
    async def _walk(client: httpx.AsyncClient) -> None:
        person = await signed_up(client)
        made = await client.post(person.tasks, headers=person.bearer, json={"title": "Buy milk"})
        assert made.status_code == 201
        task = f"{person.tasks}/{made.json()['id']}"
        assert (await client.patch(f"{task}/complete", headers=person.bearer)).status_code == 200
        assert (await client.delete(task, headers=person.bearer)).status_code == 200
        client.cookies.clear()
        answer = await client.post("/api/auth/login", json={"email": person.email, "password": WORD})
        cookie = {"Cookie": f"better-auth.session_token={cookie_of(answer)}"}
        for call, body in (
            ("change-password", {"currentPassword": WORD, "newPassword": "quite another one"}),
            ("request-password-reset", {"email": person.email}),
            ("delete-user", {"password": "quite another one"}),
        ):
            answer = await client.post(f"/api/auth/{call}", headers=cookie, json=body)
            assert answer.status_code == 200, answer.text


def grants() -> str:
    """The statements that SECURITY.md gives to the operator."""
    (found,) = re.findall(r"```sql\n(.*?)```", SAFETY.read_text(encoding="utf-8"), re.DOTALL)
    return str(found)


@asynccontextmanager
async def a_role(server: str, database: str) -> AsyncIterator[str]:
    name = f"todo_test_{uuid4().hex}"
    await execute(server, f"CREATE ROLE {name}")
    try:
        yield name
    finally:
        await execute(database, f"DROP OWNED BY {name}")
        await execute(server, f"DROP ROLE {name}")
