"""The outermost layer: what holds for every answer, those that no route gives included.

It is one wrapper around the application, since each one costs something on every request.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Mapping
from random import getrandbits
from typing import Any, Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from todo.entrypoints.http.edge.answers import BUSY, FAILED, refuse
from todo.entrypoints.http.edge.aside import Aside, answer
from todo.entrypoints.http.edge.client import TrustedProxies
from todo.entrypoints.http.edge.cors import Cors
from todo.entrypoints.http.edge.exchange import CURRENT, Exchange
from todo.entrypoints.http.edge.headers import CLOSE, REQUEST_ID, AnswerHeaders, Header
from todo.entrypoints.http.edge.limits import LONGEST_PATH, MOST_IN_FLIGHT, PATIENCE, fault_of, is_large

log = logging.getLogger("todo.http")

NO_METHOD: Final = "TRACE"
"""No route knows it: the answer is 405 with all methods of the path. Litestar's own to OPTIONS leaves some out."""

GIVEN_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
"""What a client may call its request: nothing that could be taken for a line of the log, or for HTML."""

LOOK_AROUND: Final = 1.0
"""Seconds between two looks for answers that do not begin."""


class Edge:
    """Request ids, security headers, limits, CORS, HEAD wherever GET is, and a fault's last answer.

    Below it `scope["state"]["client"]` is the `ClientAddress`, as `client_of` gives it. `told` hears of every request
    once its answer has ended. What is `aside` is answered past limits, CORS and `told`.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        cors: Cors,
        headers: AnswerHeaders,
        proxies: TrustedProxies,
        aside: Mapping[str, Aside],
        told: Callable[[Exchange], None] | None = None,
        most_in_flight: int = MOST_IN_FLIGHT,
        patience: float = PATIENCE,
    ) -> None:
        self._app = app
        self._cors = cors
        self._headers = headers
        self._client = proxies.client
        self._aside = aside
        self._told = told
        self._most_in_flight = most_in_flight
        self._patience = patience
        self._in_flight: set[Exchange] = set()
        self._watch: asyncio.TimerHandle | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"])
        exchange = Exchange(self._id(given.get(REQUEST_ID)), self._client(scope), scope)
        if scope["path"] in self._aside:
            send = self._sender(send, exchange, given, ())
            try:
                await answer(self._aside[scope["path"]], scope, send)
            except Exception as error:
                if exchange.status:
                    raise
                log.exception("an unexpected error: %s", type(error).__name__)
                await refuse(send, scope["path"], FAILED)
            return
        exchange.unread = b"content-length" in given or b"transfer-encoding" in given
        CURRENT.set(exchange)
        scope.setdefault("state", {})["client"] = exchange.client
        origin = given.get(b"origin")
        send = self._sender(send, exchange, given, () if origin is None else self._cors.headers(origin))
        try:
            await self._answer(exchange, given, receive, send)
        except asyncio.CancelledError:
            if exchange.status or not exchange.overdue or (exchange.task is not None and exchange.task.uncancel()):
                raise
            log.warning("given up: no answer within %g s", self._patience)
            await refuse(send, scope["path"], BUSY)
        except Exception as error:
            if exchange.status:
                raise  # the server logs it, and cuts the answer off
            log.exception("an unexpected error: %s", type(error).__name__)
            await refuse(send, scope["path"], FAILED)
        finally:
            self._in_flight.discard(exchange)
            exchange.end()
            if self._told is not None:
                self._told(exchange)

    async def _answer(self, exchange: Exchange, given: Mapping[bytes, bytes], receive: Receive, send: Send) -> None:
        scope = exchange.scope
        if len(self._in_flight) >= self._most_in_flight:
            await refuse(send, scope["path"], BUSY)
            return
        if (
            scope["query_string"]
            or b"host" not in given
            or len(given) != len(scope["headers"])  # type: ignore[arg-type]  # a list, whatever its type says
            or len(scope["path"]) > LONGEST_PATH // 3  # each byte of it may have been three
        ) and (fault := fault_of(scope)) is not None:
            await refuse(send, scope["path"], fault)
            return
        if scope["method"] in {"HEAD", "OPTIONS"}:
            if scope["method"] == "OPTIONS" and await self._cors.preflight(send, given):
                return
            scope = exchange.scope = _routed(scope)
        if exchange.unread:
            receive = self._noticing(receive, exchange)
        self._enter(exchange)
        await self._app(scope, receive, send)

    def _enter(self, exchange: Exchange) -> None:
        self._in_flight.add(exchange)
        if self._watch is None:
            self._watch = asyncio.get_running_loop().call_later(LOOK_AROUND, self._look_around)

    def _noticing(self, receive: Receive, exchange: Exchange) -> Receive:
        """Notices whether the body has been read to its end.

        While a body does not come its request is not in flight: it is the client who is waited for, and whoever sends
        nothing must keep nobody else out. The server has a deadline of its own for bodies.
        """

        async def receive_and_notice() -> Any:
            self._in_flight.discard(exchange)
            message = await receive()
            if not exchange.status:
                self._enter(exchange)
            if not message.get("more_body"):
                exchange.unread = False
            return message

        return receive_and_notice

    def _id(self, given: bytes | None) -> str:
        """The client's own name for the request, if it is harmless; else one that no other request has."""
        if given is not None and GIVEN_ID.fullmatch(given):
            return given.decode()
        return f"{getrandbits(80):020x}"

    def _sender(
        self, send: Send, exchange: Exchange, given: Mapping[bytes, bytes], more: list[Header] | tuple[()]
    ) -> Send:
        """Completes the headers, and leaves the body out for HEAD; its length stays, as RFC 9110, 9.3.2 has it."""
        path, bodiless = exchange.scope["path"], exchange.method == "HEAD"

        async def complete_and_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                status = exchange.status = message["status"]
                self._in_flight.discard(exchange)  # a long answer must keep nobody else waiting
                headers = self._headers.completed(message["headers"], path)
                headers += (REQUEST_ID, exchange.id.encode()), *more
                if exchange.unread and (status >= 400 or is_large(given.get(b"content-length"))):
                    headers.append(CLOSE)
                message["headers"] = headers
            elif bodiless and message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        return complete_and_send

    def _look_around(self) -> None:
        """Gives up what should have been answered by now. One timer for all costs less than one for each."""
        self._watch = None
        if not self._in_flight:
            return
        for exchange in self._in_flight:
            exchange.looks += 1
            if exchange.looks * LOOK_AROUND > self._patience and not exchange.overdue and exchange.task is not None:
                exchange.overdue = True
                exchange.task.cancel()
        self._watch = asyncio.get_running_loop().call_later(LOOK_AROUND, self._look_around)


def _routed(scope: HTTPScope) -> HTTPScope:
    """What the routes are to see. A copy: the server reads its own, and must find HEAD there."""
    copy = scope.copy()
    copy["method"] = "GET" if scope["method"] == "HEAD" else NO_METHOD
    return copy
