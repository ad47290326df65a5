"""What the commands work with: the settings, the database they name, the secret that belongs to it."""

import asyncio
import logging
import os
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from litestar.types import ASGIApp

from todo.adapters.jwt_tokens import JwtTokens
from todo.adapters.memory import MemoryStore
from todo.adapters.postgres.adoption import Adoption
from todo.adapters.postgres.adoption.plan import AdoptionRefused
from todo.adapters.postgres.backup import BackupRefused, Backups
from todo.adapters.postgres.embedded import EmbeddedPostgres, EmbeddedPostgresError, default_directory
from todo.adapters.postgres.examination import examine
from todo.adapters.postgres.migrations import MigrationRefused, Migrations, NotOurs
from todo.adapters.postgres.store import PostgresStore
from todo.adapters.prometheus_metrics import FOLDER as SHARED_FIGURES
from todo.adapters.system_clock import SystemClock
from todo.bootstrap import (
    VERSION,
    assemble,
    build,
    database_address,
    environment,
    hasher,
    logs,
    mailer,
    migrations_address,
    password_choice,
)
from todo.bootstrap.doctor import (
    SETTINGS_ARE_WRONG,
    HostDiagnosis,
    about_database,
    about_schema,
    about_settings,
    closed_tables,
    database_away,
    wrong_settings,
)
from todo.config import Settings, SettingsInvalid, secret_fault
from todo.domain.errors import StoreUnavailable
from todo.domain.model.principal import Claims, Principal
from todo.domain.model.session import Device, Session
from todo.domain.model.task import Title
from todo.domain.model.user import Email, Name, Password
from todo.domain.services.administration import Administration
from todo.domain.services.maintenance import Maintenance
from todo.domain.services.tasks import TaskService
from todo.entrypoints.cli.tools import Installation, Problem, Tools
from todo.entrypoints.http.openapi import document

log = logging.getLogger("todo.serve")

DEMO_TASKS = ("Try the API at /docs", "Toggle a task", "Run it for real: ./dev serve")


