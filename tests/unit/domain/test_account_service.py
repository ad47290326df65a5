from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from tests.builders import ADA, HASH, NOON, PASSWORD, HandClock, PlainHasher, a_user, drop, keep
from tests.mailboxes import OutboxMailer
from todo.adapters.memory import MemoryStore
from todo.domain.errors import (
    Busy,
    CredentialsWrong,
    EmailNotVerified,
    EmailTaken,
    SignUpClosed,
    UserNotFound,
)
from todo.domain.model.letter import Purpose
from todo.domain.model.session import Device, Session
from todo.domain.model.user import Email, Image, Name, Password, PasswordHash
from todo.domain.services.accounts import AccountService, SignedIn, SignedUp, SignUpRules
from todo.domain.services.verification import VerificationService

EMAIL = Email("ada@example.com")
OTHER_PASSWORD = Password("another password")
DEVICE = Device(address="203.0.113.7", agent="curl")


@pytest.fixture
def anew(store: MemoryStore, clock: HandClock, verification: VerificationService) -> Callable[..., AccountService]:
    """The service with another hasher."""
    return lambda hasher: AccountService(store=store, hasher=hasher, clock=clock, verification=verification)


def session_of(begun: SignedUp) -> Session:
    assert begun.session is not None
    return begun.session


class TestSigningUp:
    async def test_makes_a_user_with_a_password_and_a_session(
        self, accounts: AccountService, store: MemoryStore, hasher: PlainHasher
    ) -> None:
        begun = await accounts.sign_up(EMAIL, PASSWORD, Name("Ada"), device=DEVICE)

        assert await store.users.get(begun.user.id) == begun.user
        assert await store.sessions.find(session_of(begun).id) == session_of(begun)
        assert await hasher.verify(PASSWORD, await store.passwords.find(begun.user.id))

    async def test_keeps_what_it_is_told_and_when(self, accounts: AccountService, clock: HandClock) -> None:
        clock.turn(timedelta(hours=1))

        begun = await accounts.sign_up(EMAIL, PASSWORD, Name("Ada"), device=DEVICE)

        assert (begun.user.email, begun.user.name, begun.user.email_verified) == (EMAIL, "Ada", False)
        assert begun.user.created_at == session_of(begun).created_at == NOON + timedelta(hours=1)
        assert (session_of(begun).user, session_of(begun).device) == (begun.user.id, DEVICE)

    async def test_calls_who_gives_no_name_by_the_first_part_of_the_address(self, accounts: AccountService) -> None:
        begun = await accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)

        assert begun.user.name == "ada"

    async def test_leaves_an_empty_name_empty(self, accounts: AccountService) -> None:
        begun = await accounts.sign_up(EMAIL, PASSWORD, Name(""), device=DEVICE)

        assert begun.user.name == ""

    async def test_is_refused_for_an_address_that_is_taken(self, accounts: AccountService, store: MemoryStore) -> None:
        first = await accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)

        with pytest.raises(EmailTaken):
            await accounts.sign_up(Email("ADA@example.com"), OTHER_PASSWORD, None, device=DEVICE)

        assert list(await store.users.all()) == [first.user]
        assert (await accounts.sign_in(EMAIL, PASSWORD, device=DEVICE)).user == first.user

    async def test_hashes_for_a_taken_address_too(self, accounts: AccountService, hasher: PlainHasher) -> None:
        await accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)
        hasher.full = True

        with pytest.raises(Busy):
            await accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)

    async def test_keeps_nothing_when_too_many_are_hashing(
        self, accounts: AccountService, store: MemoryStore, hasher: PlainHasher
    ) -> None:
        hasher.full = True

        with pytest.raises(Busy):
            await accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)

        assert list(await store.users.all()) == []


