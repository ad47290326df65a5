from datetime import timedelta

import pytest

from tests.builders import ADA, BOB, NOON, PASSWORD, HandClock, PlainHasher, a_new_task, a_session, a_user, drop, keep
from todo.adapters.memory import MemoryStore
from todo.domain.errors import (
    PasswordNotFound,
    PasswordWrong,
    ReauthenticationNeeded,
    SessionStale,
    UserNotFound,
)
from todo.domain.model.session import Session, SessionHandle
from todo.domain.model.user import Image, Name, Password, User
from todo.domain.services.profile import ProfileService

DAY = timedelta(days=1)
MOMENT = timedelta(milliseconds=1)
BEING_BOB = a_user(BOB)


@pytest.fixture
async def ada(store: MemoryStore, hasher: PlainHasher) -> User:
    """Has a password; Bob has none."""
    ada = a_user(ADA, name="Ada", image="/ada.png")
    await keep(store, ada, BEING_BOB, (ADA, await hasher.hash(PASSWORD)))
    return ada


@pytest.fixture
async def session(store: MemoryStore, ada: User) -> Session:
    session = a_session(ADA, id="1")
    await keep(store, session)
    return session


class TestDescribing:
    async def test_what_is_given_is_set_and_the_rest_stays(
        self, profile: ProfileService, store: MemoryStore, ada: User, clock: HandClock
    ) -> None:
        clock.turn(DAY)

        renamed = await profile.describe(name=Name("Ada L."), by=ada)
        pictured = await profile.describe(image=Image("/new.png"), by=renamed)

        assert (renamed.name, renamed.image, renamed.updated_at) == ("Ada L.", "/ada.png", NOON + DAY)
        assert (pictured.name, pictured.image) == ("Ada L.", "/new.png")
        assert (pictured.id, pictured.email, pictured.created_at) == (ada.id, ada.email, NOON)
        assert await store.users.get(ADA) == pictured

    async def test_an_image_can_be_cleared_and_a_name_be_empty(
        self, profile: ProfileService, store: MemoryStore, ada: User
    ) -> None:
        await profile.describe(name=Name(""), image=None, by=ada)

        kept = await store.users.get(ADA)
        assert (kept.name, kept.image) == ("", None)

    async def test_who_has_gone_is_described_no_more(
        self, profile: ProfileService, store: MemoryStore, ada: User
    ) -> None:
        await drop(store, ADA)

        with pytest.raises(UserNotFound):
            await profile.describe(name=Name("Ada"), by=ada)


class TestAccounts:
    async def test_a_password_is_a_way_to_sign_in(self, profile: ProfileService, ada: User) -> None:
        assert [account.provider for account in await profile.accounts(by=ada)] == ["credential"]
        assert list(await profile.accounts(by=BEING_BOB)) == []


class TestSessions:
    async def test_ones_own_live_sessions_are_told_the_oldest_first(
        self, profile: ProfileService, store: MemoryStore, ada: User, session: Session, clock: HandClock
    ) -> None:
        over, older = a_session(ADA, at=NOON - 7 * DAY), a_session(ADA, at=NOON - 7 * DAY + MOMENT)
        await keep(store, over, older, a_session(BOB))

        assert list(await profile.sessions(by=ada, session=session)) == [older, session]

    async def test_who_has_signed_in_a_day_ago_or_more_does_not_see_them(
        self, profile: ProfileService, ada: User, session: Session, clock: HandClock
    ) -> None:
        clock.turn(DAY - MOMENT)
        assert list(await profile.sessions(by=ada, session=session)) == [session]
        clock.turn(MOMENT)

        with pytest.raises(SessionStale):
            await profile.sessions(by=ada, session=session)

    async def test_use_does_not_make_a_session_fresh_again(
        self, profile: ProfileService, ada: User, session: Session, clock: HandClock
    ) -> None:
        clock.turn(DAY)

        with pytest.raises(SessionStale):
            await profile.sessions(by=ada, session=session.slide(at=clock.now()))


class TestEndingSessions:
    async def test_ones_own_session_is_ended_by_its_handle(
        self, profile: ProfileService, store: MemoryStore, ada: User, session: Session
    ) -> None:
        other = a_session(ADA)
        await keep(store, other)

        assert await profile.end_session(other.handle, by=ada) == other

        assert list(await store.sessions.of(ADA)) == [session]

    async def test_the_session_of_another_is_not_ended_and_nothing_is_told(
        self, profile: ProfileService, store: MemoryStore, ada: User, session: Session
    ) -> None:
        for handle in (session.handle, SessionHandle("unknown"), SessionHandle("")):
            assert await profile.end_session(handle, by=BEING_BOB) is None

        assert list(await store.sessions.of(ADA)) == [session]

    async def test_a_session_is_not_ended_by_its_id(
        self, profile: ProfileService, store: MemoryStore, ada: User, session: Session
    ) -> None:
        assert await profile.end_session(SessionHandle(session.id), by=ada) is None

        assert list(await store.sessions.of(ADA)) == [session]

    async def test_all_are_ended_or_all_but_one(
        self, profile: ProfileService, store: MemoryStore, ada: User, session: Session
    ) -> None:
        of_bob = a_session(BOB)
        await keep(store, a_session(ADA), a_session(ADA), of_bob)

        await profile.end_sessions(by=ada, keep=session)
        assert list(await store.sessions.of(ADA)) == [session]

        await profile.end_sessions(by=ada)
        assert list(await store.sessions.of(ADA)) == []
        assert list(await store.sessions.of(BOB)) == [of_bob]


class TestDeleting:
    async def test_everything_goes_with_the_password(
        self, profile: ProfileService, store: MemoryStore, ada: User, session: Session, clock: HandClock
    ) -> None:
        await store.tasks.add(a_new_task(ADA))
        clock.turn(6 * DAY)

        await profile.delete(PASSWORD, by=ada, session=session)

        assert list(await store.users.all()) == [BEING_BOB]
        assert list(await store.sessions.of(ADA)) == []
        assert list(await store.tasks.of(ADA)) == []
        assert await store.passwords.find(ADA) is None

    async def test_a_wrong_password_deletes_nothing_however_fresh_the_session(
        self, profile: ProfileService, store: MemoryStore, ada: User, session: Session
    ) -> None:
        for wrong in ("", "wrong"):
            with pytest.raises(PasswordWrong):
                await profile.delete(Password.attempt(wrong), by=ada, session=session)

        assert await store.users.get(ADA) == ada

    async def test_without_a_password_it_takes_a_fresh_session(
        self, profile: ProfileService, store: MemoryStore, ada: User, session: Session, clock: HandClock
    ) -> None:
        clock.turn(DAY)
        with pytest.raises(ReauthenticationNeeded):
            await profile.delete(None, by=ada, session=session)
        assert await store.users.get(ADA) == ada

        clock.turn(-MOMENT)
        await profile.delete(None, by=ada, session=session)
        assert list(await store.users.all()) == [BEING_BOB]

    async def test_who_has_no_password_cannot_confirm_with_one(
        self, profile: ProfileService, store: MemoryStore, ada: User
    ) -> None:
        session = a_session(BOB)
        await keep(store, session)

        with pytest.raises(PasswordNotFound):
            await profile.delete(PASSWORD, by=BEING_BOB, session=session)
        await profile.delete(None, by=BEING_BOB, session=session)

        assert list(await store.users.all()) == [ada]
