"""How connections are made: a few at once; and while the server is away one after a pause, for all who wait."""

import asyncio
import logging
import random
import time
from typing import Any

import asyncpg

from todo.domain.errors import StoreUnavailable

log = logging.getLogger("todo.postgres")

AT_ONCE = 2
PAUSE = 0.25
"""Seconds between two attempts while the server is away, and up to a quarter more: workers must not march in step.

With those that were under way when it went these are at most five in a second.
"""


class Door:
    def __init__(self) -> None:
        self._places = asyncio.Semaphore(AT_ONCE)
        self._turn = asyncio.Lock()
        self._failures = 0
        self._closed_until: float | None = None
        """`None` when the last attempt has succeeded."""

    async def connect(self, *arguments: Any, **options: Any) -> Any:
        """Raises what asyncpg raises, or `StoreUnavailable` when somebody has failed since we came."""
        known = self._failures
        async with self._places:
            if self._closed_until is None:
                return await self._try(arguments, options)
        async with self._turn:
            if self._failures > known:
                raise StoreUnavailable
            if self._closed_until is not None:
                await asyncio.sleep(self._closed_until - time.monotonic())
            return await self._try(arguments, options)

    async def _try(self, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
        try:
            connection = await asyncpg.connect(*arguments, **options)
        except BaseException:
            self._failures += 1
            self._closed_until = time.monotonic() + PAUSE * random.uniform(1, 1.25)  # noqa: S311  no secret
            raise
        if self._closed_until is not None:
            log.info("the database is back")
        self._closed_until = None
        return connection
