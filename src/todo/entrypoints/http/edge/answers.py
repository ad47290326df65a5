"""Answers that no route gives: in the words of the side of the API that was called, as `errors.py` has them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec
from litestar.types import Send

from todo.domain.errors import Unavailable
from todo.entrypoints.http.edge.headers import Header
from todo.entrypoints.http.errors import SIGN_IN_SIDE, TASK_SIDE

JSON: Final[Header] = (b"content-type", b"application/json")
TEXT: Final[Header] = (b"content-type", b"text/plain; charset=utf-8")


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer of the edge's own."""

    status: int
    code: str
    task_words: str
    sign_in_words: str
    headers: tuple[Header, ...] = field(default=())

    def body(self, path: str) -> bytes:
        """`message` where people sign in, `detail` elsewhere; the proxy has a form of its own for its own failure."""
        if path == "/api/auth" or path.startswith("/api/auth/"):
            return msgspec.json.encode({"message": self.sign_in_words, "code": self.code})
        if self is FAILED and path.startswith("/api/proxy/"):
            return msgspec.json.encode({"error": self.task_words, "message": "Failed to proxy request"})
        return msgspec.json.encode({"detail": self.task_words, "code": self.code})


def _refusal(status: int, code: str, words: str) -> Refusal:
    return Refusal(status, code, words, words)


BUSY: Final = Refusal(*TASK_SIDE[Unavailable], SIGN_IN_SIDE[Unavailable][2], ((b"retry-after", b"1"),))
FAILED: Final = _refusal(500, "INTERNAL_SERVER_ERROR", "Internal Server Error")
NO_HOST: Final = _refusal(400, "BAD_REQUEST", "Bad Request: exactly one Host header is needed")
TOO_LONG: Final = _refusal(414, "URI_TOO_LONG", "URI Too Long")
TOO_MANY: Final = _refusal(400, "BAD_REQUEST", "Bad Request: too many parameters in the query")


async def refuse(send: Send, path: str, refusal: Refusal) -> None:
    await say(send, refusal.status, JSON, refusal.body(path), refusal.headers)


async def say(send: Send, status: int, content_type: Header, body: bytes, headers: Sequence[Header] = ()) -> None:
    """A whole answer at once."""
    complete = [content_type, (b"content-length", str(len(body)).encode()), *headers]
    await send({"type": "http.response.start", "status": status, "headers": complete})
    await send({"type": "http.response.body", "body": body, "more_body": False})
