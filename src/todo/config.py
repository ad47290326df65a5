"""Settings: read from a mapping of names to texts, checked once, then frozen."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

SHORTEST_SECRET: Final = 32
"""Bytes: as many as HS256 has bits for (RFC 7518, 3.2)."""

FEWEST_CHARACTERS: Final = 10
"""Different ones in a secret. Chance uses more."""
FEWEST_DIGITS: Final = 8
"""The same for hex digits, of which there are but 16: of 32 by chance fewer differ in one of 10⁷ secrets."""
FEWEST_BYTES: Final = 16
"""Different ones in what 64 hex digits or more write: of 32 by chance fewer differ in one of 10¹⁶ secrets."""

WELL_KNOWN_SECRETS: Final = (
    "better-auth-secret-12345678901234567890",
    "0123456789abcdef",
    "1234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "at-least-32-characters",
    "change-this",
    "changeme",
    "in-production",
    "secret",
    "super-secret",
    "password",
    "your-secret",
    "your_secret",
    "your-super-secret-key",
    "better-auth-secret",
    "example",
    "please-change",
    "replace-me",
)
"""What stands in samples and tutorials. A secret that is made of one of these and filling is refused."""


class SettingsInvalid(Exception):
    """What is wrong with the settings, all of it, each with its mend. No fault tells a secret."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set. `.env.example` tells each with its default."""

    database_url: str | None = field(default=None, repr=False)
    """Without one the embedded server is used."""
    database_url_unpooled: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    """Must be given with a `database_url`; else it is made and kept beside the data."""
    previous_secret: str | None = field(default=None, repr=False)
    """What was signed with it is still good; nothing is signed with it any more."""
    data_dir: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    drain_seconds: int = 0
    """How long everybody is still answered after the order to stop, while the service already says it is not ready."""
    base_url: str = "http://127.0.0.1:8000"
    cors_origins: frozenset[str] = frozenset({"http://localhost:3000"})
    transaction_pooler: bool = False
    pool_size: int = 10
    signup_open: bool = True
    task_quota: int = 10_000
    """Tasks that one user may have."""
    require_email_verification: bool = False
    throttle: bool = True
    """Whether attempts to sign in and the like are counted, and refused when they are too many."""
    password_blocklist: str = ""
    """`enforce` or `warn`; without a word it depends on `base_url`."""
    session_max_age_days: int | None = None
    smtp_url: str | None = field(default=None, repr=False)
    """Without one letters are written to the log, or with an https `base_url` not at all."""
    mail_from: str = ""
    """Who letters are from: an address, or a name with one."""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """Whose `X-Forwarded-For` is believed."""
    metrics: bool = False
    log_format: str = "auto"
    log_level: str = "info"

    @property
    def secure(self) -> bool:
        """Whether the public address is https: cookies are then `Secure`."""
        return self.base_url.startswith("https://")

    @property
    def refuses_common_passwords(self) -> bool:
        return (self.password_blocklist or ("enforce" if self.secure else "warn")) == "enforce"

    @property
    def trusted_origins(self) -> frozenset[str]:
        """Origins whose pages may act for a person who is signed in: our own, and those that CORS lets in."""
        return self.cors_origins | {origin_of(self.base_url)}

    @classmethod
    def read(cls, environment: Mapping[str, str], *, serving: bool = True) -> "Settings":
        """Raises `SettingsInvalid` with every fault there is. Who does not serve needs no secret."""
        reader = _Reader(environment)
        port = reader.number("TODO_PORT", 1, 65_535, also="PORT", default=8000)
        host = reader.text("TODO_HOST") or "127.0.0.1"
        settings = cls(
            database_url=reader.database_url("DATABASE_URL"),
            database_url_unpooled=reader.database_url("DATABASE_URL_UNPOOLED"),
            secret=reader.secret("BETTER_AUTH_SECRET"),
            previous_secret=reader.secret("BETTER_AUTH_SECRET_PREVIOUS"),
            data_dir=reader.directory("TODO_DATA_DIR"),
            host=host,
            port=port,
            workers=reader.number("TODO_WORKERS", 1, 256, default=1),
            drain_seconds=reader.number("TODO_DRAIN_SECONDS", 0, 300, default=0),
            base_url=reader.base_url("TODO_BASE_URL", also="BETTER_AUTH_URL") or f"http://{_public(host)}:{port}",
            cors_origins=reader.origins("TODO_CORS_ORIGINS", also="BETTER_AUTH_TRUSTED_ORIGINS"),
            transaction_pooler=reader.choice("TODO_DB_POOLER", ("", "transaction")) == "transaction",
            pool_size=reader.number("TODO_DB_POOL_SIZE", 1, 1000, default=10),
            signup_open=reader.choice("TODO_SIGNUP", ("open", "closed"), default="open") == "open",
            task_quota=reader.number("TODO_TASK_QUOTA", 1, 999_999_999, default=10_000),
            require_email_verification=reader.switch("TODO_REQUIRE_EMAIL_VERIFICATION"),
            throttle=reader.choice("TODO_THROTTLE", ("on", "off"), default="on") == "on",
            password_blocklist=reader.choice("TODO_PASSWORD_BLOCKLIST", ("", "enforce", "warn")),
            session_max_age_days=reader.number("TODO_SESSION_MAX_AGE_DAYS", 7, 3650, default=0) or None,
            smtp_url=reader.confidential("TODO_SMTP_URL").strip() or None,
            mail_from=reader.text("TODO_MAIL_FROM"),
            trusted_proxies=reader.networks("TODO_TRUSTED_PROXIES"),
            metrics=reader.choice("TODO_METRICS", ("off", "on"), default="off") == "on",
            log_format=reader.choice("TODO_LOG_FORMAT", ("auto", "console", "json"), default="auto"),
            log_level=reader.choice("TODO_LOG_LEVEL", ("debug", "info", "warning", "error"), default="info"),
        )
        if serving and settings.database_url and settings.secret is None and "BETTER_AUTH_SECRET" not in reader.faulty:
            reader.fault(
                "BETTER_AUTH_SECRET", "is missing: with DATABASE_URL it must be given. Make one with: todo secret"
            )
        if settings.previous_secret is not None and settings.previous_secret == settings.secret:
            reader.fault("BETTER_AUTH_SECRET_PREVIOUS", "is the same as BETTER_AUTH_SECRET: unset it")
        if settings.require_email_verification and settings.secure and settings.smtp_url is None:
            reader.fault("TODO_SMTP_URL", "is missing: with TODO_REQUIRE_EMAIL_VERIFICATION letters must be sent")
        if settings.smtp_url and not settings.mail_from:
            reader.fault("TODO_MAIL_FROM", "is missing: say who letters are from, like Todo <todo@example.com>")
        if reader.faults:
            raise SettingsInvalid(reader.faults)
        return settings


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL, as a browser sends them in `Origin` (RFC 6454, 6.2)."""
    parts = urlsplit(url.lower())
    standard = {"http": 80, "https": 443}[parts.scheme]
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port not in {None, standard} else "")


def secret_fault(secret: str) -> str | None:
    """Why a text cannot be the signing secret, or `None`. The answer never holds the text."""
    if secret != secret.strip():
        return "begins or ends with white space: take that away"
    if not secret.isprintable():
        return "holds characters that are no text. Make one with: todo secret"
    if len(secret.encode()) < SHORTEST_SECRET:
        return f"is shorter than {SHORTEST_SECRET} bytes. Make one with: todo secret"
    rest = secret.lower()
    for sample in sorted(WELL_KNOWN_SECRETS, key=len, reverse=True):  # `secret` is a part of others
        rest = rest.replace(sample, "")
    if _varies_little(secret) or len(rest) < len(secret) / 2:
        return "is easy to guess. Make one with: todo secret"
    return None


def _varies_little(secret: str) -> bool:
    """Whether fewer different characters are in it, or bytes in what it writes as hex digits, than chance gives."""
    try:
        written = bytes.fromhex(secret)
    except ValueError:
        return len(set(secret)) < FEWEST_CHARACTERS
    if len(written) >= SHORTEST_SECRET:
        return len(set(written)) < FEWEST_BYTES
    return len(set(secret)) < FEWEST_DIGITS


def _public(host: str) -> str:
    if host in {"0.0.0.0", "::", ""}:  # noqa: S104  told apart, not bound to
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


class _Reader:
    """Takes settings from the environment and gathers the faults."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.faults: list[str] = []
        self.faulty: set[str] = set()

    def fault(self, name: str, what: str) -> None:
        self.faulty.add(name)
        self.faults.append(f"{name} {what}")

    def text(self, name: str, *, also: str | None = None) -> str:
        """The value, blank when it is not set. Of two names the first one wins."""
        value = self._environment.get(name, "").strip()
        if not value and also is not None:
            return self._environment.get(also, "").strip()
        return value

    def number(self, name: str, least: int, most: int, *, also: str | None = None, default: int) -> int:
        value = self.text(name, also=also)
        if not value:
            return default
        if not (value.isascii() and value.isdecimal() and len(value) < 10 and least <= int(value) <= most):
            self.fault(name, f"must be a number from {least} to {most}, not {value!r}")
            return default
        return int(value)

    def switch(self, name: str) -> bool:
        value = self.text(name).lower() or "false"
        if value not in {"true", "false", "1", "0", "yes", "no", "on", "off"}:
            self.fault(name, f"must be true or false, not {value!r}")
        return value in {"true", "1", "yes", "on"}

    def choice(self, name: str, choices: tuple[str, ...], *, default: str = "") -> str:
        value = self.text(name) or default
        if value not in choices:
            self.fault(name, f"must be {' or '.join(choice or 'empty' for choice in choices)}, not {value!r}")
        return value

    def directory(self, name: str) -> Path | None:
        value = self.text(name)
        try:
            return Path(value).expanduser().absolute() if value else None
        except RuntimeError:
            self.fault(name, f"names a home directory that nobody has: {value!r}")
            return None

    def confidential(self, name: str) -> str:
        """A setting that may stand in a file. Only a line's end is taken off."""
        value = self._environment.get(name, "")
        path = self.text(f"{name}_FILE")
        if not path:
            return value
        if value:
            self.fault(name, f"is given twice: unset {name} or {name}_FILE")
            return ""
        try:
            return _content(path)
        except ValueError as error:
            self.fault(f"{name}_FILE", str(error))
            self.faulty.add(name)
            return ""

    def secret(self, name: str) -> str | None:
        value = self.confidential(name)
        if not value:
            return None
        if fault := secret_fault(value):
            self.fault(name, fault)
            return None
        return value

    def database_url(self, name: str) -> str | None:
        value = self.confidential(name).strip()
        if value and not value.startswith(("postgres://", "postgresql://")):
            self.fault(name, "must begin with postgresql://")
        return value or None

    def base_url(self, name: str, *, also: str) -> str:
        value = self.text(name, also=also).rstrip("/")
        if value and not _is_origin(value):
            self.fault(name, f"must be like https://todo.example.com, without a path, not {value!r}")
            return ""
        return origin_of(value) if value else ""

    def origins(self, name: str, *, also: str) -> frozenset[str]:
        values = [value.strip() for value in self.text(name, also=also).split(",") if value.strip()]
        if bad := [value for value in values if not _is_origin(value)]:
            self.fault(
                name,
                f"must be a comma list of origins like https://app.example.com, without a path or *, not {bad[0]!r}",
            )
            return frozenset()
        return frozenset(origin_of(value) for value in values) or frozenset({"http://localhost:3000"})

    def networks(self, name: str) -> tuple[IPv4Network | IPv6Network, ...]:
        values = [value.strip() for value in self.text(name).split(",") if value.strip()]
        try:
            return tuple(ip_network(value) for value in values)
        except ValueError as error:
            self.fault(name, f"must be a comma list of networks like 10.0.0.0/8 or 192.0.2.7: {error}")
            return ()


def _content(path: str) -> str:
    """Of a file with a secret. Raises `ValueError` with what is wrong with the file."""
    try:
        content = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError(f"cannot be read: {path}: it is not text") from None
    except OSError as error:
        raise ValueError(f"cannot be read: {path}: {os.strerror(error.errno or 0)}") from error
    if not content.strip():
        raise ValueError(f"cannot be used: {path} is empty: was the secret put there?")
    return content


def _is_origin(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return (
            parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and "*" not in value
            and parts.username is None
            and (parts.port is None or parts.port > 0)
            and value.lower() == f"{parts.scheme}://{parts.netloc}".lower()
        )
    except ValueError:
        return False
