"""What the log says of a database that is away: each cause at most once a second, however many requests it costs."""

import logging
import time
from collections import Counter
from collections.abc import Callable

import asyncpg

log = logging.getLogger("todo.postgres")
log.addHandler(logging.NullHandler())  # a command tells it in its own words, and not twice

PAUSE = 1.0
"""Seconds."""


class Complaints:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: dict[str, float] = {}
        self._kept_quiet: Counter[str] = Counter()

    def tell(self, error: BaseException) -> None:
        """Of PostgreSQL's own errors the first line only: their details quote what people have written."""
        state = error.sqlstate if isinstance(error, asyncpg.PostgresError) else None
        cause = f"{type(error).__name__} {state}" if state else type(error).__name__
        now = self._clock()
        if now - self._told.get(cause, -PAUSE) < PAUSE:
            self._kept_quiet[cause] += 1
            return
        self._told[cause] = now
        more = self._kept_quiet.pop(cause, 0)
        words = str(error.args[0]) if error.args and isinstance(error, asyncpg.PostgresError) else str(error)
        log.warning("the database is away: %s: %s%s", cause, words, f" ({more} times before)" if more else "")


COMPLAINTS = Complaints()
"""One for the process, as its log is."""
