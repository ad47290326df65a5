"""How much one user may ask of a worker about tasks, so that one of many cannot have all of it."""

import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from todo.domain.errors import TooManyAttempts
from todo.domain.model.pace import Limits
from todo.domain.model.user import UserId

ONE_MORE: Final = 16 * 1024
"""Bytes of an answer that count as one more request: some fifty tasks, which take as long as a request does."""


class UserPace:
    """Counts in memory, each worker for itself: it is this worker's time that is shared out.

    In seconds as plain numbers, since every request comes by here; the rule is that of `Pace`.
    """

    def __init__(self, limits: Limits | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Without limits nobody asks too much."""
        pace = limits.requests if limits else None
        self._counts = pace is not None
        self._every = pace.every.total_seconds() if pace else 0.0
        self._whole = self._every * pace.burst if pace else 0.0
        self._most_under_way = limits.requests_under_way if limits else 0
        self._clock = clock
        self._due: dict[UserId, float] = {}
        self._under_way: Counter[UserId] = Counter()
        self._swept = clock()

    async def answer(self, user: UserId, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Has the application answer. Raises `TooManyAttempts` before it begins."""
        if not self._counts:
            await app(scope, receive, send)
            return
        if self._under_way[user] >= self._most_under_way:
            raise TooManyAttempts
        self.take(user)
        size = 0

        async def measure_and_send(message: Message) -> None:
            nonlocal size
            if message["type"] == "http.response.body":
                size += len(message["body"])
            await send(message)

        self._under_way[user] += 1
        try:
            await app(scope, receive, measure_and_send)
        finally:
            self.charge(user, size)
            self._under_way[user] -= 1
            if not self._under_way[user]:
                del self._under_way[user]

    def take(self, user: UserId) -> None:
        """Counts one request. Raises `TooManyAttempts`."""
        if not self._counts:
            return
        now = self._clock()
        if now - self._swept > self._whole:
            self._sweep(now)
        due = max(self._due.get(user, now), now) + self._every
        if due - now > self._whole:
            raise TooManyAttempts(timedelta(seconds=due - now - self._whole))
        self._due[user] = due

    def charge(self, user: UserId, size: int) -> None:
        """Counts so many bytes of an answer, whether there was room for them or not: what comes next waits."""
        if self._counts and size >= ONE_MORE:
            now = self._clock()
            self._due[user] = max(self._due.get(user, now), now) + self._every * (size // ONE_MORE)

    def __len__(self) -> int:
        """Users that are remembered: those who have asked lately."""
        return len(self._due)

    def _sweep(self, now: float) -> None:
        """Forgets who has not asked for so long that everything is paid for."""
        self._due = {user: due for user, due in self._due.items() if due > now}
        self._swept = now
