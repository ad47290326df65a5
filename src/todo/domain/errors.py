"""Every refusal there is, drawn as a tree:

    DomainError
    ├── Invalid                     a value that cannot be
    │   ├── TitleBlank · TitleTooLong · DescriptionTooLong · CharacterForbidden
    │   ├── EmailMalformed · EmailUnchanged · NameTooLong
    │   ├── PasswordTooShort · PasswordTooLong
    │   ├── PasswordTooCommon       a new one that others would guess
    │   │   └── PasswordLikeAddress · PasswordLikeService · PasswordMonotonous
    │   ├── PasswordWrong           not the one the account has
    │   └── IdempotencyKeyMalformed
    ├── Unauthenticated             who is asking is not known
    │   ├── NotSignedIn             no credential was shown
    │   ├── TokenInvalid            not ours, not whole, or not yet valid
    │   │   └── SessionEnded        ours, and over: signed out, or the account is gone
    │   ├── TokenExpired
    │   ├── TokenWithoutSubject
    │   └── CredentialsWrong        address and password do not belong together
    ├── Forbidden                   known, and not allowed
    │   ├── NotYourAccount
    │   ├── SignUpClosed
    │   ├── EmailNotVerified
    │   ├── EmailMismatch · EmailAlreadyVerified
    │   ├── SessionStale            signed in too long ago for this
    │   ├── ReauthenticationNeeded  signed in too long ago to delete the account without its password
    │   └── MailDisabled            this needs letters, and none are sent
    │       └── PasswordResetDisabled · VerificationDisabled
    ├── NotFound
    │   ├── TaskNotFound            also the answer about somebody else's task
    │   ├── UserNotFound
    │   ├── PasswordNotFound        an account that is opened in another way
    │   └── TicketInvalid           unknown, used, or too old
    ├── Conflict                    the world has moved on
    │   ├── EmailTaken
    │   ├── TaskChanged             somebody saved the task first
    │   ├── TaskQuotaReached        as many tasks as one may have
    │   ├── IdempotencyKeyReused    the key stands for another request
    │   └── OwnerUnknown            a task for a user who is not recorded
    ├── TooManyAttempts             too often: ask again after `retry_after` seconds
    └── Unavailable                 not now: ask again after `retry_after` seconds
        ├── Busy                    too much at once
        └── StoreUnavailable        the database is away, or its answer is unknown
            └── StoreOutdated       its tables are older than this program

An entrypoint answers with the closest kind it knows, so a new leaf has an answer before anyone thinks of one.
"""

from datetime import timedelta
from math import ceil


class DomainError(Exception):
    """A refusal in the words of the domain. It knows no status code and no wire format."""


class Invalid(DomainError):
    """A value that breaks a rule of the model."""


class TitleBlank(Invalid):
    """A title with nothing to read in it."""


class TitleTooLong(Invalid):
    """A title of more than `Title.LONGEST` code points."""


class DescriptionTooLong(Invalid):
    """A description of more than `Description.LONGEST` code points."""


class CharacterForbidden(Invalid):
    """Text with U+0000 or a lone surrogate, which no database and no UTF-8 can hold."""


class EmailMalformed(Invalid):
    """Text that is no e-mail address."""


class EmailUnchanged(Invalid):
    """The new address is the one the user has."""


class NameTooLong(Invalid):
    """A name of more than `Name.LONGEST` code points."""


class PasswordTooShort(Invalid):
    """A new password of fewer than `Password.SHORTEST` code points."""


class PasswordTooLong(Invalid):
    """A password of more than `Password.LONGEST` code points."""


class PasswordTooCommon(Invalid):
    """A new password that many people have: whoever guesses tries it first."""


class PasswordLikeAddress(PasswordTooCommon):
    """A new password that is the e-mail address, or a part of it."""


class PasswordLikeService(PasswordTooCommon):
    """A new password that is the name of this service."""


class PasswordMonotonous(PasswordTooCommon):
    """A new password of one character again and again, or of characters in a row."""


class PasswordWrong(Invalid):
    """The password that was to confirm a change is not the account's."""


class IdempotencyKeyMalformed(Invalid):
    """A key that is not 1 to `IdempotencyKey.LONGEST` visible characters of ASCII."""


class Unauthenticated(DomainError):
    """Nobody knows who is asking."""


class NotSignedIn(Unauthenticated):
    """No credential was shown."""


class TokenInvalid(Unauthenticated):
    """The token is not ours, not whole, or not yet valid."""


class SessionEnded(TokenInvalid):
    """The token was good; its session is over."""


class TokenExpired(Unauthenticated):
    """The token was good; its time is over."""


class TokenWithoutSubject(Unauthenticated):
    """The token is good and names nobody."""


class CredentialsWrong(Unauthenticated):
    """Address and password do not belong together. Says the same whether or not the address is known."""


class Forbidden(DomainError):
    """It is known who is asking, and they may not."""


class NotYourAccount(Forbidden):
    """A principal tried to act under another user's id."""


class SignUpClosed(Forbidden):
    """Nobody can sign up here; an operator makes accounts."""


class EmailNotVerified(Forbidden):
    """The password is right; the address is still to be verified. A letter is on its way."""


class EmailMismatch(Forbidden):
    """One asks for one's own address only."""


class EmailAlreadyVerified(Forbidden):
    """There is nothing left to verify."""


class SessionStale(Forbidden):
    """This wants somebody who has signed in within a day."""


class ReauthenticationNeeded(Forbidden):
    """An account is deleted with its password, or within a day of signing in."""


class MailDisabled(Forbidden):
    """This needs letters, and this service sends none."""


class PasswordResetDisabled(MailDisabled):
    """Passwords are reset by letter."""


class VerificationDisabled(MailDisabled):
    """Addresses are verified by letter."""


class NotFound(DomainError):
    """There is no such thing, or none that this principal may know of."""


class TaskNotFound(NotFound):
    """No such task among the owner's."""


class UserNotFound(NotFound):
    """No such user."""


class PasswordNotFound(NotFound):
    """The account has no password."""


class TicketInvalid(NotFound):
    """No such ticket: unknown, used, or too old."""


class Conflict(DomainError):
    """The change does not fit what is there by now."""


class EmailTaken(Conflict):
    """Another user has this address."""


class TaskChanged(Conflict):
    """The task has another version than expected: somebody was faster, or it is gone."""


class TaskQuotaReached(Conflict):
    """The owner has as many tasks as one may have. Deleting one makes room."""


class IdempotencyKeyReused(Conflict):
    """Under this key the user has sent another request within the time that keys are kept."""


class OwnerUnknown(Conflict):
    """The task's owner is not recorded as a user."""


class TooManyAttempts(DomainError):
    """Tried too often, here or by this account. What was asked for did not happen, and was not looked at."""

    def __init__(self, wait: timedelta = timedelta()) -> None:
        super().__init__()
        self.retry_after = max(1, ceil(wait.total_seconds()))
        """Whole seconds after which the next attempt is looked at again, if nobody else makes one meanwhile."""


class Unavailable(DomainError):
    """It cannot be done now. What was asked for may or may not have happened, unless a kind says more."""

    retry_after: int = 1
    """Seconds after which asking again is worthwhile."""


class Busy(Unavailable):
    """Too much at once. What was asked for did not happen."""


class StoreUnavailable(Unavailable):
    """The store cannot be reached, or went away before it answered: the outcome of a change is unknown."""

    retry_after = 2


class StoreOutdated(StoreUnavailable):
    """The store answers, and its tables are older than this program: migrations have not run."""