class TestSigningIn:
    async def test_begins_another_session(self, accounts: AccountService, store: MemoryStore, clock: HandClock) -> None:
        first = await accounts.sign_up(EMAIL, PASSWORD, None, device=Device())
        clock.turn(timedelta(days=1))

        second = await accounts.sign_in(EMAIL, PASSWORD, device=DEVICE)

        assert second.user == first.user
        assert second.session.id != session_of(first).id
        assert (second.session.device, second.session.created_at) == (DEVICE, NOON + timedelta(days=1))
        assert await store.sessions.find(second.session.id) == second.session
        assert await store.sessions.find(session_of(first).id) == session_of(first)

    @pytest.mark.parametrize("wrong", ["", "wrong", PASSWORD + " ", PASSWORD.upper(), "x" * 128])
    async def test_is_refused_with_another_password(self, accounts: AccountService, wrong: str) -> None:
        await accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)

        with pytest.raises(CredentialsWrong):
            await accounts.sign_in(EMAIL, Password.attempt(wrong), device=DEVICE)

    async def test_is_refused_the_same_way_for_an_unknown_address(self, accounts: AccountService) -> None:
        with pytest.raises(CredentialsWrong):
            await accounts.sign_in(Email("nobody@example.com"), PASSWORD, device=DEVICE)

    async def test_is_refused_the_same_way_for_who_has_no_password(
        self, accounts: AccountService, store: MemoryStore
    ) -> None:
        await keep(store, a_user(ADA, email=EMAIL))

        with pytest.raises(CredentialsWrong):
            await accounts.sign_in(EMAIL, PASSWORD, device=DEVICE)

    async def test_is_refused_the_same_way_when_the_password_cannot_be_read(
        self, accounts: AccountService, store: MemoryStore
    ) -> None:
        await keep(store, a_user(ADA, email=EMAIL), (ADA, PasswordHash("unreadable")))

        with pytest.raises(CredentialsWrong):
            await accounts.sign_in(EMAIL, PASSWORD, device=DEVICE)

    async def test_is_refused_when_the_password_is_changed_while_it_is_compared(
        self, anew: Callable[..., AccountService], store: MemoryStore
    ) -> None:
        class SlowHasher(PlainHasher):
            async def verify(self, password: Password, expected: PasswordHash | None) -> bool:
                good = await super().verify(password, expected)
                await keep(store, (user.id, await self.hash(OTHER_PASSWORD)))
                return good

        accounts = anew(SlowHasher())
        user = (await accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)).user
        before = await store.sessions.of(user.id)

        with pytest.raises(CredentialsWrong):
            await accounts.sign_in(EMAIL, PASSWORD, device=DEVICE)

        assert await store.sessions.of(user.id) == before

    async def test_hashes_for_an_unknown_address_too(self, accounts: AccountService, hasher: PlainHasher) -> None:
        hasher.full = True

        with pytest.raises(Busy):
            await accounts.sign_in(Email("nobody@example.com"), PASSWORD, device=DEVICE)

    async def test_costs_one_hash_whether_the_address_the_password_or_nothing_is_wrong(
        self, anew: Callable[..., AccountService], store: MemoryStore
    ) -> None:
        """Everything else that may differ is thousands of times quicker than a hash."""

        class CountingHasher(PlainHasher):
            asked = 0

            async def hash(self, password: Password) -> PasswordHash:
                self.asked += 1
                return await super().hash(password)

            async def verify(self, password: Password, expected: PasswordHash | None) -> bool:
                self.asked += 1
                return await super().verify(password, expected)

        hasher = CountingHasher()
        accounts = anew(hasher)
        await accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)
        await keep(store, a_user(ADA, email="without@example.com"))
        costs = []
        for email, password in (
            (EMAIL, PASSWORD),
            (EMAIL, OTHER_PASSWORD),
            (Email("nobody@example.com"), PASSWORD),
            (Email("without@example.com"), PASSWORD),
        ):
            before = hasher.asked
            with suppress(CredentialsWrong):
                await accounts.sign_in(email, password, device=DEVICE)
            costs.append(hasher.asked - before)

        assert costs == [1, 1, 1, 1]

    async def test_renews_an_outdated_hash(
        self, accounts: AccountService, store: MemoryStore, hasher: PlainHasher
    ) -> None:
        begun = await accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)
        hasher.move_on()

        await accounts.sign_in(EMAIL, PASSWORD, device=DEVICE)

        renewed = await store.passwords.find(begun.user.id)
        assert renewed is not None
        assert not hasher.is_outdated(renewed)
        assert await hasher.verify(PASSWORD, renewed)

    async def test_leaves_a_hash_that_is_not_outdated(self, accounts: AccountService, store: MemoryStore) -> None:
        begun = await accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)
        kept = await store.passwords.find(begun.user.id)

        await accounts.sign_in(EMAIL, PASSWORD, device=DEVICE)

        assert await store.passwords.find(begun.user.id) == kept

    async def test_leaves_an_outdated_hash_when_the_password_is_wrong(
        self, accounts: AccountService, store: MemoryStore, hasher: PlainHasher
    ) -> None:
        begun = await accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)
        kept = await store.passwords.find(begun.user.id)
        hasher.move_on()

        with pytest.raises(CredentialsWrong):
            await accounts.sign_in(EMAIL, OTHER_PASSWORD, device=DEVICE)

        assert await store.passwords.find(begun.user.id) == kept

    async def test_does_not_undo_a_password_change_that_happens_meanwhile(
        self, store: MemoryStore, accounts: AccountService, anew: Callable[..., AccountService]
    ) -> None:
        class Interrupted(PlainHasher):
            async def hash(self, password: Password) -> PasswordHash:
                await keep(store, (begun.user.id, HASH))
                return await super().hash(password)

        begun = await accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)
        interrupted = Interrupted()
        interrupted.move_on()

        with pytest.raises(CredentialsWrong):
            await anew(interrupted).sign_in(EMAIL, PASSWORD, device=DEVICE)

        assert await store.passwords.find(begun.user.id) == HASH

    async def test_is_refused_when_the_account_is_deleted_meanwhile(
        self, store: MemoryStore, accounts: AccountService, anew: Callable[..., AccountService]
    ) -> None:
        class Interrupted(PlainHasher):
            async def verify(self, password: Password, expected: PasswordHash | None) -> bool:
                await drop(store, begun.user.id)
                return await super().verify(password, expected)

        begun = await accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)

        with pytest.raises(CredentialsWrong):
            await anew(Interrupted()).sign_in(EMAIL, PASSWORD, device=DEVICE)

        assert list(await store.users.all()) == []


