"""What makes a password easy to guess for who knows its owner, or nothing but people."""

import unicodedata

from todo.domain.errors import PasswordLikeAddress, PasswordLikeService, PasswordMonotonous
from todo.domain.model.user import Email, Password

SERVICE = ("todo", "better-auth")
ROWS = ("0123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "qwertzuiop", "asdfghjkl")
ENDING = 4
"""Digits at the end that make no difference to who guesses: as many as a year has."""


def folded(password: str) -> str:
    """The form in which passwords are compared with common ones: capitals and wide letters make no difference."""
    return unicodedata.normalize("NFKC", password).casefold()


def require_own(password: Password, *, of: Email) -> None:
    """Raises `PasswordLikeAddress`, `PasswordLikeService` or `PasswordMonotonous`."""
    text = folded(password)
    word = _without_ending(text)
    local, _, domain = of.partition("@")
    if {text, word} & {of, local, domain}:
        raise PasswordLikeAddress
    if any(_is_made_of(part, name) for part in (text, word) for name in SERVICE):
        raise PasswordLikeService
    if len(set(text)) == 1 or any(_runs_along(text, row) for row in ROWS):
        raise PasswordMonotonous


def _without_ending(text: str) -> str:
    """Without the digits at the end, if they are few."""
    rest = text.rstrip("0123456789")
    return rest if rest and len(text) - len(rest) <= ENDING else text


def _is_made_of(text: str, name: str) -> bool:
    """Whether it is the name, once or again and again."""
    return bool(text) and not text.replace(name, "")


def _runs_along(text: str, row: str) -> bool:
    """Whether each character is the next one of the row, to either side; after the end it begins anew."""
    around = row * (len(text) // len(row) + 2)
    return text in around or text[::-1] in around
