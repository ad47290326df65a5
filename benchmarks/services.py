"""The service and its peers as running processes, each over a database of its own, filled with the same tasks."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path
from typing import Any

import jwt

from benchmarks.databases import Database

HERE = Path(__file__).parent
SECRET = "only-for-measuring-on-this-machine-0123456789"
EMAIL, PASSWORD = "ada@example.com", "nine blue kettles sing"
TASKS = 20
CONNECTIONS = 8
"""Of each service to PostgreSQL."""
FIELDS = {"id", "user_id", "title", "description", "completed", "created_at", "updated_at", "completed_at"}
STARTS_WITHIN = 60
FOREIGN = ("TODO_", "BETTER_AUTH_", "DATABASE_URL", "PORT", "WEB_CONCURRENCY", "UVICORN_", "PG")
"""Settings that the services must not take from whoever measures."""
JSON = {"Content-Type": "application/json"}
READER = json.dumps({"email": EMAIL, "password": PASSWORD})
CROWD = json.dumps({"email": "grace@example.com", "password": PASSWORD})
"""Who signs in again and again: a user's oldest session ends with the 51st, and must not be the one that reads."""
TASK = json.dumps(
    {"title": "Buy bread, milk and a bicycle bell", "description": "The bell first. The shop closes at six."}
)


class NotComparable(Exception):
    """A service did not start, or does not answer as the others do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    key: str
    title: str
    app: str | None = None
    """The ASGI application of a peer; ours has a command of its own."""
    own_packages: bool = False
    """Runs on the packages of `requirements.lock`, not on those of the service."""


OURS = Kind(key="ours", title="this service")
PEERS = {
    "B": Kind(key="B", title="Litestar + asyncpg + PyJWT, bare", app="benchmarks.peers.bare:app"),
    "F": Kind(key="F", title="FastAPI + SQLAlchemy async", app="benchmarks.peers.fastapi_app:app", own_packages=True),
    "S": Kind(key="S", title="FastAPI + SQLModel, sync", app="benchmarks.peers.sqlmodel_app:app", own_packages=True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    kind: Kind
    port: int
    pid: int
    database: Database
    user_id: str
    headers: Mapping[str, str]
    task_ids: Sequence[int]

    @property
    def cookie(self) -> str:
        return "better-auth.session_token=" + self.headers["Authorization"].removeprefix("Bearer ")

    @property
    def tasks(self) -> str:
        return f"/api/{self.user_id}/tasks"


@contextmanager
def running(kind: Kind, database: Database, python: Path, logs: Path) -> Iterator[Service]:
    """Starts the service on a free port, makes its user and tasks, and stops it in the end."""
    port = free_port()
    if kind.app:
        database.run((HERE / "peers" / "schema.sql").read_text())
        command = ["uvicorn", kind.app, "--loop", "uvloop", "--http", "httptools", "--no-access-log"]
        command += ["--log-level", "warning", "--host", "127.0.0.1", "--port", str(port)]
    else:
        command = ["todo", "serve", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    settings = {
        "DATABASE_URL": database.url,
        "DATABASE_URL_UNPOOLED": database.url,
        "BETTER_AUTH_SECRET": SECRET,
        "TODO_DB_POOL_SIZE": str(CONNECTIONS),
        "TODO_THROTTLE": "off",
        "TODO_TASK_QUOTA": "1000000",
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    log = logs / f"{kind.key}.log"
    with ExitStack() as stack:
        process = subprocess.Popen(
            [python, HERE / "traceable.py", *command],
            cwd=HERE.parent,
            env=inherited | settings,
            stdin=subprocess.DEVNULL,
            stdout=stack.enter_context(log.open("wb")),
            stderr=subprocess.STDOUT,
        )
        stack.callback(stop, process)
        try:
            wait_until_it_answers(process, port)
            user_id, token = peers_user(database) if kind.app else sign_both_up(port)
            headers = JSON | {"Authorization": f"Bearer {token}"}
            task_ids = first_tasks(port, user_id, headers)
        except (NotComparable, OSError) as error:
            raise NotComparable(f"{kind.title}: {error}\n{log.read_text()[-2000:]}") from error
        yield Service(
            kind=kind,
            port=port,
            pid=process.pid,
            database=database,
            user_id=user_id,
            headers=headers,
            task_ids=task_ids,
        )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


def wait_until_it_answers(process: "subprocess.Popen[bytes]", port: int) -> None:
    end = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < end:
        if process.poll() is not None:
            raise NotComparable("it has ended at once")
        try:
            with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
                connection.request("GET", "/")
                connection.getresponse()
                return
        except OSError:
            time.sleep(0.1)
    raise NotComparable(f"no answer within {STARTS_WITHIN} seconds")


def peers_user(database: Database) -> tuple[str, str]:
    """The peers have no sign-in: their user is a row, and the token minted as the service would."""
    user_id, now = "usr_bench00000000", int(time.time())
    database.run('insert into "user" (id, email) values ($1, $2)', user_id, EMAIL)
    claims = {"iss": "better-auth", "aud": "fastapi-backend", "sub": user_id, "iat": now, "exp": now + 604_800}
    return user_id, jwt.encode(claims, SECRET, algorithm="HS256")


def sign_both_up(port: int) -> tuple[str, str]:
    exchange(port, "POST", "/api/auth/signup", JSON, CROWD)
    answer, headers = exchange(port, "POST", "/api/auth/signup", JSON, READER)
    cookie = headers["set-cookie"].partition(";")[0]
    return answer["user"]["id"], cookie.partition("=")[2]


def first_tasks(port: int, user_id: str, headers: Mapping[str, str]) -> list[int]:
    for _ in range(TASKS):
        call(port, "POST", f"/api/{user_id}/tasks", headers, TASK)
    listed = call(port, "GET", f"/api/{user_id}/tasks", headers)
    if len(listed) != TASKS or not listed[0].keys() >= FIELDS:
        raise NotComparable(f"an unexpected list: {listed}")
    return [task["id"] for task in listed]


def call(port: int, method: str, path: str, headers: Mapping[str, str], body: str | None = None) -> Any:
    return exchange(port, method, path, headers, body)[0]


def exchange(
    port: int, method: str, path: str, headers: Mapping[str, str], body: str | None = None
) -> tuple[Any, HTTPMessage]:
    with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        content = answer.read()
    if not 200 <= answer.status < 300:
        raise NotComparable(f"{method} {path} answered {answer.status}: {content[:500]!r}")
    return json.loads(content), answer.headers
