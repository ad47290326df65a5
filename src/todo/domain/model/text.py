"""What holds for all text that people give us."""

import re
from typing import Final, Self

from todo.domain.errors import CharacterForbidden


def require_encodable(text: str) -> None:
    """Raises `CharacterForbidden` for surrogates, which UTF-8 has not."""
    if not _encodes(text):
        raise CharacterForbidden


CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""What a terminal would obey, or take for the end of a line."""


def visible(text: str) -> str:
    """With control characters written as `\\x1b`: a terminal shows them, and does not obey."""
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def require_storable(text: str) -> None:
    """Raises `CharacterForbidden` for U+0000, which PostgreSQL refuses, and for surrogates, which UTF-8 has not."""
    if "\0" in text or not _encodes(text):
        raise CharacterForbidden


def _encodes(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class Text(str):
    """A string that keeps a promise. Making one checks it; a subclass says what is checked."""

    __slots__ = ()

    @classmethod
    def known(cls, text: str) -> Self:
        """Takes text as the store holds it, unchecked: what was kept once must stay readable when rules change."""
        return str.__new__(cls, text)
