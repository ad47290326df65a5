"""Faults of the database: restarted, frozen, used up, refusing, failing at the last moment."""

import asyncio
import json
import re
import time
from collections import Counter
from contextlib import AsyncExitStack

import httpx

from tests.faults.database import FAST_SHUTDOWN, IMMEDIATE_SHUTDOWN, Database
from tests.faults.load import Load, Try, Watch, one, p99, under_load, working
from tests.faults.report import Report
from tests.faults.stage import LONGEST_ANSWER, POOL, SLOW, Stage, stage
from tests.faults.workers import both_serve, held, ms, some_tasks, toggle
from tests.integration.service import PASSWORD

HEALED_WITHIN = 2.0
"""Seconds after the database takes connections again."""


async def restarted(database: Database, how: int) -> tuple[float, float]:
    """When it went, and when it was back."""
    went = time.monotonic()
    async with database.away(how):
        pass
    return went, time.monotonic()


def check_refusals(report: Report, load: Load, *, allowed: set[int | None]) -> None:
    seen = load.statuses()
    report.check(set(seen) <= allowed, "answers are success or 503, and nothing else", _counted(seen))
    told = all(one.retry_after for one in load.tries if one.status == 503)
    report.check(told, "with Retry-After")


def _counted(statuses: Counter[int | None]) -> str:
    return ", ".join(f"{count} x {status or 'no answer'}" for status, count in statuses.items())


async def f3(report: Report) -> None:
    """PostgreSQL restarts, fast and immediate"""
    async with stage() as scene:
        await both_serve(scene.service)
        load = Load()
        late, lasted = 0.0, 0.0
        async with working(load, *(load.writer(scene.service, scene.person) for _ in range(8))):
            for how in (FAST_SHUTDOWN, IMMEDIATE_SHUTDOWN):
                await asyncio.sleep(2)
                went, back = await restarted(scene.database, how)
                await asyncio.sleep(HEALED_WITHIN + 1)
                late, lasted = max(late, load.lasted(back)), max(lasted, load.lasted(went))
        await load.settle(report, scene.database)
        report.lasted = lasted
        check_refusals(report, load, allowed={201, 503})
        report.check(late <= HEALED_WITHIN, "only until 2 s after it is back", f"{late:.2f} s")
        stale = [await _first_after_a_restart(scene) for _ in range(2)]
        report.check(stale == [[], []], "connections that went stale cost no request", stale)
        await scene.service.stop()


async def _first_after_a_restart(scene: Stage) -> list[int | None]:
    """What a service that had nothing to do answers at once, to reads, changes and sign-ins. Empty is well."""
    calls = [
        {"method": "GET", "url": scene.person.tasks, "headers": scene.person.bearer},
        {"method": "POST", "url": scene.person.tasks, "headers": scene.person.bearer, "json": {"title": "First"}},
        {"method": "POST", "url": "/api/auth/login", "json": {"email": scene.person.email, "password": PASSWORD}},
    ]
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(scene.service.client()) for _ in range(12)]
        for client in clients:
            await one(client, **calls[0])  # so that there are connections
        await restarted(scene.database, FAST_SHUTDOWN)
        answers = await asyncio.gather(*(one(client, **calls[n % 3]) for n, client in enumerate(clients)))
    return [answer.status for answer in answers if not answer.succeeded]


async def f3b(report: Report) -> None:
    """The same for session checks"""
    async with stage() as scene:
        await both_serve(scene.service)
        load = Load()
        urls = ("/api/auth/session", scene.person.tasks, scene.person.proxied)
        async with working(load, *(load.reader(scene.service, scene.person, *urls) for _ in range(8))):
            await asyncio.sleep(1)
            went, _ = await restarted(scene.database, FAST_SHUTDOWN)
            await asyncio.sleep(1)
            await restarted(scene.database, IMMEDIATE_SHUTDOWN)
            await asyncio.sleep(HEALED_WITHIN)
        report.lasted = load.lasted(went)
        report.refused = load.statuses()[503]
        report.broken = load.statuses()[None]
        check_refusals(report, load, allowed={200, 503})
        nobody = [one for one in load.tries if one.status == 200 and one.body is None]
        report.check(not nobody, "nobody is told that they are signed out", f"{len(nobody)} were")
        await scene.service.stop()


