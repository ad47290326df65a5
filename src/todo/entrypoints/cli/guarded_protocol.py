"""uvicorn's HTTP protocol, with limits to its patience and to what it takes in.

uvicorn waits for ever for a request that does not end and for an answer that nobody reads, and httptools has no limit
for the head of a request: a few hundred silent sockets, or one endless header, would cost what a whole service has.

A deadline is a number that the worker compares twice a second, not a timer: those cost more than all of this together.
"""

import json
import sys
from asyncio import Transport
from random import getrandbits
from typing import Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

if sys.platform != "win32":
    import resource

FILES_OF_OUR_OWN: Final = 100
"""Connections to the database, the log, what is being read."""


def most_connections(at_most: int = 10_000) -> int:
    if sys.platform == "win32":
        return at_most
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return at_most if files == resource.RLIM_INFINITY else max(1, min(at_most, files - FILES_OF_OUR_OWN))


HEAD_SECONDS: Final = 10.0
"""For the head of a request, from the connection or from its first byte on."""
BODY_SECONDS: Final = 30.0
"""For the body, from the end of the head on."""
ANSWER_SECONDS: Final = 20.0
"""In which somebody who does not take the answer must have taken some of it."""

LARGEST_HEAD: Final = 16 * 1024
"""Bytes: the URL, and the names and values of all headers."""
MOST_HEADERS: Final = 100
MOST_WAITING: Final = 16
"""Requests on one connection that wait for the answer to the one before. Each takes memory, and nobody needs many."""
MOST_CONNECTIONS: Final = most_connections()
"""Of one process. Whoever comes beyond is told to come back; past the limit of files nobody would be told anything."""
BODY_HEADERS: Final = {b"content-length", b"transfer-encoding"}

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


class TooMuch(Exception):
    """Of a head, or of requests at once: answered as what cannot be read."""


class Body:
    """Whom httptools tells of one body, and of nothing else."""

    def __init__(self, protocol: "GuardedProtocol") -> None:
        self._protocol = protocol

    def on_body(self, body: bytes) -> None:
        self._protocol.on_more_of_body(body)

    def on_message_complete(self) -> None:
        self._protocol.on_end_of_body()


class GuardedProtocol(HttpToolsProtocol):
    """One connection. `tests/unit/cli/test_guarded_protocol.py` holds uvicorn to the hooks that are used here."""

    sent_away = 0
    """Connections of this process beyond the limit."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._deadline: float | None = None
        self._unsent: int | None = None
        self._is_last = False
        self._in_head = False
        self._in_body = False
        self._running: RequestResponseCycle | None = None
        """The request that is being answered; `cycle` is the one that came last."""
        self._is_deaf = False
        """Whether what else comes is nobody's."""
        self._has_begun = False
        """Whether a request began in the piece that is being read."""
        self._received = 0
        """Bytes of the piece that is being read."""
        self._head = 0
        """Bytes of the head in earlier pieces."""
        self._unused = 0
        """Bytes since the last that were a body's: trailers, or what stands beside the length of a chunk."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait_for(HEAD_SECONDS)
        if len(self.connections) > MOST_CONNECTIONS:
            GuardedProtocol.sent_away += 1
            self._write(LATE)
            self._is_deaf = True
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody hears an answer any more: neither the one under way nor those that would come after it."""
        self.pipeline.clear()
        super().connection_lost(exc)
        if self._running is not None:
            self._running.disconnected = True
            self._running.message_event.set()

    def data_received(self, data: bytes) -> None:
        was_in_body = self._in_body
        self._received = len(data)
        self._has_begun = False
        self._feed(data)
        if self._in_head:  # httptools keeps a header to itself until it is whole
            self._head = self._size_of_head() if self._has_begun else self._head + len(data)
            if self._head > LARGEST_HEAD:
                self.send_400_response("")
        elif self._in_body:
            self._unused += len(data) if was_in_body else 0
            if self._unused > LARGEST_HEAD:
                self.send_400_response("")
        else:
            return
        if self._deadline is None:
            self._wait_for(HEAD_SECONDS if self._in_head else BODY_SECONDS)

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= MOST_WAITING:
            raise TooMuch
        super().on_message_begin()
        self._in_head = self._has_begun = True
        self._head = 0
        self._is_on_time()

    def on_headers_complete(self) -> None:
        if len(self.headers) > MOST_HEADERS or (
            self._head + self._received > LARGEST_HEAD and self._size_of_head() > LARGEST_HEAD
        ):
            raise TooMuch
        self._in_head = False
        self._in_body = True
        self._unused = 0
        self._is_on_time()
        super().on_headers_complete()
        if not self.pipeline:
            self._running = self.cycle
        self.headers = []  # what comes now are trailers: they are not the request's headers (RFC 9110, 6.5.1)
        if self._is_last:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        self._unused = -self._received  # this piece is the body's
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_body = False
        self._is_on_time()
        super().on_message_complete()
        if self.cycle.response_complete:  # refused before it was read
            self._wait_for(HEAD_SECONDS)

    def on_more_of_body(self, body: bytes) -> None:
        if not self._is_deaf:
            self.on_body(body)

    def on_end_of_body(self) -> None:
        if not self._is_deaf:
            self._is_deaf = True
            self.on_message_complete()

    def on_response_complete(self) -> None:
        if self.pipeline:
            self._running = self.pipeline[-1][0]
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
        """In the form of the service, in the place of uvicorn's plain text; not in the place of another's answer."""
        if self.transport.is_closing():
            return
        running = self._running
        if running is None or running.response_complete:
            self._write(UNREADABLE)
        elif self._in_body and running is self.cycle and not running.response_started:  # it is its body that is wrong
            running.disconnected = True
            self._write(UNREADABLE)
        else:
            self.transport.abort()
        self.transport.close()

    def last_request(self) -> None:
        """The next answer tells the client that it is the last on this connection."""
        self._is_last = True

    def give_up(self) -> None:
        """The service ends now: whoever still waits is told to come back. What was asked may have happened, or not."""
        cycle = self._running
        self.pipeline.clear()
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

    def _is_on_time(self) -> None:
        """But for who does not take an answer: sending something does not help."""
        if not self.flow.write_paused:
            self._deadline = None

    def _feed(self, data: bytes) -> None:
        """As uvicorn has it, but for upgrades."""
        self._unset_keepalive_if_required()
        if self._is_deaf:
            return
        try:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                self._read_on(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            if not self._is_deaf:
                self.send_400_response("")

    def _read_on(self, rest: bytes) -> None:
        """An upgrade is ignored (RFC 9110, 7.8), so that its body is a body. The connection ends with the answer.

        httptools takes the body for the other protocol, and would read it as the next request.
        """
        announced = [header for header in self.scope["headers"] if header[0] in BODY_HEADERS]
        self.cycle.keep_alive = False
        if not announced:
            self._is_deaf = True
            return
        self._in_body = self.cycle.more_body = True
        self.parser = httptools.HttpRequestParser(Body(self))
        lines = b"".join(b"%s: %s\r\n" % header for header in announced)
        self.parser.feed_data(b"POST / HTTP/1.1\r\n%s\r\n%s" % (lines, rest))
