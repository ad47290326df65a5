"""The log, the figures and the health of real processes."""

import asyncio
import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from tests.integration.databases import execute
from tests.integration.service import (
    PASSWORD,
    SECRET,
    TODO,
    Service,
    free_port,
    only_on_linux,
    serving,
    signed_up,
    started,
    surroundings,
    until,
)

INFO = {"TODO_LOG_LEVEL": "info"}
CANARY = "canary-7391"


def lines_of(service: Service) -> list[dict[str, Any]]:
    """Each line of standard error, read as JSON."""
    return [json.loads(line) for line in service.stderr.splitlines()]


async def test_every_line_is_one_of_json_and_none_holds_a_secret(empty_database: str) -> None:
    given = {"DATABASE_URL": empty_database, "BETTER_AUTH_SECRET": SECRET, **INFO}
    async with started("serve", settings=given) as service, service.client() as client:
        await service.answers()
        me = await signed_up(client)
        await client.post("/api/auth/login", json={"email": me.email, "password": CANARY})
        await client.post(me.tasks, headers=me.bearer, json={"title": CANARY})
        await client.get(f"{me.tasks}?token={CANARY}", headers={"Authorization": f"Bearer {me.token}x"})
        await client.get("/healthz")
        await execute(empty_database, "ALTER TABLE tasks RENAME TO hidden")
        broken = await client.get(me.tasks, headers=me.bearer)
        await execute(empty_database, "ALTER TABLE hidden RENAME TO tasks")
        await until(lambda: service.stderr.count("\n") >= 10)
        lines, text = lines_of(service), service.stderr

    assert broken.status_code == 500
    requests = [(line["method"], line["route"], line["status"]) for line in lines if line["event"] == "request"]
    assert requests[1:] == [
        ("POST", "/api/auth/signup", 200),
        ("POST", "/api/auth/login", 401),
        ("POST", "/api/{user_id}/tasks", 201),
        ("GET", "/api/{user_id}/tasks", 401),
        ("GET", "/api/{user_id}/tasks", 500),
    ]
    assert [line["event"] for line in lines if line.get("logger") == "todo.audit"] == [
        "signup",
        "signin_fail",
        "token_refused",
    ]
    (told,) = [line for line in lines if "exception" in line]
    assert told["request_id"] == broken.headers["x-request-id"]
    for secret in (CANARY, PASSWORD, SECRET, me.token, me.email):
        assert secret not in text


async def test_what_was_said_last_is_written_before_the_end(empty_database: str) -> None:
    for workers in ("1", "2"):
        async with serving(empty_database, "--workers", workers, settings=INFO) as service, service.client() as client:
            answer = await client.get("/nothing")
            service.tell(signal.SIGTERM)
            finished = await service.ended()

        assert answer.headers["x-request-id"] in finished.err


@only_on_linux
async def test_a_log_that_nobody_reads_holds_up_no_request(empty_database: str) -> None:
    port = free_port()
    read, write = os.pipe()
    fcntl.fcntl(write, 1031, 4096)  # F_SETPIPE_SZ: as little as there can be
    process = subprocess.Popen(  # noqa: ASYNC220  takes a millisecond
        [TODO, "serve", "--port", str(port)],
        env=surroundings({"DATABASE_URL": empty_database, "BETTER_AUTH_SECRET": SECRET, **INFO}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=write,
    )
    os.close(write)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            await answers(client)
            slowest = max([await took(client) for _ in range(300)])
        process.send_signal(signal.SIGTERM)
        ended = await asyncio.to_thread(process.wait, 15)
    finally:
        process.kill()
        process.wait()
        os.close(read)

    assert slowest < 2
    assert ended == 0


async def answers(client: httpx.AsyncClient) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            await client.get("/")
        except httpx.TransportError:
            await asyncio.sleep(0.05)
        else:
            return
    pytest.fail("The service does not answer.")


async def took(client: httpx.AsyncClient) -> float:
    begun = time.monotonic()
    assert (await client.get("/nothing")).status_code == 404
    return time.monotonic() - begun


class TestFigures:
    async def test_several_workers_answer_for_each_other(self, empty_database: str) -> None:
        settings = {"TODO_METRICS": "on"}
        async with serving(empty_database, "--workers", "2", settings=settings) as service:
            for _ in range(40):
                async with service.client() as fresh:  # a connection of its own goes to whichever worker is free
                    await fresh.get("/nothing")
            async with service.client() as client:
                texts = [(await client.get("/metrics")).text for _ in range(3)]

        for text in texts:
            assert 'todo_requests_total{method="GET",route="none",status="404"} 40.0' in text
            assert "todo_database_connections_in_use 0.0" in text
            assert "todo_database_connections_limit 20.0" in text
            assert "_created" not in text

    async def test_what_a_dead_worker_had_in_use_is_free(self, empty_database: str) -> None:
        settings = {"TODO_METRICS": "on"}
        async with serving(empty_database, "--workers", "2", settings=settings) as service, service.client() as client:
            first = service.workers[0]
            os.kill(first, signal.SIGKILL)
            await until(lambda: first not in service.workers and len(service.workers) == 2)
            await service.answers()

            answer = await client.get("/metrics")

        assert answer.status_code == 200
        assert re.search(r"^todo_passwords_hashing 0.0$", answer.text, re.MULTILINE)

    async def test_where_they_are_off_there_are_none(self, empty_database: str) -> None:
        async with serving(empty_database) as service, service.client() as client:
            assert (await client.get("/metrics")).status_code == 404


class TestReadiness:
    async def test_it_is_asked_of_the_database(self, empty_database: str) -> None:
        async with serving(empty_database) as service, service.client() as client:
            seen = [await readiness(client)]
            for statement in READY_AND_NOT:
                await execute(empty_database, statement)
                await asyncio.sleep(0.6)  # for half a second an answer counts
                seen.append(await readiness(client))
            alive = await client.get("/healthz")

        assert seen == [(200, None), (503, "schema"), (200, None), (503, "schema"), (200, None)]
        assert alive.status_code == 200

    async def test_a_service_whose_database_is_away_lives_and_is_not_ready(self) -> None:
        nowhere = "postgresql://todo@127.0.0.1:9/todo"
        settings = {"DATABASE_URL": nowhere, "BETTER_AUTH_SECRET": SECRET}
        async with started("serve", "--no-migrate", settings=settings) as service, service.client() as client:
            await service.answers()
            begun = time.monotonic()
            not_ready = await readiness(client)
            took = time.monotonic() - begun

        assert not_ready == (503, "database")
        assert took < 2


READY_AND_NOT: Sequence[str] = (
    "UPDATE todo_schema_version SET version_num = '0000'",
    "UPDATE todo_schema_version SET version_num = '9999'",  # a later program has been here
    "ALTER TABLE todo_schema_version RENAME TO away",
    "ALTER TABLE away RENAME TO todo_schema_version",
)


async def readiness(client: httpx.AsyncClient) -> tuple[int, str | None]:
    answer = await client.get("/readyz")
    return answer.status_code, answer.json().get("reason")


def test_the_version_that_workers_ask_for_is_that_of_the_migrations() -> None:
    """In a process of its own: workers do without Alembic."""
    program = (
        "import sys; from todo.adapters.postgres.schema_version import HEAD; assert 'alembic' not in sys.modules; "
        "from todo.adapters.postgres.migrations import Migrations; "
        "from todo.adapters.postgres.address import DatabaseAddress; "
        "print(HEAD == Migrations(DatabaseAddress.parse('postgresql://x/y')).head)"
    )

    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert told.stdout == "True\n"
