from datetime import timedelta

import pytest

from tests.builders import ADA, BOB, HOME, LATER, NOON, HandClock, a_user, drop, keep
from tests.mailboxes import OutboxMailer
from todo.adapters.memory import MemoryStore
from todo.domain.errors import (
    EmailAlreadyVerified,
    EmailMismatch,
    EmailUnchanged,
    TokenExpired,
    TokenInvalid,
    UserNotFound,
    VerificationDisabled,
)
from todo.domain.model.letter import Purpose
from todo.domain.model.ticket import EmailProof
from todo.domain.model.user import Email, User
from todo.domain.ports.tokens import EmailProofs
from todo.domain.services.verification import VerificationService, Verified

HOUR = timedelta(hours=1)
MOMENT = timedelta(milliseconds=1)
ADDRESS = Email("ada@example.com")
OTHER = Email("else@example.com")


@pytest.fixture
async def ada(store: MemoryStore) -> User:
    """Not verified."""
    ada = a_user(ADA, email=ADDRESS, name="Ada")
    await keep(store, ada)
    return ada


@pytest.fixture
async def verified(store: MemoryStore) -> User:
    verified = a_user(ADA, email=ADDRESS, name="Ada", email_verified=True)
    await keep(store, verified)
    return verified


class TestSendingALink:
    async def test_it_goes_to_ones_own_address(
        self, verification: VerificationService, mailer: OutboxMailer, ada: User
    ) -> None:
        await verification.send(ADDRESS, "/done", by=ada, source=HOME)

        letter = mailer.take()
        assert (letter.purpose, letter.to, letter.name, letter.callback) == (
            Purpose.VERIFY_EMAIL,
            ADDRESS,
            "Ada",
            "/done",
        )

    async def test_it_goes_to_an_unverified_address_whoever_asks(
        self, verification: VerificationService, mailer: OutboxMailer, ada: User
    ) -> None:
        await verification.send(ADDRESS, "", by=None, source=HOME)

        assert mailer.take().to == ada.email

    async def test_who_is_not_signed_in_learns_nothing_of_an_unknown_address(
        self, verification: VerificationService, mailer: OutboxMailer, ada: User
    ) -> None:
        await verification.send(OTHER, "", by=None, source=HOME)

        assert mailer.letters == []

    async def test_who_is_not_signed_in_learns_nothing_of_a_verified_address(
        self, verification: VerificationService, mailer: OutboxMailer, verified: User
    ) -> None:
        await verification.send(ADDRESS, "", by=None, source=HOME)

        assert mailer.letters == []

    async def test_nobody_asks_for_the_address_of_another(
        self, verification: VerificationService, mailer: OutboxMailer, ada: User
    ) -> None:
        with pytest.raises(EmailMismatch):
            await verification.send(OTHER, "", by=ada, source=HOME)

        assert mailer.letters == []

    async def test_a_verified_address_needs_no_link(
        self, verification: VerificationService, mailer: OutboxMailer, verified: User
    ) -> None:
        with pytest.raises(EmailAlreadyVerified):
            await verification.send(ADDRESS, "", by=verified, source=HOME)
        with pytest.raises(EmailMismatch):
            await verification.send(OTHER, "", by=verified, source=HOME)

        assert mailer.letters == []

    async def test_it_is_refused_where_no_letters_are_sent(self, without_mail: VerificationService, ada: User) -> None:
        for by in (None, ada):
            with pytest.raises(VerificationDisabled):
                await without_mail.send(ADDRESS, "", by=by, source=HOME)

    async def test_nobody_writes_to_an_address_where_nobody_reads(
        self, verification: VerificationService, store: MemoryStore, mailer: OutboxMailer
    ) -> None:
        visitor = User.vouched_for(BOB, Email.placeholder(BOB), at=NOON)
        await keep(store, visitor)

        await verification.send(visitor.email, "", by=visitor, source=HOME)
        verification.write(visitor, "")

        assert mailer.letters == []

    async def test_writing_where_no_letters_are_sent_does_nothing(
        self, without_mail: VerificationService, ada: User
    ) -> None:
        without_mail.write(ada, "")


