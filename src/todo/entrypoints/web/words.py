"""What the pages say: one table for the forms of the server and for the scripts in the browser."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from todo.domain.model.user import Name, Password

SESSION_EXPIRED: Final = "Session expired. Please log in again."

NOTICES: Final[Mapping[str, str]] = {
    SESSION_EXPIRED: SESSION_EXPIRED,
    "session-expired": SESSION_EXPIRED,
    "password-changed": "Your password has been changed. Log in with the new one.",
    "account-deleted": "Your account and everything in it has been deleted.",
    "verified": "Your address is verified. You can log in now.",
}
"""What `/login?message=` may ask for. A page says its own words only, never those of a link."""

LINK_REFUSED: Final = "That link has been used, or is too old."
"""Whatever code stands in `/login?error=`: the link of a letter led here, and did not work."""


class Saying(Struct, frozen=True):
    """What a page says about a refusal, and which field it is about, if it is about one."""

    text: str
    field: str | None = None


LOG_IN_AGAIN: Final = Saying("For this, log in again: you did so more than a day ago.")

REFUSALS: Final[Mapping[str, Saying]] = {
    "INVALID_EMAIL": Saying("Enter an email address, like name@example.com.", "email"),
    "VALIDATION_ERROR": Saying("Enter an email address, like name@example.com.", "email"),
    "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL": Saying("User already exists. Use another email.", "email"),
    "EMAIL_NOT_VERIFIED": Saying("Follow the link in the email we have sent you, then log in.", "email"),
    "INVALID_EMAIL_OR_PASSWORD": Saying("Invalid email or password", "email"),
    "PASSWORD_TOO_SHORT": Saying(f"Choose a password of at least {Password.SHORTEST} characters.", "password"),
    "PASSWORD_TOO_LONG": Saying(f"Choose a password of at most {Password.LONGEST} characters.", "password"),
    "PASSWORD_TOO_COMMON": Saying(
        "That password is easy to guess. Choose one that only you would think of.", "password"
    ),
    "INVALID_PASSWORD": Saying("That is not your password.", "current"),
    "CREDENTIAL_ACCOUNT_NOT_FOUND": Saying("This account has no password: it is opened in another way.", "current"),
    "EMAIL_PASSWORD_SIGN_UP_DISABLED": Saying(
        "Nobody can sign up here. Ask the person who runs this service for an account."
    ),
    "RESET_PASSWORD_DISABLED": Saying("This service sends no email. Ask the person who runs it for a new password."),
    "INVALID_TOKEN": Saying("This link has been used or is too old. Ask for a new one."),
    "SESSION_NOT_FRESH": LOG_IN_AGAIN,
    "SESSION_EXPIRED": LOG_IN_AGAIN,
    "INVALID_ORIGIN": Saying("Open this page by its proper address and try again."),
    "MISSING_OR_NULL_ORIGIN": Saying("Open this page by its proper address and try again."),
    "TOO_MANY_REQUESTS": Saying("There were too many attempts. Wait a little, then try again."),
    "SERVICE_UNAVAILABLE": Saying("The service is busy. Please try again in a moment."),
}
"""By the code of the API. What is not here is told in the API's own `message`."""

NAME_REFUSED: Final = Saying(
    f"Choose a name of at most {Name.LONGEST} characters, without any that cannot be kept.", "name"
)
"""A name has one rule; the API tells it by a code that says another thing about addresses."""
