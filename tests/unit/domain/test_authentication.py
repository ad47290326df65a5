from datetime import timedelta

import pytest

from tests.builders import ADA, BOB, NOON, SECRET, HandClock, a_session, a_user, claims, drop, keep, principal
from todo.adapters.hmac_signatures import HmacSignatures
from todo.adapters.jwt_tokens import JwtTokens
from todo.adapters.memory import MemoryStore
from todo.domain.errors import SessionEnded, TokenExpired, TokenInvalid, TokenWithoutSubject
from todo.domain.model.principal import Claims
from todo.domain.model.session import Session, SessionId
from todo.domain.model.user import UserId
from todo.domain.ports.tokens import Tokens
from todo.domain.services.authentication import Authentication

MOMENT = timedelta(milliseconds=1)
DAY = timedelta(days=1)
NOW = NOON.timestamp()
SIGNATURES = HmacSignatures(SECRET)


class SpokenTokens(Tokens):
    """Whoever shows the text gets these claims: for what only another issuer would sign."""

    def __init__(self, said: Claims) -> None:
        self._said = said

    def issue(self, claims: Claims) -> str:
        return "spoken"

    def read(self, token: str) -> Claims:
        return self._said


@pytest.fixture
def tokens() -> JwtTokens:
    return JwtTokens(SECRET)


@pytest.fixture
def authentication(store: MemoryStore, tokens: JwtTokens, clock: HandClock) -> Authentication:
    return Authentication(tokens=tokens, signatures=SIGNATURES, sessions=store.sessions, clock=clock)


@pytest.fixture
async def session(store: MemoryStore) -> Session:
    """Ada's, begun at noon."""
    session = a_session(ADA)
    await keep(store, a_user(ADA), a_user(BOB), session)
    return session


class TestWhoIsAsking:
    async def test_is_told_by_a_token_of_ours(self, authentication: Authentication, session: Session) -> None:
        token = authentication.token_for(session)

        assert await authentication.principal(token) == principal(ADA, session=session)

    async def test_is_told_until_the_end_of_the_session(
        self, authentication: Authentication, session: Session, clock: HandClock
    ) -> None:
        token = authentication.token_for(session)
        clock.turn(7 * DAY - MOMENT)

        assert (await authentication.principal(token)).user == ADA

    async def test_is_not_told_by_a_token_whose_time_is_over(
        self, authentication: Authentication, session: Session, clock: HandClock
    ) -> None:
        token = authentication.token_for(session)
        clock.turn(7 * DAY)

        with pytest.raises(TokenExpired):
            await authentication.principal(token)

    async def test_is_not_told_once_the_session_was_ended(
        self, authentication: Authentication, session: Session, store: MemoryStore
    ) -> None:
        token = authentication.token_for(session)
        await authentication.principal(token)
        await store.sessions.remove(session.id)

        with pytest.raises(SessionEnded):
            await authentication.principal(token)

    async def test_is_not_told_once_the_account_was_deleted(
        self, authentication: Authentication, session: Session, store: MemoryStore
    ) -> None:
        token = authentication.token_for(session)
        await drop(store, ADA)

        with pytest.raises(SessionEnded):
            await authentication.principal(token)

    async def test_is_not_told_by_a_token_that_outlives_its_session(
        self, authentication: Authentication, tokens: JwtTokens, session: Session, clock: HandClock
    ) -> None:
        token = tokens.issue(claims(ADA, session=session.id, expires=NOW + 8 * 86_400))
        clock.turn(7 * DAY)

        with pytest.raises(SessionEnded):
            await authentication.principal(token)

    async def test_is_not_told_by_a_token_that_names_anothers_session(
        self, authentication: Authentication, tokens: JwtTokens, session: Session
    ) -> None:
        token = tokens.issue(claims(BOB, session=session.id))

        with pytest.raises(SessionEnded):
            await authentication.principal(token)

    @pytest.mark.parametrize("unknown", ["", "unknown"])
    async def test_is_not_told_by_a_token_that_names_no_session_of_ours(
        self, authentication: Authentication, tokens: JwtTokens, session: Session, unknown: str
    ) -> None:
        token = tokens.issue(claims(ADA, session=SessionId(unknown)))

        with pytest.raises(SessionEnded):
            await authentication.principal(token)

    async def test_is_not_told_by_the_id_or_the_handle_of_a_session(
        self, authentication: Authentication, session: Session
    ) -> None:
        for text in (session.id, session.handle):
            with pytest.raises(TokenInvalid):
                await authentication.principal(text)

    async def test_is_told_by_a_token_that_another_holder_of_the_secret_minted(
        self, authentication: Authentication, tokens: JwtTokens
    ) -> None:
        token = tokens.issue(claims(UserId("visitor")))

        assert await authentication.principal(token) == principal(UserId("visitor"))

    async def test_is_told_with_the_address_that_another_issuer_vouches_for(
        self, store: MemoryStore, clock: HandClock
    ) -> None:
        said = Claims(subject=ADA, issued=NOW, expires=NOW + 1, email="ada@example.com")
        authentication = Authentication(
            tokens=SpokenTokens(said), signatures=SIGNATURES, sessions=store.sessions, clock=clock
        )

        assert await authentication.principal("spoken") == principal(ADA, email="ada@example.com")

    async def test_is_not_told_before_the_time_of_a_token(
        self, authentication: Authentication, tokens: JwtTokens
    ) -> None:
        with pytest.raises(TokenInvalid):
            await authentication.principal(tokens.issue(claims(issued=NOW + 1)))

    async def test_is_not_told_by_a_token_that_names_nobody(
        self, authentication: Authentication, tokens: JwtTokens
    ) -> None:
        with pytest.raises(TokenWithoutSubject):
            await authentication.principal(tokens.issue(claims(UserId(""))))

    async def test_is_not_told_by_a_token_of_a_stranger(self, authentication: Authentication) -> None:
        with pytest.raises(TokenInvalid):
            await authentication.principal(JwtTokens(SECRET[::-1]).issue(claims()))

    async def test_an_expired_token_is_not_revived_by_having_been_good(
        self, authentication: Authentication, tokens: JwtTokens, clock: HandClock
    ) -> None:
        token = tokens.issue(claims(expires=NOW + 60))
        await authentication.principal(token)
        clock.turn(timedelta(seconds=60))

        with pytest.raises(TokenExpired):
            await authentication.principal(token)


