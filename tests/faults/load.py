"""People who write and read all the time, and a ledger of what each was told."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

import httpx

from tests.faults.database import Database
from tests.faults.report import Report
from tests.integration.service import Person, Service

PAUSE = 0.005
"""Seconds between an answer and the next request: the load is to show faults, not to be one."""
AFTER_A_REFUSAL = 0.05
WRITERS = 8


@dataclass(frozen=True, slots=True)
class Try:
    """One request, and what became of it."""

    began: float
    took: float
    status: int | None
    """`None` when no answer came."""
    retry_after: bool
    title: str | None
    """Of the task that was to be added."""
    body: Any = None

    @property
    def ended(self) -> float:
        return self.began + self.took

    @property
    def succeeded(self) -> bool:
        return self.status is not None and self.status < 300

    @property
    def failed(self) -> bool:
        return self.status is None or self.status >= 500


class Load:
    """Everything that was asked, by all."""

    def __init__(self) -> None:
        self.tries: list[Try] = []
        self._ask = True
        self._numbers = itertools.count()

    def title(self) -> str:
        return f"number {next(self._numbers)}"

    def stop(self) -> None:
        self._ask = False

    async def writer(self, service: Service, person: Person, *, description: str | None = None) -> None:
        def request() -> dict[str, Any]:
            body = {"title": self.title(), "description": description}
            return {"method": "POST", "url": person.tasks, "headers": person.bearer, "json": body}

        await self._work(service, request)

    async def reader(self, service: Service, person: Person, *urls: str) -> None:
        turns = itertools.cycle(urls)
        headers = person.bearer | person.cookie
        await self._work(service, lambda: {"method": "GET", "url": next(turns), "headers": headers})

    async def _work(self, service: Service, request: Callable[[], dict[str, Any]]) -> None:
        async with service.client(limits=httpx.Limits(max_connections=1)) as client:
            while self._ask:
                done = await one(client, **request())
                self.tries.append(done)
                await asyncio.sleep(AFTER_A_REFUSAL if done.failed else PAUSE)

    def statuses(self) -> Counter[int | None]:
        return Counter(one.status for one in self.tries)

    def failures(self) -> list[Try]:
        return [one for one in self.tries if one.failed]

    def lasted(self, since: float) -> float:
        """Seconds from then to the end of the last request that failed."""
        return max((one.ended - since for one in self.failures()), default=0.0)

    def p99(self, since: float = 0.0, until: float = float("inf")) -> float:
        return p99([one.took for one in self.tries if one.succeeded and since <= one.began < until])

    async def settle(self, report: Report, database: Database) -> None:
        """Compares what was told with what is there: nothing may be lost or doubled, nor be there after a 4xx."""
        rows = await database.fetch("SELECT title, count(*) FROM tasks GROUP BY title")
        kept = {row["title"]: row["count"] for row in rows}
        written = [one for one in self.tries if one.title]
        report.writes = sum(one.succeeded for one in written)
        report.lost = sum(one.succeeded and one.title not in kept for one in written)
        report.doubled = sum(count > 1 for title, count in kept.items() if title.startswith("number "))
        report.untold = sum(not one.succeeded and one.title in kept for one in written)
        report.refused = sum(one.status == 503 for one in self.tries)
        report.broken = sum(one.status is None for one in self.tries)
        wrong = [one for one in written if one.status and 400 <= one.status < 500 and one.title in kept]
        report.check(report.lost == 0, "what was answered with success is in the database", f"{report.lost} lost")
        report.check(report.doubled == 0, "exactly once", f"{report.doubled} doubled")
        report.check(not wrong, "what was refused with 4xx is not there", f"{len(wrong)} there")
        report.check(report.writes > 0, "there was something to lose", f"{report.writes} writes")


async def one(client: httpx.AsyncClient, **request: Any) -> Try:
    began = time.monotonic()
    title = (request.get("json") or {}).get("title")
    try:
        answer = await client.request(**request)
    except httpx.TransportError:
        return Try(began, time.monotonic() - began, None, False, title)
    took = time.monotonic() - began
    body = answer.json() if answer.headers.get("content-type", "").startswith("application/json") else None
    return Try(began, took, answer.status_code, "retry-after" in answer.headers, title, body)


def p99(times: Sequence[float]) -> float:
    return quantiles(times, n=100)[98] if len(times) > 1 else 0.0


@asynccontextmanager
async def under_load(
    service: Service, person: Person, *, writers: int = WRITERS, description: str | None = None
) -> AsyncIterator[Load]:
    """Writers on a connection of their own each. At the end they have all been answered, or given up."""
    load = Load()
    async with working(load, *(load.writer(service, person, description=description) for _ in range(writers))):
        yield load


@asynccontextmanager
async def working(load: Load, *people: Any) -> AsyncIterator[Load]:
    tasks = [asyncio.create_task(person) for person in people]
    try:
        yield load
        load.stop()
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Watch:
    """Asks every 50 ms whether the event loops live, by a path that needs nothing."""

    def __init__(self) -> None:
        self.times: list[float] = []

    @classmethod
    @asynccontextmanager
    async def over(cls, service: Service) -> AsyncIterator["Watch"]:
        watch = cls()
        task = asyncio.create_task(watch._look(service))
        try:
            yield watch
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _look(self, service: Service) -> None:
        async with service.client() as client:
            while True:
                self.times.append((await one(client, method="GET", url="/")).took)
                await asyncio.sleep(0.05)
