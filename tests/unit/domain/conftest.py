"""The services over a store in memory, with a clock turned by hand, a quick hasher and an outbox."""

import pytest

from tests.builders import SECRET, HandClock, PlainHasher
from tests.mailboxes import OutboxMailer
from todo.adapters.jwt_email_proofs import JwtEmailProofs
from todo.adapters.memory import MemoryStore
from todo.domain.ports.tokens import EmailProofs
from todo.domain.services.accounts import AccountService, SignUpRules
from todo.domain.services.passwords import PasswordService
from todo.domain.services.profile import ProfileService
from todo.domain.services.verification import VerificationService


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def hasher() -> PlainHasher:
    return PlainHasher()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def mailer() -> OutboxMailer:
    return OutboxMailer()


@pytest.fixture
def proofs() -> EmailProofs:
    return JwtEmailProofs(SECRET)


@pytest.fixture
def verification(
    store: MemoryStore, mailer: OutboxMailer, proofs: EmailProofs, clock: HandClock
) -> VerificationService:
    return VerificationService(store=store, mailer=mailer, proofs=proofs, clock=clock)


@pytest.fixture
def without_mail(store: MemoryStore, proofs: EmailProofs, clock: HandClock) -> VerificationService:
    """Of a service that sends no letters."""
    return VerificationService(store=store, mailer=OutboxMailer(enabled=False), proofs=proofs, clock=clock)


@pytest.fixture
def rules() -> SignUpRules:
    return SignUpRules()


@pytest.fixture
def accounts(
    store: MemoryStore,
    hasher: PlainHasher,
    clock: HandClock,
    verification: VerificationService,
    rules: SignUpRules,
) -> AccountService:
    return AccountService(store=store, hasher=hasher, clock=clock, verification=verification, rules=rules)


@pytest.fixture
def passwords(store: MemoryStore, hasher: PlainHasher, mailer: OutboxMailer, clock: HandClock) -> PasswordService:
    return PasswordService(store=store, hasher=hasher, mailer=mailer, clock=clock)


@pytest.fixture
def profile(store: MemoryStore, passwords: PasswordService, clock: HandClock) -> ProfileService:
    return ProfileService(store=store, passwords=passwords, clock=clock)
