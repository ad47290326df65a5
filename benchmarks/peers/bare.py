"""Peer B: Litestar, msgspec, asyncpg and PyJWT, and nothing between them. About as fast as this stack gets."""
# ruff: noqa: S608  the statements are put together from constants

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg
import jwt
from litestar import Litestar, Request, get, patch, post
from litestar.datastructures import State
from litestar.exceptions import NotAuthorizedException, NotFoundException, PermissionDeniedException
from litestar.params import FromPath, JSONBody
from msgspec import Struct

COLUMNS = "id, user_id, title, description, created_at, updated_at, completed_at"
LIST = f"select {COLUMNS} from tasks where user_id = $1 order by id"
ONE = f"select {COLUMNS} from tasks where user_id = $1 and id = $2"
CREATE = f"insert into tasks (user_id, title, description) values ($1, $2, $3) returning {COLUMNS}"
TOGGLE = f"""
    update tasks
    set completed_at = case when completed_at is null then now() end, updated_at = now(), version = version + 1
    where user_id = $1 and id = $2 returning {COLUMNS}
"""
SECRET = os.environ["BETTER_AUTH_SECRET"]


class TaskIn(Struct):
    title: str
    description: str | None = None


class TaskOut(Struct):
    id: int
    user_id: str
    title: str
    description: str | None
    completed: bool
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None

    @classmethod
    def of(cls, row: asyncpg.Record) -> "TaskOut":
        task_id, user_id, title, description, created_at, updated_at, completed_at = row
        completed = completed_at is not None
        return cls(task_id, user_id, title, description, completed, created_at, updated_at, completed_at)


@asynccontextmanager
async def database(app: Litestar) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=8, max_size=8) as app.state.pool:
        yield


def authenticate(request: Request[Any, Any, State], user_id: str) -> None:
    _, _, token = request.headers.get("authorization", "").partition(" ")
    try:
        claims = jwt.decode(token, SECRET, algorithms=["HS256"], audience="fastapi-backend", issuer="better-auth")
    except jwt.InvalidTokenError as error:
        raise NotAuthorizedException from error
    if claims["sub"] != user_id:
        raise PermissionDeniedException


@get("/api/{user_id:str}/tasks")
async def list_tasks(user_id: FromPath[str], request: Request[Any, Any, State], state: State) -> list[TaskOut]:
    authenticate(request, user_id)
    return [TaskOut.of(row) for row in await state.pool.fetch(LIST, user_id)]


@get("/api/{user_id:str}/tasks/{task_id:int}")
async def one_task(
    user_id: FromPath[str], task_id: FromPath[int], request: Request[Any, Any, State], state: State
) -> TaskOut:
    authenticate(request, user_id)
    row = await state.pool.fetchrow(ONE, user_id, task_id)
    if row is None:
        raise NotFoundException
    return TaskOut.of(row)


@post("/api/{user_id:str}/tasks")
async def create_task(
    user_id: FromPath[str], data: JSONBody[TaskIn], request: Request[Any, Any, State], state: State
) -> TaskOut:
    authenticate(request, user_id)
    return TaskOut.of(await state.pool.fetchrow(CREATE, user_id, data.title, data.description))


@patch("/api/{user_id:str}/tasks/{task_id:int}/complete")
async def toggle_task(
    user_id: FromPath[str], task_id: FromPath[int], request: Request[Any, Any, State], state: State
) -> TaskOut:
    authenticate(request, user_id)
    row = await state.pool.fetchrow(TOGGLE, user_id, task_id)
    if row is None:
        raise NotFoundException
    return TaskOut.of(row)


app = Litestar([list_tasks, one_task, create_task, toggle_task], lifespan=[database], openapi_config=None)
