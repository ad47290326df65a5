"""What holds for all text that people give us."""

from typing import Self

from todo.domain.errors import CharacterForbidden


def require_encodable(text: str) -> None:
    """Raises `CharacterForbidden` for surrogates, which UTF-8 has not."""
    if not _encodes(text):
        raise CharacterForbidden


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
