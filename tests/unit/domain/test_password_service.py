import asyncio
from datetime import timedelta

import pytest

from tests.builders import ADA, BOB, HOME, PASSWORD, HandClock, PlainHasher, a_session, a_user, drop, keep
from tests.contracts.samples import all_of
from tests.mailboxes import OutboxMailer
from todo.adapters.memory import MemoryStore
from todo.domain.errors import (
    Busy,
    PasswordNotFound,
    PasswordResetDisabled,
    PasswordWrong,
    TicketInvalid,
)
from todo.domain.model.letter import Purpose
from todo.domain.model.session import Device, Session
from todo.domain.model.user import Email, Password, User
from todo.domain.services.passwords import PasswordService

ADDRESS = Email("ada@example.com")
NEW = Password("another password")
OTHER = Password("yet another password")
DEVICE = Device(address="203.0.113.7", agent="curl")
HOUR = timedelta(hours=1)
MOMENT = timedelta(milliseconds=1)


@pytest.fixture
async def ada(store: MemoryStore, hasher: PlainHasher) -> User:
    """Has a password; Bob has none."""
    ada = a_user(ADA, email=ADDRESS, name="Ada")
    await keep(store, ada, a_user(BOB), (ADA, await hasher.hash(PASSWORD)))
    return ada


@pytest.fixture
async def session(store: MemoryStore, ada: User) -> Session:
    """Ada's; she has another, and so has Bob."""
    session = a_session(ADA)
    await keep(store, session, a_session(ADA), a_session(BOB))
    return session


async def opens(store: MemoryStore, hasher: PlainHasher, password: Password) -> bool:
    return await hasher.verify(password, await store.passwords.find(ADA))


class TestConfirming:
    async def test_the_right_password_is_confirmed(self, passwords: PasswordService, ada: User) -> None:
        await passwords.confirm(PASSWORD, by=ada)

    @pytest.mark.parametrize("wrong", ["", "wrong", PASSWORD + " ", PASSWORD.upper()])
    async def test_another_is_wrong(self, passwords: PasswordService, ada: User, wrong: str) -> None:
        with pytest.raises(PasswordWrong):
            await passwords.confirm(Password.attempt(wrong), by=ada)

    async def test_who_has_none_is_told_so(self, passwords: PasswordService, ada: User) -> None:
        with pytest.raises(PasswordNotFound):
            await passwords.confirm(PASSWORD, by=a_user(BOB))


class TestChanging:
    async def test_the_new_password_is_the_only_one(
        self, passwords: PasswordService, store: MemoryStore, hasher: PlainHasher, ada: User, session: Session
    ) -> None:
        await passwords.change(PASSWORD, NEW, by=ada, session=session)

        assert await opens(store, hasher, NEW)
        assert not await opens(store, hasher, PASSWORD)

    async def test_this_session_goes_on_and_the_others_end(
        self, passwords: PasswordService, store: MemoryStore, ada: User, session: Session
    ) -> None:
        assert await passwords.change(PASSWORD, NEW, by=ada, session=session) is None

        assert list(await store.sessions.of(ADA)) == [session]
        assert len(await store.sessions.of(BOB)) == 1

    async def test_this_session_is_replaced_when_that_is_asked_for(
        self, passwords: PasswordService, store: MemoryStore, ada: User, session: Session, clock: HandClock
    ) -> None:
        clock.turn(HOUR)

        begun = await passwords.change(PASSWORD, NEW, by=ada, session=session, anew=DEVICE)

        assert begun is not None
        assert list(await store.sessions.of(ADA)) == [begun]
        assert {begun.id, begun.handle}.isdisjoint({session.id, session.handle})
        assert (begun.device, begun.created_at) == (DEVICE, clock.now())
        assert begun.expires_at == clock.now() + timedelta(days=7)
        assert len(await store.sessions.of(BOB)) == 1

    async def test_it_needs_the_password_there_is(
        self, passwords: PasswordService, store: MemoryStore, hasher: PlainHasher, ada: User, session: Session
    ) -> None:
        for anew in (None, DEVICE):
            with pytest.raises(PasswordWrong):
                await passwords.change(OTHER, NEW, by=ada, session=session, anew=anew)

        assert await opens(store, hasher, PASSWORD)
        assert len(await store.sessions.of(ADA)) == 2

    async def test_who_has_no_password_cannot_change_it(
        self, passwords: PasswordService, store: MemoryStore, ada: User
    ) -> None:
        session = a_session(BOB)
        await keep(store, session)

        with pytest.raises(PasswordNotFound):
            await passwords.change(PASSWORD, NEW, by=a_user(BOB), session=session)

        assert await store.passwords.find(BOB) is None

    async def test_nothing_changes_when_too_many_are_hashing(
        self, passwords: PasswordService, store: MemoryStore, hasher: PlainHasher, ada: User, session: Session
    ) -> None:
        hasher.full = True
        with pytest.raises(Busy):
            await passwords.change(PASSWORD, NEW, by=ada, session=session)
        hasher.full = False

        assert await opens(store, hasher, PASSWORD)
        assert len(await store.sessions.of(ADA)) == 2