class TestBeingSignedIn:
    async def test_tells_the_user_of_a_session(self, accounts: AccountService) -> None:
        begun = await accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)

        assert await accounts.signed_in(session_of(begun)) == SignedIn(user=begun.user, session=session_of(begun))

    async def test_is_over_when_the_account_has_been_deleted(
        self, accounts: AccountService, store: MemoryStore
    ) -> None:
        begun = await accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)
        await drop(store, begun.user.id)

        with pytest.raises(UserNotFound):
            await accounts.signed_in(session_of(begun))


class TestNotBeingRemembered:
    async def test_a_session_lasts_a_day(self, accounts: AccountService) -> None:
        signed_up = await accounts.sign_up(EMAIL, PASSWORD, None, remembered=False, device=DEVICE)
        signed_in = await accounts.sign_in(EMAIL, PASSWORD, remembered=False, device=DEVICE)

        for session in (session_of(signed_up), signed_in.session):
            assert session.expires_at == NOON + timedelta(days=1)

    async def test_a_session_lasts_a_week_for_who_is(self, accounts: AccountService) -> None:
        signed_up = await accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)
        signed_in = await accounts.sign_in(EMAIL, PASSWORD, device=DEVICE)

        for session in (session_of(signed_up), signed_in.session):
            assert session.expires_at == NOON + timedelta(days=7)


