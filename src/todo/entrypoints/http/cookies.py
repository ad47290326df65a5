"""The session cookie: its value is the token itself."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Final
from urllib.parse import quote, unquote

from todo.domain.errors import TokenInvalid
from todo.domain.model.session import SESSION_LIFE
from todo.domain.ports.tokens import Signatures

NAME: Final = "better-auth.session_token"
FORGET: Final = "better-auth.dont_remember"
DATA: Final = "better-auth.session_data"
"""A cache that Better Auth may have left in the browser. Cleared with the rest, never read."""

Headers = Iterable[tuple[bytes, bytes]]


def session_token(headers: Headers) -> str | None:
    """The token in the cookie, if there is one. Two that differ are as good as none: one of them was planted."""
    return read(headers, NAME)


def read(headers: Headers, name: str) -> str | None:
    """A cookie's value. What Better Auth calls it over https, with `__Secure-` before, is read and never set."""
    jar: dict[str, set[str]] = {name: set(), f"__Secure-{name}": set()}
    for header, line in headers:
        if header == b"cookie":
            for pair in line.decode("latin-1").split(";"):
                key, _, content = pair.partition("=")
                if (key := key.strip()) in jar:
                    jar[key].add(content.strip().strip('"'))
    found = jar[name] or jar[f"__Secure-{name}"]
    if len(found) != 1:
        return None
    value = found.pop()
    return (unquote(value, errors="replace") if "%" in value else value) or None


class SessionCookies:
    """Sets and clears the cookies of a session."""

    def __init__(self, signatures: Signatures, *, secure: bool) -> None:
        self._signatures = signatures
        self._secure = secure

    def is_forgotten(self, headers: Headers) -> bool:
        """Whether the session is to end with the browser's: then it is never extended."""
        with suppress(TokenInvalid):
            return self._signatures.verify(read(headers, FORGET) or "") == "true"
        return False

    def keep(self, token: str, *, remembered: bool = True) -> list[str]:
        """The `Set-Cookie` values that keep the token as long as a session lasts, or as long as the browser is open."""
        if remembered:
            return [self._cookie(NAME, token, int(SESSION_LIFE.total_seconds()))]
        forget = quote(self._signatures.sign("true"), safe="")
        return [self._cookie(NAME, token), self._cookie(FORGET, forget)]

    def clear(self) -> list[str]:
        """The `Set-Cookie` values that take everything away."""
        return [self._cookie(name, "", 0) for name in (NAME, DATA, FORGET)]

    def drop_cache(self) -> list[str]:
        """Takes back what a former server has cached."""
        return [self._cookie(DATA, "", 0)]

    def remember(self) -> list[str]:
        """Takes back what an earlier session was told to forget."""
        return [self._cookie(FORGET, "", 0)]

    def _cookie(self, name: str, value: str, max_age: int | None = None) -> str:
        life = "" if max_age is None else f" Max-Age={max_age};"
        return f"{name}={value};{life} Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if self._secure else "")
