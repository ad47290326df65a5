"""The composition root: which adapter fills which port. Plain calls, read from top to bottom."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import timedelta
from importlib.metadata import version
from typing import Final
from urllib.parse import unquote, urlsplit

from litestar import Litestar

from todo.adapters.argon2_hasher import Argon2Hasher
from todo.adapters.better_auth_scrypt import scrypt_matches
from todo.adapters.common_passwords import ListedPasswords, tell_of_common_password
from todo.adapters.hmac_pseudonyms import HmacPseudonyms
from todo.adapters.hmac_signatures import HmacSignatures
from todo.adapters.jwt_email_proofs import JwtEmailProofs
from todo.adapters.jwt_tokens import JwtTokens
from todo.adapters.logs import AuditLines, Logs
from todo.adapters.mail import LogMailer, NoMailer, SmtpMailer, SmtpServer
from todo.adapters.postgres.address import DatabaseAddress
from todo.adapters.postgres.store import PostgresStore
from todo.adapters.prometheus_metrics import PrometheusMetrics
from todo.adapters.system_clock import SystemClock
from todo.bootstrap.figures import figures
from todo.config import Settings, SettingsInvalid
from todo.domain.model.pace import Limits
from todo.domain.ports.clock import Clock
from todo.domain.ports.mailer import Mailer
from todo.domain.ports.store import Store
from todo.domain.services.accounts import SignUpRules
from todo.domain.services.attempts import Attempts, Unlimited
from todo.domain.services.audited import (
    AuditedAccounts,
    AuditedAuthentication,
    AuditedPasswords,
    AuditedProfile,
    AuditedVerification,
)
from todo.domain.services.choosing import PasswordChoice
from todo.domain.services.maintenance import Maintenance
from todo.domain.services.tasks import TaskService
from todo.entrypoints.hourly import every_hour
from todo.entrypoints.http.app import Services, create_app
from todo.entrypoints.http.auth.redirects import BaseUrl
from todo.entrypoints.http.cookies import SessionCookies
from todo.entrypoints.http.edge import Edge
from todo.entrypoints.http.edge.aside import Readiness, asides
from todo.entrypoints.http.edge.client import TrustedProxies
from todo.entrypoints.http.edge.cors import Cors
from todo.entrypoints.http.edge.exchange import Exchange, about_request
from todo.entrypoints.http.edge.headers import AnswerHeaders
from todo.entrypoints.http.pacing import UserPace
from todo.entrypoints.web.pages import Site
from todo.entrypoints.web.site import pages

VERSION = version("todo")

SHORTEST_SOUGHT: Final = 10
"""Characters of a password that the log looks for by itself."""


def database_address(settings: Settings) -> DatabaseAddress:
    """Raises `SettingsInvalid` when there is none, or when it cannot be understood."""
    if settings.database_url is None:
        raise SettingsInvalid(["DATABASE_URL is missing. To run without a database server: todo serve"])
    return _address("DATABASE_URL", settings.database_url, pooled=settings.transaction_pooler)


def migrations_address(settings: Settings) -> DatabaseAddress:
    """Where migrations go, and backups and restores: past the pooler, when the settings name such a way."""
    if settings.database_url_unpooled is None:
        return database_address(settings)
    return _address("DATABASE_URL_UNPOOLED", settings.database_url_unpooled, pooled=False)


def _address(name: str, url: str, *, pooled: bool) -> DatabaseAddress:
    try:
        return DatabaseAddress.parse(url, pooled=pooled)
    except (ValueError, OSError) as error:
        raise SettingsInvalid([f"{name} {error}"]) from error


def hasher(settings: Settings) -> Argon2Hasher:
    """One thread that hashes for each worker; two when there is one worker and more than one core."""
    slots = 2 if settings.workers == 1 and (os.cpu_count() or 1) > 1 else 1
    return Argon2Hasher(slots=slots, former=scrypt_matches)


Mail = LogMailer | NoMailer | SmtpMailer


def mailer(settings: Settings) -> Mail:
    """By SMTP when there is a server; else to the log, but not in production, where nobody would read it."""
    link_of = BaseUrl(settings.base_url).link
    if settings.smtp_url is None:
        return NoMailer() if settings.secure else LogMailer(link_of=link_of)
    try:
        server = SmtpServer.parse(settings.smtp_url)
    except ValueError as error:
        raise SettingsInvalid([f"TODO_SMTP_URL {error}"]) from error
    try:
        return SmtpMailer(server=server, sender=settings.mail_from, link_of=link_of)
    except ValueError as error:
        raise SettingsInvalid([f"TODO_MAIL_FROM {error}"]) from error


def _calm_the_collector() -> None:
    """A request leaves no cycles behind. Looking for some after every few requests took 2 to 3 % of each (measured)."""
    gc.freeze()  # what is there by now stays
    gc.set_threshold(20_000, 20, 50)


def logs(settings: Settings) -> Logs:
    """The log of this process, not yet begun."""
    return Logs(
        level=settings.log_level, form=settings.log_format, secrets=known_secrets(settings), context=about_request
    )


def known_secrets(settings: Settings) -> frozenset[str]:
    """Every text in the settings that must not stand in a log: the secrets, and passwords in URLs in both writings.

    Passwords shorter than `SHORTEST_SOUGHT` are left out: in the place of a `todo` or `postgres` everywhere, the gap
    would say what they are. In a URL the log takes them out all the same.
    """
    urls = (settings.database_url, settings.database_url_unpooled, settings.smtp_url)
    passwords = {password for url in urls if url for password in _passwords_in(url)}
    secrets = {secret for secret in (settings.secret, settings.previous_secret) if secret}
    return frozenset(secrets | {password for password in passwords if len(password) >= SHORTEST_SOUGHT})


def _passwords_in(url: str) -> set[str]:
    """As they are written, and as they are meant."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:  # refused elsewhere, in words that tell nothing of it
        return set()
    options = (option.partition("=") for option in parts.query.split("&"))
    written = {value for name, _, value in options if name in {"password", "sslpassword"}} | {parts.password or ""}
    return written | {unquote(password) for password in written}


