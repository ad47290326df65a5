"""The time of the machine."""

from datetime import UTC, datetime

from todo.domain.ports.clock import Clock


class SystemClock(Clock):
    def now(self) -> datetime:
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)
