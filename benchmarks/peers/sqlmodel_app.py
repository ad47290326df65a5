"""Peer S: FastAPI and SQLModel with synchronous sessions and handlers, as SQLModel's guide shows it."""
# mypy: ignore-errors

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import BigInteger, DateTime, Sequence
from sqlmodel import Field, Session, SQLModel, create_engine, select

SECRET = os.environ["BETTER_AUTH_SECRET"]

engine = create_engine(
    os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://"), pool_size=8, max_overflow=0
)


def now() -> datetime:
    return datetime.now(UTC)


class TaskIn(SQLModel):
    title: str
    description: str | None = None


class Task(TaskIn, table=True):
    __tablename__ = "tasks"

    user_id: str = Field(primary_key=True)
    id: int | None = Field(
        default=None, primary_key=True, sa_type=BigInteger, sa_column_args=[Sequence("tasks_id_seq")]
    )
    created_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(
        default_factory=now, sa_type=DateTime(timezone=True), sa_column_kwargs={"onupdate": now}
    )
    completed_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    version: int = 1

    @property
    def completed(self) -> bool:
        return self.completed_at is not None


class TaskOut(TaskIn):
    id: int
    user_id: str
    completed: bool
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None


def get_session() -> Iterator[Session]:
    with Session(engine) as session:
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


SessionDep = Annotated[Session, Depends(get_session)]
Owner = Annotated[str, Depends(get_owner)]


def task_of(session: Session, owner: str, task_id: int) -> Task:
    task = session.get(Task, (owner, task_id))
    if task is None:
        raise HTTPException(404)
    return task


app = FastAPI()


@app.get("/api/{user_id}/tasks", response_model=list[TaskOut])
def list_tasks(owner: Owner, session: SessionDep):
    return session.exec(select(Task).where(Task.user_id == owner).order_by(Task.id)).all()


@app.get("/api/{user_id}/tasks/{task_id}", response_model=TaskOut)
def one_task(owner: Owner, task_id: int, session: SessionDep):
    return task_of(session, owner, task_id)


@app.post("/api/{user_id}/tasks", response_model=TaskOut, status_code=201)
def create_task(owner: Owner, data: TaskIn, session: SessionDep):
    task = Task.model_validate(data, update={"user_id": owner})
    session.add(task)
    session.commit()
    session.refresh(task)
    return task


@app.patch("/api/{user_id}/tasks/{task_id}/complete", response_model=TaskOut)
def toggle_task(owner: Owner, task_id: int, session: SessionDep):
    task = task_of(session, owner, task_id)
    task.completed_at = None if task.completed else now()
    session.add(task)
    session.commit()
    session.refresh(task)
    return task
