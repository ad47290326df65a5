"""Faults of the service's own processes: killed, told to stop, standing still, failing."""

import asyncio
import os
import re
import signal
import time
from contextlib import AsyncExitStack, ExitStack, suppress
from pathlib import Path

import asyncpg
import httpx

from tests.faults.load import WRITERS, Try, one, under_load
from tests.faults.report import Report, Stopwatch
from tests.faults.stage import GRACE, SLOW, Stage, stage
from tests.integration.service import Person, Service, a_connection, until

HALF_A_BODY = (
    "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
    "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n[1, 2, "
)


async def both_serve(service: Service) -> list[int]:
    await until(lambda: len(service.workers) == 2)
    for pid in service.workers:
        await until(lambda pid=pid: _listens(pid, service.port))  # type: ignore[misc]
    return service.workers


def _listens(pid: int, port: int) -> bool:
    """Whether the worker's event loop waits for new connections: its epoll knows the socket that listens there."""
    inode = f"socket:[{_inode_of(port)}]"
    numbers = [number for number, link in _open_files(pid).items() if link == inode]
    polls = [number for number, link in _open_files(pid).items() if "eventpoll" in link]
    with suppress(FileNotFoundError):
        waited_for = "".join(Path(f"/proc/{pid}/fdinfo/{poll}").read_text() for poll in polls)
        return any(re.search(rf"tfd:\s+{number}\b", waited_for) for number in numbers)
    return False


def _inode_of(port: int) -> str:
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return next((line[9] for line in lines if line[3] == "0A" and int(line[1].partition(":")[2], 16) == port), "")


def _open_files(pid: int) -> dict[str, str]:
    links = {}
    with suppress(FileNotFoundError):
        for number in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                links[number.name] = str(number.readlink())
    return links


def _busiest(workers: list[int]) -> int:
    """Of eight connections that are opened at once one worker may take all."""
    return max(workers, key=lambda pid: sum(link.startswith("socket") for link in _open_files(pid).values()))


async def f1(report: Report) -> None:
    """A worker is killed under load."""
    async with stage() as scene:
        before = await both_serve(scene.service)
        async with under_load(scene.service, scene.person) as load:
            await asyncio.sleep(3)
            victim = _busiest(before)
            killed = time.monotonic()
            os.kill(victim, signal.SIGKILL)
            new = await _replacement(scene.service, before)
            await asyncio.sleep(max(0.0, killed + 2 - time.monotonic()))
        other = next(pid for pid in before if pid != victim)
        while not await _serves_alone(scene.service, other=other):
            await until(lambda: new in scene.service.workers, within=1)
        serves = time.monotonic() - killed
        await load.settle(report, scene.database)
        report.lasted = load.lasted(killed)
        broken = report.broken or 0
        report.check(0 < broken <= WRITERS, "only the connections of that worker break", f"{broken} of {WRITERS}")
        report.check(report.refused == 0, "nobody else is refused", f"{report.refused} refused")
        report.check(report.lasted <= 0.5, "all of it within half a second", f"{report.lasted:.2f} s")
        report.check_speed(serves <= 5, "another worker serves within 5 s", f"{serves:.1f} s")
        calm, after = load.p99(until=killed), load.p99(since=killed)
        report.check_speed(
            after <= max(4 * calm, SLOW), "p99 of the rest at most four times, or 250 ms", ms(calm, after)
        )
        await scene.service.stop()


async def _replacement(service: Service, before: list[int]) -> int:
    await until(lambda: bool(set(service.workers) - set(before)))
    return next(iter(set(service.workers) - set(before)))


async def _serves_alone(service: Service, *, other: int) -> bool:
    """Whether the new worker takes a connection while the other one cannot."""
    os.kill(other, signal.SIGSTOP)
    try:
        async with service.client() as client, asyncio.timeout(0.5):
            return (await client.get("/")).status_code == 200
    except (TimeoutError, httpx.TransportError):
        return False
    finally:
        os.kill(other, signal.SIGCONT)


async def f2(report: Report) -> None:
    """SIGTERM with requests in flight."""
    async with stage(settings={"TODO_DB_POOL_SIZE": "30"}) as scene, AsyncExitStack() as stack:
        await both_serve(scene.service)
        tasks = await some_tasks(scene, 20)
        clients = [await stack.enter_async_context(scene.service.client()) for _ in tasks]
        async with under_load(scene.service, scene.person) as load:
            await asyncio.sleep(1)
            async with held(scene, tasks) as lock:
                toggles = [toggle(client, scene.person, task) for client, task in zip(clients, tasks, strict=True)]
                asked = [asyncio.create_task(one) for one in toggles]
                await lock.waited_for(20)
                watch = Stopwatch()
                scene.service.tell(signal.SIGTERM)
                await asyncio.sleep(0.3)
                load.stop()
                await asyncio.sleep(1.2)
            answers = await asyncio.gather(*asked)
            finished = await scene.service.ended(within=GRACE + 5)
            report.lasted = watch.seconds
        await load.settle(report, scene.database)
        answered = sum(answer.status == 200 for answer in answers)
        report.check(answered == 20, "each request in flight is answered", f"{answered} of 20")
        report.check(report.untold == 0, "nothing is kept without an answer", f"{report.untold} kept")
        report.check(report.lasted <= GRACE + 1, f"it ends within {GRACE + 1} s", f"{report.lasted:.1f} s")
        report.check(finished.code == 0, "and well", f"exit code {finished.code}")
        report.check("Traceback" not in finished.err, "no traceback in its log")
        report.check("unexpected EOF" not in scene.database.log, "its connections to the database were closed in order")


