"""`todo serve`, `todo demo` and `todo healthcheck`."""

import asyncio
import logging
import os
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import closing
from typing import Any, Final

import rich_click as click

from todo.entrypoints.cli.db import at_newer, newer_version
from todo.entrypoints.cli.main import todo, with_tools
from todo.entrypoints.cli.tools import Problem, Schema, Tools

log = logging.getLogger("todo.serve")

BACKLOG = 2048
"""Connections that may wait to be taken, as uvicorn has it."""

PORT = click.IntRange(1, 65_535)


@todo.command()
@click.option("--host", help="Address to listen on.  [TODO_HOST, 127.0.0.1]")
@click.option("--port", type=PORT, help="Port to listen on.  [TODO_PORT, 8000]")
@click.option("--workers", type=click.IntRange(1, 256), help="Processes that answer.  [TODO_WORKERS, 1]")
@click.option("--migrate/--no-migrate", default=True, help="Bring the database up to date first.  [--migrate]")
@with_tools
def serve(tools: Tools, host: str | None, port: int | None, workers: int | None, migrate: bool) -> None:
    """Run the service.

    Without `DATABASE_URL` it runs on an embedded PostgreSQL, whose data is kept from one start to the next.
    """
    given = {"TODO_HOST": host, "TODO_PORT": port, "TODO_WORKERS": workers}
    overrides = {name: str(value) for name, value in given.items() if value is not None}
    with (
        tools.installation(overrides, serving=True) as installation,
        closing(_listen(installation.host, installation.port)) as listener,
    ):
        installation.begin_log()
        if migrate:
            _bring_up_to_date(installation.schema())
        os.environ.update(installation.for_workers)
        where = _url(installation.host, installation.port)
        _say({"Page": where, "API docs": f"{where}/docs", "Data": installation.data, "Stop": "Ctrl+C"})
        _run(
            "todo.asgi:create",
            listener,
            workers=installation.workers,
            drain_seconds=installation.drain_seconds,
        )


@todo.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=PORT, default=8000, show_default=True, help="Port to listen on.")
@with_tools
def demo(tools: Tools, host: str, port: int) -> None:
    """Run the service in memory, with a user to try it as. Nothing is kept.

    Of the settings only `TODO_TASK_QUOTA`, `TODO_LOG_FORMAT` and `TODO_LOG_LEVEL` count.
    """
    with closing(_listen(host, port)) as listener:
        app, user = tools.demo(host, port)
        where = _url(host, port)
        _say(
            {
                "Page": where,
                "API docs": f"{where}/docs",
                "Sign in": f"{user.email} with the password {user.password}",
                "Try": f"curl -H 'Authorization: Bearer {user.token}' {where}/api/{user.id}/tasks",
                "Stop": "Ctrl+C: nothing is kept",
            }
        )
        _run(lambda: app, listener, workers=1)


DIRECTLY: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Whatever proxy the environment names for the way out."""


@todo.command()
@click.option("--url", help="Address of the service.  [by TODO_HOST and TODO_PORT]")
@click.option("--timeout", type=click.FloatRange(0.1, 60), default=3.0, show_default=True, help="Seconds to wait.")
@with_tools
def healthcheck(tools: Tools, url: str | None, timeout: float) -> None:
    """Ask a running service whether it lives. Whether its database does is another question: see /readyz."""
    where = (url or _url(*tools.address())).rstrip("/")
    if not where.startswith(("http://", "https://")):
        raise Problem("--url must begin with http:// or https://", exit_code=2)
    try:
        with DIRECTLY.open(f"{where}/healthz", timeout=timeout) as response:
            response.read()
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise Problem(f"no answer from {where}: {_why(error)}") from error
    click.echo(f"{where} answers")


def _why(error: Exception) -> object:
    """In words: the number of an error is for programs."""
    reason = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError):
        return "it takes too long"
    return (isinstance(reason, OSError) and reason.strerror) or reason


def _bring_up_to_date(schema: Schema) -> None:
    asyncio.run(schema.upgrade())
    if newer := newer_version(schema):
        log.warning("%s: they are left as they are", at_newer(newer, schema.head))


def _url(host: str, port: int) -> str:
    """Where a person on this machine finds it."""
    shown = "127.0.0.1" if host in {"0.0.0.0", "::", ""} else f"[{host}]" if ":" in host else host  # noqa: S104
    return f"http://{shown}:{port}"


def _say(lines: Mapping[str, str]) -> None:
    width = max(map(len, lines))
    for name, value in lines.items():
        click.echo(f"{name:<{width}}  {value}")
    sys.stdout.flush()


def _listen(host: str, port: int) -> socket.socket:
    """The listening socket, before anything else is done. Raises `Problem`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)  # on Linux two may be bound to one port, until one of them listens
    except (OSError, UnicodeError) as error:
        listener.close()
        reason = (
            os.strerror(error.errno)
            if isinstance(error, OSError) and error.errno and error.errno > 0
            else "no such address"
        )
        raise Problem(
            f"cannot listen on {host} port {port}: {reason}. Choose another with --host and --port"
        ) from error
    listener.set_inheritable(True)
    return listener


def _run(application: Any, listener: socket.socket, *, workers: int, drain_seconds: float = 0) -> None:
    """Serves until a signal comes; then what is in flight is answered, for a time."""
    from todo.entrypoints.cli.supervisor import Supervisor
    from todo.entrypoints.cli.worker import run

    try:
        if workers > 1:
            Supervisor(application, listener, count=workers, drain_seconds=drain_seconds).run()
        else:
            run(application, listener, drain_seconds=drain_seconds)
    except KeyboardInterrupt:
        sys.exit(130)
