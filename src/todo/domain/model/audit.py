"""What happens around signing in, and should be known afterwards."""

from dataclasses import dataclass
from enum import Enum

from todo.domain.model.session import SessionId
from todo.domain.model.user import Email, UserId


class Happening(Enum):
    """By the names under which operators look for it."""

    SIGNED_UP = "signup"
    SIGNED_IN = "signin_ok"
    SIGN_IN_REFUSED = "signin_fail"
    SIGNED_OUT = "logout"
    SESSION_ENDED = "revoke"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  a name
    ACCOUNT_DELETED = "account_deleted"
    THROTTLED = "throttle"
    ORIGIN_REFUSED = "csrf_refused"
    TOKEN_REFUSED = "token_refused"  # noqa: S105  likewise
    OWNER_MISMATCH = "owner_mismatch"

    @property
    def is_refusal(self) -> bool:
        return self in REFUSALS


REFUSALS = {
    Happening.SIGN_IN_REFUSED,
    Happening.THROTTLED,
    Happening.ORIGIN_REFUSED,
    Happening.TOKEN_REFUSED,
    Happening.OWNER_MISMATCH,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """Who it was about, as far as that is known."""

    what: Happening
    user: UserId | None = None
    email: Email | None = None
    """As it was typed, where no user is known by it."""
    session: SessionId | None = None
    reason: str | None = None
    """In a word or two of ours; never what a client wrote."""