def build(
    settings: Settings,
    *,
    store: Store | None = None,
    clock: Clock | None = None,
    hashing: Argon2Hasher | None = None,
    mail: Mailer | None = None,
    log: Logs | None = None,
) -> Edge:
    """Builds the application. A test passes the adapters it wants; the rest are the real ones.

    With a `log` each request is told there, and it is written out when serving ends.
    """
    clock = clock or SystemClock()
    store = store or PostgresStore(database_address(settings), clock=clock, pool_size=settings.pool_size)
    hashing = hashing or hasher(settings)
    metrics = figures(store, hashing) if settings.metrics else None
    told: list[Callable[[Exchange], None]] = [] if log is None else [log.request]
    if metrics is not None:
        told.append(metrics.request)
    app = assemble(settings, store=store, clock=clock, hashing=hashing, mail=mail, log=log, metrics=metrics)
    return Edge(
        app,
        cors=Cors(settings.cors_origins),
        headers=AnswerHeaders(secure=settings.secure),
        proxies=TrustedProxies(settings.trusted_proxies),
        aside=asides(Readiness(store.require_ready), None if metrics is None else metrics.text),
        told=_all(told),
    )


def _all(listeners: list[Callable[[Exchange], None]]) -> Callable[[Exchange], None] | None:
    """One call for all of them: a request pays for what is switched on."""
    if len(listeners) < 2:
        return listeners[0] if listeners else None

    def tell(exchange: Exchange) -> None:
        for listener in listeners:
            listener(exchange)

    return tell


def password_choice(settings: Settings) -> PasswordChoice:
    """Common passwords are refused, or accepted and told to the log."""
    if settings.refuses_common_passwords:
        return PasswordChoice(ListedPasswords())
    return PasswordChoice(ListedPasswords(), tolerated=tell_of_common_password)


def limits(settings: Settings) -> Limits | None:
    """Strict in production; in development many people come from one address. `None`: nothing is counted."""
    if not settings.throttle:
        return None
    return Limits() if settings.secure else Limits.where_many_share_an_address()


def assemble(
    settings: Settings,
    *,
    store: Store | None = None,
    clock: Clock | None = None,
    hashing: Argon2Hasher | None = None,
    mail: Mailer | None = None,
    log: Logs | None = None,
    metrics: PrometheusMetrics | None = None,
) -> Litestar:
    """What is behind the edge. Raises `SettingsInvalid`."""
    if settings.secret is None:
        raise SettingsInvalid(["BETTER_AUTH_SECRET is missing. Make one with: todo secret"])
    clock = clock or SystemClock()
    store = store or PostgresStore(database_address(settings), clock=clock, pool_size=settings.pool_size)
    hashing = hashing or hasher(settings)
    mail = mail or mailer(settings)
    secret, previous = settings.secret, settings.previous_secret
    trail = AuditLines(secret) if metrics is None else AuditLines(secret, count=metrics.event)
    signatures = HmacSignatures(secret, previous=previous)
    choice = password_choice(settings)
    most = limits(settings)
    pseudonyms = HmacPseudonyms(secret)
    counted = Attempts(store=store, pseudonyms=pseudonyms, clock=clock, limits=most) if most else Unlimited()
    verification = AuditedVerification(
        trail=trail,
        store=store,
        mailer=mail,
        proofs=JwtEmailProofs(secret, previous=previous),
        clock=clock,
        attempts=counted,
    )
    passwords = AuditedPasswords(
        trail=trail, store=store, hasher=hashing, mailer=mail, clock=clock, choice=choice, attempts=counted
    )
    days = settings.session_max_age_days
    services = Services(
        accounts=AuditedAccounts(
            trail=trail,
            store=store,
            hasher=hashing,
            clock=clock,
            verification=verification,
            rules=SignUpRules(open=settings.signup_open, verified_only=settings.require_email_verification),
            choice=choice,
            attempts=counted,
        ),
        authentication=AuditedAuthentication(
            trail=trail,
            tokens=JwtTokens(secret, previous=previous),
            signatures=signatures,
            sessions=store.sessions,
            clock=clock,
            longest=None if days is None else timedelta(days=days),
        ),
        passwords=passwords,
        profile=AuditedProfile(trail=trail, store=store, passwords=passwords, clock=clock),
        verification=verification,
        tasks=TaskService(store=store, clock=clock, quota=settings.task_quota),
    )

    maintenance = Maintenance(store=store, clock=clock)

    @asynccontextmanager
    async def open_while_serving(_: Litestar) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for part in (hashing, store, mail, metrics):
                if isinstance(part, AbstractAsyncContextManager):
                    await stack.enter_async_context(part)
            if log is not None:
                stack.push_async_callback(asyncio.to_thread, log.flush)
            await stack.enter_async_context(every_hour(maintenance.tidy))
            _calm_the_collector()
            yield

    site = Site(base_url=settings.base_url, signup_open=settings.signup_open, mail=mail.enabled)
    return create_app(
        services,
        pages(site),
        version=VERSION,
        trusted_origins=settings.trusted_origins,
        base_url=BaseUrl(settings.base_url),
        jar=SessionCookies(signatures, secure=settings.secure),
        trail=trail,
        pace=UserPace(most),
        lifespan=[open_while_serving],
    )