async def f4(report: Report) -> None:
    """PostgreSQL hangs for ten seconds"""
    async with stage() as scene:
        await both_serve(scene.service)
        async with under_load(scene.service, scene.person) as load, Watch.over(scene.service) as watch:
            await asyncio.sleep(2)
            froze = time.monotonic()
            async with scene.database.frozen():
                await asyncio.sleep(10)
            thawed = time.monotonic()
            await asyncio.sleep(4)
        await load.settle(report, scene.database)
        report.lasted = load.lasted(froze)
        check_refusals(report, load, allowed={201, 503})
        slowest = max(one.took for one in load.tries)
        report.check(slowest <= LONGEST_ANSWER, "every answer within 5 s", f"the slowest took {slowest:.1f} s")
        lag = p99(watch.times)
        report.check_speed(lag <= 0.05, "the event loops live: p99 at most 50 ms", ms(lag, max(watch.times)))
        late = [one for one in load.failures() if one.began > thawed + 1]
        report.check(not late, "no error from 1 s after it goes on", f"{len(late)} errors")
        await scene.service.stop()


async def f4b(report: Report) -> None:
    """A change whose outcome is unknown is asked for again"""
    async with stage() as scene, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(scene.service.client()) for _ in range(8)]
        calls = [
            {
                "method": "POST",
                "url": scene.person.tasks,
                "headers": scene.person.bearer | {"Idempotency-Key": f"key-{number}"},
                "json": {"title": f"number {number}"},
            }
            for number in range(8)
        ]
        twice = {**calls[0], "headers": scene.person.bearer | {"Idempotency-Key": "probe"}, "json": {"title": "Probe"}}
        known = [(await one(clients[0], **twice)).body["id"] for _ in range(2)]
        if known[0] != known[1]:
            report.not_run = "this service keeps no Idempotency-Key"
            return
        async with scene.database.frozen():
            asked = await asyncio.gather(*(one(client, **call) for client, call in zip(clients, calls, strict=True)))
        await asyncio.sleep(3)
        again = [await one(client, **call) for client, call in zip(clients, calls, strict=True)]
        load = Load()
        load.tries = again
        await load.settle(report, scene.database)
        report.refused = sum(first.status == 503 for first in asked)
        report.check(all(second.status == 201 for second in again), "asked again with its key, each is done")
        await scene.service.stop()


