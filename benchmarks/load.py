"""Load on one service: by wrk where it is installed, else by the small generator below, in a process of its own."""

import asyncio
import json
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import quantiles

HERE = Path(__file__).parent
WRK_MISSING = "wrk is not installed (Debian: apt install wrk; macOS: brew install wrk); using the bundled generator"
GRACE = 15
"""Seconds a generator may take beyond the time asked for."""


class LoadFailed(Exception):
    """The load could not be brought, or the service refused some of it: the figures would mean nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Some connections that each ask again when they are answered. The paths take turns."""

    port: int
    method: str
    paths: Sequence[str]
    headers: Mapping[str, str]
    body: str = ""
    connections: int
    seconds: int
    pause: int = 0
    """Milliseconds between an answer and the next request, at most; random, so that nobody marches in step."""
    patient: bool = False
    """Whoever is refused waits for as long as `Retry-After` says, at most a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    requests: int
    seconds: float
    refused: int
    """Answers that are no success."""
    broken: int
    """Connections that failed or were too slow."""
    p50: int
    """Microseconds, as `p99`."""
    p99: int
    statuses: Mapping[str, int] = field(default_factory=dict)
    """How often each status was answered, if the generator can tell."""

    @property
    def rate(self) -> float:
        return (self.requests - self.refused) / self.seconds


def name_of_generator() -> str:
    if not shutil.which("wrk"):
        return "the bundled asyncio generator"
    said = subprocess.run(["wrk", "-v"], capture_output=True, text=True, timeout=10)
    return " ".join((said.stdout + said.stderr).split()[:2])


def bring(load: Load) -> Outcome:
    """Brings the load and insists that every request succeeds."""
    outcome = bring_by_wrk(load) if shutil.which("wrk") else bring_by_hand(load)
    if outcome.refused or outcome.broken or not outcome.requests:
        raise LoadFailed(f"{load.method} {load.paths[0]} on port {load.port}: {outcome}")
    return outcome


def bring_by_wrk(load: Load) -> Outcome:
    headers = [part for name, value in load.headers.items() for part in ("-H", f"{name}: {value}")]
    command = ["wrk", "-t1", f"-c{load.connections}", f"-d{load.seconds}s", "--timeout", "10s", *headers]
    command += ["-s", str(HERE / "wrk" / "requests.lua"), f"http://127.0.0.1:{load.port}", "--"]
    said = subprocess.run(
        [*command, str(load.pause), load.method, load.body, *load.paths],
        capture_output=True,
        text=True,
        timeout=load.seconds + GRACE,
    )
    result = re.search(r"^RESULT (.*)$", said.stdout, re.MULTILINE)
    if not result:
        raise LoadFailed(said.stdout + said.stderr)
    return Outcome(**json.loads(result[1]))


def bring_by_hand(load: Load) -> Outcome:
    return outcome_of(start_by_hand(load), load)


def start_by_hand(load: Load) -> "subprocess.Popen[str]":
    """Starts the bundled generator without waiting for it. Whoever calls sees to its end with `outcome_of`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.load"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=HERE.parent,
    )
    assert process.stdin
    process.stdin.write(json.dumps(asdict(load)))
    process.stdin.close()
    process.stdin = None
    return process


def outcome_of(process: "subprocess.Popen[str]", load: Load) -> Outcome:
    try:
        answer, _ = process.communicate(timeout=load.seconds + GRACE)
    finally:
        process.kill()
    if process.returncode:
        raise LoadFailed("the bundled load generator failed")
    return Outcome(**json.loads(answer))


class Client(asyncio.Protocol):
    """One connection of the bundled generator. Understands as much of HTTP as the services here speak."""

    def __init__(self, load: Load, messages: Sequence[bytes], first: int, end: float) -> None:
        self.statuses: list[int] = []
        self.times: list[float] = []
        self.broken = 0
        self.finished = asyncio.get_running_loop().create_future()
        self._load, self._messages, self._turn, self._end = load, messages, first, end
        self._received = b""
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        if time.perf_counter() >= self._end:
            self._finish()
            return
        self._turn += 1
        self._sent_at = time.perf_counter()
        self._transport.write(self._messages[self._turn % len(self._messages)])

    def _finish(self) -> None:
        if not self.finished.done():
            self.finished.set_result(None)
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator:
            return
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        if length and len(body) < int(length[1]):
            return
        self._received = b""
        status = int(head[9:12])
        self.statuses.append(status)
        self.times.append(time.perf_counter() - self._sent_at)
        pause = random.random() * self._load.pause / 1000  # noqa: S311  not a secret
        if self._load.patient and status >= 400:
            asked_to_wait = re.search(rb"(?i)\r\nretry-after: *(\d+)", head)
            pause = min(1.0, float(asked_to_wait[1]) if asked_to_wait else 1.0)
        if pause:
            asyncio.get_running_loop().call_later(pause, self._ask)
        else:
            self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.finished.done():
            self.broken = 1
            self.finished.set_result(None)


async def generate(load: Load) -> Outcome:
    loop = asyncio.get_running_loop()
    head = "".join(f"{name}: {value}\r\n" for name, value in load.headers.items())
    body = load.body.encode()
    messages = [
        f"{load.method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        for path in load.paths
    ]
    started = time.perf_counter()
    clients: list[Client] = []
    for number in range(load.connections):
        client = Client(load, messages, number, started + load.seconds)
        await loop.create_connection(lambda client=client: client, "127.0.0.1", load.port)  # type: ignore[misc]
        clients.append(client)
    late = (await asyncio.wait([client.finished for client in clients], timeout=load.seconds + GRACE / 2))[1]
    seconds = time.perf_counter() - started
    statuses = [status for client in clients for status in client.statuses]
    times = [one for client in clients for one in client.times]
    hundredths = quantiles(times, n=100) if len(times) > 1 else [0.0] * 99
    return Outcome(
        requests=len(statuses),
        seconds=seconds,
        refused=sum(not 200 <= status < 300 for status in statuses),
        broken=len(late) + sum(client.broken for client in clients),
        p50=round(hundredths[49] * 1e6),
        p99=round(hundredths[98] * 1e6),
        statuses={str(status): statuses.count(status) for status in sorted(set(statuses))},
    )


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(generate(Load(**json.load(sys.stdin)))))))
