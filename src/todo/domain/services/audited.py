"""The use cases around signing in, each with its line in the audit trail.

The use cases know nothing of it. An event is recorded when all is done: what did not happen leaves no line. What a line
does not tell is passed on as it came.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from todo.domain.errors import CredentialsWrong, EmailNotVerified, PasswordWrong, TooManyAttempts
from todo.domain.model.audit import AuditEvent, Happening
from todo.domain.model.session import Session, SessionHandle
from todo.domain.model.user import Email, Password, PasswordHash, User, UserId
from todo.domain.ports.audit_trail import AuditTrail
from todo.domain.services.accounts import AccountService, SignedIn, SignedUp
from todo.domain.services.authentication import Authentication, Ended
from todo.domain.services.passwords import PasswordService
from todo.domain.services.profile import ProfileService
from todo.domain.services.verification import VerificationService


@contextmanager
def held_back_told(trail: AuditTrail, *, email: Email | None = None, user: UserId | None = None) -> Iterator[None]:
    """Records that somebody tries too often, with what is known of the account."""
    try:
        yield
    except TooManyAttempts as error:
        trail.record(AuditEvent(what=Happening.THROTTLED, user=user, email=email, reason=type(error).__name__))
        raise


class AuditedAccounts(AccountService):
    def __init__(self, *, trail: AuditTrail, **parts: Any) -> None:
        super().__init__(**parts)
        self._trail = trail

    async def sign_up(self, email: Email, *given: Any, **named: Any) -> SignedUp:
        with held_back_told(self._trail, email=email):
            made = await super().sign_up(email, *given, **named)
        if made.is_new:
            session = None if made.session is None else made.session.id
            self._trail.record(AuditEvent(what=Happening.SIGNED_UP, user=made.user.id, session=session))
        return made

    async def sign_in(self, email: Email, *given: Any, **named: Any) -> SignedIn:
        try:
            with held_back_told(self._trail, email=email):
                begun = await super().sign_in(email, *given, **named)
        except (CredentialsWrong, EmailNotVerified) as error:
            self._trail.record(AuditEvent(what=Happening.SIGN_IN_REFUSED, email=email, reason=type(error).__name__))
            raise
        self._trail.record(AuditEvent(what=Happening.SIGNED_IN, user=begun.user.id, session=begun.session.id))
        return begun


class AuditedAuthentication(Authentication):
    def __init__(self, *, trail: AuditTrail, **parts: Any) -> None:
        super().__init__(**parts)
        self._trail = trail

    async def end(self, credential: str) -> Ended | None:
        ended = await super().end(credential)
        if ended is not None:
            self._trail.record(AuditEvent(what=Happening.SIGNED_OUT, user=ended.user, session=ended.session))
        return ended


class AuditedPasswords(PasswordService):
    def __init__(self, *, trail: AuditTrail, **parts: Any) -> None:
        super().__init__(**parts)
        self._trail = trail

    async def confirm(self, password: Password, *, by: User) -> PasswordHash:
        try:
            with held_back_told(self._trail, user=by.id):
                return await super().confirm(password, by=by)
        except PasswordWrong as error:
            event = AuditEvent(what=Happening.SIGN_IN_REFUSED, user=by.id, reason=type(error).__name__)
            self._trail.record(event)
            raise

    async def change(self, *given: Any, by: User, session: Session, **named: Any) -> Session | None:
        begun = await super().change(*given, by=by, session=session, **named)
        now = session if begun is None else begun
        self._trail.record(AuditEvent(what=Happening.PASSWORD_CHANGED, user=by.id, session=now.id))
        return begun

    async def request_reset(self, email: Email, *given: Any, **named: Any) -> None:
        with held_back_told(self._trail, email=email):
            await super().request_reset(email, *given, **named)

    async def reset(self, *given: Any, **named: Any) -> UserId:
        user = await super().reset(*given, **named)
        self._trail.record(AuditEvent(what=Happening.PASSWORD_CHANGED, user=user, reason="by letter"))
        return user


class AuditedProfile(ProfileService):
    def __init__(self, *, trail: AuditTrail, **parts: Any) -> None:
        super().__init__(**parts)
        self._trail = trail

    async def end_session(self, handle: SessionHandle, *, by: User) -> Session | None:
        ended = await super().end_session(handle, by=by)
        if ended is not None:
            self._trail.record(AuditEvent(what=Happening.SESSION_ENDED, user=by.id, session=ended.id))
        return ended

    async def end_sessions(self, *, by: User, keep: Session | None = None) -> None:
        await super().end_sessions(by=by, keep=keep)
        reason = "all" if keep is None else "all others"
        self._trail.record(AuditEvent(what=Happening.SESSION_ENDED, user=by.id, reason=reason))

    async def delete(self, *given: Any, by: User, session: Session, **named: Any) -> None:
        await super().delete(*given, by=by, session=session, **named)
        self._trail.record(AuditEvent(what=Happening.ACCOUNT_DELETED, user=by.id, session=session.id))


class AuditedVerification(VerificationService):
    def __init__(self, *, trail: AuditTrail, **parts: Any) -> None:
        super().__init__(**parts)
        self._trail = trail

    async def send(self, email: Email, *given: Any, by: User | None, **named: Any) -> None:
        with held_back_told(self._trail, email=email, user=None if by is None else by.id):
            await super().send(email, *given, by=by, **named)

    async def request_change(self, user: User, email: Email, *given: Any, **named: Any) -> User | None:
        with held_back_told(self._trail, email=email, user=user.id):
            return await super().request_change(user, email, *given, **named)