class TestFollowingALink:
    async def test_the_address_is_verified(
        self,
        verification: VerificationService,
        store: MemoryStore,
        mailer: OutboxMailer,
        ada: User,
        clock: HandClock,
    ) -> None:
        verification.write(ada, "")
        clock.turn(LATER - NOON - HOUR)

        done = await verification.verify(mailer.take().token)

        assert done == Verified(user=ada.verify_email(at=clock.now()), newly=True)
        assert await store.users.get(ADA) == done.user

    async def test_following_it_again_changes_nothing(
        self, verification: VerificationService, store: MemoryStore, mailer: OutboxMailer, ada: User, clock: HandClock
    ) -> None:
        verification.write(ada, "")
        token = mailer.take().token
        first = await verification.verify(token)
        clock.turn(HOUR - MOMENT)

        assert await verification.verify(token) == Verified(user=first.user)
        assert await store.users.get(ADA) == first.user

    async def test_after_an_hour_it_is_too_late(
        self, verification: VerificationService, store: MemoryStore, mailer: OutboxMailer, ada: User, clock: HandClock
    ) -> None:
        verification.write(ada, "")
        clock.turn(HOUR)

        with pytest.raises(TokenExpired):
            await verification.verify(mailer.take().token)
        assert await store.users.get(ADA) == ada

    async def test_the_link_of_an_account_that_has_gone_leads_nowhere(
        self, verification: VerificationService, store: MemoryStore, mailer: OutboxMailer, ada: User
    ) -> None:
        verification.write(ada, "")
        await drop(store, ADA)

        with pytest.raises(UserNotFound):
            await verification.verify(mailer.take().token)

    @pytest.mark.parametrize("token", ["", "x", "a.b.c"])
    async def test_what_is_no_link_leads_nowhere(self, verification: VerificationService, token: str) -> None:
        with pytest.raises(TokenInvalid):
            await verification.verify(token)

    async def test_a_link_to_an_address_that_was_given_up_verifies_no_other(
        self, verification: VerificationService, store: MemoryStore, mailer: OutboxMailer, ada: User
    ) -> None:
        verification.write(ada, "")
        first = mailer.take()
        changed = await verification.request_change(ada, OTHER, "", source=HOME)

        with pytest.raises(UserNotFound):
            await verification.verify(first.token)
        assert await store.users.get(ADA) == changed


class TestChangingAnUnverifiedAddress:
    async def test_it_happens_at_once_and_a_link_goes_to_the_new_one(
        self, verification: VerificationService, store: MemoryStore, mailer: OutboxMailer, ada: User, clock: HandClock
    ) -> None:
        clock.turn(HOUR)

        changed = await verification.request_change(ada, OTHER, "/done", source=HOME)

        letter = mailer.take()
        assert changed == ada.change_email(OTHER, verified=False, at=NOON + HOUR)
        assert await store.users.get(ADA) == changed
        assert (letter.purpose, letter.to, letter.callback) == (Purpose.VERIFY_EMAIL, OTHER, "/done")
        assert (await verification.verify(letter.token)).user.email_verified

    async def test_it_is_never_told_that_an_address_is_taken(
        self, verification: VerificationService, store: MemoryStore, mailer: OutboxMailer, ada: User
    ) -> None:
        await keep(store, a_user(BOB, email=OTHER))

        assert await verification.request_change(ada, OTHER, "", source=HOME) is None

        assert mailer.letters == []
        assert await store.users.get(ADA) == ada

    async def test_the_same_address_is_no_change(self, verification: VerificationService, ada: User) -> None:
        with pytest.raises(EmailUnchanged):
            await verification.request_change(ada, Email("ADA@example.com"), "", source=HOME)


