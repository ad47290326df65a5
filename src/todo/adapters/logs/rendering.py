"""From fields to a line: for a person at a terminal, or for a program."""

import json
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from logging import LogRecord
from typing import Any, Final

import msgspec
from structlog.dev import ConsoleRenderer

from todo.adapters.logs.redaction import Redaction
from todo.domain.model.text import visible

Fields = dict[str, Any]
Rendered = Callable[[Fields], str]

EXTRA: Final = "fields"
"""The attribute of a record that carries fields: `log.info("text", extra={"fields": {…}})`."""

REQUEST: Final = {"method", "status", "duration_ms"}
"""Fields of every line about a request. It has a route where one was found."""

FAST: Final = msgspec.json.Encoder(enc_hook=str)
PLAIN: Final = json.JSONEncoder(separators=(",", ":"), default=str)
"""Writes ASCII only. Nine times as slow, and so for lines that need it."""


def as_json(fields: Fields) -> str:
    """ASCII, whatever the texts hold: U+2028 and its like end a line for some who read it."""
    try:
        line = FAST.encode(fields)
    except UnicodeEncodeError:  # a lone surrogate
        return PLAIN.encode(fields)
    return line.decode() if line.isascii() else PLAIN.encode(fields)


def as_console(*, colors: bool) -> Rendered:
    """Control characters of values are shown, not obeyed; the lines of a traceback stand further in."""
    renderer = ConsoleRenderer(colors=colors, timestamp_key="ts", pad_event_to=20, sort_keys=False)

    def render(fields: Fields) -> str:
        shown = {name: _shown(value) for name, value in fields.items() if value is not None and name != "worker"}
        if shown.keys() >= REQUEST:  # what one looks for first
            method, status, took = (shown.pop(name) for name in ("method", "status", "duration_ms"))
            shown["event"] = f"{method} {shown.pop('route', 'no such path')} {status} in {took} ms"
        exception = shown.pop("exception", None)
        line = str(renderer(None, "", shown))
        if exception is None:
            return line
        return "\n".join([line, *(f"    {_shown(part)}" for part in fields["exception"].split("\n"))])

    return render


def moment(seconds: float) -> str:
    whole = int(seconds)
    return f"{_second(whole)}.{int((seconds - whole) * 1000):03}Z"


@lru_cache(16)
def _second(whole: int) -> str:
    return datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def fields_of(record: LogRecord, context: Mapping[str, str], redaction: Redaction, *, as_it_is: bool) -> Fields:
    """What a record of the standard library says, with the request it was written for."""
    fields: Fields = {"event": record.getMessage(), "logger": record.name, **getattr(record, EXTRA, {}), **context}
    if record.exc_info and record.exc_info[1] is not None:
        # No locals: they hold what people sent.
        fields["exception"] = "".join(traceback.format_exception(record.exc_info[1])).rstrip()
    if not as_it_is:
        fields = redaction.fields(fields)
    return {"ts": moment(record.created), "level": record.levelname.lower(), **fields}


def _shown(value: Any) -> Any:
    return visible(value) if isinstance(value, str) else value
