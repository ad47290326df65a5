"""Database URLs as people have them, made fit for asyncpg."""

import ssl
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

SCHEMES: Final = {"postgres", "postgresql"}

UNDERSTOOD: Final = {
    "host", "port", "user", "password", "passfile", "dbname", "database",
    "sslmode", "sslrootcert", "sslcert", "sslkey", "sslpassword", "sslcrl", "sslnegotiation",
    "ssl_min_protocol_version", "ssl_max_protocol_version", "target_session_attrs", "krbsrvname", "gsslib", "service",
}  # fmt: skip
"""Options that asyncpg reads from a URL itself."""

SERVER_SETTINGS: Final = {"application_name", "options", "search_path"}
"""Options that asyncpg hands to the server as they are."""

WITHOUT_EFFECT: Final = {
    "channel_binding", "gssencmode", "sslsni", "sslcompression", "keepalives", "keepalives_idle", "keepalives_interval",
    "keepalives_count", "tcp_user_timeout", "connection_limit", "pool_timeout", "pgbouncer",
}  # fmt: skip
"""Options of libpq, Prisma and Neon that change nothing asyncpg could do: dropped.

asyncpg has no SCRAM channel binding: who wants proof that the server is the right one writes `sslmode=verify-full`.
"""

UNREADABLE: Final = "cannot be read as a URL: percent-encode what is special in its user name and password"


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """A PostgreSQL server and database, and how to speak to it."""

    url: str = field(repr=False)
    """For asyncpg: what it would not understand is gone."""
    name: str
    """For people: without the password."""
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    connect_timeout: float = 5.0
    """Seconds."""
    pooled: bool = False
    """A pooler in transaction mode stands between: no statement may outlive its transaction."""

    @classmethod
    def parse(cls, url: str, *, pooled: bool = False) -> "DatabaseAddress":
        """Raises `ValueError`, with a sentence that never holds the password."""
        parts = _split(url.strip())
        if parts.scheme not in SCHEMES:
            raise ValueError("must begin with postgresql://")
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        if unknown := sorted(
            options.keys() - UNDERSTOOD - SERVER_SETTINGS - WITHOUT_EFFECT - {"connect_timeout", "schema"}
        ):
            raise ValueError(f"has an option that is not known: {', '.join(unknown)}")
        if options.pop("schema", "public") != "public":
            raise ValueError("names another schema than public: write search_path=NAME in place of schema=NAME")
        if not options.get("connect_timeout", "5").isdecimal():
            raise ValueError("has a connect_timeout that is no number of seconds")
        timeout = float(options.pop("connect_timeout", "5"))
        pooled = pooled or options.get("pgbouncer") in {"true", "1"} or _names_a_pooler(parts.hostname)
        tls = _tls(options)
        kept = {name: value for name, value in options.items() if name not in WITHOUT_EFFECT}
        return cls(
            url=urlunsplit(("postgresql", parts.netloc, parts.path, urlencode(kept, quote_via=quote), "")),
            name=_name(parts.hostname, _port(parts), options.get("host"), unquote(parts.path).strip("/")),
            tls=tls,
            connect_timeout=timeout,
            pooled=pooled,
        )

    @property
    def connect_arguments(self) -> dict[str, Any]:
        """What `asyncpg.connect` and `asyncpg.create_pool` want to know."""
        arguments: dict[str, Any] = {"dsn": self.url, "timeout": self.connect_timeout}
        if self.tls is not None:
            arguments["ssl"] = self.tls
        if self.pooled:
            arguments["statement_cache_size"] = 0
        return arguments


def _split(url: str) -> SplitResult:
    """The library's own complaints name the whole of what stands before the path, the password too."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError(UNREADABLE) from None
    if "@" in parts.path + parts.query + parts.fragment or parts.netloc.count("@") > 1:
        raise ValueError(UNREADABLE)  # a password with / ? # or @ in it: its second half would pass for a name
    return parts


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:
        raise ValueError("has a port that is no number") from None


def _name(host: str | None, port: int | None, socket: str | None, database: str) -> str:
    where = socket or host or "localhost"
    return f"{where}{f':{port}' if port else ''}/{database}"


def _names_a_pooler(host: str | None) -> bool:
    """Neon's hosts with a pooler in front are called so."""
    return bool(host) and str(host).partition(".")[0].endswith("-pooler")


def _tls(options: dict[str, str]) -> ssl.SSLContext | None:
    """Checks certificates against the system's authorities, where asyncpg would look in the home directory."""
    if options.get("sslmode") not in {"verify-ca", "verify-full"} or options.get("sslrootcert", "system") != "system":
        return None
    context = ssl.create_default_context()
    context.check_hostname = options.pop("sslmode") == "verify-full"
    options.pop("sslrootcert", None)
    if certificate := options.pop("sslcert", None):
        context.load_cert_chain(certificate, options.pop("sslkey", None))
    return context