class TestWhenSigningUpIsClosed:
    @pytest.fixture
    def rules(self) -> SignUpRules:
        return SignUpRules(open=False)

    async def test_nobody_signs_up(self, accounts: AccountService, store: MemoryStore, hasher: PlainHasher) -> None:
        hasher.full = True

        with pytest.raises(SignUpClosed):
            await accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)

        assert list(await store.users.all()) == []

    async def test_who_has_an_account_signs_in(
        self, accounts: AccountService, store: MemoryStore, hasher: PlainHasher
    ) -> None:
        await keep(store, a_user(ADA, email=EMAIL), (ADA, await hasher.hash(PASSWORD)))

        assert (await accounts.sign_in(EMAIL, PASSWORD, device=DEVICE)).user.id == ADA


class TestWhenAddressesAreToBeVerified:
    @pytest.fixture
    def rules(self) -> SignUpRules:
        return SignUpRules(verified_only=True)

    async def test_signing_up_begins_no_session_and_writes_to_the_address(
        self, accounts: AccountService, store: MemoryStore, mailer: OutboxMailer
    ) -> None:
        made = await accounts.sign_up(EMAIL, PASSWORD, Name("Ada"), callback="/welcome", device=DEVICE)

        letter = mailer.take()
        assert made.session is None
        assert list(await store.sessions.of(made.user.id)) == []
        assert await store.users.get(made.user.id) == made.user
        assert (letter.purpose, letter.to, letter.name, letter.callback) == (
            Purpose.VERIFY_EMAIL,
            EMAIL,
            "Ada",
            "/welcome",
        )

    async def test_a_taken_address_looks_like_a_free_one_and_nothing_is_written(
        self, accounts: AccountService, store: MemoryStore, mailer: OutboxMailer, clock: HandClock
    ) -> None:
        first = await accounts.sign_up(EMAIL, PASSWORD, Name("Ada"), device=DEVICE)
        kept = await store.passwords.find(first.user.id)
        mailer.letters.clear()
        clock.turn(timedelta(hours=1))

        again = await accounts.sign_up(
            EMAIL, OTHER_PASSWORD, Name("Eve"), image=Image("/eve.png"), callback="/welcome", device=DEVICE
        )

        assert again.session is None
        assert again.user.id != first.user.id
        assert (again.user.email, again.user.name, again.user.image) == (EMAIL, "Eve", "/eve.png")
        assert again.user.created_at == again.user.updated_at == NOON + timedelta(hours=1)
        assert list(await store.users.all()) == [first.user]
        assert await store.passwords.find(first.user.id) == kept
        assert mailer.letters == []

    async def test_a_taken_address_takes_as_long_as_a_free_one(
        self, accounts: AccountService, hasher: PlainHasher
    ) -> None:
        await accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)
        hasher.full = True

        with pytest.raises(Busy):
            await accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)

    async def test_signing_in_is_refused_and_another_letter_is_sent(
        self, accounts: AccountService, store: MemoryStore, mailer: OutboxMailer
    ) -> None:
        made = await accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)
        mailer.letters.clear()

        with pytest.raises(EmailNotVerified):
            await accounts.sign_in(EMAIL, PASSWORD, callback="/welcome", device=DEVICE)

        letter = mailer.take()
        assert (letter.purpose, letter.to, letter.callback) == (Purpose.VERIFY_EMAIL, EMAIL, "/welcome")
        assert list(await store.sessions.of(made.user.id)) == []

    async def test_who_does_not_know_the_password_hears_nothing_of_it(
        self, accounts: AccountService, mailer: OutboxMailer
    ) -> None:
        await accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)
        mailer.letters.clear()

        with pytest.raises(CredentialsWrong):
            await accounts.sign_in(EMAIL, OTHER_PASSWORD, device=DEVICE)

        assert mailer.letters == []

    async def test_signing_in_works_once_the_link_was_followed(
        self, accounts: AccountService, verification: VerificationService, mailer: OutboxMailer
    ) -> None:
        made = await accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)
        await verification.verify(mailer.take().token)

        begun = await accounts.sign_in(EMAIL, PASSWORD, device=DEVICE)

        assert begun.user.id == made.user.id
        assert begun.user.email_verified
