"""Faults of those who call: silent, slow, or all at once."""

import asyncio
import select
import socket
import time
from collections import Counter
from contextlib import ExitStack
from statistics import median

import httpx

from tests.faults.load import Load, Try, one, working
from tests.faults.report import Report
from tests.faults.stage import SLOW, Stage, memory_of, stage
from tests.faults.workers import HALF_A_BODY, both_serve, ms
from tests.integration.service import PASSWORD, Person, Service

OF_EACH_KIND = 75
HEAD_SECONDS, BODY_SECONDS = 30, 60
"""In which a silent client is gone."""
LARGE_ANSWERS = "GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 4
FOR_A_HASH = 31 + 20
"""MiB that a worker may take besides, while it hashes in one slot: what argon2 needs, and some."""


async def f6(report: Report) -> None:
    """Slow and silent clients"""
    async with stage() as scene:
        workers = await both_serve(scene.service)
        calm = await _readers(scene, seconds=3)
        before = sum(map(memory_of, workers))
        body = HALF_A_BODY.format(path=scene.person.tasks, token=scene.person.token)
        kinds = {
            "nothing": "",
            "half a head": "GET / HTTP/1.1\r\nX-Slow: ",
            "no body": body,
            "no reading": LARGE_ANSWERS,
        }
        with ExitStack() as stack:
            began = time.monotonic()
            sockets = {
                kind: [stack.enter_context(_a_socket(scene.service, words)) for _ in range(OF_EACH_KIND)]
                for kind, words in kinds.items()
            }
            crowded = await _readers(scene, seconds=5)
            growth = sum(map(memory_of, workers)) - before
            gone = {kind: await _gone(of_kind, began, within=BODY_SECONDS + 5) for kind, of_kind in sockets.items()}
        report.lasted = max(gone.values())
        for kind, seconds in gone.items():
            limit = BODY_SECONDS if kind in {"no body", "no reading"} else HEAD_SECONDS
            report.check(seconds <= limit, f"who sends {kind} is gone in {limit} s", f"{seconds:.0f} s")
        report.check_speed(
            crowded <= max(2 * calm, SLOW), "p99 of everybody else at most twice, or 250 ms", ms(calm, crowded)
        )
        report.check(growth <= 50, "at most 50 MiB more", f"{growth:.0f} MiB")
        await scene.service.stop()


async def _readers(scene: Stage, *, seconds: float) -> float:
    """The p99 of four who read their tasks."""
    load = Load()
    async with working(load, *(load.reader(scene.service, scene.person, scene.person.tasks) for _ in range(4))):
        await asyncio.sleep(seconds)
    return load.p99()


def _a_socket(service: Service, words: str) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", service.port))
    client.sendall(words.encode())
    return client


async def _gone(sockets: list[socket.socket], began: float, *, within: float) -> float:
    """Seconds until the service has closed the last of them, without reading anything."""
    poll = select.poll()
    for client in sockets:
        poll.register(client, select.POLLRDHUP)
    left = {client.fileno() for client in sockets}
    while left and time.monotonic() - began < within:
        for number, _ in poll.poll(0):
            poll.unregister(number)
            left.discard(number)
        await asyncio.sleep(0.1)
    return time.monotonic() - began


async def f7(report: Report) -> None:
    """Everybody signs in at once"""
    async with stage() as scene:
        workers = await both_serve(scene.service)
        calm = await _readers(scene, seconds=3)
        before = {pid: memory_of(pid) for pid in workers}
        async with scene.service.client(limits=httpx.Limits(max_connections=200)) as client:
            end = time.monotonic() + 10
            storm = [asyncio.create_task(_storm(client, scene.person, until=end)) for _ in range(200)]
            crowded = await _readers(scene, seconds=9)
            growth = max(memory_of(pid) - before[pid] for pid in workers)
            tries = [one for each in await asyncio.gather(*storm) for one in each]
        seen = Counter(one.status for one in tries)
        excess = [one.took for one in tries if one.status in {429, 503}]
        report.refused, report.broken = len(excess), seen[None]
        report.check(set(seen) <= {200, 429, 503} and seen[200] > 0, "answers are success, 429 or 503", dict(seen))
        report.check_speed(
            crowded <= max(4 * calm, SLOW), "p99 of those who read at most four times, or 250 ms", ms(calm, crowded)
        )
        report.check(growth <= FOR_A_HASH, f"a worker takes at most {FOR_A_HASH} MiB more", f"{growth:.0f} MiB")
        if excess:
            typical = median(excess)
            report.check_speed(
                typical <= max(0.1, 4 * calm),
                "who is too many is told in 100 ms, or four times what a read takes",
                ms(typical),
            )
        await scene.service.stop()


async def _storm(client: httpx.AsyncClient, person: Person, *, until: float) -> list[Try]:
    tries: list[Try] = []
    credentials = {"email": person.email, "password": PASSWORD}
    while time.monotonic() < until:
        tries.append(await one(client, method="POST", url="/api/auth/login", json=credentials))
        await asyncio.sleep(0.01 if tries[-1].succeeded else 1)  # as Retry-After asks
    return tries
