"""Peer F: FastAPI and SQLAlchemy's asynchronous ORM, one session a request, as their guides show it."""
# mypy: ignore-errors

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict
from sqlalchemy import BigInteger, DateTime, Sequence, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SECRET = os.environ["BETTER_AUTH_SECRET"]

engine = create_async_engine(
    os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://"), pool_size=8, max_overflow=0
)
sessions = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    pass


def now() -> datetime:
    return datetime.now(UTC)


class Task(Base):
    __tablename__ = "tasks"

    user_id: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Sequence("tasks_id_seq"), primary_key=True)
    title: Mapped[str]
    description: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now, onupdate=now)
    completed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    version: Mapped[int] = mapped_column(default=1)

    @property
    def completed(self) -> bool:
        return self.completed_at is not None


class TaskIn(BaseModel):
    title: str
    description: str | None = None


class TaskOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    user_id: str
    title: str
    description: str | None
    completed: bool
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None


async def get_session() -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        yield session


async def get_owner(user_id: str, bearer: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> str:
    try:
        claims = jwt.decode(
            bearer.credentials, SECRET, algorithms=["HS256"], audience="fastapi-backend", issuer="better-auth"
        )
    except jwt.InvalidTokenError as error:
        raise HTTPException(401) from error
    if claims["sub"] != user_id:
        raise HTTPException(403)
    return user_id


Session = Annotated[AsyncSession, Depends(get_session)]
Owner = Annotated[str, Depends(get_owner)]


async def task_of(session: AsyncSession, owner: str, task_id: int) -> Task:
    task = await session.get(Task, (owner, task_id))
    if task is None:
        raise HTTPException(404)
    return task


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.get("/api/{user_id}/tasks")
async def list_tasks(owner: Owner, session: Session) -> list[TaskOut]:
    return (await session.scalars(select(Task).where(Task.user_id == owner).order_by(Task.id))).all()


@app.get("/api/{user_id}/tasks/{task_id}")
async def one_task(owner: Owner, task_id: int, session: Session) -> TaskOut:
    return await task_of(session, owner, task_id)


@app.post("/api/{user_id}/tasks", status_code=201)
async def create_task(owner: Owner, data: TaskIn, session: Session) -> TaskOut:
    task = Task(user_id=owner, **data.model_dump())
    session.add(task)
    await session.commit()
    return task


@app.patch("/api/{user_id}/tasks/{task_id}/complete")
async def toggle_task(owner: Owner, task_id: int, session: Session) -> TaskOut:
    task = await task_of(session, owner, task_id)
    task.completed_at = None if task.completed else now()
    await session.commit()
    return task