async def f2b(report: Report) -> None:
    """SIGTERM while slow clients hold sockets."""
    async with stage() as scene:
        await both_serve(scene.service)
        with ExitStack() as sockets:
            said = HALF_A_BODY.format(path=scene.person.tasks, token=scene.person.token).encode()
            for words in (said, said, said, b"GET / HT", b"GET / HTTP/1.1\r\nX-Slow: "):
                sockets.enter_context(a_connection(scene.service, words))
            await asyncio.sleep(0.5)
            watch = Stopwatch()
            scene.service.tell(signal.SIGTERM)
            finished = await scene.service.ended(within=GRACE + 10)
            report.lasted = watch.seconds
        report.check(report.lasted <= GRACE + 1, f"it ends within {GRACE + 1} s", f"{report.lasted:.1f} s")
        report.check(finished.code == 0, "and well", f"exit code {finished.code}")
        report.check("Traceback" not in finished.err, "no traceback in its log")


async def f2c(report: Report) -> None:
    """The parent of the workers is killed."""
    async with stage() as scene:
        workers = await both_serve(scene.service)
        watch = Stopwatch()
        scene.service.tell(signal.SIGKILL)
        await scene.service.ended()
        await until(lambda: not any(map(_lives, workers)), within=GRACE + 5)
        report.lasted = watch.seconds
        report.check(report.lasted <= GRACE + 1, "no worker is left behind", f"{report.lasted:.1f} s")


def _lives(pid: int) -> bool:
    with suppress(OSError), open(f"/proc/{pid}/stat") as status:  # noqa: PTH123  /proc
        return status.read().rpartition(")")[2].split()[0] != "Z"
    return False


async def f13(report: Report) -> None:
    """A handler fails; a worker stands still."""
    async with stage() as scene, scene.service.client() as client:
        workers = await both_serve(scene.service)
        await scene.database.execute("ALTER TABLE tasks RENAME COLUMN title TO gone")
        broken = await one(client, method="GET", url=scene.person.tasks, headers=scene.person.bearer)
        other = await one(client, method="GET", url="/api/auth/session", headers=scene.person.cookie)
        await scene.database.execute("ALTER TABLE tasks RENAME COLUMN gone TO title")
        again = await one(client, method="GET", url=scene.person.tasks, headers=scene.person.bearer)
        shape = {"detail": "Internal Server Error", "code": "INTERNAL_SERVER_ERROR"}
        report.check((broken.status, broken.body) == (500, shape), "a fault of ours is a 500 of the known shape")
        report.check((other.status, again.status) == (200, 200), "and that of its own request only")

        os.kill(workers[0], signal.SIGSTOP)
        watch = Stopwatch()
        new = await _replacement(scene.service, workers)
        report.lasted = watch.seconds
        await until(lambda: _listens(new, scene.service.port))
        report.check(report.lasted <= 7, "a worker that stands still is replaced after 5 s", f"{report.lasted:.1f} s")
        await asyncio.sleep(2)
        answers = [await fresh(scene.service) for _ in range(20)]
        report.check(all(answers), "and everybody is served again", f"{sum(answers)} of 20")


async def fresh(service: Service) -> bool:
    try:
        async with service.client() as client:
            return (await client.get("/", timeout=2)).status_code == 200
    except httpx.TransportError:
        return False


class Lock:
    """Rows that somebody holds: who would change one of them waits."""

    def __init__(self, scene: Stage) -> None:
        self._scene = scene

    async def waited_for(self, count: int) -> None:
        query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        async with asyncio.timeout(GRACE):
            while (await self._scene.database.fetch(query))[0]["count"] < count:  # noqa: ASYNC110  no event tells
                await asyncio.sleep(0.02)


class held:  # noqa: N801  read as a word
    """`async with held(scene, tasks)`: these rows are locked meanwhile."""

    def __init__(self, scene: Stage, tasks: list[int]) -> None:
        self._scene = scene
        self._tasks = tasks

    async def __aenter__(self) -> Lock:
        self._connection = await asyncpg.connect(self._scene.database.url)
        self._transaction = self._connection.transaction()
        await self._transaction.start()
        await self._connection.fetch("SELECT 1 FROM tasks WHERE id = ANY($1::bigint[]) FOR UPDATE", self._tasks)
        return Lock(self._scene)

    async def __aexit__(self, *_: object) -> None:
        await self._transaction.rollback()
        await self._connection.close()


async def some_tasks(scene: Stage, count: int) -> list[int]:
    """By a connection of their own: those of the people would be too old by the time they are used."""
    async with scene.service.client() as client:
        return [await a_task(client, scene.person) for _ in range(count)]


async def a_task(client: httpx.AsyncClient, person: Person) -> int:
    added = await client.post(person.tasks, headers=person.bearer, json={"title": "Held"})
    task: int = added.json()["id"]
    return task


async def toggle(client: httpx.AsyncClient, person: Person, task: int) -> Try:
    return await one(client, method="PATCH", url=f"{person.tasks}/{task}/complete", headers=person.bearer)


def ms(*seconds: float) -> str:
    return ", ".join(f"{second * 1000:.0f} ms" for second in seconds)
