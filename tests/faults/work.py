"""Faults of ordinary work: races, a migration under load, and what piles up in time."""

import asyncio
import time
from collections import Counter
from contextlib import AsyncExitStack
from typing import Any

import httpx

from tests.faults.load import Load, Try, one, under_load, working
from tests.faults.outages import check_refusals
from tests.faults.report import Report
from tests.faults.stage import files_of, memory_of, stage
from tests.faults.workers import a_task, both_serve, ms, toggle
from tests.integration.service import PASSWORD, run_todo

FIFTY = 50
A_MIGRATION = (
    "SET lock_timeout = '2s'",
    "ALTER TABLE tasks ADD COLUMN seen_from text",
    "ALTER TABLE tasks ADD COLUMN weight integer NOT NULL DEFAULT 1",
    "CREATE INDEX CONCURRENTLY tasks_by_weight ON tasks (user_id, weight)",
    "DROP INDEX CONCURRENTLY tasks_by_weight",
    "ALTER TABLE tasks DROP COLUMN weight, DROP COLUMN seen_from",
)
"""As a later version would do it: one statement after the other, each in its own transaction."""


async def f11(report: Report) -> None:
    """The clock steps"""
    report.not_run = "a unit test turns an injected clock: tests/unit/domain/test_clock_steps.py"


async def f12(report: Report) -> None:
    """Fifty who change, sign up and delete the same"""
    async with stage() as scene, AsyncExitStack() as stack:
        await both_serve(scene.service)
        clients = [await stack.enter_async_context(scene.service.client()) for _ in range(FIFTY)]
        task = await a_task(clients[0], scene.person)
        flips = await asyncio.gather(*(toggle(client, scene.person, task) for client in clients))
        credentials = {"email": "all-the-same@example.com", "password": PASSWORD}
        call = {"method": "POST", "url": "/api/auth/signup", "json": credentials}
        sign_ups = [one_try for _ in range(2) for one_try in await _all(clients[:25], call)]
        removal = {"method": "DELETE", "url": f"{scene.person.tasks}/{task}", "headers": scene.person.bearer}
        ends = await _all(clients, removal)
        [[deadlocks]] = await scene.database.fetch(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        )
        [[users]] = await scene.database.fetch("SELECT count(*) FROM \"user\" WHERE email LIKE 'all-the-same%'")
        seen = Counter(answer.status for answer in [*flips, *sign_ups, *ends])
        completed = [answer.body["completed"] for answer in flips if answer.status == 200]
        report.refused, report.broken = seen[503], seen[None]
        report.check(seen[500] == 0 and seen[None] == 0, "no 500", dict(seen))
        report.check(
            completed.count(True) - completed.count(False) in {0, 1}, "each flip is one", f"{len(completed)} flips"
        )
        report.check(users == 1, "one of those who sign up gets the address", users)
        report.check(sum(answer.succeeded for answer in ends) == 1, "one deletes the task")
        report.check(deadlocks == 0, "no deadlocks", deadlocks)
        await scene.service.stop()


async def _all(clients: list[httpx.AsyncClient], call: dict[str, Any]) -> list[Try]:
    return await asyncio.gather(*(one(client, **call) for client in clients))


async def f15(report: Report) -> None:
    """A channel of notifications is dead"""
    report.not_run = "nothing depends on one: sessions are looked up, and nothing listens"


async def f16(report: Report) -> None:
    """A migration runs while people work"""
    async with stage() as scene:
        await both_serve(scene.service)
        load = Load()
        people = [load.writer(scene.service, scene.person) for _ in range(4)]
        people += [load.reader(scene.service, scene.person, "/api/auth/session") for _ in range(4)]
        async with working(load, *people):
            await asyncio.sleep(1)
            began = time.monotonic()
            done = await run_todo("db", "upgrade", settings={"DATABASE_URL": scene.database.url})
            for statement in A_MIGRATION:
                await scene.database.execute(statement)
                await asyncio.sleep(0.3)
            report.lasted = time.monotonic() - began
            await asyncio.sleep(1)
        await load.settle(report, scene.database)
        check_refusals(report, load, allowed={200, 201, 503})
        report.check(done.code == 0, "it succeeds")
        report.check(load.statuses()[500] == 0, "no 500")
        slow = load.p99(since=began)
        report.check(slow <= 1, "p99 at most a second", ms(slow))
        await scene.service.stop()


async def f17(report: Report, *, long: bool = False) -> None:
    """What piles up in time"""
    seconds = 600 if long else 60
    async with stage() as scene:
        workers = await both_serve(scene.service)
        async with under_load(scene.service, scene.person, writers=2) as writing, AsyncExitStack() as stack:
            load = Load()
            urls = ("/api/auth/session", "/", f"{scene.person.tasks}/1")
            readers = [load.reader(scene.service, scene.person, *urls) for _ in range(4)]
            await stack.enter_async_context(working(load, *readers))
            await asyncio.sleep(seconds * 0.3)
            early = [(memory_of(pid), files_of(pid)) for pid in workers]
            await asyncio.sleep(seconds * 0.7)
            late = [(memory_of(pid), files_of(pid)) for pid in workers]
        await writing.settle(report, scene.database)
        report.lasted = float(seconds)
        growth = max(after / before - 1 for (before, _), (after, _) in zip(early, late, strict=True))
        report.check(growth < 0.05, "memory grows by less than 5 %", f"{growth:.1%}")
        files = [(before, after) for (_, before), (_, after) in zip(early, late, strict=True)]
        report.check(
            all(after <= before + 2 for before, after in files),
            "open files stay as they are",
            ", ".join(f"{before} and {after}" for before, after in files),
        )
        report.check(scene.service.workers == workers, "the workers are the same")
        asked = len(load.tries) + len(writing.tries)
        failed = len(load.failures()) + len(writing.failures())
        report.check(failed == 0, "nothing fails", f"{failed} of {asked}")
        await scene.service.stop()