class TestAskingForAReset:
    async def test_a_letter_goes_to_the_user_of_the_address(
        self, passwords: PasswordService, mailer: OutboxMailer, ada: User
    ) -> None:
        await passwords.request_reset(ADDRESS, "/new-password", source=HOME)

        letter = mailer.take()
        assert (letter.purpose, letter.to, letter.name, letter.callback) == (
            Purpose.RESET_PASSWORD,
            ADDRESS,
            "Ada",
            "/new-password",
        )
        assert len(letter.token) == 24
        assert letter.token.isalnum()

    async def test_an_unknown_address_gets_none_and_nothing_is_said(
        self, passwords: PasswordService, mailer: OutboxMailer, ada: User
    ) -> None:
        await passwords.request_reset(Email("nobody@example.com"), "", source=HOME)

        assert mailer.letters == []

    async def test_an_address_where_nobody_reads_gets_none(
        self, passwords: PasswordService, store: MemoryStore, mailer: OutboxMailer, ada: User
    ) -> None:
        visitor = a_user(BOB, email=Email.placeholder(BOB))
        await drop(store, BOB)
        await keep(store, visitor)

        await passwords.request_reset(visitor.email, "", source=HOME)

        assert mailer.letters == []

    async def test_it_is_refused_where_no_letters_are_sent(
        self, store: MemoryStore, hasher: PlainHasher, clock: HandClock, ada: User
    ) -> None:
        passwords = PasswordService(store=store, hasher=hasher, mailer=OutboxMailer(enabled=False), clock=clock)

        for address in (ADDRESS, Email("nobody@example.com")):
            with pytest.raises(PasswordResetDisabled):
                await passwords.request_reset(address, "", source=HOME)

    async def test_each_letter_has_a_token_of_its_own_and_each_works(
        self, passwords: PasswordService, mailer: OutboxMailer, ada: User
    ) -> None:
        for _ in range(3):
            await passwords.request_reset(ADDRESS, "", source=HOME)

        tokens = [letter.token for letter in mailer.letters]
        assert len(set(tokens)) == 3
        assert [await passwords.can_reset(token) for token in tokens] == [True] * 3

    async def test_the_token_stands_nowhere_in_the_store(
        self, passwords: PasswordService, store: MemoryStore, mailer: OutboxMailer, ada: User
    ) -> None:
        await passwords.request_reset(ADDRESS, "", source=HOME)

        assert mailer.take().token not in repr(store)


