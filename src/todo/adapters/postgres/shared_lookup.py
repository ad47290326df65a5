"""Look-ups of many who wait at the same moment, made together."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from todo.domain.errors import StoreUnavailable

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

AT_ONCE = 2
"""Statements under way at the same time: more of them answer no sooner, and each then serves fewer."""


class SharedLookup(Generic[Key, Value]):
    """Collects keys while earlier look-ups are under way, and asks for all of them in one statement.

    Strict: a key is only ever added to a statement that has not been sent, so no answer is older than its question.
    """

    def __init__(self, find_several: Callable[[list[Key]], Awaitable[dict[Key, Value]]]) -> None:
        self._find_several = find_several
        self._waiting: dict[Key, asyncio.Future[Value | None]] = {}
        self._under_way = 0
        self._tasks: set[asyncio.Task[None]] = set()  # a loop keeps only weak references

    async def find(self, key: Key) -> Value | None:
        """The value, or `None`. Raises what the look-up raises."""
        future = self._waiting.get(key)
        if future is None:
            future = self._waiting[key] = asyncio.get_running_loop().create_future()
            self._send()
        return await asyncio.shield(future)

    def _send(self) -> None:
        if self._under_way < AT_ONCE:
            self._under_way += 1
            task = asyncio.create_task(self._run())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self) -> None:
        while self._waiting:
            waiting, self._waiting = self._waiting, {}
            try:
                found = await self._find_several(list(waiting))
            # Whatever it was, each of those who wait must hear of it.
            except Exception as error:
                told = [*waiting.values()]
                if isinstance(error, StoreUnavailable):  # whoever has come since would wait as long again
                    told += self._waiting.values()
                    self._waiting = {}
                for future in told:
                    future.set_exception(error)
                    future.exception()  # nobody may be listening any more
            else:
                for key, future in waiting.items():
                    future.set_result(found.get(key))
        self._under_way -= 1  # with no await since the look at `_waiting`: nobody is left behind
