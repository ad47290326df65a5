"""What `todo doctor` thinks of the settings and of the database, each with its mend."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from todo.adapters.postgres.away import Away
from todo.adapters.postgres.examination import Examination
from todo.bootstrap.surroundings import HOW_TO_WRITE, EnvFile
from todo.config import Settings
from todo.entrypoints.cli.tools import Level

SETTINGS_ARE_WRONG: Final = 78
"""EX_CONFIG of sysexits.h."""
DATABASE_IS_AWAY: Final = 69
"""EX_UNAVAILABLE."""
OLDEST_TRIED: Final = 15
"""Of PostgreSQL."""
CLOCKS_MAY_DIFFER: Final = timedelta(seconds=2)
"""Then a session that is over for one machine goes on for another."""
WIDE: Final = 7
"""Bits of a prefix: the widest private networks have eight (10.0.0.0/8) and seven (fc00::/7). Fewer mean everybody."""
SPARE: Final = 5
"""Connections for people, backups and migrations."""


@dataclass(frozen=True, slots=True)
class Found:
    subject: str
    text: str
    mend: str = ""
    level: Level = Level.GOOD


@dataclass(frozen=True, slots=True)
class HostDiagnosis:
    findings: Sequence[Found]
    grave: int = field(default=0)
    """The exit code of what kept us from looking further."""

    @property
    def exit_code(self) -> int:
        return self.grave or int(any(finding.level is Level.MEND for finding in self.findings))


def good(subject: str, text: str) -> Found:
    return Found(subject, text)


def note(subject: str, text: str) -> Found:
    return Found(subject, text, level=Level.NOTE)


def to_mend(subject: str, text: str, mend: str) -> Found:
    return Found(subject, text, mend, Level.MEND)


def wrong_settings(faults: Sequence[str], also: Sequence[Found] = ()) -> HostDiagnosis:
    """Each fault of the settings says its mend itself."""
    wrong = [to_mend("settings", fault, "") for fault in faults]
    return HostDiagnosis([*wrong, *also], SETTINGS_ARE_WRONG)


def database_away(so_far: Sequence[Found], name: str, away: Away) -> HostDiagnosis:
    lost = to_mend("database", f"PostgreSQL at {name} {away.why}", away.mend)
    return HostDiagnosis([*so_far, lost], DATABASE_IS_AWAY)


def embedded_away(so_far: Sequence[Found], what: str) -> HostDiagnosis:
    lost = to_mend("database", what, "or name a PostgreSQL of your own as DATABASE_URL")
    return HostDiagnosis([*so_far, lost], DATABASE_IS_AWAY)


def embedded_to_come(directory: str) -> Found:
    return note("database", f"the embedded PostgreSQL has not been set up yet: todo serve makes it in {directory}")


def about_env_file(file: EnvFile) -> Iterator[Found]:
    if file.complaint:
        yield to_mend("settings", file.complaint, HOW_TO_WRITE)


def about_settings(settings: Settings) -> Iterator[Found]:
    yield good("settings", "every value is one that can be")
    yield from _about_secrets(settings)
    yield from _about_address(settings)
    yield from _about_mail(settings)


def _about_secrets(settings: Settings) -> Iterator[Found]:
    if settings.secret is None:
        yield note("secret", "is made and kept beside the data of the embedded PostgreSQL")
    else:
        yield good("secret", "is long enough, and not one of those in samples")
    if settings.previous_secret is not None:
        yield note(
            "secret",
            "the previous one still opens: unset BETTER_AUTH_SECRET_PREVIOUS seven days after the change",
        )


def _about_address(settings: Settings) -> Iterator[Found]:
    host = urlsplit(settings.base_url).hostname or ""
    if settings.secure:
        yield good("address", f"{settings.base_url}: cookies are Secure, and the strict rules hold")
        yield from _about_proxies(settings)
        yield from _about_throttle(settings)
    elif is_loopback(host) and is_loopback(settings.host):
        yield note("address", f"{settings.base_url}: for this machine only; cookies are not Secure")
    else:
        yield to_mend(
            "address",
            f"people reach it by {settings.base_url}: passwords and cookies travel in the clear",
            "put a proxy that ends TLS in front, and set TODO_BASE_URL=https://… to what people type",
        )
    insecure = sorted(origin for origin in settings.cors_origins if is_open_wire(origin))
    if settings.secure and insecure:
        yield to_mend(
            "origins",
            f"pages at {insecure[0]} may act for people, and come in the clear",
            "take it out of TODO_CORS_ORIGINS",
        )


def _about_proxies(settings: Settings) -> Iterator[Found]:
    """https ends at a proxy, so there is one."""
    networks = ", ".join(str(network) for network in settings.trusted_proxies)
    if any(network.prefixlen < WIDE for network in settings.trusted_proxies):
        yield to_mend(
            "proxies",
            f"everybody in {networks} is believed to be a proxy: clients can forge their addresses, and evade limits",
            "narrow TODO_TRUSTED_PROXIES to the network that the proxy calls from",
        )
    elif settings.trusted_proxies:
        yield good("proxies", f"clients' addresses are taken from {networks}")
    else:
        yield to_mend(
            "proxies",
            "no proxy is trusted: everybody behind it counts as one client, for limits and in the log",
            "set TODO_TRUSTED_PROXIES to the network that the proxy calls from",
        )


def _about_throttle(settings: Settings) -> Iterator[Found]:
    if not settings.throttle:
        yield to_mend(
            "throttle",
            "nothing is counted: passwords can be guessed as fast as the service answers",
            "take TODO_THROTTLE=off away, unless this is a load test",
        )


def _about_mail(settings: Settings) -> Iterator[Found]:
    if settings.smtp_url is not None:
        yield good("mail", "letters are sent by SMTP")
    elif settings.secure:
        yield note("mail", "no letters are sent: nobody can reset a password, unless TODO_SMTP_URL is set")
    else:
        yield note("mail", "letters are written to the log")


def about_database(found: Examination, settings: Settings, *, embedded: bool) -> Iterator[Found]:
    yield from _about_server(found)
    yield from _about_role(found, embedded=embedded)
    yield from _about_way(found)
    yield from _about_room(found, settings)
    yield from _about_clock(found)


def _about_server(found: Examination) -> Iterator[Found]:
    if found.major < OLDEST_TRIED:
        yield to_mend("database", f"PostgreSQL {found.version} was never tried", f"move to {OLDEST_TRIED} or later")
    else:
        yield good("database", f"PostgreSQL {found.version} answers")
    if found.read_only:
        yield to_mend("database", "takes no changes: a replica, or set read-only", "let DATABASE_URL name the primary")
    if not found.durable:
        yield to_mend(
            "database",
            "may lose what it has confirmed when the power goes",
            "set fsync, full_page_writes and synchronous_commit to on",
        )
    if found.encoding != "UTF8":
        yield to_mend(
            "database", f"is in {found.encoding}: most titles cannot be kept", "make one with ENCODING 'UTF8'"
        )


def _about_role(found: Examination, *, embedded: bool) -> Iterator[Found]:
    if found.superuser and not embedded:
        yield to_mend(
            "role",
            f"{found.role} is a superuser: a fault in the service could reach everything on the server",
            "give the service a role of its own, as deploy/roles.sql does",
        )
    elif found.closed_tables:
        yield to_mend(
            "role",
            f"{found.role} may not work on: {', '.join(found.closed_tables)}",
            "grant SELECT, INSERT, UPDATE and DELETE on tables and USAGE on sequences, as deploy/roles.sql does",
        )
    else:
        yield good("role", f"{found.role} may do what the service does")


def _about_way(found: Examination) -> Iterator[Found]:
    if found.local:
        yield good("way", "the database is on this machine")
    elif not found.encrypted:
        yield to_mend("way", "to the database is in the clear", "add ?sslmode=verify-full to DATABASE_URL")
    elif not found.verified:
        yield to_mend(
            "way",
            "is encrypted, but whoever stands in between could pose as the database",
            "write sslmode=verify-full in DATABASE_URL",
        )
    else:
        yield good("way", "is encrypted, and the database has to prove who it is")
    if found.pooler == "transaction" and not found.pooler_expected:
        yield to_mend(
            "pooler",
            "a pooler in transaction mode stands between: statements would fail now and then",
            "set TODO_DB_POOLER=transaction",
        )
    elif found.pooler != "none":
        yield good("pooler", f"one in {found.pooler} mode stands between, and is allowed for")
    elif found.pooler_expected:
        yield note("pooler", "there is none, though one is set: statements are prepared anew each time")


def _about_room(found: Examination, settings: Settings) -> Iterator[Found]:
    wanted = settings.workers * settings.pool_size
    sum_told = f"{settings.workers} times {settings.pool_size} connections"
    if found.pooler != "none":
        yield note("connections", f"{sum_told} go to the pooler; what it takes from the server is its own setting")
    elif wanted + SPARE > found.room:
        yield to_mend(
            "connections",
            f"{sum_told} and {SPARE} to spare are more than the {found.room} that the server gives",
            "lower TODO_WORKERS or TODO_DB_POOL_SIZE, raise max_connections, or put PgBouncer in between",
        )
    else:
        open_now = "one is" if found.taken == 1 else f"{found.taken} are"
        yield good("connections", f"{sum_told} of {found.room} that the server gives; {open_now} open now")


def _about_clock(found: Examination) -> Iterator[Found]:
    apart = abs(found.clock_ahead)
    if apart - found.clock_doubt > CLOCKS_MAY_DIFFER:
        way = "ahead of" if found.clock_ahead > timedelta(0) else "behind"
        yield to_mend(
            "clock", f"the database is {apart.total_seconds():.1f} s {way} this machine", "keep both in step by NTP"
        )
    else:
        yield good("clock", "of the database and of this machine agree")


def about_schema(version: str | None, head: str, differences: Sequence[str], *, known: bool, newer: bool) -> Found:
    if version is None:
        return to_mend("tables", "there are none yet", "run todo db upgrade, or start todo serve")
    if newer:
        return to_mend("tables", f"are at {version}, of a newer program", "run the newer program, or restore a backup")
    if not known:
        return to_mend("tables", f"are at {version}, a version of no program of ours", "restore a backup")
    if version != head:
        return to_mend("tables", f"are at {version}, this program needs {head}", "run todo db upgrade")
    if differences:
        places = "one place" if len(differences) == 1 else f"{len(differences)} places"
        return to_mend("tables", f"differ in {places} from what is needed", "see todo db check")
    return good("tables", f"are at {head}, as this program needs them")


def closed_tables(refusal: str) -> Found:
    return to_mend("tables", f"cannot be looked at: {refusal}", "grant the role what deploy/roles.sql grants")


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_open_wire(origin: str) -> bool:
    parts = urlsplit(origin)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")
