"""What operators and their machines ask: is the process alive, may it have traffic, what does it count."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec
from litestar.types import HTTPScope, Send

from todo.domain.errors import StoreOutdated, StoreUnavailable
from todo.entrypoints.http.edge.answers import JSON, say
from todo.entrypoints.http.edge.headers import NO_STORE, Header

log = logging.getLogger("todo.http")

READY_WITHIN: Final = 1.0
"""Seconds that the database has to answer."""

KEPT_FOR: Final = 0.5
"""Seconds for which an answer of the database counts: who asks often does not make it work often."""

DRAIN: Final = "drain"
"""Where the server leaves, in the state of the lifespan, an `asyncio.Event` that is set when it is told to stop."""

Aside = Callable[[HTTPScope, Send], Awaitable[None]]


NOT_ALLOWED: Final = {"detail": "Method Not Allowed", "code": "METHOD_NOT_ALLOWED"}


async def answer(aside: Aside, scope: HTTPScope, send: Send) -> None:
    if scope["method"] in {"GET", "HEAD"}:
        await aside(scope, send)
    else:
        await _say(send, 405, NOT_ALLOWED, (b"allow", b"GET, HEAD"))


class Readiness:
    """What keeps the service from having traffic: `None`, or `draining`, `database` or `schema`."""

    def __init__(self, require_ready: Callable[[], Awaitable[None]]) -> None:
        self._require_ready = require_ready
        self._asked: asyncio.Task[str | None] | None = None

    async def obstacle(self, scope: HTTPScope) -> str | None:
        drain = scope.get("state", {}).get(DRAIN)
        if drain is not None and drain.is_set():
            return "draining"
        if self._asked is None:
            self._asked = asyncio.create_task(self._ask())
            self._asked.add_done_callback(self._keep)
        return await asyncio.shield(self._asked)

    async def _ask(self) -> str | None:
        try:
            async with asyncio.timeout(READY_WITHIN):
                await self._require_ready()
        except StoreOutdated:
            return "schema"
        # Whatever it is: it has been told, and a probe wants to know no more.
        except Exception as error:
            if not isinstance(error, StoreUnavailable | TimeoutError):
                log.warning("not ready: %s", type(error).__name__)
            return "database"
        return None

    def _keep(self, asked: "asyncio.Task[str | None]") -> None:
        asked.get_loop().call_later(KEPT_FOR, self._forget)

    def _forget(self) -> None:
        self._asked = None


def asides(readiness: Readiness, metrics: Callable[[], Awaitable[tuple[str, bytes]]] | None) -> Mapping[str, Aside]:
    """By their paths. `metrics` gives a content type and a text."""

    async def alive(_: HTTPScope, send: Send) -> None:
        await _say(send, 200, {"status": "ok"})

    async def ready(scope: HTTPScope, send: Send) -> None:
        obstacle = await readiness.obstacle(scope)
        if obstacle is None:
            await _say(send, 200, {"status": "ready"})
        else:
            await _say(send, 503, {"status": "not ready", "reason": obstacle}, (b"retry-after", b"1"))

    async def measured(_: HTTPScope, send: Send) -> None:
        assert metrics is not None  # noqa: S101  it is only listed when there are some
        content_type, text = await metrics()
        await say(send, 200, (b"content-type", content_type.encode()), text, [NO_STORE])

    listed = {"/healthz": alive, "/readyz": ready}
    return listed if metrics is None else {**listed, "/metrics": measured}


async def _say(send: Send, status: int, body: dict[str, str], *headers: Header) -> None:
    await say(send, status, JSON, msgspec.json.encode(body), [NO_STORE, *headers])
