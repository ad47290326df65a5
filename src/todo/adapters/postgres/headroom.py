"""Who is so far from a quota, of tasks or of kept answers, that nobody need count."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from todo.domain.model.user import UserId

FREE: Final = 1 / 20
"""Of the margin, what one worker adds for one owner before it counts again."""

LEAST_MARGIN: Final = 1_000
GOOD_FOR: Final = 2.0
"""Seconds after a count, in which some are free."""


def margin(quota: int) -> int:
    """The last tasks below the quota: each is counted while nobody else adds.

    Before they begin, each of 16 workers with 10 connections can add what the others have not counted: the free ones,
    and those under way. Together that is less than the margin. Whoever fills the whole margin within `GOOD_FOR` can
    still add the free ones of the other workers on top.
    """
    return max(LEAST_MARGIN, quota // 10)


class Headroom:
    """Counting what an owner has takes time that grows with it, so after one count some are free.

    With 10,000 as the quota those are 50: each one that is added costs a look at a fiftieth of those that are there.
    Owners that were not heard of for long are forgotten, and counted anew.
    """

    def __init__(self, *, owners: int = 20_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._owners = owners
        self._clock = clock
        self._free: OrderedDict[UserId, tuple[int, float]] = OrderedDict()

    def take(self, owner: UserId) -> bool:
        """Whether one may be added without counting."""
        free, until = self._free.get(owner, (0, 0.0))
        if not free or self._clock() > until:
            return False
        self._free[owner] = free - 1, until
        return True

    def counted(self, owner: UserId, *, quota: int) -> None:
        """The owner was found to have less than the quota, by its margin and more."""
        self._free[owner] = int(margin(quota) * FREE), self._clock() + GOOD_FOR
        self._free.move_to_end(owner)
        if len(self._free) > self._owners:
            self._free.popitem(last=False)
