"""The composition root: which adapter fills which port. Plain calls, read from top to bottom."""

import gc
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import version

from dotenv import dotenv_values
from litestar import Litestar
from litestar.types import ASGIApp

from todo.adapters.argon2_hasher import Argon2Hasher
from todo.adapters.jwt_tokens import JwtTokens
from todo.adapters.postgres.address import DatabaseAddress
from todo.adapters.postgres.store import PostgresStore
from todo.adapters.system_clock import SystemClock
from todo.config import Settings, SettingsInvalid
from todo.domain.ports.clock import Clock
from todo.domain.ports.store import Store
from todo.domain.services.accounts import AccountService
from todo.domain.services.authentication import Authentication
from todo.domain.services.tasks import TaskService
from todo.entrypoints.http.app import Services, create_app
from todo.entrypoints.http.edge import Edge

VERSION = version("todo")


def environment() -> Mapping[str, str]:
    """The environment of the process, over what a file `.env` in the working directory says."""
    from_file = {name: value for name, value in dotenv_values(".env").items() if value is not None}
    return from_file | dict(os.environ)


def database_address(settings: Settings) -> DatabaseAddress:
    """Raises `SettingsInvalid` when there is none, or when it cannot be understood."""
    if settings.database_url is None:
        raise SettingsInvalid(["DATABASE_URL is missing. To run without a database server: ./dev serve"])
    return _address("DATABASE_URL", settings.database_url, pooled=settings.transaction_pooler)


def migrations_address(settings: Settings) -> DatabaseAddress:
    """Where migrations go: past the pooler, when the settings name such a way."""
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
    return Argon2Hasher(slots=slots)


def build(
    settings: Settings,
    *,
    store: Store | None = None,
    clock: Clock | None = None,
    hashing: Argon2Hasher | None = None,
) -> ASGIApp:
    """Builds the application. A test passes the adapters it wants; the rest are the real ones."""
    return Edge(assemble(settings, store=store, clock=clock, hashing=hashing), cors_origins=settings.cors_origins)


def assemble(
    settings: Settings,
    *,
    store: Store | None = None,
    clock: Clock | None = None,
    hashing: Argon2Hasher | None = None,
) -> Litestar:
    """What is behind the edge. Raises `SettingsInvalid`."""
    if settings.secret is None:
        raise SettingsInvalid(["BETTER_AUTH_SECRET is missing. Make one with: ./dev secret"])
    clock = clock or SystemClock()
    store = store or PostgresStore(database_address(settings), clock=clock, pool_size=settings.pool_size)
    hashing = hashing or hasher(settings)
    services = Services(
        accounts=AccountService(store=store, hasher=hashing, clock=clock),
        authentication=Authentication(tokens=JwtTokens(settings.secret), sessions=store.sessions, clock=clock),
        tasks=TaskService(store=store, clock=clock),
    )

    @asynccontextmanager
    async def open_while_serving(_: Litestar) -> AsyncIterator[None]:
        async with hashing, store:
            gc.freeze()  # what is there by now stays: the collector need not look at it again and again
            yield

    return create_app(
        services,
        version=VERSION,
        trusted_origins=settings.trusted_origins,
        secure=settings.secure,
        lifespan=[open_while_serving],
    )
