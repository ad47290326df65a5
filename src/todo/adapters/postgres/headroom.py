"""Who is so far from the quota of tasks that nobody need count."""

from collections import OrderedDict
from typing import Final

from todo.domain.model.user import UserId

FREE: Final = 50
"""Tasks that one worker adds for one owner before it counts again."""

COUNTED_EXACTLY: Final = 1_000
"""The last tasks below the quota: each is counted while nobody else adds. Before they begin, each of 16 workers with 10
connections can add 60 that the others have not counted: the free ones, and those under way."""


class Headroom:
    """Counting an owner's tasks takes time that grows with them, so after one count the next tasks are free.

    Owners that were not heard of for long are forgotten, and counted anew.
    """

    def __init__(self, *, owners: int = 20_000) -> None:
        self._owners = owners
        self._free: OrderedDict[UserId, int] = OrderedDict()

    def take(self, owner: UserId) -> bool:
        """Whether a task may be added without counting."""
        free = self._free.get(owner, 0)
        if not free:
            return False
        self._free[owner] = free - 1
        return True

    def counted(self, owner: UserId) -> None:
        """The owner was found to have less than the quota, by `COUNTED_EXACTLY` and more."""
        self._free[owner] = FREE
        self._free.move_to_end(owner)
        if len(self._free) > self._owners:
            self._free.popitem(last=False)
