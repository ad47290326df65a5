"""From those who have something to say to a file descriptor, without making them wait."""

import os
import select
import stat
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final, Generic, TypeVar

Entry = TypeVar("Entry")

ROOM: Final = 10_000
"""Entries that may wait. A reader that is gone for longer costs lines, and never a request."""

PAUSE: Final = 0.1
"""Seconds between two looks. To wake the thread for every line would cost the loop more than the line does."""

ATOMIC: Final = 4096
"""Bytes that a pipe takes in one piece (POSIX, PIPE_BUF on Linux): several processes may write to one."""

BATCH: Final = 1000
"""Lines that are made before any of them is written."""

LARGE: Final = 64 * 1024
"""Bytes for a file, which takes any number in one piece."""


class Pipe(Generic[Entry]):
    """A bounded queue, and a thread that renders and writes what is in it."""

    def __init__(self, descriptor: int, render: Callable[[Entry], str], *, lost: Callable[[int], str]) -> None:
        """`render` makes a line without its end; `lost` the one that tells how many were dropped."""
        self._descriptor = descriptor
        self._most = ATOMIC if stat.S_ISFIFO(os.fstat(descriptor).st_mode) else LARGE
        self._render = render
        self._lost = lost
        self._waiting: deque[Entry] = deque()
        self._dropped = 0
        self._counting = threading.Lock()
        self._wake = threading.Event()
        self._writing = False
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, entry: Entry) -> None:
        """Never waits: when there is no room the entry is dropped, and counted."""
        if len(self._waiting) < ROOM:
            self._waiting.append(entry)
        else:
            self._drop(1)

    def hurry(self) -> None:
        """Has the thread look at once."""
        self._wake.set()

    def flush(self, within: float) -> bool:
        """Waits until all is written, at most so many seconds."""
        until = time.monotonic() + within
        self._wake.set()
        while self._waiting or self._dropped or self._writing:
            if time.monotonic() > until:
                return False
            time.sleep(0.005)
        return True

    def stop(self, within: float) -> None:
        """Writes what is there, if that is possible in this time."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(within)

    def _run(self) -> None:
        while True:
            self._wake.wait(PAUSE)
            self._wake.clear()
            stopping = self._stopping
            while self._waiting or self._dropped:
                self._writing = True
                for piece, count in self._pieces(self._taken()):
                    self._write(piece, count)
            self._writing = False
            if stopping:
                return

    def _taken(self) -> list[tuple[bytes, int]]:
        """Some of what waits: lines, and how many it would be if one were lost."""
        taken = []
        if self._dropped:
            with self._counting:
                dropped, self._dropped = self._dropped, 0
            taken.append((self._lost(dropped).encode() + b"\n", dropped))
        while self._waiting and len(taken) < BATCH:
            taken.append((self._rendered(self._waiting.popleft()), 1))
        return taken

    def _pieces(self, taken: list[tuple[bytes, int]]) -> Iterator[tuple[bytes, int]]:
        """As many whole lines together as may be written together."""
        lines: list[bytes] = []
        size = count = 0
        for line, weight in taken:
            if lines and size + len(line) > self._most:
                yield b"".join(lines), count
                lines, size, count = [], 0, 0
            lines.append(line)
            size += len(line)
            count += weight
        yield b"".join(lines), count

    def _rendered(self, entry: Entry) -> bytes:
        try:
            return self._render(entry).encode(errors="backslashreplace") + b"\n"
        # What cannot be told must not keep the rest from being told.
        except Exception as error:
            return f"a line of the log could not be made: {type(error).__name__}\n".encode()

    def _write(self, piece: bytes, count: int) -> None:
        rest = piece
        while rest:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:
                select.select([], [self._descriptor], [], PAUSE)
            except OSError:  # a full disk, a reader that is gone
                if not self._stopping:  # else the end of the process would wait for it
                    self._drop(count)
                    time.sleep(PAUSE)
                return

    def _drop(self, count: int) -> None:
        with self._counting:
            self._dropped += count
