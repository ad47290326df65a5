"""What every store promises about what is over."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

import pytest

from tests.builders import ADA, LATER, NOON, a_session, a_ticket, a_user, an_attempt, keep
from todo.domain.model.leftover import Leftover
from todo.domain.model.pace import Bucket, Pace, Pseudonym
from todo.domain.model.retry import KEPT, Answer
from todo.domain.ports.store import Store

Keeps = Callable[[Store, datetime], Awaitable[object]]


async def _keep_session(store: Store, ends: datetime) -> None:
    await keep(store, a_user(ADA), replace(a_session(ADA), expires_at=ends))


async def _keep_ticket(store: Store, ends: datetime) -> None:
    await keep(store, a_user(ADA), replace(a_ticket(ADA), expires_at=ends))


async def _keep_attempt(store: Store, ends: datetime) -> None:
    every = timedelta(seconds=1)
    bucket = Bucket(name=Pseudonym(uuid4().bytes), pace=Pace(burst=1, every=every))
    await store.throttle.charge([bucket], at=ends - every)


async def _keep_answer(store: Store, ends: datetime) -> None:
    await keep(store, a_user(ADA))
    attempt = an_attempt(key=uuid4().hex, at=ends - KEPT)
    async with store.begin() as work:
        await work.claim(attempt)
        await work.keep_answer(attempt, Answer(status=200, body=b"{}"))
        await work.commit()


KEEPS: Final[Mapping[Leftover, Keeps]] = {
    Leftover.SESSIONS: _keep_session,
    Leftover.TICKETS: _keep_ticket,
    Leftover.ATTEMPTS: _keep_attempt,
    Leftover.ANSWERS: _keep_answer,
}
"""How one of each kind comes about."""


of_every_kind = pytest.mark.parametrize("kind", Leftover)


class LeftoverContract:
    @of_every_kind
    async def test_what_is_over_goes_and_what_goes_on_stays(self, store: Store, kind: Leftover) -> None:
        for ends in (NOON - timedelta(days=30), NOON, NOON + timedelta(milliseconds=1), LATER):
            await KEEPS[kind](store, ends)

        counted = await store.leftovers.count(kind, over_by=NOON)
        gone = await store.leftovers.remove(kind, over_by=NOON, at_most=10)

        assert (counted, gone) == (2, 2)
        assert await store.leftovers.count(kind, over_by=NOON) == 0
        assert await store.leftovers.count(kind, over_by=LATER) == 2

    @of_every_kind
    async def test_no_more_goes_at_once_than_was_asked_for(self, store: Store, kind: Leftover) -> None:
        for _ in range(5):
            await KEEPS[kind](store, NOON)

        gone = [await store.leftovers.remove(kind, over_by=NOON, at_most=2) for _ in range(4)]

        assert gone == [2, 2, 1, 0]

    @of_every_kind
    async def test_other_kinds_are_left_alone(self, store: Store, kind: Leftover) -> None:
        for keeps in KEEPS.values():
            await keeps(store, NOON)

        await store.leftovers.remove(kind, over_by=NOON, at_most=10)

        left = {other: await store.leftovers.count(other, over_by=NOON) for other in Leftover}
        assert left == {other: int(other is not kind) for other in Leftover}
