"""Who is asking, and how that is known."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from todo.domain.errors import NotYourAccount, TokenExpired, TokenInvalid, TokenWithoutSubject
from todo.domain.model.session import Session, SessionId
from todo.domain.model.user import UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a token says, its signature and form being good. Times are seconds since 1970, as RFC 7519 has them."""

    subject: UserId
    """Empty when the token names nobody."""
    expires: float
    issued: float
    not_before: float | None = None
    session: SessionId | None = None
    """Absent from tokens minted by others who hold the secret."""
    email: str | None = None

    @classmethod
    def of(cls, session: Session, *, at: datetime) -> Self:
        """The claims of a token for this session, good until the session's end. Whole seconds."""
        return cls(
            subject=session.user,
            session=session.id,
            issued=int(at.timestamp()),
            expires=int(session.expires_at.timestamp()),
        )

    def require_valid(self, *, at: datetime) -> None:
        """Raises `TokenInvalid` before its time, `TokenExpired` after it, or `TokenWithoutSubject`. No leeway."""
        now = at.timestamp()
        if self.issued > now or (self.not_before is not None and self.not_before > now):
            raise TokenInvalid
        if self.expires <= now:
            raise TokenExpired
        if not self.subject:
            raise TokenWithoutSubject


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The user on whose behalf something is asked."""

    user: UserId
    session: Session | None = None
    email: str | None = None
    """The address another issuer vouches for; not checked."""
    by_handle: bool = False
    """Whether the session was named by its signed handle, without a token of ours."""

    def require_account(self, user: str) -> None:
        """One acts under one's own user id alone: raises `NotYourAccount`."""
        if user != self.user:
            raise NotYourAccount