async def f5(report: Report) -> None:
    """The pool is used up"""
    async with stage(settings={"TODO_DB_POOL_SIZE": str(POOL // 2)}) as scene, AsyncExitStack() as stack:
        await both_serve(scene.service)
        tasks = await some_tasks(scene, 40)
        clients = [await stack.enter_async_context(scene.service.client()) for _ in tasks]
        calm = [await _read(scene, clients) for _ in range(50)]
        held_until = 0.0

        async def insist(number: int) -> list[Try]:
            tries: list[Try] = []
            while time.monotonic() < held_until or not tries:
                tries.append(await toggle(clients[number], scene.person, tasks[number]))
                await asyncio.sleep(0.05)
            return tries

        async with held(scene, tasks):
            held_until = time.monotonic() + 5
            people = [asyncio.create_task(insist(number)) for number in range(40)]
            await asyncio.sleep(5)
        tries = [one for each in await asyncio.gather(*people) for one in each]
        await asyncio.sleep(1)
        after = [await _read(scene, clients) for _ in range(50)]
        backends = await scene.database.fetch(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        seen = Counter(one.status for one in tries)
        report.refused, report.broken = seen[503], seen[None]
        report.check(set(seen) <= {200, 503} and seen[503] > 0, "answers are success or 503", _counted(seen))
        report.check(all(one.retry_after for one in tries if one.status == 503), "with Retry-After")
        slowest = max(one.took for one in tries)
        report.check(slowest <= LONGEST_ANSWER, "every answer within 5 s", f"the slowest took {slowest:.1f} s")
        report.check_speed(
            p99(after) <= max(4 * p99(calm), SLOW),
            "p99 a second later at most four times, or 250 ms",
            ms(p99(calm), p99(after)),
        )
        count = backends[0]["count"]
        report.check(count <= POOL, "no connection is left over", f"{count} of {POOL}")
        await scene.service.stop()


async def _read(scene: Stage, clients: list[httpx.AsyncClient]) -> float:
    return (await one(clients[0], method="GET", url=scene.person.tasks, headers=scene.person.bearer)).took


async def f14(report: Report) -> None:
    """The database refuses: too many connections, read only, nobody may sign in"""
    postgres = {"log_connections": "on", "log_min_messages": "fatal", "log_line_prefix": "%n "}
    async with stage(role="todo_app", postgres=postgres) as scene:
        await both_serve(scene.service)
        load = Load()
        people = [load.reader(scene.service, scene.person, scene.person.tasks) for _ in range(6)]
        people += [load.writer(scene.service, scene.person) for _ in range(6)]
        async with working(load, *people):
            await asyncio.sleep(1)
            began = time.monotonic()
            known = len(scene.database.log)
            await _restricted(scene, "NOLOGIN", "LOGIN")
            ended = time.monotonic()
            knocks = _knocks(scene.database.log[known:])
            await asyncio.sleep(2)
            healed = load.lasted(ended)
            await _restricted(scene, "CONNECTION LIMIT 1", "CONNECTION LIMIT -1")
            await asyncio.sleep(2)
            await _restricted(
                scene, "SET default_transaction_read_only = on", "RESET default_transaction_read_only", again=True
            )
            await asyncio.sleep(2)
        await load.settle(report, scene.database)
        report.lasted = load.lasted(began)
        check_refusals(report, load, allowed={200, 201, 503})
        report.check(healed <= HEALED_WITHIN, "healed 2 s after it is let in again", f"{max(healed, 0):.2f} s")
        report.check(knocks <= 2 * 5, "at most 5 attempts a second and worker to connect", f"{knocks} of both")
        log = scene.service.stderr
        causes = ("28000", "53300", "25006")
        report.check(all(cause in log for cause in causes), "the log names each cause", ", ".join(causes))
        check_log(report, log)
        await scene.service.stop()


async def _restricted(scene: Stage, restriction: str, relief: str, *, again: bool = False) -> None:
    """For three seconds, also to whoever is connected."""
    away = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'todo_app'"
    await scene.database.execute(f"ALTER ROLE todo_app {restriction}; {away}")
    await asyncio.sleep(3)
    await scene.database.execute(f"ALTER ROLE todo_app {relief}" + (f"; {away}" if again else ""))


def _knocks(log: str) -> int:
    """The most in any one second."""
    times = [
        float(found[1]) for found in re.finditer(r"^([\d.]+) .*FATAL:.*not permitted to log in", log, re.MULTILINE)
    ]
    return max((sum(first <= time < first + 1 for time in times) for first in times), default=0)


def check_log(report: Report, log: str) -> None:
    """Of each worker a line a second and cause: with two workers two may stand in one second."""
    lines = [json.loads(line) for line in log.splitlines() if '"the database is away: ' in line]
    most = max(Counter((line["ts"][:19], line["event"].split(": ")[1]) for line in lines).values(), default=0)
    report.check(most <= 4, "the log is not flooded: a line a second, cause and worker", f"{most} in a second at most")


async def f18(report: Report) -> None:
    """COMMIT fails"""
    async with stage() as scene, scene.service.client() as client:
        await scene.database.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "IF NEW.title LIKE 'killed%' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; "
            "RAISE EXCEPTION 'not today'; END $$;"
            "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON tasks DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION refuse();"
            "CREATE FUNCTION refuse_too() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION 'not today'; END $$;"
            'CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON "session" DEFERRABLE INITIALLY DEFERRED '
            "FOR EACH ROW EXECUTE FUNCTION refuse_too();"
        )
        added = [
            await one(client, method="POST", url=scene.person.tasks, headers=scene.person.bearer, json={"title": title})
            for title in [*(f"refused {n}" for n in range(40)), *(f"killed {n}" for n in range(40))]
        ]
        credentials = {"email": scene.person.email, "password": PASSWORD}
        signed_in = [await one(client, method="POST", url="/api/auth/login", json=credentials) for _ in range(20)]
        rows = await scene.database.fetch('SELECT (SELECT count(*) FROM tasks) + (SELECT count(*) FROM "session") AS n')
        seen = Counter(one.status for one in [*added, *signed_in])
        report.refused, report.broken, report.writes = seen[503] + seen[500], seen[None], 0
        report.check(set(seen) <= {500, 503}, "100 of 100 are refused", _counted(seen))
        report.check(rows[0]["n"] == 1, "nothing is kept", f"{rows[0]['n'] - 1} rows more than before")
        told = scene.service.stderr.count("an unexpected error")
        report.check(told + seen[503] >= 100, "each is in the log", f"{told} tracebacks for {seen[500]} faults")
