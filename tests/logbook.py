"""A log that a test can read: line by line, as a program would."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from todo.adapters.logs import Logs
from todo.entrypoints.http.edge.exchange import about_request


class Logbook:
    def __init__(self, log: Logs, file: Any) -> None:
        self.log = log
        self._file = file

    @property
    def text(self) -> str:
        """All that was written; waits for what is on its way."""
        self.log.flush()
        self._file.seek(0)
        return str(self._file.read().decode())

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Fails when a line is none of JSON."""
        return [json.loads(line) for line in self.text.splitlines()]

    def events(self) -> list[str]:
        return [line["event"] for line in self.lines]

    def only(self, event: str) -> dict[str, Any]:
        (line,) = [line for line in self.lines if line["event"] == event]
        return line


@contextmanager
def a_logbook(**options: Any) -> Iterator[Logbook]:
    """A log that is begun, into a file of its own."""
    with tempfile.TemporaryFile() as file:
        log = Logs(descriptor=os.dup(file.fileno()), context=about_request, **options)
        log.start()
        try:
            yield Logbook(log, file)
        finally:
            log.stop()
