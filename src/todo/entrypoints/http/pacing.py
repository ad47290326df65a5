"""How fast one user may ask for tasks, so that one of many cannot have a whole worker."""

import time
from collections.abc import Callable
from datetime import timedelta

from todo.domain.errors import TooManyAttempts
from todo.domain.model.pace import Pace
from todo.domain.model.user import UserId


class UserPace:
    """Counts in memory, each worker for itself: it is this worker's time that is shared out.

    In seconds as plain numbers, since every request comes by here; the rule is that of `Pace`.
    """

    def __init__(self, pace: Pace | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Without a pace nobody asks too often."""
        self._counts = pace is not None
        self._every = pace.every.total_seconds() if pace else 0.0
        self._whole = self._every * pace.burst if pace else 0.0
        self._clock = clock
        self._due: dict[UserId, float] = {}
        self._swept = clock()

    def take(self, user: UserId) -> None:
        """Raises `TooManyAttempts`."""
        if not self._counts:
            return
        now = self._clock()
        if now - self._swept > self._whole:
            self._sweep(now)
        due = max(self._due.get(user, now), now) + self._every
        if due - now > self._whole:
            raise TooManyAttempts(timedelta(seconds=due - now - self._whole))
        self._due[user] = due

    def __len__(self) -> int:
        """Users that are remembered: those who have asked lately."""
        return len(self._due)

    def _sweep(self, now: float) -> None:
        """Forgets who has not asked for so long that everything is paid for."""
        self._due = {user: due for user, due in self._due.items() if due > now}
        self._swept = now