class TestSliding:
    async def test_nothing_slides_on_the_first_day(
        self, authentication: Authentication, session: Session, clock: HandClock
    ) -> None:
        clock.turn(DAY - MOMENT)

        assert await authentication.renew(principal(ADA, session=session)) is None

    async def test_after_a_day_the_session_begins_anew_with_a_new_token(
        self, authentication: Authentication, session: Session, store: MemoryStore, clock: HandClock
    ) -> None:
        clock.turn(DAY)

        slid = await authentication.renew(principal(ADA, session=session))

        assert slid is not None
        extended, token = slid
        assert extended == session.slide(at=NOON + DAY)
        assert await store.sessions.find(session.id) == extended
        assert await authentication.principal(token) == principal(ADA, session=extended)

    async def test_the_new_token_is_good_for_seven_days_and_the_old_one_for_its_own(
        self, authentication: Authentication, session: Session, clock: HandClock
    ) -> None:
        old = authentication.token_for(session)
        clock.turn(2 * DAY)
        slid = await authentication.renew(await authentication.principal(old))
        assert slid is not None
        clock.turn(5 * DAY)

        with pytest.raises(TokenExpired):
            await authentication.principal(old)
        clock.turn(2 * DAY - MOMENT)
        assert (await authentication.principal(slid[1])).user == ADA
        clock.turn(MOMENT)
        with pytest.raises(TokenExpired):
            await authentication.principal(slid[1])

    async def test_the_old_token_opens_the_slid_session_meanwhile(
        self, authentication: Authentication, session: Session, clock: HandClock
    ) -> None:
        old = authentication.token_for(session)
        clock.turn(2 * DAY)
        await authentication.renew(principal(ADA, session=session))

        assert (await authentication.principal(old)).session == session.slide(at=NOON + 2 * DAY)

    async def test_of_two_who_slide_one_session_one_gets_a_token(
        self, authentication: Authentication, session: Session, clock: HandClock
    ) -> None:
        clock.turn(DAY)
        asking = principal(ADA, session=session)

        first, second = await authentication.renew(asking), await authentication.renew(asking)

        assert first is not None
        assert second is None

    async def test_a_session_that_was_ended_does_not_come_back(
        self, authentication: Authentication, session: Session, store: MemoryStore, clock: HandClock
    ) -> None:
        clock.turn(DAY)
        await store.sessions.remove(session.id)

        assert await authentication.renew(principal(ADA, session=session)) is None
        assert await store.sessions.find(session.id) is None

    async def test_who_has_no_session_has_nothing_to_slide(
        self, authentication: Authentication, clock: HandClock
    ) -> None:
        clock.turn(2 * DAY)

        assert await authentication.renew(principal(ADA)) is None


