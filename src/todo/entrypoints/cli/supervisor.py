"""Several workers behind one socket: started, replaced when they die or stand still, and ended together.

uvicorn's own supervisor asks a thread of the worker whether it is well, which says yes while the loop stands still; it
leaves orphans behind when it is killed; and it ends by Ctrl+C as if all had been well.
"""

import logging
import multiprocessing
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import connection, resource_tracker
from multiprocessing.context import SpawnProcess
from socket import socket
from types import FrameType
from typing import Final

from todo.entrypoints.cli.worker import GRACE, PULSE, work

STANDS_STILL: Final = 5.0
"""Seconds without a sign of life after which a worker is replaced."""
TIME_TO_START: Final = 60.0
BETWEEN_STARTS: Final = 1.0
"""Seconds between two starts in one place, so that a worker that cannot live does not take the machine with it."""

log = logging.getLogger("todo.serve")


@dataclass(slots=True)
class Worker:
    process: SpawnProcess
    pulse: "connection.Connection"
    started: float = field(default_factory=time.monotonic)
    last_sign: float | None = None
    """Of life; `None` until it serves."""

    def listen(self) -> None:
        with suppress(EOFError, OSError):
            while self.pulse.poll():
                self.pulse.recv_bytes()
                self.last_sign = time.monotonic()

    def stands_still(self) -> bool:
        now = time.monotonic()
        return now - self.started > TIME_TO_START if self.last_sign is None else now - self.last_sign > STANDS_STILL

    def end(self) -> None:
        self.process.kill()
        self.forget()

    def forget(self) -> None:
        self.process.join()
        self.pulse.close()


class Supervisor:
    """Runs in the main thread of a process that does nothing else."""

    def __init__(self, application: str, listener: socket, *, count: int, drain_seconds: float) -> None:
        self._application = application
        self._listener = listener
        self._count = count
        self._drain_seconds = drain_seconds
        self._told: list[int] = []
        self._workers: list[Worker] = []

    def run(self) -> None:
        """Returns when it was told to stop and all have ended. Raises `KeyboardInterrupt` when that was by Ctrl+C.

        Raises `SystemExit` when a worker cannot start: it would not do so the next time either.
        """
        before = {number: signal.signal(number, self._be_told) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            for _ in range(self._count):
                self._workers.append(self._start())
            while not self._told:
                self._wait()
                for place, worker in enumerate(self._workers):
                    self._look_after(place, worker)
        finally:
            self._end_all()
            for number, handler in before.items():
                signal.signal(number, handler)
        if signal.SIGINT in self._told:
            raise KeyboardInterrupt

    def _be_told(self, number: int, _: FrameType | None) -> None:
        self._told.append(number)

    def _wait(self) -> None:
        """Until something has happened to a worker, or for a moment: a signal does not end the wait."""
        signs = [thing for worker in self._workers for thing in (worker.process.sentinel, worker.pulse)]
        connection.wait(signs, timeout=PULSE / 2)

    def _look_after(self, place: int, worker: Worker) -> None:
        worker.listen()
        if worker.process.is_alive() and not worker.stands_still():
            return
        if worker.process.is_alive():
            log.error("worker %d gives no sign of life: it is replaced", worker.process.pid)
            worker.end()
        elif worker.last_sign is None and (worker.process.exitcode or 0) > 0:
            worker.forget()
            if not self._told:
                log.error("worker %d could not start: the service stops", worker.process.pid)
                raise SystemExit(1)
        else:
            log.warning("worker %d has ended (%s): it is replaced", worker.process.pid, worker.process.exitcode)
            worker.forget()
        time.sleep(max(0.0, worker.started + BETWEEN_STARTS - time.monotonic()))
        if not self._told:
            self._workers[place] = self._start()

    def _start(self) -> Worker:
        ours, theirs = multiprocessing.Pipe(duplex=False)
        process = multiprocessing.get_context("spawn").Process(
            target=work, args=(self._application, self._listener, theirs, self._drain_seconds)
        )
        _without_ctrl_c(process.start)
        theirs.close()
        return Worker(process, ours)

    def _end_all(self) -> None:
        """A second Ctrl+C ends them at once."""
        left = [worker for worker in self._workers if worker.process.is_alive()]
        for worker in left:
            worker.process.terminate()
        deadline = time.monotonic() + self._drain_seconds + GRACE + 3
        while any(worker.process.is_alive() for worker in left):
            if time.monotonic() > deadline or self._told.count(signal.SIGINT) > 1:
                for worker in left:
                    worker.process.kill()
            connection.wait([worker.process.sentinel for worker in left if worker.process.is_alive()], timeout=0.1)


def _without_ctrl_c(start: Callable[[], None]) -> None:
    """A terminal tells everybody. The workers are told by us: one that is just starting would die with a traceback."""
    resource_tracker.ensure_running()  # it lifts the block
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
