"""The log of one process."""

import asyncio
import atexit
import logging
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from todo.adapters.logs.pipe import Pipe
from todo.adapters.logs.redaction import Redaction
from todo.adapters.logs.rendering import Fields, as_console, as_json, fields_of, moment

OURS: Final = "todo"
LETTERS: Final = "todo.letters"
"""Written as it is: in development the links of letters are followed from here, and they hold tokens."""

FAREWELL: Final = 1.0
"""Seconds for which the end of the process waits for a reader."""


class RequestLine(Protocol):
    """A request that has been answered. It becomes text in the thread that writes."""

    @property
    def status(self) -> int: ...
    def fields(self) -> Fields:
        """With `ts` in seconds. Holds no secrets: nothing is looked for."""
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """A record, and what it was written for; taken down at once, since the thread that writes is elsewhere."""

    record: logging.LogRecord
    context: Mapping[str, str]


class Logs(logging.Handler):
    """Takes what all loggers say, and what requests were like, to one descriptor. Nobody waits for it.

    `context` tells what is being worked on at the moment of a line. Our own loggers speak from `level` on, libraries
    from a warning on.
    """

    def __init__(
        self,
        *,
        level: str = "info",
        form: str = "auto",
        secrets: Iterable[str] = (),
        context: Callable[[], Mapping[str, str]] = dict,
        descriptor: int | None = None,
    ) -> None:
        super().__init__()
        self._threshold = logging.getLevelNamesMapping()[level.upper()]
        self._redaction = Redaction(secrets)
        self._context = context
        descriptor = sys.stderr.fileno() if descriptor is None else descriptor
        terminal = os.isatty(descriptor)
        console = form == "console" or (form == "auto" and terminal)
        self._line = as_console(colors=terminal) if console else as_json
        self._worker = os.getpid()
        self._pipe: Pipe[Told | RequestLine] = Pipe(descriptor, self._render, lost=self._lost)
        self._before: tuple[list[logging.Handler], int, int] | None = None

    def start(self) -> None:
        """Takes over from whoever had the loggers before."""
        root, ours = logging.getLogger(), logging.getLogger(OURS)
        for handler in root.handlers[:]:
            if isinstance(handler, Logs):
                handler.stop()
        self._before = (root.handlers[:], root.level, ours.level)
        root.handlers[:] = [self]
        root.setLevel(max(self._threshold, logging.WARNING))
        ours.setLevel(self._threshold)
        logging.captureWarnings(capture=True)
        self._pipe.start()
        atexit.register(self._pipe.stop, FAREWELL)

    def stop(self) -> None:
        """Writes what is there, and gives the loggers back."""
        if self._before is None:
            return
        root = logging.getLogger()
        if self in root.handlers:
            root.handlers[:] = self._before[0]
            root.setLevel(self._before[1])
            logging.getLogger(OURS).setLevel(self._before[2])
            logging.captureWarnings(capture=False)
        self._before = None
        atexit.unregister(self._pipe.stop)
        self._pipe.stop(FAREWELL)

    def handle(self, record: logging.LogRecord) -> bool:
        """Without the lock of other handlers: the queue needs none.

        Of a request that is cut off at the end nothing is told here: whoever cuts it off does.
        """
        if record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError):
            return False
        self._pipe.put(Told(record, self._context()))
        if record.levelno >= logging.ERROR:
            self._pipe.hurry()
        return True

    def request(self, line: RequestLine) -> None:
        if self._threshold <= logging.INFO or line.status >= 500:
            self._pipe.put(line)

    def flush(self) -> None:
        """Waits a moment until all is written. Not for the event loop."""
        self._pipe.flush(FAREWELL)

    def _render(self, entry: Told | RequestLine) -> str:
        if isinstance(entry, Told):
            as_it_is = entry.record.name == LETTERS
            fields = fields_of(entry.record, entry.context, self._redaction, as_it_is=as_it_is)
        else:
            fields = entry.fields()
            fields["ts"] = moment(fields["ts"])
        fields["worker"] = self._worker
        return self._line(fields)

    def _lost(self, count: int) -> str:
        lost: dict[str, Any] = {"event": "lines of the log were lost", "lost": count, "worker": self._worker}
        return self._line({"level": "warning", **lost})
