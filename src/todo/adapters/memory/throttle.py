"""The throttle in memory: for one process."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from todo.adapters.memory.tables import Tables, Taken
from todo.domain.errors import TooManyAttempts
from todo.domain.model.pace import Bucket
from todo.domain.ports.throttle import Throttle

KEPT = 10_000
"""Buckets, before those that are full again are thrown away."""


@dataclass(frozen=True, slots=True)
class MemoryThrottle(Throttle):
    _tables: Tables

    async def charge(self, buckets: Sequence[Bucket], *, at: datetime) -> None:
        taken = self._tables.taken
        due = {bucket.name: taken[bucket.name].due if bucket.name in taken else at for bucket in buckets}
        wait = max((bucket.pace.wait(due[bucket.name], at=at) for bucket in buckets), default=timedelta())
        if wait > timedelta():
            raise TooManyAttempts(wait)
        if len(taken) > KEPT:
            for name in [name for name, one in taken.items() if one.due <= at]:
                del taken[name]
        for bucket in buckets:
            taken[bucket.name] = Taken(bucket.pace.taken(due[bucket.name], at=at), bucket.pace.every)

    async def give_back(self, buckets: Sequence[Bucket], *, filling: Sequence[Bucket] = ()) -> None:
        taken = self._tables.taken
        for bucket in buckets:
            if (one := taken.get(bucket.name)) is not None:
                taken[bucket.name] = Taken(one.due - one.every, one.every)
        for bucket in filling:
            taken.pop(bucket.name, None)