class TestResetting:
    @pytest.fixture
    async def token(self, passwords: PasswordService, mailer: OutboxMailer, ada: User) -> str:
        await passwords.request_reset(ADDRESS, "", source=HOME)
        return mailer.take().token

    async def test_the_new_password_is_the_only_one_and_every_session_ends(
        self, passwords: PasswordService, store: MemoryStore, hasher: PlainHasher, token: str, session: Session
    ) -> None:
        await passwords.reset(token, NEW)

        assert await opens(store, hasher, NEW)
        assert not await opens(store, hasher, PASSWORD)
        assert list(await store.sessions.of(ADA)) == []
        assert len(await store.sessions.of(BOB)) == 1

    async def test_a_token_works_once(
        self, passwords: PasswordService, store: MemoryStore, hasher: PlainHasher, token: str
    ) -> None:
        await passwords.reset(token, NEW)

        assert not await passwords.can_reset(token)
        with pytest.raises(TicketInvalid):
            await passwords.reset(token, OTHER)
        assert await opens(store, hasher, NEW)

    async def test_of_two_who_use_it_at_once_one_does(
        self, passwords: PasswordService, store: MemoryStore, hasher: PlainHasher, token: str
    ) -> None:
        outcomes = await all_of([passwords.reset(token, NEW), passwords.reset(token, OTHER)])

        assert [type(outcome) for outcome in outcomes if outcome != ADA] == [TicketInvalid]
        assert await opens(store, hasher, (NEW, OTHER)[outcomes.index(ADA)])

    async def test_looking_does_not_use_it_up(self, passwords: PasswordService, token: str) -> None:
        assert [await passwords.can_reset(token) for _ in range(3)] == [True] * 3
        await passwords.reset(token, NEW)

    async def test_it_works_for_an_hour_and_not_a_moment_longer(
        self, passwords: PasswordService, store: MemoryStore, hasher: PlainHasher, clock: HandClock, token: str
    ) -> None:
        clock.turn(HOUR - MOMENT)
        assert await passwords.can_reset(token)
        clock.turn(MOMENT)

        assert not await passwords.can_reset(token)
        with pytest.raises(TicketInvalid):
            await passwords.reset(token, NEW)
        assert await opens(store, hasher, PASSWORD)

    @pytest.mark.parametrize("unknown", ["", "x", "x" * 24, "\0", "\ud800", "%", "x" * 5_000], ids=ascii)
    async def test_another_token_does_not_work(self, passwords: PasswordService, token: str, unknown: str) -> None:
        assert not await passwords.can_reset(unknown)
        with pytest.raises(TicketInvalid):
            await passwords.reset(unknown, NEW)

    async def test_it_does_not_work_for_an_account_that_has_gone(
        self, passwords: PasswordService, store: MemoryStore, token: str
    ) -> None:
        await drop(store, ADA)

        with pytest.raises(TicketInvalid):
            await passwords.reset(token, NEW)
        assert await store.passwords.find(ADA) is None

    async def test_it_does_not_work_for_an_account_that_goes_meanwhile(
        self, passwords: PasswordService, store: MemoryStore, token: str
    ) -> None:
        outcome, _ = await asyncio.gather(passwords.reset(token, NEW), drop(store, ADA), return_exceptions=True)

        assert outcome == ADA or isinstance(outcome, TicketInvalid)
        assert await store.passwords.find(ADA) is None

    async def test_a_token_is_not_used_up_when_too_many_are_hashing(
        self, passwords: PasswordService, hasher: PlainHasher, token: str
    ) -> None:
        hasher.full = True
        with pytest.raises(Busy):
            await passwords.reset(token, NEW)
        hasher.full = False

        await passwords.reset(token, NEW)

    async def test_nobody_hashes_for_a_token_that_is_not_good(
        self, passwords: PasswordService, hasher: PlainHasher, ada: User
    ) -> None:
        hasher.full = True

        with pytest.raises(TicketInvalid):
            await passwords.reset("x" * 24, NEW)

    async def test_who_has_no_password_gets_a_first_one(
        self, passwords: PasswordService, store: MemoryStore, hasher: PlainHasher, mailer: OutboxMailer, ada: User
    ) -> None:
        await passwords.request_reset(a_user(BOB).email, "", source=HOME)

        await passwords.reset(mailer.take().token, NEW)

        assert await hasher.verify(NEW, await store.passwords.find(BOB))
