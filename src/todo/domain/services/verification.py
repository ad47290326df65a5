"""Verifying that people read the mail of their addresses, and changing addresses."""

from contextlib import suppress
from dataclasses import dataclass

from todo.domain.errors import (
    EmailAlreadyVerified,
    EmailMismatch,
    EmailTaken,
    TokenExpired,
    TokenInvalid,
    UserNotFound,
    VerificationDisabled,
)
from todo.domain.model.letter import Letter, Purpose
from todo.domain.model.network import Network
from todo.domain.model.ticket import EmailProof
from todo.domain.model.user import Email, User
from todo.domain.ports.clock import Clock
from todo.domain.ports.mailer import Mailer
from todo.domain.ports.store import Store
from todo.domain.ports.tokens import EmailProofs
from todo.domain.services.attempts import Attempts, Unlimited


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What following a link has done."""

    user: User
    changed: bool = False
    """Whether the address is another one now."""
    newly: bool = False
    """Whether the address was not verified before."""


class VerificationService:
    def __init__(
        self, *, store: Store, mailer: Mailer, proofs: EmailProofs, clock: Clock, attempts: Attempts | None = None
    ) -> None:
        self._store = store
        self._mailer = mailer
        self._proofs = proofs
        self._clock = clock
        self._attempts = attempts or Unlimited()

    def write(self, user: User, callback: str) -> None:
        """Writes to the user's own address, if letters are sent at all."""
        if self._mailer.enabled and not user.email.is_placeholder:
            self._post(Purpose.VERIFY_EMAIL, user, user.email, EmailProof.of(user, at=self._clock.now()), callback)

    async def send(self, email: Email, callback: str, *, by: User | None, source: Network) -> None:
        """Sends a link again. Whoever is not signed in learns nothing of the address.

        Raises `VerificationDisabled`, `EmailMismatch`, `EmailAlreadyVerified` or `TooManyAttempts`.
        """
        if not self._mailer.enabled:
            raise VerificationDisabled
        if by is not None:
            if email != by.email:
                raise EmailMismatch
            if by.email_verified:
                raise EmailAlreadyVerified
        await self._attempts.write(email, source=source)
        user = by or await self._store.users.find_by_email(email)
        if user is not None and not user.email_verified:
            self.write(user, callback)

    async def verify(self, token: str) -> Verified:
        """Follows a link. Raises `TokenInvalid`, `TokenExpired` or `UserNotFound`."""
        proof = self._proofs.read(token)
        if proof.expires <= self._clock.now().timestamp():
            raise TokenExpired
        user = await self._store.users.find_by_email(proof.email)
        if user is None:
            raise TokenInvalid if proof.new_email else UserNotFound
        if proof.user is not None and proof.user != user.id:
            raise TokenInvalid
        if proof.new_email is not None:
            return await self._change(user, proof.new_email)
        if user.email_verified:
            return Verified(user=user)
        user = user.verify_email(at=self._clock.now())
        await self._save(user)
        return Verified(user=user, newly=True)

    async def request_change(self, user: User, email: Email, callback: str, *, source: Network) -> User | None:
        """Changes an unverified address at once; a verified one when the new address has answered.

        Gives the user when something has changed. Never tells that an address is taken. Raises `EmailUnchanged` or
        `TooManyAttempts`.
        """
        user.require_other(email)
        await self._attempts.write(email, source=source)
        if await self._store.users.find_by_email(email) is not None:
            return None
        if not user.email_verified or not self._mailer.enabled:
            changed = user.change_email(email, verified=False, at=self._clock.now())
            with suppress(EmailTaken):
                await self._save(changed)
                self.write(changed, callback)
                return changed
            return None
        proof = EmailProof.of(user, new_email=email, at=self._clock.now())
        self._post(Purpose.CHANGE_EMAIL, user, email, proof, callback)
        return None

    async def _change(self, user: User, email: Email) -> Verified:
        changed = user.change_email(email, verified=True, at=self._clock.now())
        try:
            await self._save(changed)
        except EmailTaken as error:
            raise TokenInvalid from error
        return Verified(user=changed, changed=True)

    async def _save(self, user: User) -> None:
        async with self._store.begin() as work:
            await work.save_user(user)
            await work.commit()

    def _post(self, purpose: Purpose, user: User, to: Email, proof: EmailProof, callback: str) -> None:
        token = self._proofs.issue(proof)
        self._mailer.post(Letter(purpose=purpose, to=to, name=user.name, token=token, callback=callback))
