"""The outermost layer: what holds for every answer, those that no route gives included."""

from collections.abc import Iterable
from typing import Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

METHODS: Final = ("GET", "POST", "PUT", "DELETE", "PATCH")
REQUEST_HEADERS: Final = ("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match")
SIMPLE_HEADERS: Final = frozenset({"accept", "accept-language", "content-language", "content-type"})
"""Headers that a page may always send (Fetch standard, CORS-safelisted request headers)."""

ALLOWED_HEADERS: Final = frozenset(name.lower() for name in REQUEST_HEADERS) | SIMPLE_HEADERS
CREDENTIALS: Final = (b"access-control-allow-credentials", b"true")
VARY: Final = (b"vary", b"Origin")
EXPOSED: Final = (b"access-control-expose-headers", b"Retry-After, WWW-Authenticate, set-auth-token")

NO_METHOD: Final = "TRACE"
"""No route knows it: the answer is 405 with all methods of the path. Litestar's own to OPTIONS leaves some out."""


class Edge:
    """CORS, and HEAD wherever GET is.

    Litestar's own CORS layer answers preflights in another form than the contract's, and routes do not know HEAD.
    """

    def __init__(self, app: ASGIApp, *, cors_origins: Iterable[str]) -> None:
        self._app = app
        self._origins = {origin.encode("latin-1") for origin in cors_origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        origin = next((value for name, value in scope["headers"] if name == b"origin"), None)
        if origin is not None:
            if scope["method"] == "OPTIONS" and (asked := _preflight(scope)) is not None:
                await self._answer_preflight(send, origin, *asked)
                return
            send = _with_headers(send, [*self._cors_headers(origin), EXPOSED])
        if scope["method"] == "HEAD":
            scope = _as(scope, "GET")
            send = _without_body(send)
        elif scope["method"] == "OPTIONS":
            scope = _as(scope, NO_METHOD)
        await self._app(scope, receive, send)

    def _cors_headers(self, origin: bytes) -> list[tuple[bytes, bytes]]:
        headers = [CREDENTIALS, VARY]
        if origin in self._origins:
            headers.append((b"access-control-allow-origin", origin))
        return headers

    async def _answer_preflight(self, send: Send, origin: bytes, method: str, wanted: set[str]) -> None:
        text = "OK"
        if origin not in self._origins:
            text = "Disallowed CORS origin"
        elif method not in METHODS and method != "HEAD":
            text = "Disallowed CORS method"
        elif not wanted <= ALLOWED_HEADERS:
            text = "Disallowed CORS headers"
        await _plain(
            send,
            200 if text == "OK" else 400,
            text,
            [
                *self._cors_headers(origin),
                (b"access-control-allow-methods", ", ".join(METHODS).encode()),
                (b"access-control-allow-headers", ", ".join(REQUEST_HEADERS).encode()),
                (b"access-control-max-age", b"600"),
            ],
        )


def _preflight(scope: HTTPScope) -> tuple[str, set[str]] | None:
    """The method and the headers a browser asks leave for; `None` for an OPTIONS that is no preflight."""
    headers = dict(scope["headers"])
    method = headers.get(b"access-control-request-method")
    if method is None:
        return None
    names = headers.get(b"access-control-request-headers", b"").decode("latin-1").lower().split(",")
    return method.decode("latin-1"), {name.strip() for name in names if name.strip()}


def _as(scope: HTTPScope, method: str) -> HTTPScope:
    """A copy: the server reads its own, and must still find HEAD there when it counts the bytes of the body."""
    copy = scope.copy()
    copy["method"] = method  # type: ignore[typeddict-item]
    return copy


def _with_headers(send: Send, headers: list[tuple[bytes, bytes]]) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *headers]
        await send(message)

    return send_with_headers


def _without_body(send: Send) -> Send:
    """Keeps the headers, `Content-Length` too, as RFC 9110, 9.3.2 has it."""

    async def send_without_body(message: Message) -> None:
        if message["type"] == "http.response.body":
            message["body"] = b""
        await send(message)

    return send_without_body


async def _plain(send: Send, status: int, text: str, headers: list[tuple[bytes, bytes]]) -> None:
    body = text.encode()
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", b"text/plain; charset=utf-8"),
                (b"content-length", str(len(body)).encode()),
                *headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})
