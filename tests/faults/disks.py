"""Faults of what is below: no room for the data, for the log of changes, or for our own log."""

import asyncio
import os
import secrets
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path

import httpx

from tests.faults.database import a_place, a_small_disk, fill
from tests.faults.load import Load, one, under_load, working
from tests.faults.outages import check_log, check_refusals
from tests.faults.report import Report
from tests.faults.stage import stage
from tests.integration.service import SECRET, TODO, free_port, surroundings, until

LARGE = 12_000
"""Characters by chance, which no compression makes smaller: a few fill a page."""
DATA_DISK, WAL_DISK = 400, 96
"""MiB. Root's server brings its programs along."""
SMALL_WAL = {"min_wal_size": "32MB", "max_wal_size": "48MB", "wal_recycle": "off"}


async def f8(report: Report) -> None:
    """The disk of the data is full"""
    with a_place() as place, a_small_disk(place / "disk", DATA_DISK) as disk, a_place() as elsewhere:
        async with stage(disk=disk) as scene:
            await scene.database.move_wal(elsewhere)
            load = Load()
            long = secrets.token_hex(LARGE // 2)
            people = [load.writer(scene.service, scene.person, description=long) for _ in range(6)]
            people += [load.reader(scene.service, scene.person, "/api/auth/session") for _ in range(2)]
            async with working(load, *people):
                await asyncio.sleep(1)
                began = time.monotonic()
                ballast = fill(disk)
                await asyncio.sleep(4)
                reads = [one for one in load.tries if one.title is None and one.began > began]
                full = [one for one in load.tries if one.title and one.began > began + 2]
                ballast.unlink()
                freed = time.monotonic()
                await asyncio.sleep(3)
            await load.settle(report, scene.database)
            report.lasted = load.lasted(began)
            check_refusals(report, load, allowed={200, 201, 503})
            report.check(any(one.status == 503 for one in full), "writes are refused while it is full")
            report.check(
                bool(reads) and all(one.status == 200 for one in reads), "reads go on", f"{len(reads)} of them"
            )
            healed = load.lasted(freed)
            report.check(healed <= 1, "writes go on 1 s after there is room", f"{max(healed, 0):.2f} s")
            log = scene.service.stderr
            report.check("53100" in log, "the log names the cause", "53100")
            check_log(report, log)
            await scene.service.stop()


async def f9(report: Report) -> None:
    """The disk of the log of changes is full"""
    with a_place() as place, a_small_disk(place / "disk", WAL_DISK) as disk:
        async with stage(postgres=SMALL_WAL) as scene:
            await scene.database.move_wal(disk)
            long = secrets.token_hex(LARGE // 2)
            async with under_load(scene.service, scene.person, description=long) as load:
                await asyncio.sleep(1)
                began = time.monotonic()
                ballast = fill(disk)
                with suppress(BaseException):
                    await until(scene.database.has_gone, within=15)
                stopped = scene.database.has_gone()
                down = time.monotonic()
                await asyncio.sleep(1)
                refused = [one for one in load.tries if one.began > down]
                ballast.unlink()
                if not stopped:
                    await scene.database.go(signal.SIGKILL)
                await scene.database.come_back()
                back = time.monotonic()
                await asyncio.sleep(3)
            await load.settle(report, scene.database)
            report.lasted = load.lasted(began)
            report.check(stopped, "PostgreSQL stops (so that is what was played)")
            check_refusals(report, load, allowed={201, 503})
            report.check(bool(refused) and all(one.status == 503 for one in refused), "meanwhile all is refused")
            healed = load.lasted(back)
            report.check(healed <= 2, "well 2 s after an operator's start", f"{max(healed, 0):.2f} s")
            await scene.service.stop()


async def f10(report: Report) -> None:
    """Nobody reads the log, or its disk is full"""
    async with stage() as scene:
        seen = {}
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        with suppress(BlockingIOError):
            while True:
                os.write(writing, b"x" * 4096)
        os.set_blocking(writing, True)
        seen["a pipe that nobody reads"] = await _answers_while_it_complains(scene.database.url, writing)
        os.close(reading)
        os.close(writing)
        with a_place() as place, a_small_disk(place / "disk", 1) as disk:
            fill(disk)
            full = os.open(disk / "log", os.O_WRONLY | os.O_CREAT)
            seen["a full disk"] = await _answers_while_it_complains(scene.database.url, full)
            os.close(full)
        for what, answers in seen.items():
            report.check(answers == 50, f"with {what} as its log the service goes on", f"{answers} of 50 answers")


async def _answers_while_it_complains(database: str, log: int) -> int:
    """How many of 50 requests are answered while a service has a great deal to say."""
    port = free_port()
    settings = {"DATABASE_URL": database, "BETTER_AUTH_SECRET": SECRET}
    process = await asyncio.create_subprocess_exec(
        TODO,
        "serve",
        "--port",
        str(port),
        env=surroundings(settings),
        cwd=Path("/"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=log,
    )
    try:
        await until(lambda: _open(port))
        answered = 0
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=2, trust_env=False) as client:
            for _ in range(50):
                await asyncio.to_thread(_complain, port)
                answered += (await one(client, method="GET", url="/")).status == 200
                if not answered:
                    break
        return answered
    finally:
        process.kill()
        await process.wait()


def _open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _complain(port: int) -> None:
    """Requests that cannot be read: each is a line in the log."""
    for _ in range(40):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as client:
            client.sendall(b"no HTTP at all\r\n\r\n")
