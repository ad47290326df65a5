"""`todo serve` and `todo demo` as people and platforms run them: started, asked, told to stop."""

import asyncio
import re
import shutil
import signal
import socket
import stat
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest

from tests.integration.databases import connect
from tests.integration.service import (
    SECRET,
    STOPS_WITHIN,
    Service,
    a_connection,
    a_folder,
    free_port,
    is_open,
    only_on_linux,
    run_todo,
    serving,
    serving_embedded,
    signed_up,
    started,
    until,
    vouched_for,
)

NO_DATABASE = "postgresql://todo@127.0.0.1:1/todo"
"""Nobody listens there."""

WELL_KNOWN = "better-auth-secret-12345678901234567890"
"""Better Auth's own, when none is given."""

OWNER_ONLY = 0o600
OUTPUT = re.compile(
    r"Page      (?P<page>http://127\.0\.0\.1:\d+)\n"
    r"API docs  (?P<docs>http://127\.0\.0\.1:\d+/docs)\n"
    r"Data      (?P<data>.+)\n"
    r"Stop      Ctrl\+C\n"
)


@pytest.fixture
def directory() -> Iterator[Path]:
    """For the data; not there yet."""
    with a_folder() as folder:
        yield folder / "data"


def keep(file: Path, text: str) -> None:
    file.parent.mkdir(mode=0o711)
    file.write_text(text)


def found_in(directory: Path, pattern: str) -> list[str]:
    return sorted(path.name for path in directory.glob(pattern))


def words_of(service: Service) -> dict[str, str]:
    """The four lines it has printed, and nothing else."""
    found = OUTPUT.fullmatch(service.stdout)
    assert found, service.stdout
    return found.groupdict()


async def fetch(database: str, query: str) -> list[tuple[object, ...]]:
    connection = await connect(database)
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


class TestWithoutAnythingSet:
    async def test_it_says_where_it_is_and_every_word_is_true(self, directory: Path) -> None:
        of_another_server = {"PGPORT": "6000", "PGHOST": "db.example.com", "PGSSLMODE": "verify-full"}
        async with started("serve", settings={"TODO_DATA_DIR": str(directory), **of_another_server}) as service:
            await service.answers()
            words = words_of(service)

            async with service.client() as client:
                assert (await client.get(words["page"])).json() == {"message": "Todo API with Authentication"}
                assert "text/html" in (await client.get(words["docs"])).headers["content-type"]
            assert words["page"] == service.url
            assert words["data"] == f"{directory} (embedded PostgreSQL)"
            assert found_in(directory, "*") == ["postgres", "secret"]

            service.tell(signal.SIGINT)
            finished = await service.ended(within=STOPS_WITHIN)

        assert (finished.code, finished.err) == (130, "")
        assert found_in(directory, "postgres/data-*/postmaster.pid") == []

    async def test_what_it_has_answered_is_there_after_a_stop_and_after_a_crash(self, directory: Path) -> None:
        async with serving_embedded(directory) as first, first.client() as client:
            secret = (directory / "secret").read_text()
            me = await signed_up(client)
            kept = [(await client.post(me.proxied, json={"title": "Before the stop"})).json()]

        async with started("serve", settings={"TODO_DATA_DIR": str(directory)}) as second:
            await second.answers()
            async with second.client(cookies=client.cookies) as client:
                assert (await client.get(me.proxied)).json() == kept
                kept.append((await client.post(me.proxied, json={"title": "Before the crash"})).json())
                second.tell(signal.SIGKILL)
            await second.ended()

        async with serving_embedded(directory) as third, third.client(cookies=client.cookies) as client:
            assert (await client.get(me.proxied)).json() == kept
            assert (await client.get("/api/auth/session")).json()["user"]["id"] == me.id
            minted = vouched_for(me.id, secret=secret.strip())
            assert (await client.get(me.tasks, headers=minted.bearer)).json() == kept
        assert (directory / "secret").read_text() == secret
        assert stat.S_IMODE((directory / "secret").stat().st_mode) == OWNER_ONLY

    async def test_a_secret_that_was_damaged_is_not_replaced(self, directory: Path) -> None:
        keep(directory / "secret", "")

        finished = await run_todo("serve", "--port", str(free_port()), settings={"TODO_DATA_DIR": str(directory)})

        assert (finished.code, finished.out) == (78, "")
        assert finished.err.startswith(f"todo: the secret in {directory}/secret is shorter than 32 bytes")
        assert finished.err.count("\n") == 1
        assert (directory / "secret").read_text() == ""

    async def test_a_place_that_cannot_be_is_told_in_a_line(self, directory: Path) -> None:
        keep(directory / "a file", "")
        below = {"TODO_DATA_DIR": str(directory / "a file" / "data")}

        finished = await run_todo("serve", "--port", str(free_port()), settings=below)

        assert (finished.code, finished.out) == (1, "")
        assert finished.err.startswith("todo: cannot make ")
        assert str(directory) in finished.err
        assert "TODO_DATA_DIR" in finished.err
        assert finished.err.count("\n") == 1


