"""What one process does that answers: uvicorn, with a watch on slow clients and an orderly end."""

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import connection, parent_process
from socket import socket
from types import FrameType
from typing import Any, Final, NoReturn

import uvicorn

from todo.entrypoints.cli.guarded_protocol import MOST_CONNECTIONS, GuardedProtocol

GRACE: Final = 8
"""Seconds that requests in flight have when the service is told to stop.

Container platforms kill after ten: what is left of them is for the pool of connections.
"""

PULSE: Final = 0.5
"""Seconds between two looks at slow clients, and between two signs of life."""

DRAIN: Final = "drain"
"""Where the application finds, in the state of its lifespan, an `asyncio.Event` that is set at the stop."""

log = logging.getLogger("todo.serve")


class Server(uvicorn.Server):
    """Ends in order: the application hears of it, new connections are refused, and who still waits is answered."""

    def __init__(self, config: uvicorn.Config, *, drain_seconds: float = 0, beat: Callable[[], object] = int) -> None:
        super().__init__(config)
        self._drain_seconds = drain_seconds
        self._beat = beat
        self._drain = asyncio.Event()

    async def serve(self, sockets: list[socket] | None = None) -> None:
        watch = asyncio.create_task(self._watch())
        try:
            await super().serve(sockets)
        finally:
            watch.cancel()

    async def startup(self, sockets: list[socket] | None = None) -> None:
        self.lifespan.state[DRAIN] = self._drain
        await super().startup(sockets)
        if self.started:
            log.info("ready")
        self._beat()  # from now on it is missed when it stands still

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        self._drain.set()
        if self._drain_seconds:
            log.info("told to stop: answering for %g s more", self._drain_seconds)
            await self._go_on_for(self._drain_seconds)
        log.info("stopping: %d requests in flight", len(self.server_state.tasks))
        end = asyncio.get_running_loop().call_later(GRACE, self._give_up)
        try:
            await super().shutdown(sockets)
        finally:
            end.cancel()

    async def _go_on_for(self, seconds: float) -> None:
        """Answers everybody, and sends nobody away, until the balancer in front has noticed."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.force_exit:
            for client in self._clients():
                client.last_request()
            await asyncio.sleep(0.1)

    def _give_up(self) -> None:
        waiting = [task for task in self.server_state.tasks if not task.done()]
        if waiting:
            log.warning("requests cut off, %d s after the stop: %d", GRACE, len(waiting))
        for client in self._clients():
            client.give_up()
        for task in waiting:
            task.cancel()

    async def _watch(self) -> NoReturn:
        told = 0
        while True:
            await asyncio.sleep(PULSE)
            if GuardedProtocol.sent_away > told:
                log.warning(
                    "connections sent away: %d; %d are the most", GuardedProtocol.sent_away - told, MOST_CONNECTIONS
                )
                told = GuardedProtocol.sent_away
            now = asyncio.get_running_loop().time()
            for client in self._clients():
                client.end_if_late(now)
            if self.started:
                self._beat()

    def _clients(self) -> list[GuardedProtocol]:
        return [client for client in self.server_state.connections if isinstance(client, GuardedProtocol)]


def run(application: Any, listener: socket, *, drain_seconds: float, beat: Callable[[], object] = int) -> None:
    """Serves until SIGTERM or Ctrl+C. Leaves by `SystemExit` or `KeyboardInterrupt`, as it was told to."""
    signal.signal(signal.SIGTERM, _leave)
    config = uvicorn.Config(
        application,
        factory=True,
        http=GuardedProtocol,
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        lifespan="on",
        ws="none",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE + 1,
    )
    Server(config, drain_seconds=drain_seconds, beat=beat).run(sockets=[listener])


def work(application: str, listener: socket, pulse: "connection.Connection", drain_seconds: float) -> None:
    """One worker of several: shows that it lives, and ends with its parent however that one ends."""
    patience = drain_seconds + GRACE + 2
    threading.Thread(target=_end_with_parent, args=(patience,), daemon=True).start()

    def beat() -> None:
        with suppress(OSError):  # the parent is gone: the thread above sees to it
            pulse.send_bytes(b".")

    run(application, listener, beat=beat, drain_seconds=drain_seconds)


def _end_with_parent(patience: float) -> None:
    parent = parent_process()
    if parent is None:
        return
    connection.wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(patience)
    os._exit(1)


def _leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    """A service that was told to stop and has stopped has done well."""
    sys.exit(0)
