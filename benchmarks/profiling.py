"""Where the time of a request goes: py-spy looks at the running service, and each sample goes to the room it was in."""

import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import packages
from benchmarks.load import Load, bring

SAMPLES_PER_SECOND = 200
GRACE = 30

EVENT_LOOP = "event loop (uvloop)"
ROOMS = {
    "todo.domain": r"\btodo/domain/",
    "todo.adapters": r"\btodo/adapters/",
    "todo.entrypoints": r"\btodo/(entrypoints/|bootstrap|asgi)",
    "the peer's own code": r"\bbenchmarks/peers/",
    "asyncpg": r"\basyncpg/|\((protocol|pgproto|recordobj)\.c:",
    "SQLAlchemy": r"\b(sqlalchemy|advanced_alchemy)/",
    "PyJWT": r"\bjwt/",
    "msgspec": r"\bmsgspec/|\(_core\.c:",
    "Litestar": r"\b(litestar|multidict)/|\(_multidict\.c:",
    "uvicorn, httptools": r"\b(uvicorn|httptools)/|\((parser|llhttp|http_parser|url_parser)\.c:",
    EVENT_LOOP: r"\buvloop/|\basyncio/runners\.py|\((loop|core)\.c:",
}
"""A frame belongs to the room that knows its file. One that no room knows (the standard library with asyncio, the
interpreter, the C library) goes where it was called from."""
SYSTEM_CALLS = "kernel: sockets"
SYSTEM_CALL = re.compile(r"(write|writev|read|readv|recv\w*|send\w*|epoll_\w+|shutdown|close) \(libc")
REST = "the rest"

OWN = re.compile(r"(?P<function>[^;]+) \(todo/(?P<file>[^:]+)")
WAITING = re.compile(r"SimpleQueue_get|acquire_lock")
"""A thread without work, which py-spy may take for busy."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Shares of the time."""

    rooms: Mapping[str, float]
    own: Mapping[str, float]
    """Of the functions of this service, what happens in themselves; the longest first."""


class NoProfile(Exception):
    """One line on why."""


def profile(pid: int, load: Load) -> Profile:
    """Looks at the process while it bears the load. The compiled parts are told apart where py-spy can."""
    try:
        return summarised(_stacks(pid, load, "--native"))
    except NoProfile:
        return summarised(_stacks(pid, load))


def _stacks(pid: int, load: Load, *options: str) -> list[str]:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "stacks"
        command = [
            str(packages.PEERS.bin / "py-spy"),
            "record",
            "--pid",
            str(pid),
            "--duration",
            str(load.seconds),
            *options,
        ]
        command += ["--rate", str(SAMPLES_PER_SECOND), "--format", "raw", "--output", str(file)]
        spy = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        try:
            bring(replace(load, seconds=load.seconds + 2))
            _, complaint = spy.communicate(timeout=GRACE)
        except subprocess.TimeoutExpired as error:
            raise NoProfile("py-spy took too long") from error
        finally:
            spy.kill()
            spy.wait()
        if spy.returncode or not file.exists() or not (stacks := file.read_text().splitlines()):
            raise NoProfile((complaint.strip().splitlines() or ["py-spy saw nothing"])[-1])
        return stacks


def summarised(stacks: Iterable[str]) -> Profile:
    rooms: Counter[str] = Counter()
    own: Counter[str] = Counter()
    for line in stacks:
        stack, _, count = line.rpartition(" ")
        if WAITING.search(stack):
            continue
        room = _room(stack.split(";"))
        rooms[room] += int(count)
        if room.startswith("todo.") and (functions := list(OWN.finditer(stack))):
            own["{function}, {file}".format(**functions[-1].groupdict())] += int(count)
    total = rooms.total() or 1
    return Profile(
        rooms={room: count / total for room, count in rooms.most_common()},
        own={function: count / total for function, count in own.most_common()},
    )


def _room(frames: list[str]) -> str:
    if SYSTEM_CALL.match(frames[-1]):
        return SYSTEM_CALLS
    for frame in reversed(frames):
        for room, pattern in ROOMS.items():
            if re.search(pattern, frame):
                return room
    return REST
