"""The port to the time."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment: aware, in UTC, in whole milliseconds, which is as fine as the wire tells it."""
        ...
