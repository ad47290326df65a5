"""The service's own work, with hours that are short."""

import asyncio
import logging

import pytest

from todo.domain.errors import StoreUnavailable
from todo.entrypoints.hourly import every_hour

SHORT = 0.001


class Work:
    """Counts how often it is done, and fails the first time when it is given a reason to."""

    def __init__(self, trouble: Exception | None = None) -> None:
        self.done = 0
        self.often = asyncio.Event()
        self._trouble = trouble

    async def __call__(self) -> None:
        self.done += 1
        if self.done == 1 and self._trouble is not None:
            raise self._trouble
        if self.done == 3:
            self.often.set()


async def test_it_is_done_again_and_again_until_the_service_stops() -> None:
    work = Work()

    async with every_hour(work, hour=SHORT):
        await asyncio.wait_for(work.often.wait(), 10)
    done = work.done
    await asyncio.sleep(SHORT * 20)

    assert work.done == done >= 3


@pytest.mark.parametrize(
    ("trouble", "level"), [(StoreUnavailable(), logging.WARNING), (LookupError("odd"), logging.ERROR)]
)
async def test_what_fails_is_told_and_tried_again(
    caplog: pytest.LogCaptureFixture, trouble: Exception, level: int
) -> None:
    work = Work(trouble)

    async with every_hour(work, hour=SHORT):
        await asyncio.wait_for(work.often.wait(), 10)

    assert [record.levelno for record in caplog.records] == [level]
    assert "tried again" in caplog.text


async def test_a_service_stops_before_the_first_hour_is_over() -> None:
    work = Work()

    async with every_hour(work):
        await asyncio.sleep(0)

    assert work.done == 0
