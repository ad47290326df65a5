"""Letters: what is written to people by e-mail."""

from dataclasses import dataclass, field
from enum import Enum

from todo.domain.model.user import Email, Name


class Purpose(Enum):
    """What the link in a letter is for."""

    RESET_PASSWORD = "reset password"  # noqa: S105  a purpose
    VERIFY_EMAIL = "verify e-mail"
    CHANGE_EMAIL = "change e-mail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One letter with one link in it. Who has the token may follow the link, so it is never shown or logged."""

    purpose: Purpose
    to: Email
    name: Name
    token: str = field(repr=False)
    callback: str = ""
    """Where the link leads in the end, as the client asked."""
