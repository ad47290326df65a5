"""What the commands are handed: what this machine has, put together when one of them asks."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryDirectory
from typing import Any

from litestar.types import ASGIApp

from todo.adapters.memory import MemoryStore
from todo.adapters.postgres.embedded import default_directory
from todo.adapters.prometheus_metrics import FOLDER as SHARED_FIGURES
from todo.bootstrap import assemble, database_address
from todo.bootstrap.demo import DemoUser, demo_service
from todo.bootstrap.doctor import HostDiagnosis
from todo.bootstrap.examining import diagnose
from todo.bootstrap.installation import HostInstallation
from todo.bootstrap.own_data import data_directory, kept_secret, own_server
from todo.bootstrap.problems import read_settings, refusals_told, what_is_set
from todo.config import Settings
from todo.entrypoints.cli.tools import Tools
from todo.entrypoints.http.openapi import document


class HostTools(Tools):
    """The tools of a machine with an environment, a disk and a network."""

    @contextmanager
    def installation(self, overrides: Mapping[str, str], *, serving: bool = False) -> Iterator[HostInstallation]:
        given = dict(what_is_set()) | dict(overrides)
        settings = read_settings(given, serving=serving)
        with ExitStack() as stack:
            stack.enter_context(refusals_told())
            for_workers = dict(overrides)
            if serving and settings.metrics and settings.workers > 1 and not given.get(SHARED_FIGURES):
                for_workers[SHARED_FIGURES] = stack.enter_context(TemporaryDirectory(prefix="todo-metrics-"))
            if settings.database_url is not None:
                yield HostInstallation(
                    settings=settings, data=_named(settings), for_workers=for_workers, owns_database=False
                )
                return
            directory = data_directory(settings.data_dir or default_directory(given))
            server = stack.enter_context(own_server(directory))
            made = {"DATABASE_URL": server.url}
            if settings.secret is None:
                made["BETTER_AUTH_SECRET_FILE"] = str(kept_secret(directory / "secret"))
            settings = read_settings(given | made, serving=serving)
            data = f"{directory} (embedded PostgreSQL)"
            yield HostInstallation(
                settings=settings, data=data, for_workers={**for_workers, **made}, owns_database=True
            )

    def doctor(self) -> HostDiagnosis:
        return diagnose()

    def address(self) -> tuple[str, int]:
        settings = read_settings(what_is_set())
        return settings.host, settings.port

    def demo(self, host: str, port: int) -> tuple[ASGIApp, DemoUser]:
        ours = {"TODO_HOST": host, "TODO_PORT": str(port), "BETTER_AUTH_SECRET": self.secret()}
        return demo_service(what_is_set(), ours)

    def openapi(self) -> dict[str, Any]:
        settings = read_settings({"BETTER_AUTH_SECRET": self.secret()})
        app = assemble(settings, store=MemoryStore())
        return document(app)

    def secret(self) -> str:
        return secrets.token_hex(32)


def _named(settings: Settings) -> str:
    return f"PostgreSQL at {database_address(settings).name}"
