"""A server's clock is set forward or back by an hour: nobody loses a session by it, and none lasts for ever."""

from datetime import timedelta

import pytest

from tests.builders import ADA, SECRET, HandClock, a_session, a_user, keep
from todo.adapters.hmac_signatures import HmacSignatures
from todo.adapters.jwt_tokens import JwtTokens
from todo.adapters.memory import MemoryStore
from todo.domain.errors import TokenExpired, TokenInvalid
from todo.domain.model.session import Session
from todo.domain.services.authentication import Authentication

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
async def session(store: MemoryStore, clock: HandClock) -> Session:
    session = a_session(ADA, at=clock.now())
    await keep(store, a_user(ADA), session)
    return session


@pytest.fixture
def authentication(store: MemoryStore, clock: HandClock) -> Authentication:
    return Authentication(
        tokens=JwtTokens(SECRET), signatures=HmacSignatures(SECRET), sessions=store.sessions, clock=clock
    )


async def test_a_step_forward_and_back_signs_nobody_out(
    authentication: Authentication, session: Session, clock: HandClock
) -> None:
    token = authentication.token_for(session)

    for step in (HOUR, -HOUR):
        clock.turn(step)
        assert (await authentication.principal(token)).user == ADA


async def test_after_a_step_back_a_fresh_token_waits_until_its_time_has_come(
    authentication: Authentication, session: Session, clock: HandClock
) -> None:
    token = authentication.token_for(session)
    clock.turn(-HOUR)

    with pytest.raises(TokenInvalid):
        await authentication.principal(token)

    clock.turn(HOUR)
    assert (await authentication.principal(token)).user == ADA


async def test_a_session_begun_while_the_clock_was_ahead_lasts_no_longer_than_the_step(
    authentication: Authentication, store: MemoryStore, clock: HandClock
) -> None:
    clock.turn(HOUR)
    ahead = a_session(ADA, at=clock.now())
    await keep(store, a_user(ADA), ahead)
    token = authentication.token_for(ahead)
    clock.turn(-HOUR)

    clock.turn(7 * DAY + HOUR)

    with pytest.raises(TokenExpired):
        await authentication.principal(token)
