"""The session cookie: its value is the token itself."""

from collections.abc import Iterable

from todo.domain.model.session import SESSION_LIFE

NAME = "better-auth.session_token"
SECURE_TWIN = f"__Secure-{NAME}"
"""What Better Auth calls it over https. Read, never set."""

Headers = Iterable[tuple[bytes, bytes]]


def session_token(headers: Headers) -> str | None:
    """The token in the cookie, if there is one. Two that differ are as good as none: one of them was planted."""
    jar: dict[str, set[str]] = {NAME: set(), SECURE_TWIN: set()}
    for name, value in headers:
        if name == b"cookie":
            for pair in value.decode("latin-1").split(";"):
                key, _, content = pair.partition("=")
                if (key := key.strip()) in jar:
                    jar[key].add(content.strip().strip('"'))
    found = jar[NAME] or jar[SECURE_TWIN]
    return (found.pop() or None) if len(found) == 1 else None


def kept(token: str, *, secure: bool) -> str:
    """The `Set-Cookie` that keeps the token as long as a session lasts."""
    return _cookie(token, int(SESSION_LIFE.total_seconds()), secure=secure)


def cleared(*, secure: bool) -> str:
    """The `Set-Cookie` that takes the token away."""
    return _cookie("", 0, secure=secure)


def _cookie(value: str, max_age: int, *, secure: bool) -> str:
    return f"{NAME}={value}; Max-Age={max_age}; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if secure else "")
