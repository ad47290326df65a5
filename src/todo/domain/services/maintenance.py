"""What has to be cleared away from time to time."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from todo.domain.model.leftover import Leftover
from todo.domain.ports.clock import Clock
from todo.domain.ports.store import Store

AT_ONCE: Final = 1000
BREATH: Final = 0.05
"""Seconds between two full batches, in which others have the database."""

GRACE: Final = timedelta(hours=1)
"""What was over less than this ago stays: a machine whose clock is fast must not end what is going on."""


class Maintenance:
    """Safe at any time, for any number of workers at once: of those one does the work."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def survey(self) -> Mapping[Leftover, int]:
        """How much there is to clear away. Changes nothing."""
        then = self._clock.now() - GRACE
        return {kind: await self._store.leftovers.count(kind, over_by=then) for kind in Leftover}

    async def tidy(self) -> Mapping[Leftover, int]:
        """Clears away, and says how much that was."""
        return {kind: await self._clear(kind) for kind in Leftover}

    async def _clear(self, kind: Leftover) -> int:
        then = self._clock.now() - GRACE
        cleared = 0
        while True:
            gone = await self._store.leftovers.remove(kind, over_by=then, at_most=AT_ONCE)
            cleared += gone
            if gone < AT_ONCE:
                return cleared
            await asyncio.sleep(BREATH)
