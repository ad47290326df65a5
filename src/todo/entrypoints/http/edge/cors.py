"""Pages of other origins. Litestar's own layer answers preflights in another form than the contract's."""

from collections.abc import Iterable, Mapping
from typing import Final

from litestar.types import Send

from todo.entrypoints.http.edge.answers import TEXT, say
from todo.entrypoints.http.edge.headers import Header

METHODS: Final = ("GET", "POST", "PUT", "DELETE", "PATCH")
REQUEST_HEADERS: Final = ("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match")
SIMPLE_HEADERS: Final = frozenset({"accept", "accept-language", "content-language", "content-type"})
"""Headers that a page may always send (Fetch standard, CORS-safelisted request headers)."""

ALLOWED_HEADERS: Final = frozenset(name.lower() for name in REQUEST_HEADERS) | SIMPLE_HEADERS
CREDENTIALS: Final = (b"access-control-allow-credentials", b"true")
VARY: Final = (b"vary", b"Origin")
EXPOSED: Final = (
    b"access-control-expose-headers",
    b"Idempotency-Replayed, Retry-After, WWW-Authenticate, X-Request-Id, X-Retry-After, set-auth-token",
)


class Cors:
    """Answers preflights, and adds to other answers what browsers ask for. The listed origins, and no patterns."""

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = {origin.encode("latin-1") for origin in origins}

    def headers(self, origin: bytes) -> list[Header]:
        """What an answer to a page of this origin carries."""
        return [*self._about(origin), EXPOSED]

    async def preflight(self, send: Send, given: Mapping[bytes, bytes]) -> bool:
        """Answers one; false when it is none."""
        origin, asked = given.get(b"origin"), _preflight(given)
        if origin is None or asked is None:
            return False
        method, wanted = asked
        text = "OK"
        if origin not in self._origins:
            text = "Disallowed CORS origin"
        elif method not in METHODS and method != "HEAD":
            text = "Disallowed CORS method"
        elif not wanted <= ALLOWED_HEADERS:
            text = "Disallowed CORS headers"
        await say(
            send,
            200 if text == "OK" else 400,
            TEXT,
            text.encode(),
            [
                (b"access-control-allow-methods", ", ".join(METHODS).encode()),
                (b"access-control-allow-headers", ", ".join(REQUEST_HEADERS).encode()),
                (b"access-control-max-age", b"600"),
            ],
        )
        return True

    def _about(self, origin: bytes) -> list[Header]:
        headers = [CREDENTIALS, VARY]
        if origin in self._origins:
            headers.append((b"access-control-allow-origin", origin))
        return headers


def _preflight(given: Mapping[bytes, bytes]) -> tuple[str, set[str]] | None:
    """The method and the headers a browser asks leave for; `None` for an OPTIONS that is no preflight."""
    method = given.get(b"access-control-request-method")
    if method is None:
        return None
    names = given.get(b"access-control-request-headers", b"").decode("latin-1").lower().split(",")
    return method.decode("latin-1"), {name.strip() for name in names if name.strip()}
