"""One request and its answer, as logs and metrics tell of them."""

import asyncio
import time
from contextvars import ContextVar

from litestar.types import HTTPScope

from todo.entrypoints.http.edge.client import ClientAddress


class Exchange:
    """What is known of a request without looking into it. Path and query never stand here: they may hold anything."""

    __slots__ = (
        "began",
        "client",
        "ended",
        "id",
        "looks",
        "method",
        "overdue",
        "route",
        "scope",
        "seconds",
        "status",
        "task",
        "unread",
        "user",
    )

    def __init__(self, request_id: str, client: ClientAddress, scope: HTTPScope) -> None:
        self.id = request_id
        self.client = client
        self.method = scope["method"]
        self.scope = scope
        """As the routes see it. Let go at the end: it holds the request itself."""
        self.began = time.monotonic()
        self.task = asyncio.current_task()
        self.status = 0
        """0 until the answer begins."""
        self.unread = False
        """Whether a body was announced and has not been read to its end."""
        self.looks = 0
        """How often it was seen without an answer. A loop that stands still cannot answer, and does not look."""
        self.overdue = False
        """Whether it was given up, since its answer did not begin in time."""
        self.route: str | None = None
        """The template of the path; `None` where no route was found or asked."""
        self.user: str | None = None
        self.ended = 0.0
        """Seconds since 1970."""
        self.seconds = 0.0
        """From the request to the end of its answer."""

    def end(self) -> None:
        """Takes what the routes have left behind."""
        scope = self.scope
        self.seconds = time.monotonic() - self.began
        self.ended = time.time()
        self.route = scope.get("path_template")
        user = scope.get("user")
        if user is not None:
            self.user = user.user
        self.task = None
        del self.scope

    def fields(self) -> dict[str, object]:
        """The line of the log. Made later, by the thread that writes it."""
        return {
            "ts": self.ended,
            "level": "error" if self.status >= 500 else "info",
            "event": "request",
            "request_id": self.id,
            "method": self.method,
            "route": self.route,
            "status": self.status,
            "user_id": self.user,
            "duration_ms": round(self.seconds * 1000, 1),
            "client": self.client,
        }


CURRENT: ContextVar[Exchange] = ContextVar("todo_exchange")
"""The request that is being answered; set for everything that happens on its behalf."""


def about_request() -> dict[str, str]:
    """What every line of the log says that is written for a request."""
    exchange = CURRENT.get(None)
    return {} if exchange is None else {"request_id": exchange.id, "client": exchange.client}
