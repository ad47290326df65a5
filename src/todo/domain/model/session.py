"""Sessions: the time during which somebody is signed in on one device."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NewType, Self

from todo.domain.errors import SessionEnded, SessionStale
from todo.domain.model.identifiers import ALPHANUMERIC, BASE32, random_text
from todo.domain.model.user import UserId

SessionId = NewType("SessionId", str)

SessionHandle = NewType("SessionHandle", str)
"""Names a session to its own user, to end it by. Opens nothing."""

SESSION_LIFE = timedelta(days=7)
SLIDES_AFTER = timedelta(days=1)
FORGOTTEN_AFTER = timedelta(days=1)
"""The life of a session that is not to be remembered."""
MOST_SESSIONS = 50
"""That one user has at a time. The next sign-in ends the one that has not been used for the longest time."""
FRESH_FOR = timedelta(days=1)
"""After signing in, not after use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Where a session was opened, as the request told: kept to be shown to its user."""

    address: str | None = None
    agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Lasts seven days from its last extension, which comes with the first use after a day."""

    id: SessionId
    handle: SessionHandle
    user: UserId
    device: Device
    created_at: datetime
    updated_at: datetime
    expires_at: datetime

    @classmethod
    def start(cls, user: UserId, device: Device, *, at: datetime, remembered: bool = True) -> Self:
        return cls(
            id=SessionId(random_text(BASE32, 26)),
            handle=SessionHandle(random_text(ALPHANUMERIC, 32)),
            user=user,
            device=device,
            created_at=at,
            updated_at=at,
            expires_at=at + (SESSION_LIFE if remembered else FORGOTTEN_AFTER),
        )

    def require_live(self, *, of: UserId, at: datetime) -> None:
        """Raises `SessionEnded` when its time is over, or when it is another user's."""
        if self.expires_at <= at or self.user != of:
            raise SessionEnded

    def is_live(self, *, at: datetime) -> bool:
        return self.expires_at > at

    def is_fresh(self, *, at: datetime) -> bool:
        """Whether somebody has signed in a short time ago. Use does not make a session fresh again."""
        return self.created_at + FRESH_FOR > at

    def require_fresh(self, *, at: datetime) -> None:
        """Raises `SessionStale`."""
        if not self.is_fresh(at=at):
            raise SessionStale

    def is_due_to_slide(self, *, at: datetime) -> bool:
        """A day after it was last extended, counted from its end: a short session is due at once."""
        return self.expires_at - SESSION_LIFE + SLIDES_AFTER <= at

    def slide(self, *, at: datetime, longest: timedelta | None = None) -> Self:
        """Begins the seven days anew, but for no longer than `longest` after signing in."""
        end = at + SESSION_LIFE
        return replace(self, updated_at=at, expires_at=end if longest is None else min(end, self.created_at + longest))