class TestWrongSettings:
    @pytest.mark.parametrize(
        ("secret", "complaint"),
        [
            ({}, "BETTER_AUTH_SECRET is missing"),
            ({"BETTER_AUTH_SECRET": "too-short-by-half"}, "BETTER_AUTH_SECRET is shorter than 32 bytes"),
            ({"BETTER_AUTH_SECRET": WELL_KNOWN}, "BETTER_AUTH_SECRET is easy to guess"),
            ({"BETTER_AUTH_SECRET_FILE": "/nowhere/secret"}, "BETTER_AUTH_SECRET_FILE cannot be read: /nowhere/secret"),
        ],
        ids=["missing", "short", "well known", "in a file that is not there"],
    )
    async def test_without_a_good_secret_it_does_not_start(
        self, empty_database: str, secret: dict[str, str], complaint: str
    ) -> None:
        async with started("serve", settings={"DATABASE_URL": empty_database, **secret}) as service:
            was_open = set()
            while not service.has_ended:
                was_open.add(is_open(service.port))
                await asyncio.sleep(0.01)
            finished = await service.ended()

        assert (finished.code, finished.out) == (78, "")
        assert finished.err.startswith(f"todo: {complaint}")
        assert finished.err.count("\n") == 1
        assert not any(value in finished.err for name, value in secret.items() if not name.endswith("_FILE"))
        assert was_open <= {False}

    async def test_all_faults_are_told_at_once(self) -> None:
        wrong = {
            "DATABASE_URL": "mysql://root@127.0.0.1/todo",
            "BETTER_AUTH_SECRET": "hunter2",
            "TODO_PORT": "http",
            "TODO_WORKERS": "0",
            "TODO_DB_POOL_SIZE": "many",
            "TODO_DB_POOLER": "session",
            "TODO_BASE_URL": "todo.example.com/app",
            "TODO_CORS_ORIGINS": "https://app.example.com, *",
        }

        finished = await run_todo("serve", settings=wrong)

        assert (finished.code, finished.out) == (78, "")
        told = [line.removeprefix("todo: ").partition(" ")[0] for line in finished.err.splitlines()]
        assert sorted(told) == sorted(wrong)
        assert "hunter2" not in finished.err

    async def test_a_port_that_is_in_use_is_told_in_a_line(self, empty_database: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            finished = await run_todo(
                "serve",
                "--port",
                str(port),
                settings={"DATABASE_URL": empty_database, "BETTER_AUTH_SECRET": SECRET},
            )

        assert (finished.code, finished.out) == (1, "")
        assert finished.err.startswith(f"todo: cannot listen on 127.0.0.1 port {port}: Address already in use")
        assert finished.err.count("\n") == 1

    async def test_of_two_that_start_on_one_port_one_is_told(self, empty_database: str) -> None:
        settings = {"DATABASE_URL": empty_database, "BETTER_AUTH_SECRET": SECRET}
        async with (
            started("serve", settings=settings) as first,
            started("serve", settings=settings, port=first.port) as second,
        ):
            await until(lambda: first.has_ended or second.has_ended)
            loser, winner = (first, second) if first.has_ended else (second, first)
            await winner.answers()
            finished = await loser.ended()
            words_of(winner)

        assert (finished.code, finished.out) == (1, "")
        assert "Address already in use" in finished.err

    async def test_a_database_that_is_away_is_told_in_a_line(self) -> None:
        settings = {"DATABASE_URL": NO_DATABASE, "BETTER_AUTH_SECRET": SECRET}

        finished = await run_todo("serve", "--port", str(free_port()), settings=settings)

        assert (finished.code, finished.out) == (69, "")
        assert finished.err.startswith("todo: the database cannot be reached: it takes no connections: nobody listens")
        assert finished.err.count("\n") == 1


@only_on_linux
async def test_no_secret_stands_where_other_users_of_the_machine_can_read_it(empty_database: str) -> None:
    async with serving(empty_database, "--workers", "2") as service, service.client() as client:
        await until(lambda: len(service.workers) == 2)
        told = [command_line(pid) for pid in (service.pid, *service.workers)]
        told += (await client.get("/openapi.json")).text, service.stdout, service.stderr

    for text in told:
        assert SECRET not in text
        assert empty_database not in text


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


async def test_secrets_can_come_from_files(empty_database: str, tmp_path: Path) -> None:
    secret, database = tmp_path / "secret", tmp_path / "database"
    secret.write_text(f"{SECRET}\n")
    database.write_text(f"{empty_database}\n")
    given = {"BETTER_AUTH_SECRET_FILE": str(secret), "DATABASE_URL_FILE": str(database)}

    async with started("serve", settings=given) as service:
        await service.answers()
        them = vouched_for("usr_elsewhere")
        async with service.client() as client:
            answer = await client.post(them.tasks, headers=them.bearer, json={"title": "Signed with the file's secret"})
        words = words_of(service)
        await service.stop()

    assert answer.status_code == 201
    assert await fetch(empty_database, "SELECT user_id FROM tasks") == [("usr_elsewhere",)]
    assert words["data"].startswith("PostgreSQL at ")
    assert SECRET not in words["data"]


class TestStopping:
    async def test_a_request_in_flight_is_answered(self, empty_database: str) -> None:
        async with serving(empty_database) as service, service.client() as client:
            me = await signed_up(client)
            task = (await client.post(me.proxied, json={"title": "In flight"})).json()
            async with locked(empty_database, task["id"]) as lock:
                asked = asyncio.create_task(client.patch(f"{me.proxied}/{task['id']}/complete"))
                await lock.somebody_waits()
                service.tell(signal.SIGTERM)
                await until(lambda: not is_open(service.port))
                assert not asked.done()

            answer = await asked
            finished = await service.ended(within=STOPS_WITHIN)

        assert (answer.status_code, answer.json()["completed"]) == (200, True)
        assert (finished.code, finished.err) == (0, "")

    async def test_connections_that_are_merely_open_hold_up_nothing(self, empty_database: str) -> None:
        async with serving(empty_database) as service, service.client() as keeps_alive:
            await keeps_alive.get("/")
            with ExitStack() as stack:
                said = [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow"]
                for words in said:
                    stack.enter_context(a_connection(service, words))
                service.tell(signal.SIGTERM)
                finished = await service.ended(within=5)  # not the eight seconds that a request may take

        assert (finished.code, finished.err) == (0, "")

    async def test_while_it_drains_everybody_is_answered_and_it_says_that_it_is_not_ready(
        self, empty_database: str
    ) -> None:
        async with serving(empty_database, settings={"TODO_DRAIN_SECONDS": "2"}) as service, service.client() as kept:
            assert (await kept.get("/readyz")).status_code == 200
            service.tell(signal.SIGTERM)
            await asyncio.sleep(0.5)

            async with service.client() as new:
                ready, page = await new.get("/readyz"), await new.get("/healthz")
            last = await kept.get("/healthz")
            finished = await service.ended(within=STOPS_WITHIN)

        assert (ready.status_code, ready.json()["reason"]) == (503, "draining")
        assert (page.status_code, last.status_code) == (200, 200)
        assert last.headers["connection"] == "close"
        assert finished.code == 0

    async def test_who_is_not_done_in_time_is_told_to_come_back(self, empty_database: str) -> None:
        async with serving(empty_database) as service:
            them = vouched_for("usr_elsewhere")
            head = f"POST {them.tasks} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {them.token}\r\n"
            with a_connection(service, f"{head}Content-Length: 9\r\n\r\n{{".encode()) as slow:
                await asyncio.sleep(0.2)
                service.tell(signal.SIGTERM)
                finished = await service.ended(within=STOPS_WITHIN)
                answer = slow.recv(10_000)

        assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b"\r\nretry-after: 2\r\n" in answer
        assert finished.code == 0
        assert "Traceback" not in finished.err
        assert "requests cut off, 8 s after the stop: 1" in finished.err

    async def test_ctrl_c_is_no_accident_for_several_workers_either(self, empty_database: str) -> None:
        """A terminal tells it to every process."""
        settings = {"DATABASE_URL": empty_database, "BETTER_AUTH_SECRET": SECRET}
        async with started("serve", "--workers", "2", settings=settings) as service:
            await service.answers()
            service.tell_all(signal.SIGINT)
            finished = await service.ended(within=STOPS_WITHIN)

        assert (finished.code, finished.err) == (130, "")


class Lock:
    """A task's row, held: who would change the task waits."""

    def __init__(self, watcher: asyncpg.Connection) -> None:
        self._watcher = watcher

    async def somebody_waits(self) -> None:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        while not await self._watcher.fetchval(waiting):  # noqa: ASYNC110  there is no event; `locked` bounds it
            await asyncio.sleep(0.02)


@asynccontextmanager
async def locked(database: str, task: int) -> AsyncIterator[Lock]:
    holder, watcher = await connect(database), await connect(database)
    try:
        async with holder.transaction(), asyncio.timeout(4):
            await holder.fetchval("SELECT id FROM tasks WHERE id = $1 FOR UPDATE", task)
            yield Lock(watcher)
    finally:
        await holder.close()
        await watcher.close()


class TestSeveralWorkers:
    @only_on_linux
    async def test_they_serve_together_on_tables_made_once(self, bare_database: str) -> None:
        async with serving(bare_database, "--workers", "2") as service:
            await until(lambda: len(service.workers) == 2)
            words_of(service)

            async def walk() -> int:
                async with service.client() as client:
                    me = await signed_up(client)
                    await client.post(me.proxied, json={"title": "Shared"})
                    return len((await client.get(me.proxied)).json())

            assert await asyncio.gather(*(walk() for _ in range(8))) == [1] * 8
        assert await fetch(bare_database, "SELECT count(*) FROM todo_schema_version") == [(1,)]
        assert await fetch(bare_database, 'SELECT count(*) FROM "user"') == [(8,)]

    async def test_services_that_start_at_once_make_the_tables_once(self, bare_database: str) -> None:
        await asyncio.gather(*(start_and_stop(bare_database) for _ in range(2)))

        assert await fetch(bare_database, "SELECT count(*) FROM todo_schema_version") == [(1,)]


async def start_and_stop(database: str) -> None:
    async with serving(database):
        pass


class TestDemo:
    async def test_what_it_prints_works(self) -> None:
        async with started("demo", settings={}) as service:
            await service.answers()
            page, docs, sign_in, curl, stop = service.stdout.splitlines()

            assert page.split() == ["Page", service.url]
            assert docs.split() == ["API", "docs", f"{service.url}/docs"]
            assert stop.startswith("Stop ")
            words = re.fullmatch(r"Sign in +(\S+) with the password (\S+)", sign_in)
            assert words
            async with service.client() as client:
                body = {"email": words[1], "password": words[2]}
                assert (await client.post("/api/auth/login", json=body)).status_code == 200
                assert (await client.get(docs.split()[-1])).status_code == 200

            tasks = await run_line(curl.removeprefix("Try").strip())
            assert [task["completed"] for task in tasks] == [False] * 3
            await service.stop()

    async def test_the_quota_counts_and_the_database_that_is_set_does_not(self) -> None:
        settings = {
            "TODO_TASK_QUOTA": "4",
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nowhere",
            "TODO_SIGNUP": "closed",
        }
        async with started("demo", settings=settings) as service:
            await service.answers()
            async with service.client() as client:
                me = await signed_up(client)
                answers = [await client.post(me.proxied, json={"title": "One more"}) for _ in range(5)]
            await service.stop()

        assert [answer.status_code for answer in answers] == [201] * 4 + [409]

    async def test_a_quota_that_is_none_is_told_in_a_line(self) -> None:
        told = await run_todo("demo", "--port", str(free_port()), settings={"TODO_TASK_QUOTA": "many"})

        assert (told.code, told.out, told.err.count("\n")) == (78, "", 1)
        assert told.err.startswith("todo: TODO_TASK_QUOTA must be a number from 1 to ")


async def run_line(line: str) -> list[dict[str, object]]:
    """As a person pastes it; where there is no curl, what it says is asked in another way."""
    if shutil.which("curl"):
        ended = await asyncio.to_thread(subprocess.run, ["sh", "-c", line], capture_output=True, text=True, check=True)
        answer = httpx.Response(200, text=ended.stdout)
    else:
        found = re.fullmatch(r"curl -H '(\S+): (.+)' (\S+)", line)
        assert found, line
        async with httpx.AsyncClient() as client:
            answer = await client.get(found[3], headers={found[1]: found[2]})
    tasks: list[dict[str, object]] = answer.json()
    return tasks
