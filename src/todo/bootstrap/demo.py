"""`todo demo`: the service in memory, with somebody who has an account there."""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from litestar.types import ASGIApp

from todo.adapters.jwt_tokens import JwtTokens
from todo.adapters.memory import MemoryStore
from todo.adapters.system_clock import SystemClock
from todo.bootstrap import build, hasher, logs
from todo.bootstrap.problems import read_settings
from todo.config import Settings
from todo.domain.model.principal import Claims, Principal
from todo.domain.model.session import Device, Session
from todo.domain.model.task import Title
from todo.domain.model.user import Email, Name, Password
from todo.domain.services.administration import Administration
from todo.domain.services.tasks import TaskService

COUNTING: Final = ("TODO_LOG_FORMAT", "TODO_LOG_LEVEL", "TODO_TASK_QUOTA")
"""The settings that count here. In all else a demo is the same everywhere, whatever a `.env` says."""

DEMO_TASKS = ("Try the API at /docs", "Toggle a task", "Run it for real: ./dev serve")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoUser:
    id: str
    email: str
    password: str
    token: str


def demo_service(environment: Mapping[str, str], ours: Mapping[str, str]) -> tuple[ASGIApp, DemoUser]:
    """Takes what is set in `ours`, and of the environment what is in `COUNTING`. Raises `Problem`."""
    given = {name: value for name, value in environment.items() if name in COUNTING}
    settings = read_settings(given | dict(ours))
    store = MemoryStore()
    user = asyncio.run(_demo_user(settings, store))
    log = logs(settings)
    log.start()
    return build(settings, store=store, log=log), user


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
