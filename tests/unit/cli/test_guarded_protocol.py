"""The limits of one connection, and that uvicorn still has the hooks they hang on. A loop that is turned by hand."""

import asyncio
import inspect
import json
import re
from typing import Any

import pytest
import uvicorn
from uvicorn.lifespan.on import LifespanOn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from todo.entrypoints.cli import guarded_protocol as limits
from todo.entrypoints.cli.guarded_protocol import GuardedProtocol
from todo.entrypoints.http.edge.headers import SECURITY

GET = b"GET /where HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /where HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"
CHUNKED = b"POST /where HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


class Wire(asyncio.Transport):
    """The transport: keeps what was written, and how it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.unsent = 0
        self.closed = False
        self.aborted = False

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


class Timer:
    """uvicorn's own, for connections that are merely kept: never rings here."""

    def cancel(self) -> None: ...


class Loop:
    """Only what the protocol asks of it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.begun: list[Any] = []

    def time(self) -> float:
        return self.now

    def call_later(self, *_: Any) -> "Timer":
        return Timer()

    def create_task(self, work: Any) -> Any:
        work.close()
        task: asyncio.Future[None] = asyncio.Future(loop=self)  # type: ignore[arg-type]
        self.begun.append(work)
        return task

    def get_debug(self) -> bool:
        return False


class Client:
    def __init__(self, state: ServerState | None = None) -> None:
        self.loop = Loop()
        self.wire = Wire()
        config = uvicorn.Config(never_called, ws="none", log_config=None)
        state = state or ServerState()
        self.protocol = GuardedProtocol(config=config, server_state=state, app_state={}, _loop=self.loop)
        self.protocol.connection_made(self.wire)

    def says(self, *parts: bytes) -> None:
        for part in parts:
            self.protocol.data_received(part)

    def after(self, seconds: float) -> bool:
        """Whether it is still there so much later."""
        self.loop.now += seconds
        self.protocol.end_if_late(self.loop.now)
        return not self.wire.aborted

    def is_answered(self) -> None:
        self.protocol.cycle.response_started = self.protocol.cycle.response_complete = True
        self.protocol.on_response_complete()

    @property
    def refused(self) -> bool:
        return self.wire.written.startswith(b"HTTP/1.1 400 ") and self.wire.closed


async def never_called(_scope: Any, _receive: Any, _send: Any) -> None:
    raise AssertionError


@pytest.fixture
def client() -> Client:
    return Client()


def test_uvicorn_has_the_hooks_that_the_limits_hang_on() -> None:
    hooks = {
        "connection_made": ["transport"],
        "connection_lost": ["exc"],
        "data_received": ["data"],
        "on_message_begin": [],
        "on_headers_complete": [],
        "on_body": ["body"],
        "on_message_complete": [],
        "on_response_complete": [],
        "pause_writing": [],
        "resume_writing": [],
        "send_400_response": ["msg"],
        "_unset_keepalive_if_required": [],
    }
    for name, parameters in hooks.items():
        assert [*inspect.signature(getattr(HttpToolsProtocol, name)).parameters] == ["self", *parameters], name
    for name in ("startup", "shutdown", "serve"):
        assert [*inspect.signature(getattr(uvicorn.Server, name)).parameters] == ["self", "sockets"], name
    assert {"disconnected", "keep_alive", "response_started", "response_complete"} <= vars(a_cycle()).keys()
    assert "state" in vars(LifespanOn(uvicorn.Config(never_called, log_config=None)))


def a_cycle() -> RequestResponseCycle:
    client = Client()
    client.says(GET)
    return client.protocol.cycle


@pytest.mark.parametrize(
    "said",
    [[], [b"GET / HT"], [b"GET / HTTP/1.1\r\nX-Slow: "], [b"\r\n"]],
    ids=["nothing", "a line", "a header", "blank"],
)
def test_who_does_not_finish_the_head_is_dropped_after_ten_seconds(client: Client, said: list[bytes]) -> None:
    client.says(*said)

    assert client.after(9.9)
    assert not client.after(0.2)


def test_a_head_that_dribbles_in_gets_no_more_time(client: Client) -> None:
    client.says(b"GET / HTTP/1.1\r\n")
    for number in range(9):
        assert client.after(1)
        client.says(b"X-%d: 1\r\n" % number)

    assert not client.after(1.1)


def test_who_does_not_finish_the_body_is_dropped_after_thirty_seconds(client: Client) -> None:
    client.says(POST, b"1")

    assert client.after(29.9)
    assert not client.after(0.2)


def test_while_we_work_nobody_is_late(client: Client) -> None:
    client.says(POST, b"12345")

    assert client.after(1000)


def test_after_an_answer_the_next_request_has_its_own_time(client: Client) -> None:
    client.says(GET)
    client.is_answered()

    assert client.after(9.9)
    client.says(b"GET")
    assert client.after(9.9)
    assert not client.after(0.2)


def test_blank_lines_between_requests_win_no_time(client: Client) -> None:
    client.says(GET)
    client.is_answered()
    client.says(b"\r\n")

    assert not client.after(10.1)


def test_who_reads_nothing_of_the_answer_is_dropped(client: Client) -> None:
    client.says(GET)
    client.wire.unsent = 100_000
    client.protocol.pause_writing()

    assert client.after(19.9)
    assert client.after(0.2)
    assert not client.after(20.1)


def test_who_reads_slowly_is_not_dropped(client: Client) -> None:
    client.says(GET)
    client.wire.unsent = 100_000
    client.is_answered()

    for _ in range(10):
        assert client.after(20.1)
        client.wire.unsent -= 1_000


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: 1\r\n" % number for number in range(101)) + b"\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"x" * limits.LARGEST_HEAD + b"\r\n\r\n",
        b"GET /" + b"x" * limits.LARGEST_HEAD + b" HTTP/1.1\r\n\r\n",
    ],
    ids=["101 headers", "a long header", "a long URL"],
)
def test_a_head_beyond_the_limits_is_refused(client: Client, head: bytes) -> None:
    client.says(head)

    assert client.refused
    assert client.loop.begun == []


def test_a_hundred_headers_in_sixteen_kibibytes_are_fine(client: Client) -> None:
    client.says(b"GET / HTTP/1.1\r\n" + b"".join(b"X-%02d: %s\r\n" % (n, b"x" * 150) for n in range(100)) + b"\r\n")

    assert len(client.loop.begun) == 1


def test_a_header_without_an_end_is_not_collected(client: Client) -> None:
    client.says(b"GET / HTTP/1.1\r\nX: ", *[b"x" * 1000] * 17)

    assert client.refused


@pytest.mark.parametrize(
    "said",
    [[b"0\r\nX: ", *[b"x" * 1000] * 18], [b"0\r\n", *[b"X: 1\r\n" * 200] * 18], [b"1;x=", *[b"x" * 1000] * 18]],
    ids=["a trailer without an end", "trailers without an end", "an extension without an end"],
)
def test_what_is_no_body_is_not_collected_beside_it(client: Client, said: list[bytes]) -> None:
    client.says(CHUNKED, *said)

    assert client.refused


def test_a_body_may_come_in_many_small_chunks(client: Client) -> None:
    client.says(CHUNKED, *[b"1\r\nx\r\n"] * 20_000)

    assert not client.refused
    assert len(client.protocol.cycle.body) == 20_000


def test_a_large_body_that_comes_with_its_head_is_no_large_head(client: Client) -> None:
    client.says(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 65000\r\n\r\n" + b"x" * 65_000)

    assert len(client.loop.begun) == 1


def test_each_of_several_requests_in_one_piece_is_measured_by_itself(client: Client) -> None:
    client.says((b"GET / HTTP/1.1\r\nX: " + b"x" * 3000 + b"\r\n\r\n") * 10 + b"GET / HTTP/1.1\r\nX: ", b"1\r\n\r\n")

    assert not client.refused


UPGRADE = (
    b"POST /where HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n%s\r\n",
    b"content-length: 35\r\n",
    b"transfer-encoding: chunked\r\n",
)
INNER = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize("pieces", [1, 2, 7])
@pytest.mark.parametrize("chunked", [False, True])
def test_the_body_of_an_upgrade_is_a_body(client: Client, pieces: int, chunked: bool) -> None:
    head = UPGRADE[0] % UPGRADE[2 if chunked else 1]
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(INNER), INNER) if chunked else INNER
    sent = head + body + INNER
    step = -(-len(sent) // pieces)

    client.says(*[sent[at : at + step] for at in range(0, len(sent), step)])

    cycle = client.protocol.cycle
    assert len(client.loop.begun) == 1
    assert (bytes(cycle.body), cycle.more_body, cycle.keep_alive) == (INNER, False, False)
    assert client.wire.written == b""


def test_an_upgrade_without_a_body_is_answered_and_nothing_after_it(client: Client) -> None:
    client.says(b"GET /where HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x05", INNER)

    assert len(client.loop.begun) == 1
    assert not client.protocol.cycle.keep_alive
    assert not client.wire.closed


def test_who_upgrades_and_sends_no_body_is_dropped_after_thirty_seconds(client: Client) -> None:
    client.says(UPGRADE[0] % UPGRADE[1])

    assert client.after(29.9)
    assert not client.after(0.2)


def test_beyond_so_many_connections_one_is_told_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_CONNECTIONS", 2)
    state = ServerState()
    few = [Client(state) for _ in range(2)]
    one_more = Client(state)
    one_more.says(GET)

    assert [client.wire.closed for client in few] == [False, False]
    assert one_more.wire.written.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nretry-after: 2\r\n" in one_more.wire.written
    assert one_more.wire.closed
    assert one_more.loop.begun == []
    one_more.protocol.connection_lost(None)
    few[0].protocol.connection_lost(None)
    assert not Client(state).wire.closed


def test_few_requests_wait_on_one_connection(client: Client) -> None:
    client.says(GET * (limits.MOST_WAITING + 1))
    assert not client.wire.closed

    client.says(GET)

    assert client.wire.aborted
    assert client.wire.written == b"", "the answer to the first must not be another's"


def test_what_waits_is_not_begun_when_the_client_has_gone(client: Client) -> None:
    client.says(GET * 3)
    first = client.protocol._running
    assert first is not None

    client.protocol.connection_lost(None)
    first.response_started = first.response_complete = True
    client.protocol.on_response_complete()

    assert first.disconnected
    assert len(client.loop.begun) == 1


def test_who_takes_no_answer_wins_no_time_by_asking_again(client: Client) -> None:
    client.says(GET)
    client.wire.unsent = 100_000
    client.protocol.pause_writing()
    assert client.after(10)
    client.says(GET, GET)

    assert client.after(9.9)
    assert client.after(0.2)
    assert not client.after(20.1)


def test_a_head_that_begins_in_the_piece_of_another_is_measured_by_itself(client: Client) -> None:
    long = b"GET / HTTP/1.1\r\nX: " + b"x" * 15_000 + b"\r\n\r\n"
    sent = long * 3

    client.says(sent[:14_000], sent[14_000:44_000], sent[44_000:])

    assert not client.wire.closed
    assert len(client.protocol.pipeline) == 2


def test_trailers_do_not_become_headers(client: Client) -> None:
    client.says(CHUNKED, b"0\r\nAuthorization: Bearer x\r\n\r\n")

    assert [name for name, _ in client.protocol.scope["headers"]] == [b"host", b"transfer-encoding"]


def test_who_still_waits_at_the_end_is_told_to_come_back(client: Client) -> None:
    client.says(GET)

    client.protocol.give_up()

    head, _, body = client.wire.written.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert b"\r\nretry-after: 2\r\n" in head
    assert json.loads(body)["code"] == "SERVICE_UNAVAILABLE"
    assert client.wire.closed
    assert client.protocol.cycle.disconnected


def test_what_no_application_is_asked_about_has_the_headers_of_all_answers(client: Client) -> None:
    client.says(b"NONSENSE\r\n\r\n")

    head, _, body = client.wire.written.partition(b"\r\n\r\n")
    headers = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:])
    assert client.refused
    assert dict(SECURITY).items() <= headers.items()
    assert headers[b"cache-control"] == b"no-store"
    assert re.fullmatch(rb"[0-9a-f]{20}", headers[b"x-request-id"])
    assert int(headers[b"content-length"]) == len(body)
    assert set(json.loads(body)) == {"detail", "message", "code"}


def test_an_answer_that_has_begun_is_not_written_over(client: Client) -> None:
    client.says(GET)
    client.protocol.cycle.response_started = True

    client.protocol.give_up()

    assert client.wire.written == b""
    assert client.wire.closed
