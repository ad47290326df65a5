"""What the service does by itself every hour, whatever is asked of it."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from todo.domain.errors import DomainError

LOG = logging.getLogger(__name__)
HOUR: Final = 3600.0
"""Seconds."""


@asynccontextmanager
async def every_hour(work: Callable[[], Awaitable[object]], *, hour: float = HOUR) -> AsyncIterator[None]:
    """Works meanwhile, and first within ten minutes. Many workers that start together do not do it together."""
    at_work = asyncio.create_task(_again_and_again(work, hour))
    try:
        yield
    finally:
        at_work.cancel()
        with suppress(asyncio.CancelledError):
            await at_work


async def _again_and_again(work: Callable[[], Awaitable[object]], hour: float) -> None:
    await asyncio.sleep(random.uniform(0.0, hour / 6))  # noqa: S311  spreads, hides nothing
    while True:
        try:
            await work()
        except DomainError as error:
            LOG.warning("hourly work was not done: %s; it is tried again in an hour", type(error).__name__)
        except Exception:  # the next hour may be better, and the service does not need it to answer
            LOG.exception("hourly work has failed; it is tried again in an hour")
        await asyncio.sleep(hour * random.uniform(0.9, 1.1))  # noqa: S311
