"""Signing up and signing in."""

from contextlib import suppress
from dataclasses import dataclass

from todo.domain.errors import (
    CredentialsWrong,
    EmailNotVerified,
    EmailTaken,
    PasswordWrong,
    SignUpClosed,
    TooManyAttempts,
    UserNotFound,
)
from todo.domain.model.network import Network
from todo.domain.model.session import MOST_SESSIONS, Device, Session, SessionId
from todo.domain.model.user import Email, Image, Name, Password, User
from todo.domain.ports.clock import Clock
from todo.domain.ports.password_hasher import PasswordHasher
from todo.domain.ports.store import Store
from todo.domain.services.attempts import Attempts, Unlimited
from todo.domain.services.choosing import ANY_PASSWORD, PasswordChoice
from todo.domain.services.verification import VerificationService


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A user and the session that has just begun, or goes on."""

    user: User
    session: Session


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedUp:
    """A new user; signed in at once, unless the address is to be verified first."""

    user: User
    session: Session | None
    is_new: bool = True
    """False when the address was taken and that may not be told: then nobody was added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpRules:
    """What an operator has decided."""

    open: bool = True
    """Whether people make accounts themselves."""
    verified_only: bool = False
    """Whether one signs in with a verified address only. A taken address is then not told apart from a free one."""


class AccountService:
    """Hashing is slow and holds no connection: it is done before a unit of work begins."""

    def __init__(
        self,
        *,
        store: Store,
        hasher: PasswordHasher,
        clock: Clock,
        verification: VerificationService,
        rules: SignUpRules | None = None,
        choice: PasswordChoice = ANY_PASSWORD,
        attempts: Attempts | None = None,
    ) -> None:
        self._store = store
        self._hasher = hasher
        self._clock = clock
        self._verification = verification
        self._rules = rules or SignUpRules()
        self._choice = choice
        self._attempts = attempts or Unlimited()

    async def sign_up(
        self,
        email: Email,
        password: Password,
        name: Name | None,
        *,
        image: Image | None = None,
        remembered: bool = True,
        callback: str = "",
        device: Device,
        replacing: SessionId | None = None,
    ) -> SignedUp:
        """Makes an account and signs in to it, in place of the session that the same browser had.

        Raises `SignUpClosed`, `PasswordTooCommon`, `TooManyAttempts`, `EmailTaken`, or `Busy`.
        """
        if not self._rules.open:
            raise SignUpClosed
        self._choice.require_good(password, of=email)
        source = Network.of(device.address)
        await self._attempts.sign_up(source=source)
        hashed = await self._hasher.hash(password)
        called = Name.from_email(email) if name is None else name
        user = User.new(email, called, image=image, at=self._clock.now())
        verified_only = self._rules.verified_only
        session = None if verified_only else Session.start(user.id, device, at=user.created_at, remembered=remembered)
        try:
            async with self._store.begin() as work:
                await work.add_user(user)
                await work.set_password(user.id, hashed)
                await self._attempts.remember(work, user.id, source=source)
                if session is not None:
                    await work.add_session(session)
                    if replacing is not None:
                        await work.remove_session(replacing)
                await work.commit()
        except EmailTaken:
            if verified_only:
                return SignedUp(user=user, session=None, is_new=False)
            raise
        if verified_only:
            self._verification.write(user, callback)
        return SignedUp(user=user, session=session)

    async def sign_in(
        self,
        email: Email,
        password: Password,
        *,
        remembered: bool = True,
        callback: str = "",
        device: Device,
        replacing: SessionId | None = None,
    ) -> SignedIn:
        """Starts a session, in place of the one that the same browser had.

        Raises `TooManyAttempts`, `EmailNotVerified`, `Busy` or `CredentialsWrong`, as slow for an unknown address.
        """
        source = Network.of(device.address)
        user = await self._store.users.find_by_email(email)
        async with self._attempts.signing_in(email, user, source=source):
            expected = await self._store.passwords.find(user.id) if user else None
            if not await self._hasher.verify(password, expected) or user is None or expected is None:
                raise CredentialsWrong
        if self._rules.verified_only and not user.email_verified:
            with suppress(TooManyAttempts):
                await self._attempts.write(email, source=source)
                self._verification.write(user, callback)
            raise EmailNotVerified
        renewed = await self._hasher.hash(password) if self._hasher.is_outdated(expected) else None
        session = Session.start(user.id, device, at=self._clock.now(), remembered=remembered)
        try:
            async with self._store.begin() as work:
                await work.require_password(user.id, expected)
                if renewed is not None:
                    await work.set_password(user.id, renewed)
                await work.add_session(session)
                if replacing is not None:
                    await work.remove_session(replacing)
                await work.limit_sessions_of(user.id, most=MOST_SESSIONS, at=session.created_at)
                await self._attempts.remember(work, user.id, source=source)
                await work.commit()
        except (PasswordWrong, UserNotFound) as error:  # it was changed while this one waited to be hashed
            raise CredentialsWrong from error
        return SignedIn(user=user, session=session)

    async def signed_in(self, session: Session) -> SignedIn:
        """The user of a session. Raises `UserNotFound` when the account has just been deleted."""
        return SignedIn(user=await self._store.users.get(session.user), session=session)
