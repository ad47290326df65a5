"""What is refused before anybody looks at it."""

from typing import Final

from litestar.types import HTTPScope

from todo.entrypoints.http.edge.answers import NO_HOST, TOO_LONG, TOO_MANY, Refusal

LONGEST_PATH: Final = 8 * 1024
LONGEST_QUERY: Final = 4 * 1024
MOST_PAIRS: Final = 50
LARGE_BODY: Final = 8 * 1024
"""Bytes that are not worth a connection when nobody wants them."""

MOST_IN_FLIGHT: Final = 200
"""Requests of one worker whose answers have not begun."""

PATIENCE: Final = 10.0
"""Seconds within which an answer begins; after that it is given up."""


def fault_of(scope: HTTPScope) -> Refusal | None:
    """What is wrong with address and host. A request of HTTP/1.0 needs no host (RFC 9112, 3.2)."""
    if len(scope.get("raw_path") or scope["path"]) > LONGEST_PATH or len(scope["query_string"]) > LONGEST_QUERY:
        return TOO_LONG
    if scope["query_string"].count(b"&") >= MOST_PAIRS:
        return TOO_MANY
    hosts = sum(name == b"host" for name, _ in scope["headers"])
    if hosts > 1 or (hosts == 0 and scope["http_version"] != "1.0"):
        return NO_HOST
    return None


def is_large(announced: bytes | None) -> bool:
    """By `Content-Length`. Without one nobody knows how much will come."""
    return announced is None or not announced.isdigit() or int(announced[:20]) > LARGE_BODY
