from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import ADA, NOON, HandClock, a_session, a_ticket, a_user, keep
from tests.contracts.leftovers import KEEPS
from todo.adapters.memory import MemoryStore
from todo.domain.model.leftover import Leftover
from todo.domain.services.maintenance import AT_ONCE, GRACE, Maintenance


@pytest.fixture
def maintenance(store: MemoryStore, clock: HandClock) -> Maintenance:
    return Maintenance(store=store, clock=clock)


async def test_what_is_over_for_longer_than_the_grace_is_cleared_away(
    store: MemoryStore, maintenance: Maintenance
) -> None:
    over, ending = a_session(ADA), replace(a_session(ADA), expires_at=NOON - GRACE + timedelta(milliseconds=1))
    await keep(store, a_user(ADA), replace(over, expires_at=NOON - GRACE), ending)
    await keep(store, replace(a_ticket(ADA), expires_at=NOON - GRACE), a_ticket(ADA))

    cleared = await maintenance.tidy()

    assert cleared == {**dict.fromkeys(Leftover, 0), Leftover.SESSIONS: 1, Leftover.TICKETS: 1}
    assert await store.sessions.find(over.id) is None
    assert await store.sessions.find(ending.id) == ending


async def test_a_survey_tells_what_a_cleaning_would_do_and_does_nothing(
    store: MemoryStore, maintenance: Maintenance
) -> None:
    for keeps in KEEPS.values():
        await keeps(store, NOON - GRACE)

    surveyed = await maintenance.survey()

    assert surveyed == await maintenance.survey() == await maintenance.tidy() == dict.fromkeys(Leftover, 1)
    assert await maintenance.survey() == dict.fromkeys(Leftover, 0)


async def test_more_than_goes_at_once_goes_in_batches(store: MemoryStore, maintenance: Maintenance) -> None:
    sessions = [replace(a_session(ADA), expires_at=NOON - GRACE) for _ in range(AT_ONCE + 1)]
    await keep(store, a_user(ADA), *sessions)

    assert (await maintenance.tidy())[Leftover.SESSIONS] == AT_ONCE + 1
