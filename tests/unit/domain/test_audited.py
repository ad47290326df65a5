"""What the audit trail says of the use cases around signing in, and that it says nothing of what did not happen."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.builders import HOME, PASSWORD, SECRET, HandClock, PlainHasher
from tests.contracts.audit_trail import AuditTrailContract
from tests.mailboxes import OutboxMailer
from todo.adapters.hmac_pseudonyms import HmacPseudonyms
from todo.adapters.hmac_signatures import HmacSignatures
from todo.adapters.jwt_email_proofs import JwtEmailProofs
from todo.adapters.jwt_tokens import JwtTokens
from todo.adapters.memory import MemoryStore
from todo.domain.errors import (
    CredentialsWrong,
    EmailNotVerified,
    EmailTaken,
    PasswordWrong,
    ReauthenticationNeeded,
    TicketInvalid,
    TokenInvalid,
    TooManyAttempts,
)
from todo.domain.model.audit import AuditEvent, Happening
from todo.domain.model.pace import Bucket
from todo.domain.model.session import Device, SessionHandle
from todo.domain.model.user import Email, Password
from todo.domain.ports.audit_trail import AuditTrail
from todo.domain.ports.throttle import Throttle
from todo.domain.services.accounts import SignedIn, SignUpRules
from todo.domain.services.attempts import Attempts
from todo.domain.services.audited import (
    AuditedAccounts,
    AuditedAuthentication,
    AuditedPasswords,
    AuditedProfile,
    AuditedVerification,
)
from todo.domain.services.verification import VerificationService

EMAIL = Email("ada@example.com")
NEW = Password("another password")
DEVICE = Device(address="203.0.113.7", agent="curl")


@dataclass
class ListedTrail(AuditTrail):
    """Keeps events as they are."""

    events: list[AuditEvent] = field(default_factory=list)

    def record(self, event: AuditEvent) -> None:
        self.events.append(event)

    def take(self) -> list[AuditEvent]:
        """Those since the last time."""
        events, self.events = self.events, []
        return events


class TestListedTrail(AuditTrailContract):
    @pytest.fixture
    def trail(self) -> ListedTrail:
        self.kept = ListedTrail()
        return self.kept

    def told(self) -> list[tuple[str, str]]:
        return [(event.what.value, self.shown(event)) for event in self.kept.events]

    @staticmethod
    def shown(event: AuditEvent) -> str:
        email = None if event.email is None else hash(event.email.casefold())
        return f"{event.user} {email} {(event.session or '')[:6]} {event.reason}"


@pytest.fixture
def trail() -> ListedTrail:
    return ListedTrail()


@pytest.fixture
def audited_accounts(
    trail: ListedTrail, store: MemoryStore, hasher: PlainHasher, clock: HandClock, verification: VerificationService
) -> AuditedAccounts:
    return AuditedAccounts(trail=trail, store=store, hasher=hasher, clock=clock, verification=verification)


@pytest.fixture
def strict_accounts(
    trail: ListedTrail, store: MemoryStore, hasher: PlainHasher, clock: HandClock, verification: VerificationService
) -> AuditedAccounts:
    rules = SignUpRules(verified_only=True)
    return AuditedAccounts(trail=trail, store=store, hasher=hasher, clock=clock, verification=verification, rules=rules)


@pytest.fixture
def audited_passwords(
    trail: ListedTrail, store: MemoryStore, hasher: PlainHasher, clock: HandClock, mailer: OutboxMailer
) -> AuditedPasswords:
    return AuditedPasswords(trail=trail, store=store, hasher=hasher, mailer=mailer, clock=clock)


@pytest.fixture
def audited_profile(
    trail: ListedTrail, store: MemoryStore, audited_passwords: AuditedPasswords, clock: HandClock
) -> AuditedProfile:
    return AuditedProfile(trail=trail, store=store, passwords=audited_passwords, clock=clock)


@pytest.fixture
async def ada(audited_accounts: AuditedAccounts, trail: ListedTrail) -> SignedIn:
    await audited_accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)
    begun = await audited_accounts.sign_in(EMAIL, PASSWORD, device=DEVICE)
    trail.take()
    return begun


class TestSigningUpAndIn:
    async def test_signing_up_is_recorded_with_the_session(
        self, audited_accounts: AuditedAccounts, trail: ListedTrail
    ) -> None:
        made = await audited_accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)

        assert made.session is not None
        assert trail.take() == [AuditEvent(what=Happening.SIGNED_UP, user=made.user.id, session=made.session.id)]

    async def test_who_was_not_added_leaves_no_line(
        self, audited_accounts: AuditedAccounts, strict_accounts: AuditedAccounts, trail: ListedTrail, ada: SignedIn
    ) -> None:
        with pytest.raises(EmailTaken):
            await audited_accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)
        await strict_accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)

        assert trail.take() == []

    async def test_signing_in_is_recorded_with_the_session(
        self, audited_accounts: AuditedAccounts, trail: ListedTrail, ada: SignedIn
    ) -> None:
        begun = await audited_accounts.sign_in(EMAIL, PASSWORD, device=DEVICE)

        assert trail.take() == [AuditEvent(what=Happening.SIGNED_IN, user=ada.user.id, session=begun.session.id)]

    async def test_a_refusal_names_the_address_alike_whether_it_is_known(
        self, audited_accounts: AuditedAccounts, trail: ListedTrail, ada: SignedIn
    ) -> None:
        for email in (EMAIL, Email("nobody@example.com")):
            with pytest.raises(CredentialsWrong):
                await audited_accounts.sign_in(email, NEW, device=DEVICE)
            assert trail.take() == [AuditEvent(what=Happening.SIGN_IN_REFUSED, email=email, reason="CredentialsWrong")]

    async def test_so_does_one_of_an_address_that_is_not_verified(
        self, strict_accounts: AuditedAccounts, trail: ListedTrail, ada: SignedIn
    ) -> None:
        with pytest.raises(EmailNotVerified):
            await strict_accounts.sign_in(EMAIL, PASSWORD, device=DEVICE)

        assert trail.take() == [AuditEvent(what=Happening.SIGN_IN_REFUSED, email=EMAIL, reason="EmailNotVerified")]


class TestSigningOut:
    async def test_it_is_recorded_for_the_session_that_ended(
        self, trail: ListedTrail, store: MemoryStore, clock: HandClock, ada: SignedIn
    ) -> None:
        signatures = HmacSignatures(SECRET)
        authentication = AuditedAuthentication(
            trail=trail, tokens=JwtTokens(SECRET), signatures=signatures, sessions=store.sessions, clock=clock
        )
        expected = AuditEvent(what=Happening.SIGNED_OUT, user=ada.user.id, session=ada.session.id)

        await authentication.end(signatures.sign(ada.session.handle))
        assert trail.take() == [expected]
        await authentication.end(authentication.token_for(ada.session))
        assert trail.take() == [expected]
        with pytest.raises(TokenInvalid):
            await authentication.end("nonsense")
        await authentication.end(signatures.sign("no such session"))
        assert trail.take() == []


class TestPasswords:
    async def test_a_change_is_recorded_with_the_session_that_goes_on(
        self, audited_passwords: AuditedPasswords, trail: ListedTrail, ada: SignedIn
    ) -> None:
        anew = await audited_passwords.change(PASSWORD, NEW, by=ada.user, session=ada.session, anew=DEVICE)

        assert anew is not None
        assert trail.take() == [AuditEvent(what=Happening.PASSWORD_CHANGED, user=ada.user.id, session=anew.id)]

    async def test_a_wrong_one_is_a_sign_in_that_failed(
        self, audited_passwords: AuditedPasswords, trail: ListedTrail, ada: SignedIn
    ) -> None:
        with pytest.raises(PasswordWrong):
            await audited_passwords.change(NEW, PASSWORD, by=ada.user, session=ada.session)

        assert trail.take() == [AuditEvent(what=Happening.SIGN_IN_REFUSED, user=ada.user.id, reason="PasswordWrong")]

    async def test_a_reset_is_recorded_and_a_bad_token_is_not(
        self, audited_passwords: AuditedPasswords, mailer: OutboxMailer, trail: ListedTrail, ada: SignedIn
    ) -> None:
        await audited_passwords.request_reset(EMAIL, "", source=HOME)
        await audited_passwords.reset(mailer.take().token, NEW)

        assert trail.take() == [AuditEvent(what=Happening.PASSWORD_CHANGED, user=ada.user.id, reason="by letter")]
        with pytest.raises(TicketInvalid):
            await audited_passwords.reset("nonsense", NEW)
        assert trail.take() == []


class TestProfiles:
    async def test_ending_sessions_is_recorded(
        self, audited_profile: AuditedProfile, trail: ListedTrail, ada: SignedIn
    ) -> None:
        await audited_profile.end_session(SessionHandle("unknown"), by=ada.user)
        assert trail.take() == []
        await audited_profile.end_session(ada.session.handle, by=ada.user)
        await audited_profile.end_sessions(by=ada.user, keep=ada.session)
        await audited_profile.end_sessions(by=ada.user)

        assert trail.take() == [
            AuditEvent(what=Happening.SESSION_ENDED, user=ada.user.id, session=ada.session.id),
            AuditEvent(what=Happening.SESSION_ENDED, user=ada.user.id, reason="all others"),
            AuditEvent(what=Happening.SESSION_ENDED, user=ada.user.id, reason="all"),
        ]

    async def test_a_deletion_is_recorded_once_it_is_done(
        self, audited_profile: AuditedProfile, trail: ListedTrail, clock: HandClock, ada: SignedIn
    ) -> None:
        clock.turn(timedelta(days=2))
        with pytest.raises(ReauthenticationNeeded):
            await audited_profile.delete(None, by=ada.user, session=ada.session)
        assert trail.take() == []

        await audited_profile.delete(PASSWORD, by=ada.user, session=ada.session)

        assert trail.take() == [AuditEvent(what=Happening.ACCOUNT_DELETED, user=ada.user.id, session=ada.session.id)]


Call = Callable[[AuditedAccounts, AuditedPasswords, AuditedVerification, SignedIn], Awaitable[object]]
OTHER = Email("else@example.com")
TRIED: dict[str, tuple[Call, Email | None, bool]] = {
    "sign_up": (lambda accounts, *_: accounts.sign_up(OTHER, PASSWORD, None, device=DEVICE), OTHER, False),
    "sign_in": (lambda accounts, *_: accounts.sign_in(EMAIL, PASSWORD, device=DEVICE), EMAIL, False),
    "confirm": (lambda _, passwords, __, ada: passwords.confirm(PASSWORD, by=ada.user), None, True),
    "request_reset": (lambda _, passwords, *__: passwords.request_reset(EMAIL, "", source=HOME), EMAIL, False),
    "send": (lambda _, __, verification, ___: verification.send(EMAIL, "", by=None, source=HOME), EMAIL, False),
    "send to oneself": (lambda _, __, it, ada: it.send(EMAIL, "", by=ada.user, source=HOME), EMAIL, True),
    "request_change": (lambda _, __, it, ada: it.request_change(ada.user, OTHER, "", source=HOME), OTHER, True),
}


class FullThrottle(Throttle):
    """Everybody has tried too often."""

    async def charge(self, buckets: Sequence[Bucket], *, at: datetime) -> None:
        raise TooManyAttempts

    async def give_back(self, buckets: Sequence[Bucket], *, filling: Sequence[Bucket] = ()) -> None: ...


class StrictStore(MemoryStore):
    @property
    def throttle(self) -> FullThrottle:
        return FullThrottle()


class TestWhoIsHeldBack:
    @pytest.mark.parametrize("use_case", TRIED)
    async def test_is_recorded_once_with_what_is_known_of_the_account(
        self,
        trail: ListedTrail,
        store: MemoryStore,
        hasher: PlainHasher,
        clock: HandClock,
        ada: SignedIn,
        use_case: str,
    ) -> None:
        call, email, names_the_user = TRIED[use_case]
        full = Attempts(store=StrictStore(), pseudonyms=HmacPseudonyms(SECRET), clock=clock)
        parts: dict[str, Any] = {"trail": trail, "store": store, "clock": clock, "attempts": full}
        letters: dict[str, Any] = {"mailer": OutboxMailer()}
        verification = AuditedVerification(**parts, **letters, proofs=JwtEmailProofs(SECRET))
        accounts = AuditedAccounts(**parts, hasher=hasher, verification=verification)
        passwords = AuditedPasswords(**parts, **letters, hasher=hasher)

        with pytest.raises(TooManyAttempts):
            await call(accounts, passwords, verification, ada)

        user = ada.user.id if names_the_user else None
        assert trail.take() == [AuditEvent(what=Happening.THROTTLED, user=user, email=email, reason="TooManyAttempts")]
