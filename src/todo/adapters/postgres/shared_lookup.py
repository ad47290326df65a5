"""Look-ups of many who wait at the same moment, made together."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from todo.domain.errors import StoreUnavailable

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

Asked = dict[Key, list[asyncio.Future[Value | None]]]
"""An answer for each who waits: whoever stops waiting takes it from nobody else."""

AT_ONCE = 2
"""Statements under way at the same time: more of them answer no sooner, and each then serves fewer."""


class SharedLookup(Generic[Key, Value]):
    """Collects keys while earlier look-ups are under way, and asks for all of them in one statement.

    Strict: a key is only ever added to a statement that has not been sent, so no answer is older than its question.
    """

    def __init__(self, find_several: Callable[[list[Key]], Awaitable[dict[Key, Value]]]) -> None:
        self._find_several = find_several
        self._waiting: Asked[Key, Value] = {}
        self._under_way = 0
        self._tasks: set[asyncio.Task[None]] = set()  # a loop keeps only weak references

    async def find(self, key: Key) -> Value | None:
        """The value, or `None`. Raises what the look-up raises."""
        answer: asyncio.Future[Value | None] = asyncio.get_running_loop().create_future()
        asked = self._waiting.get(key)
        if asked is None:
            self._waiting[key] = [answer]
            self._send()
        else:
            asked.append(answer)
        return await answer

    def _send(self) -> None:
        if self._under_way < AT_ONCE:
            self._under_way += 1
            task = asyncio.create_task(self._run())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self) -> None:
        while self._waiting:
            asked, self._waiting = self._waiting, {}
            try:
                found = await self._find_several(list(asked))
            # Whatever it was, each of those who wait must hear of it.
            except Exception as error:
                self._fail(asked, error)
                if isinstance(error, StoreUnavailable):  # whoever has come since would wait as long again
                    asked, self._waiting = self._waiting, {}
                    self._fail(asked, error)
            else:
                for key, answers in asked.items():
                    value = found.get(key)
                    for answer in answers:
                        if not answer.done():
                            answer.set_result(value)
        self._under_way -= 1  # with no await since the look at `_waiting`: nobody is left behind

    @staticmethod
    def _fail(asked: Asked[Key, Value], error: Exception) -> None:
        for answers in asked.values():
            for answer in answers:
                if not answer.done():
                    answer.set_exception(error)
