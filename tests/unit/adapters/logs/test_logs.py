import asyncio
import json
import logging
import os
import warnings
from collections.abc import Iterator

import pytest

from tests.logbook import Logbook, a_logbook
from todo.adapters.logs import Logs
from todo.adapters.logs.redaction import GONE

FORGERIES = [
    "\r\n",
    "\n",
    "\x1b[2J",
    "\u2028",
    "\u2029",
    "\x85",
    "\x00",
    "\x7f",
    "\ud800",
    "\x9b31m",
    '"}\n{"event":"forged"',
]
CANARY = "canary-7391"
log = logging.getLogger("todo.test")


def fail(error: BaseException) -> None:
    raise error


@pytest.fixture
def logbook() -> Iterator[Logbook]:
    with a_logbook(level="info", secrets=["the signing secret itself"]) as book:
        yield book


def test_a_line_says_when_what_and_who(logbook: Logbook) -> None:
    log.info("mail sent: %s", "reset", extra={"fields": {"tries": 2}})

    line = logbook.only("mail sent: reset")
    assert line["ts"].endswith("Z")
    assert line.items() >= {"level": "info", "logger": "todo.test", "tries": 2, "worker": os.getpid()}.items()


def test_libraries_are_heard_from_a_warning_on(logbook: Logbook) -> None:
    for name in ("asyncpg.pool", "uvicorn.error", "sqlalchemy.engine"):
        logging.getLogger(name).info("chatter")
        logging.getLogger(name).warning("trouble in %s", name)

    assert logbook.events() == ["trouble in asyncpg.pool", "trouble in uvicorn.error", "trouble in sqlalchemy.engine"]


def test_warnings_of_python_go_the_same_way(logbook: Logbook) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("this will go away", stacklevel=1)

    assert "this will go away" in logbook.lines[0]["event"]


@pytest.mark.parametrize(("level", "heard"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_the_level_says_from_where_on(level: str, heard: int) -> None:
    with a_logbook(level=level) as book:
        for speak in (log.debug, log.info, log.warning, log.error):
            speak("a word")

        assert len(book.lines) == heard


def test_a_traceback_is_one_line_without_what_people_sent(logbook: Logbook) -> None:
    def handle(password: str) -> None:
        raise RuntimeError(f"password={password}\nthe second line")

    try:
        handle(CANARY)
    except RuntimeError:
        log.exception("it failed")

    line = logbook.only("it failed")
    assert "Traceback" in line["exception"]
    assert f"RuntimeError: password={GONE}" in line["exception"]
    assert CANARY not in logbook.text


def test_of_a_request_that_was_cut_off_nothing_is_told(logbook: Logbook) -> None:
    try:
        fail(asyncio.CancelledError())
    except asyncio.CancelledError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    log.info("next")

    assert logbook.events() == ["next"]


def test_the_signing_secret_never_stands_there(logbook: Logbook) -> None:
    log.error("bad: %s", "the signing secret itself", extra={"fields": {"why": ["the signing secret itself"]}})

    assert "signing secret" not in logbook.text
    assert logbook.lines[0]["event"] == f"bad: {GONE}"


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_record_is_a_line_whatever_it_holds(logbook: Logbook, forgery: str) -> None:
    log.warning("a%sb", forgery, extra={"fields": {f"x{forgery}": f"c{forgery}d"}})
    log.warning("next")

    assert [len(logbook.text.splitlines()), logbook.text.count("\n")] == [2, 2]
    assert logbook.text.isascii()
    assert logbook.lines[0]["event"] == f"a{forgery}b"


@pytest.mark.parametrize("forgery", FORGERIES)
def test_on_a_console_nothing_is_obeyed(forgery: str) -> None:
    with a_logbook(form="console") as book:
        log.warning("a%sb", forgery, extra={"fields": {"x": f"c{forgery}d"}})
        try:
            fail(RuntimeError(f"a{forgery}2026-11-25T12:00:00Z [info] forged"))
        except RuntimeError:
            log.exception("it failed")
        lines = book.text.splitlines()

    assert not any(
        character in book_character for book_character in lines for character in "\x1b\x00\x7f\x85\x9b\u2028"
    )
    assert [line for line in lines if not line.startswith("    ")] == [lines[0], lines[1]]
    assert "it failed" in lines[1]


def test_links_of_letters_can_be_followed_in_development(logbook: Logbook) -> None:
    link = "http://127.0.0.1:8000/api/auth/verify-email?token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln"

    logging.getLogger("todo.letters").warning("would send verify to ada@example.com: %s", link)

    assert logbook.lines[0]["event"].endswith(link)


def test_people_at_a_terminal_get_lines_for_people() -> None:
    ours, theirs = os.openpty()
    log_to_terminal = Logs(descriptor=theirs)
    log_to_terminal.start()
    log.warning("hello")
    log_to_terminal.stop()
    told = os.read(ours, 10_000).decode()
    for descriptor in (ours, theirs):
        os.close(descriptor)

    assert "hello" in told
    assert not told.startswith("{")


def test_the_form_can_be_chosen() -> None:
    with a_logbook(form="json") as book:
        log.warning("hello")
        assert json.loads(book.text)["event"] == "hello"
    with a_logbook(form="console") as book:
        log.warning("hello")
        assert "hello" in book.text
        assert not book.text.startswith("{")


def test_it_gives_the_loggers_back() -> None:
    root = logging.getLogger()
    before = (root.handlers[:], root.level, logging.getLogger("todo").level)

    with a_logbook(level="debug"), a_logbook(level="error"):
        assert len(root.handlers) == 1

    assert (root.handlers[:], root.level, logging.getLogger("todo").level) == before