class TestEnding:
    async def test_ends_the_session_of_the_token_and_no_other(
        self, authentication: Authentication, session: Session, store: MemoryStore
    ) -> None:
        other = a_session(ADA)
        await keep(store, other)

        await authentication.end(authentication.token_for(session))

        assert await store.sessions.find(session.id) is None
        assert await store.sessions.find(other.id) == other

    async def test_ends_it_by_an_expired_token_too(
        self, authentication: Authentication, session: Session, store: MemoryStore, clock: HandClock
    ) -> None:
        token = authentication.token_for(session)
        clock.turn(30 * DAY)

        await authentication.end(token)

        assert await store.sessions.find(session.id) is None

    async def test_can_be_asked_for_twice(self, authentication: Authentication, session: Session) -> None:
        token = authentication.token_for(session)

        for _ in range(2):
            await authentication.end(token)

        with pytest.raises(SessionEnded):
            await authentication.principal(token)

    async def test_has_nothing_to_end_for_a_token_of_another_issuer(
        self, authentication: Authentication, tokens: JwtTokens, session: Session, store: MemoryStore
    ) -> None:
        await authentication.end(tokens.issue(claims(ADA)))

        assert await store.sessions.find(session.id) == session

    async def test_refuses_what_is_no_token(
        self, authentication: Authentication, session: Session, store: MemoryStore
    ) -> None:
        for text in ("", session.id, session.handle, JwtTokens(SECRET[::-1]).issue(claims(session=session.id))):
            with pytest.raises(TokenInvalid):
                await authentication.end(text)

        assert await store.sessions.find(session.id) == session


class TestSignedHandles:
    """What Better Auth put into its cookies, before a move."""

    async def test_who_is_asking_is_told_by_one(self, authentication: Authentication, session: Session) -> None:
        told = await authentication.principal(SIGNATURES.sign(session.handle))

        assert (told.user, told.session, told.by_handle) == (ADA, session, True)

    async def test_the_next_token_is_given_at_once(
        self, authentication: Authentication, session: Session, store: MemoryStore
    ) -> None:
        renewed = await authentication.renew(await authentication.principal(SIGNATURES.sign(session.handle)))

        assert renewed is not None
        assert renewed[0] == session == await store.sessions.find(session.id)
        assert await authentication.principal(renewed[1]) == principal(ADA, session=session)

    async def test_after_a_day_the_session_begins_anew_with_it(
        self, authentication: Authentication, session: Session, clock: HandClock
    ) -> None:
        clock.turn(DAY)

        renewed = await authentication.renew(await authentication.principal(SIGNATURES.sign(session.handle)))

        assert renewed is not None
        assert renewed[0] == session.slide(at=NOON + DAY)

    async def test_nobody_is_told_by_one_when_the_session_is_over(
        self, authentication: Authentication, session: Session, clock: HandClock
    ) -> None:
        clock.turn(7 * DAY)

        with pytest.raises(SessionEnded):
            await authentication.principal(SIGNATURES.sign(session.handle))

    async def test_nobody_is_told_by_one_that_names_no_session(
        self, authentication: Authentication, session: Session
    ) -> None:
        for text in ("unknown", session.id, "true", ""):
            with pytest.raises(SessionEnded):
                await authentication.principal(SIGNATURES.sign(text))

    async def test_nobody_is_told_by_one_that_others_have_signed(
        self, authentication: Authentication, session: Session
    ) -> None:
        good = SIGNATURES.sign(session.handle)
        for text in (HmacSignatures(SECRET[::-1]).sign(session.handle), good[:-1], f"{session.handle}."):
            with pytest.raises(TokenInvalid):
                await authentication.principal(text)

    async def test_a_session_is_ended_by_one(
        self, authentication: Authentication, session: Session, store: MemoryStore
    ) -> None:
        other = a_session(ADA)
        await keep(store, other)

        for _ in range(2):
            await authentication.end(SIGNATURES.sign(session.handle))

        assert list(await store.sessions.of(ADA)) == [other]

    async def test_no_session_is_ended_by_one_that_others_have_signed(
        self, authentication: Authentication, session: Session, store: MemoryStore
    ) -> None:
        with pytest.raises(TokenInvalid):
            await authentication.end(HmacSignatures(SECRET[::-1]).sign(session.handle))

        assert await store.sessions.find(session.id) == session