class HostTools(Tools):
    """The tools of a machine with an environment, a disk and a network."""

    @contextmanager
    def installation(self, overrides: Mapping[str, str], *, serving: bool = False) -> Iterator["HostInstallation"]:
        given = dict(environment()) | dict(overrides)
        settings = _settings(given, serving=serving)
        with ExitStack() as stack:
            stack.enter_context(_refusals_told())
            for_workers = dict(overrides)
            if serving and settings.metrics and settings.workers > 1 and not given.get(SHARED_FIGURES):
                for_workers[SHARED_FIGURES] = stack.enter_context(TemporaryDirectory(prefix="todo-metrics-"))
            if settings.database_url is not None:
                yield HostInstallation(settings=settings, data=_named(settings), for_workers=for_workers)
                return
            directory = _data_directory(settings.data_dir or default_directory(given))
            server = _started(directory / "postgres")
            stack.callback(server.close, wait=True)
            made = {"DATABASE_URL": server.url}
            if settings.secret is None:
                made["BETTER_AUTH_SECRET_FILE"] = str(_kept_secret(directory / "secret"))
            settings = _settings(given | made, serving=serving)
            data = f"{directory} (embedded PostgreSQL)"
            yield HostInstallation(settings=settings, data=data, for_workers={**for_workers, **made})

    def doctor(self) -> HostDiagnosis:
        try:
            settings = _settings(environment(), serving=True)
        except Problem as problem:
            return wrong_settings(problem.lines)
        embedded = settings.database_url is None
        try:
            with self.installation({}, serving=True) as installation:
                return asyncio.run(installation.diagnosis(embedded=embedded))
        except Problem as problem:
            if problem.exit_code == SETTINGS_ARE_WRONG:
                return wrong_settings(problem.lines)
            return database_away([*about_settings(settings, embedded=embedded)], problem.lines[0])

    def address(self) -> tuple[str, int]:
        settings = _settings(environment())
        return settings.host, settings.port

    def demo(self, host: str, port: int) -> tuple[ASGIApp, "DemoUser"]:
        ours = {"TODO_HOST": host, "TODO_PORT": str(port), "BETTER_AUTH_SECRET": self.secret()}
        given = {name: value for name, value in environment().items() if name.startswith("TODO_LOG_")}
        settings = _settings(given | ours)
        store = MemoryStore()
        user = asyncio.run(_demo_user(settings, store))
        log = logs(settings)
        log.start()
        return build(settings, store=store, log=log), user

    def openapi(self) -> dict[str, Any]:
        settings = _settings({"BETTER_AUTH_SECRET": self.secret()})
        app = assemble(settings, store=MemoryStore())
        return document(app)

    def secret(self) -> str:
        return secrets.token_hex(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostInstallation(Installation):
    settings: Settings
    data: str
    for_workers: Mapping[str, str]

    @property
    def host(self) -> str:
        return self.settings.host

    @property
    def port(self) -> int:
        return self.settings.port

    @property
    def workers(self) -> int:
        return self.settings.workers

    def begin_log(self) -> None:
        logs(self.settings).start()
        if self.settings.secure and not self.settings.trusted_proxies:
            log.warning(
                "no proxy is trusted, though https ends at one: all people count as one. Set TODO_TRUSTED_PROXIES"
            )

    @property
    def drain_seconds(self) -> int:
        return self.settings.drain_seconds

    def schema(self) -> Migrations:
        return Migrations(migrations_address(self.settings))

    def adoption(self) -> Adoption:
        return Adoption(self.schema())

    async def diagnosis(self, *, embedded: bool) -> HostDiagnosis:
        """What there is to say of the settings and of the database."""
        findings = [*about_settings(self.settings, embedded=embedded)]
        schema = self.schema()
        try:
            found = await examine(database_address(self.settings), clock=SystemClock())
            findings += about_database(found, self.settings, embedded=embedded)
            version = await schema.current()
            differences = await schema.differences() if version == schema.head else []
        except StoreUnavailable:
            return database_away(findings, f"{self.data} does not answer, or does not let us in")
        except MigrationRefused as error:
            return HostDiagnosis([*findings, closed_tables(str(error))])
        known = version is not None and schema.knows(version)
        return HostDiagnosis([*findings, about_schema(version, schema.head, differences, known=known)])

    def backups(self) -> Backups:
        return Backups(self.schema(), program=VERSION, clock=SystemClock())

    @asynccontextmanager
    async def accounts(self) -> AsyncIterator[Administration]:
        async with self._store() as store, hasher(self.settings) as hashing:
            yield Administration(
                store=store, hasher=hashing, clock=SystemClock(), choice=password_choice(self.settings)
            )

    @asynccontextmanager
    async def maintenance(self) -> AsyncIterator[Maintenance]:
        async with self._store() as store:
            yield Maintenance(store=store, clock=SystemClock())

    @asynccontextmanager
    async def _store(self) -> AsyncIterator[PostgresStore]:
        """With its tables as this program needs them."""
        await self.schema().upgrade()
        async with PostgresStore(database_address(self.settings), clock=SystemClock(), pool_size=1) as store:
            yield store


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoUser:
    id: str
    email: str
    password: str
    token: str


@contextmanager
def _told() -> Iterator[None]:
    """Tells what is wrong with the settings as a person's problem."""
    try:
        yield
    except SettingsInvalid as error:
        raise Problem(*error.faults, exit_code=SETTINGS_ARE_WRONG) from error


@contextmanager
def _refusals_told() -> Iterator[None]:
    try:
        yield
    except AdoptionRefused as error:
        raise Problem(*error.reasons) from error
    except BackupRefused as error:
        raise Problem(str(error)) from error
    except NotOurs as error:
        raise Problem(str(error)) from error
    except MigrationRefused as error:
        raise Problem(f"the database refused: {error}{_hint(str(error))}") from error


def _hint(refusal: str) -> str:
    if "permission denied" in refusal or "must be owner" in refusal:
        return ". Do this as the owner of the tables: give its address as DATABASE_URL, or as DATABASE_URL_UNPOOLED"
    return ""


def _settings(given: Mapping[str, str], *, serving: bool = False) -> Settings:
    with _told():
        settings = Settings.read(given, serving=serving)
        if settings.database_url is not None:
            database_address(settings)
            migrations_address(settings)
        mailer(settings)
        return settings


def _named(settings: Settings) -> str:
    return f"PostgreSQL at {database_address(settings).name}"


def _started(directory: Path) -> EmbeddedPostgres:
    try:
        return EmbeddedPostgres(directory).start()
    except EmbeddedPostgresError as error:
        raise Problem(str(error)) from error


def _data_directory(directory: Path) -> Path:
    """Ours alone; but root's must be passed through by the account that the database runs as."""
    if directory.is_dir() and not (directory / "postgres").exists():
        strange = [entry.name for entry in directory.iterdir() if entry.name not in {"secret", "lost+found"}]
        if strange:  # a mistyped path must not take somebody's folder for ours
            raise Problem(f"{directory} holds other things: choose an empty folder with TODO_DATA_DIR")
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)
    except OSError as error:
        raise Problem(
            f"cannot make {directory}: {os.strerror(error.errno or 0)}. Choose another place with TODO_DATA_DIR"
        ) from error
    return directory


def _kept_secret(file: Path) -> Path:
    """The file of the secret beside the data, made on the first start. Of several who make it at once, one is kept."""
    try:
        if not file.exists():
            fresh = file.with_name(f"{file.name}.{os.getpid()}")
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
                output.write(secrets.token_hex(32) + "\n")
                output.flush()
                os.fsync(output.fileno())
            with suppress(FileExistsError):
                os.link(fresh, file)
            fresh.unlink()
        secret = file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(f"cannot read or make the secret {file}: {error}", exit_code=SETTINGS_ARE_WRONG) from error
    if fault := secret_fault(secret):
        raise Problem(f"the secret in {file} {fault}", exit_code=SETTINGS_ARE_WRONG)
    return file


async def _demo_user(settings: Settings, store: MemoryStore) -> DemoUser:
    clock = SystemClock()
    password = Password(secrets.token_urlsafe(9))
    async with hasher(settings) as hashing:
        administration = Administration(store=store, hasher=hashing, clock=clock)
        user = await administration.create(Email("demo@example.com"), password, Name("Demo"))
    session = Session.start(user.id, Device(agent="todo demo"), at=clock.now())
    async with store.begin() as work:
        await work.add_session(session)
        await work.commit()
    token = JwtTokens(settings.secret or "").issue(Claims.of(session, at=clock.now()))
    tasks = TaskService(store=store, clock=clock)
    for title in DEMO_TASKS:
        await tasks.add(Title(title), None, by=Principal(user=user.id, session=session))
    return DemoUser(id=user.id, email=user.email, password=str(password), token=token)
