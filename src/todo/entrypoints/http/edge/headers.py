"""What stands in the headers of every answer, unless the answer brings its own."""

from collections.abc import Iterable
from typing import Final

Header = tuple[bytes, bytes]

REQUEST_ID: Final = b"x-request-id"
SECURITY: Final[tuple[Header, ...]] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
TRANSPORT: Final[Header] = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
NO_STORE: Final[Header] = (b"cache-control", b"no-store")
CLOSE: Final[Header] = (b"connection", b"close")


class AnswerHeaders:
    """With `secure` browsers are told to come by https only."""

    def __init__(self, *, secure: bool) -> None:
        self._all = [*SECURITY, TRANSPORT] if secure else [*SECURITY]
        self._names = frozenset(name for name, _ in self._all)

    def completed(self, headers: Iterable[Header], path: str) -> list[Header]:
        """A new list. Under `/api` an answer that says nothing of it is not to be stored."""
        complete = [*headers]
        names = dict(complete)
        if self._names.isdisjoint(names):
            complete += self._all
        else:
            complete += [header for header in self._all if header[0] not in names]
        if b"cache-control" not in names and (path.startswith("/api/") or path == "/api"):
            complete.append(NO_STORE)
        return complete
