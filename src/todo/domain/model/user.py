"""Users, and what proves that somebody is one."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import ClassVar, NewType, Self

from todo.domain.errors import EmailMalformed, EmailUnchanged, NameTooLong, PasswordTooLong, PasswordTooShort
from todo.domain.model.identifiers import LOWERCASE, random_text
from todo.domain.model.keep import KEEP, Keep
from todo.domain.model.text import Text, require_encodable, require_storable

UserId = NewType("UserId", str)
"""Opaque, at most 255 characters. Ours begin with `usr_`; those of other issuers are theirs to choose."""

PasswordHash = NewType("PasswordHash", str)
"""A password as the hasher keeps it, with its parameters and salt inside."""

LONGEST_USER_ID = 255


def new_user_id() -> UserId:
    """A fresh id with 124 bits of chance."""
    return UserId("usr_" + random_text(LOWERCASE, 24))


class Email(Text):
    """An address in lower case, so that two spellings of one are one.

    The form is the one Better Auth accepts: ASCII; no quoted local part, no address literal, no dotless domain.
    Raises `EmailMalformed`.
    """

    __slots__ = ()
    LONGEST: ClassVar = 254
    """Characters; RFC 5321 allows a path of 256 with its angle brackets."""
    _FORM: ClassVar = re.compile(
        r"(?!\.)(?!.*\.\.)[A-Za-z0-9_'+\-.]*[A-Za-z0-9_+\-]@(?:[A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}"
    )

    def __new__(cls, text: str) -> Self:
        if len(text) > cls.LONGEST or not cls._FORM.fullmatch(text):
            raise EmailMalformed
        return str.__new__(cls, text.lower())

    @classmethod
    def placeholder(cls, user: UserId) -> Self:
        """An address for a user whom another issuer vouches for without naming one. Nothing is ever sent to it."""
        return str.__new__(cls, f"{user}@users.invalid".lower())

    @property
    def is_placeholder(self) -> bool:
        """Whether nobody reads mail there."""
        return self.endswith("@users.invalid")

    @classmethod
    def unmistakable_placeholder(cls, user: UserId) -> Self:
        """Like `placeholder`, for the second of two ids that differ only in case."""
        return str.__new__(cls, f"{user}.{sha256(user.encode()).hexdigest()[:16]}@users.invalid".lower())


class Name(Text):
    """What a person wants to be called. May be empty. Raises `NameTooLong` or `CharacterForbidden`."""

    __slots__ = ()
    LONGEST: ClassVar = 255

    def __new__(cls, text: str) -> Self:
        if len(text) > cls.LONGEST:
            raise NameTooLong
        require_storable(text)
        return str.__new__(cls, text)

    @classmethod
    def from_email(cls, email: Email) -> Self:
        """A name for somebody who gave none: the part of the address before the `@`."""
        return cls(email.partition("@")[0])


class Image(Text):
    """Where a picture of the person is: text, taken as given. Raises `NameTooLong` or `CharacterForbidden`."""

    __slots__ = ()
    LONGEST: ClassVar = 2048

    def __new__(cls, text: str) -> Self:
        if len(text) > cls.LONGEST:
            raise NameTooLong
        require_storable(text)
        return str.__new__(cls, text)


class Password(str):
    """A password as given: 8 to 128 code points, any of them, nothing trimmed or folded. Never shown.

    Raises `PasswordTooShort`, `PasswordTooLong`, or `CharacterForbidden` for what is no text.
    """

    __slots__ = ()
    SHORTEST: ClassVar = 8
    LONGEST: ClassVar = 128

    def __new__(cls, text: str) -> Self:
        if len(text) < cls.SHORTEST:
            raise PasswordTooShort
        return cls.attempt(text)

    @classmethod
    def attempt(cls, text: str) -> Self:
        """A password to be compared with a kept one. A short one is merely wrong; raises `PasswordTooLong`."""
        if len(text) > cls.LONGEST:
            raise PasswordTooLong
        require_encodable(text)
        return str.__new__(cls, text)

    def __repr__(self) -> str:
        return "Password(…)"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person who has an account."""

    id: UserId
    email: Email
    name: Name
    email_verified: bool = False
    image: Image | None = None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def new(cls, email: Email, name: Name, *, image: Image | None = None, at: datetime) -> Self:
        return cls(id=new_user_id(), email=email, name=name, image=image, created_at=at, updated_at=at)

    @classmethod
    def vouched_for(cls, user: UserId, email: Email, *, at: datetime) -> Self:
        """A user whom another holder of the secret has named in a token."""
        return cls(id=user, email=email, name=Name.known(email.partition("@")[0]), created_at=at, updated_at=at)

    def describe(self, *, name: Name | Keep = KEEP, image: Image | Keep | None = KEEP, at: datetime) -> Self:
        """Sets what is given."""
        return replace(
            self,
            name=self.name if name is KEEP else name,
            image=self.image if image is KEEP else image,
            updated_at=at,
        )

    def verify_email(self, *, at: datetime) -> Self:
        return replace(self, email_verified=True, updated_at=at)

    def change_email(self, email: Email, *, verified: bool, at: datetime) -> Self:
        """Raises `EmailUnchanged`."""
        self.require_other(email)
        return replace(self, email=email, email_verified=verified, updated_at=at)

    def require_other(self, email: Email) -> None:
        """Raises `EmailUnchanged`."""
        if email == self.email:
            raise EmailUnchanged


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A way to sign in to a user's account. Ours is the password; others come with databases from elsewhere."""

    id: str
    provider: str
    account_id: str
    user: UserId
    scopes: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
