"""Figures for Prometheus. The library is loaded when somebody wants them, and not before.

With several workers whoever is asked answers for all: each keeps its figures in files of its own in the folder that
`PROMETHEUS_MULTIPROC_DIR` names, which must stand in the environment before the process begins.
"""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol, Self

FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
EVERY: Final = 1.0
"""Seconds between two looks."""

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Others count as one: a client could make up any number of them."""


class Answered(Protocol):
    @property
    def method(self) -> str: ...
    @property
    def route(self) -> str | None: ...
    @property
    def status(self) -> int: ...
    @property
    def seconds(self) -> float: ...


class PrometheusMetrics:
    """`looked_at` names what is looked at every second: connections of the pool, passwords being hashed."""

    def __init__(self, looked_at: dict[str, tuple[str, Callable[[], int]]]) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

        disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each, and nobody asks for it
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "todo_requests", "Requests that were answered.", ["method", "route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "todo_request_seconds",
            "From the request to the end of its answer.",
            ["method", "route"],
            buckets=SECONDS,
            registry=self._registry,
        )
        self._events = Counter(
            "todo_audit_events", "What happened around signing in.", ["event"], registry=self._registry
        )
        self._looked_at = [
            (Gauge(name, text, multiprocess_mode="livesum", registry=self._registry), count)
            for name, (text, count) in looked_at.items()
        ]
        self._next_look: asyncio.TimerHandle | None = None

    def request(self, answered: Answered) -> None:
        """By the template of the path, never the path itself."""
        method = answered.method if answered.method in METHODS else "other"
        route = answered.route or "none"
        self._requests.labels(method, route, answered.status).inc()
        self._seconds.labels(method, route).observe(answered.seconds)

    def event(self, name: str) -> None:
        self._events.labels(name).inc()

    async def text(self) -> tuple[str, bytes]:
        """The content type, and the figures of all workers."""
        from prometheus_client import CONTENT_TYPE_LATEST

        self._look()
        return CONTENT_TYPE_LATEST, await asyncio.to_thread(self._written)

    async def __aenter__(self) -> Self:
        self._look_on()
        return self

    async def __aexit__(self, *exception: object) -> None:
        if self._next_look is not None:
            self._next_look.cancel()

    def _look_on(self) -> None:
        self._look()
        self._next_look = asyncio.get_running_loop().call_later(EVERY, self._look_on)

    def _look(self) -> None:
        for gauge, count in self._looked_at:
            gauge.set(count())

    def _written(self) -> bytes:
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        folder = os.environ.get(FOLDER)
        if not folder:
            return generate_latest(self._registry)
        _forget_the_dead(Path(folder))
        together = CollectorRegistry()
        MultiProcessCollector(together, path=folder)  # type: ignore[no-untyped-call]
        return generate_latest(together)


def _forget_the_dead(folder: Path) -> None:
    """What a worker that is gone had in use is free again; what it has counted stays counted."""
    from prometheus_client.multiprocess import mark_process_dead

    for file in folder.glob("gauge_live*_*.db"):
        pid = int(file.stem.rpartition("_")[2])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]
        except PermissionError:
            continue