class TestChangingAVerifiedAddress:
    async def test_nothing_happens_before_the_new_address_has_answered(
        self, verification: VerificationService, store: MemoryStore, mailer: OutboxMailer, verified: User
    ) -> None:
        assert await verification.request_change(verified, OTHER, "/done", source=HOME) is None

        letter = mailer.take()
        assert await store.users.get(ADA) == verified
        assert (letter.purpose, letter.to, letter.name, letter.callback) == (
            Purpose.CHANGE_EMAIL,
            OTHER,
            "Ada",
            "/done",
        )

    async def test_following_the_link_changes_it_and_it_is_verified(
        self,
        verification: VerificationService,
        store: MemoryStore,
        mailer: OutboxMailer,
        verified: User,
        clock: HandClock,
    ) -> None:
        await verification.request_change(verified, OTHER, "", source=HOME)
        clock.turn(HOUR - timedelta(seconds=1))

        done = await verification.verify(mailer.take().token)

        assert done.changed
        assert done.user == verified.change_email(OTHER, verified=True, at=clock.now())
        assert await store.users.get(ADA) == done.user

    async def test_the_link_works_once(
        self, verification: VerificationService, mailer: OutboxMailer, verified: User
    ) -> None:
        await verification.request_change(verified, OTHER, "", source=HOME)
        token = mailer.take().token
        await verification.verify(token)

        with pytest.raises(TokenInvalid):
            await verification.verify(token)

    async def test_after_an_hour_it_is_too_late(
        self,
        verification: VerificationService,
        store: MemoryStore,
        mailer: OutboxMailer,
        verified: User,
        clock: HandClock,
    ) -> None:
        await verification.request_change(verified, OTHER, "", source=HOME)
        clock.turn(HOUR)

        with pytest.raises(TokenExpired):
            await verification.verify(mailer.take().token)
        assert await store.users.get(ADA) == verified

    async def test_it_is_never_told_that_an_address_is_taken(
        self, verification: VerificationService, store: MemoryStore, mailer: OutboxMailer, verified: User
    ) -> None:
        await keep(store, a_user(BOB, email=OTHER))

        assert await verification.request_change(verified, OTHER, "", source=HOME) is None
        assert mailer.letters == []

    async def test_an_address_that_is_taken_meanwhile_is_not_told_either(
        self, verification: VerificationService, store: MemoryStore, mailer: OutboxMailer, verified: User
    ) -> None:
        await verification.request_change(verified, OTHER, "", source=HOME)
        await keep(store, a_user(BOB, email=OTHER))

        with pytest.raises(TokenInvalid):
            await verification.verify(mailer.take().token)
        assert await store.users.get(ADA) == verified

    async def test_the_same_address_is_no_change(
        self, verification: VerificationService, mailer: OutboxMailer, verified: User
    ) -> None:
        with pytest.raises(EmailUnchanged):
            await verification.request_change(verified, ADDRESS, "", source=HOME)

        assert mailer.letters == []

    async def test_a_proof_of_the_same_address_changes_nothing(
        self, verification: VerificationService, store: MemoryStore, proofs: EmailProofs, verified: User
    ) -> None:
        with pytest.raises(EmailUnchanged):
            await verification.verify(proofs.issue(EmailProof.of(verified, new_email=ADDRESS, at=NOON)))

        assert await store.users.get(ADA) == verified

    async def test_a_link_does_nothing_to_the_next_owner_of_the_address(
        self, verification: VerificationService, store: MemoryStore, proofs: EmailProofs, verified: User
    ) -> None:
        former = a_user(BOB, email=verified.email)

        with pytest.raises(TokenInvalid):
            await verification.verify(proofs.issue(EmailProof.of(former, new_email=Email("x@example.com"), at=NOON)))

        assert await store.users.get(ADA) == verified

    async def test_where_no_letters_are_sent_it_happens_at_once_and_is_not_verified(
        self, without_mail: VerificationService, store: MemoryStore, verified: User
    ) -> None:
        changed = await without_mail.request_change(verified, OTHER, "", source=HOME)

        assert changed == verified.change_email(OTHER, verified=False, at=NOON)
        assert await store.users.get(ADA) == changed
