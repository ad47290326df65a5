"""uvicorn's HTTP protocol, with limits to its patience and to what it takes in.

uvicorn waits for ever for a request that does not end and for an answer that nobody reads, and httptools has no limit
for the head of a request: a few hundred silent sockets, or one endless header, would cost what a whole service has.

A deadline is a number that the worker compares twice a second, not a timer: those cost more than all of this together.
"""

import json
from asyncio import Transport
from random import getrandbits
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

HEAD_SECONDS: Final = 10.0
"""For the head of a request, from the connection or from its first byte on."""
BODY_SECONDS: Final = 30.0
"""For the body, from the end of the head on."""
ANSWER_SECONDS: Final = 20.0
"""In which somebody who does not take the answer must have taken some of it."""

LARGEST_HEAD: Final = 16 * 1024
"""Bytes: the URL, and the names and values of all headers."""
MOST_HEADERS: Final = 100

SECURITY: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
"""What every answer of the application has, too: these are given where no application was asked."""


def _answer(status: bytes, message: str, code: str, *headers: tuple[bytes, bytes]) -> bytes:
    """The last one on its connection. It fits either side of the API: which was called is not known here."""
    body = json.dumps({"detail": message, "message": message, "code": code}, separators=(",", ":")).encode()
    lines = (
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"connection", b"close"),
        *SECURITY,
        *headers,
    )
    return b"HTTP/1.1 %s\r\n%s%%s\r\n%s" % (status, b"".join(b"%s: %s\r\n" % line for line in lines), body)


LATE: Final = _answer(
    b"503 Service Unavailable",
    "The service is busy. Please try again in a moment.",
    "SERVICE_UNAVAILABLE",
    (b"retry-after", b"2"),
)
UNREADABLE: Final = _answer(b"400 Bad Request", "Bad Request: no HTTP, or too much of it", "BAD_REQUEST")


class HeadTooLarge(Exception):
    """Answered with 400, as any head that cannot be read."""


class GuardedProtocol(HttpToolsProtocol):
    """One connection. `tests/unit/cli/test_guarded_protocol.py` holds uvicorn to the hooks that are used here."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._deadline: float | None = None
        self._unsent: int | None = None
        self._is_last = False
        self._in_head = False
        self._in_body = False
        self._received = 0
        """Bytes of the piece that is being read."""
        self._head = 0
        """Bytes of the head in earlier pieces."""
        self._unused = 0
        """Bytes since the last that were a body's: trailers, or what stands beside the length of a chunk."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait_for(HEAD_SECONDS)

    def data_received(self, data: bytes) -> None:
        was_in_head, was_in_body = self._in_head, self._in_body
        self._received = len(data)
        super().data_received(data)
        if self._in_head:  # httptools keeps a header to itself until it is whole
            self._head = self._head + len(data) if was_in_head else self._size_of_head()
            if self._head > LARGEST_HEAD:
                self._refuse()
        elif self._in_body:
            self._unused += len(data) if was_in_body else 0
            if self._unused > LARGEST_HEAD:
                self._refuse()
        else:
            return
        if self._deadline is None:
            self._wait_for(HEAD_SECONDS if self._in_head else BODY_SECONDS)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._head = 0
        self._deadline = None

    def on_headers_complete(self) -> None:
        if len(self.headers) > MOST_HEADERS or (
            self._head + self._received > LARGEST_HEAD and self._size_of_head() > LARGEST_HEAD
        ):
            raise HeadTooLarge
        self._in_head = False
        self._in_body = True
        self._unused = 0
        self._deadline = None
        super().on_headers_complete()
        self.headers = []  # what comes now are trailers: they are not the request's headers (RFC 9110, 6.5.1)
        if self._is_last:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        self._unused = -self._received  # this piece is the body's
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_body = False
        self._deadline = None
        super().on_message_complete()
        if self.cycle.response_complete:  # refused before it was read
            self._wait_for(HEAD_SECONDS)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete:  # no other request has been read meanwhile
            self._wait_for(HEAD_SECONDS)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._wait_for(ANSWER_SECONDS)

    def resume_writing(self) -> None:
        super().resume_writing()
        if not self.cycle.response_complete:
            self._deadline = None

    def end_if_late(self, now: float) -> None:
        """Drops the connection when its deadline has passed. Somebody who takes the answer slowly is not late."""
        if self._deadline is None or now < self._deadline:
            return
        unsent = self.transport.get_write_buffer_size()
        if unsent and (self._unsent is None or unsent < self._unsent):
            self._unsent = unsent
            self._deadline = now + ANSWER_SECONDS
            return
        self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """In the form of the service, in the place of uvicorn's plain text."""
        self._write(UNREADABLE)
        self.transport.close()

    def last_request(self) -> None:
        """The next answer tells the client that it is the last on this connection."""
        self._is_last = True

    def give_up(self) -> None:
        """The service ends now: whoever still waits is told to come back. What was asked may have happened, or not."""
        cycle: RequestResponseCycle | None = self.cycle
        if self.transport.is_closing() or self.transport.get_write_buffer_size():
            self.transport.abort()
            return
        if cycle is not None and not cycle.response_started:
            self._write(LATE)
        if cycle is not None:
            cycle.disconnected = True  # so that nothing is written after it
        self.transport.close()

    def _write(self, answer: bytes) -> None:
        own = [*self.server_state.default_headers, (b"x-request-id", b"%020x" % getrandbits(80))]
        self.transport.write(answer % b"".join(b"%s: %s\r\n" % header for header in own))

    def _wait_for(self, seconds: float) -> None:
        self._deadline = self.loop.time() + seconds
        self._unsent = None

    def _size_of_head(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _refuse(self) -> None:
        if self.transport.is_closing():
            return
        if self._in_body and self.cycle.response_started:
            self.transport.abort()
        else:
            self.send_400_response("Invalid HTTP request received.")
