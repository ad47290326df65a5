"""The mail server that takes our letters, as its URL names it."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit


class Tls(Enum):
    """When the connection becomes a secret one."""

    FROM_THE_START = "tls"
    REQUIRED = "starttls"
    WHEN_OFFERED = "starttls when offered"
    NEVER = "plain"


PORTS: Final = {"smtp": 587, "smtps": 465}
"""Of submission (RFC 6409) and of submission over TLS (RFC 8314)."""

ASKED: Final = {"never": Tls.NEVER, "required": Tls.REQUIRED}
"""What `?starttls=` may say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """A mail server, and how to speak to it."""

    host: str
    port: int
    tls: Tls
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> "SmtpServer":
        """Takes `smtp://user:password@host:587` (STARTTLS) and `smtps://…` (TLS from the start).

        Without credentials STARTTLS is used where the server offers it. `?starttls=required` insists, and
        `?starttls=never` does without, even with a password: for servers that one trusts the way to.
        Raises `ValueError`, with a sentence that never holds the password, nor any other part of the URL where a
        password with unencoded characters may have ended up.
        """
        parts = _split(url.strip())
        user, password = _decoded(parts.username), _decoded(parts.password)
        if bool(user) != bool(password):
            raise ValueError("must name both a user and a password, or neither")
        return cls(
            host=_host(parts),
            port=_port(parts),
            tls=_tls(parts, secret=bool(password)),
            user=user or None,
            password=password or None,
        )


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("is no URL like smtp://user:password@mail.example.com:587") from None
    if parts.scheme not in PORTS:
        raise ValueError("must begin with smtp:// or smtps://")
    if any(character.isspace() or not character.isprintable() for character in url):
        raise ValueError("has a space or a control character in it")
    if parts.fragment or "@" in parts.path + parts.query:
        raise ValueError("has a user or a password with / ? or # in it: write %2F, %3F or %23")
    if parts.path not in {"", "/"}:
        raise ValueError("must end after the port: no path")
    return parts


def _host(parts: SplitResult) -> str:
    if not parts.hostname:
        raise ValueError("names no host")
    return parts.hostname


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError("has a port that is no number from 1 to 65535")
    return port or PORTS[parts.scheme]


def _tls(parts: SplitResult, *, secret: bool) -> Tls:
    options = parse_qsl(parts.query, keep_blank_values=True)
    if not options:
        if parts.scheme == "smtps":
            return Tls.FROM_THE_START
        return Tls.REQUIRED if secret else Tls.WHEN_OFFERED
    if [name for name, _ in options] != ["starttls"] or options[0][1] not in ASKED:
        raise ValueError("may have one option: starttls=required or starttls=never")
    if parts.scheme == "smtps":
        raise ValueError("begins with smtps://, which is TLS from the start: starttls is for smtp://")
    return ASKED[options[0][1]]


def _decoded(text: str | None) -> str:
    try:
        decoded = unquote(text or "", errors="strict")
    except UnicodeDecodeError:
        raise ValueError("has a user or a password that is not UTF-8 when decoded") from None
    if any(character in decoded for character in "\0\r\n"):
        raise ValueError("has a user or a password with a line's end or a NUL in it")
    return decoded
