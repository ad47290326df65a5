"""Tickets: what a letter carries, to be handed in once."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NewType, Self

from todo.domain.model.identifiers import ALPHANUMERIC, random_text
from todo.domain.model.user import Email, User, UserId

TicketDigest = NewType("TicketDigest", str)
"""What is kept of a ticket: who reads the store cannot make the ticket from it."""

TICKET_LIFE = timedelta(hours=1)


def reset_digest(token: str) -> TicketDigest:
    """As Better Auth hashes its identifiers, so that both find each other's."""
    digest = sha256(f"reset-password:{token}".encode(errors="replace")).digest()
    return TicketDigest(urlsafe_b64encode(digest).rstrip(b"=").decode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """Lets its bearer set a new password for one user: once, within an hour."""

    digest: TicketDigest
    user: UserId
    created_at: datetime
    expires_at: datetime

    @classmethod
    def for_reset(cls, user: UserId, *, at: datetime) -> tuple[str, Self]:
        """The token for the letter, and what is kept of it."""
        token = random_text(ALPHANUMERIC, 24)
        return token, cls(digest=reset_digest(token), user=user, created_at=at, expires_at=at + TICKET_LIFE)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailProof:
    """Says that its bearer reads the mail of an address. Signed, not kept: good for an hour."""

    email: Email
    """The address the user had when the letter was written."""
    user: UserId | None = None
    """Whose it was: the next owner of the address is somebody else."""
    new_email: Email | None = None
    """The address the letter went to, when it is to become the user's."""
    expires: int = 0
    """Seconds since 1970."""

    @classmethod
    def of(cls, user: User, *, new_email: Email | None = None, at: datetime) -> Self:
        return cls(email=user.email, user=user.id, new_email=new_email, expires=int((at + TICKET_LIFE).timestamp()))
