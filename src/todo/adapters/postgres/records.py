"""One function each way between a record and an entity. Records never leave this package."""

from typing import Any

from todo.adapters.postgres.tables import tasks
from todo.domain.model.session import Device, Session
from todo.domain.model.task import Description, Task, Title
from todo.domain.model.user import Email, Name, User

TASK_COLUMNS = (
    tasks.c.id,
    tasks.c.user_id,
    tasks.c.title,
    tasks.c.description,
    tasks.c.completed_at,
    tasks.c.created_at,
    tasks.c.updated_at,
    tasks.c.version,
)
"""In the order that `task_from` takes them: by position is faster than by name, and a list has thousands."""


def task_from(record: Any) -> Task:
    task_id, owner, title, description, completed_at, created_at, updated_at, version = record
    return Task(
        id=task_id,
        owner=owner,
        title=Title.known(title),
        description=None if description is None else Description.known(description),
        completed_at=completed_at,
        created_at=created_at,
        updated_at=updated_at,
        version=version,
    )


def user_from(record: Any) -> User:
    return User(
        id=record["id"],
        email=Email.known(record["email"]),
        name=Name.known(record["name"]),
        email_verified=record["emailVerified"],
        image=record["image"],
        created_at=record["createdAt"],
        updated_at=record["updatedAt"],
    )


def columns_of_user(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "emailVerified": user.email_verified,
        "image": user.image,
        "createdAt": user.created_at,
        "updatedAt": user.updated_at,
    }


def session_from(record: Any) -> Session:
    return Session(
        id=record["id"],
        handle=record["token"],
        user=record["userId"],
        device=Device(address=record["ipAddress"], agent=record["userAgent"] or ""),
        created_at=record["createdAt"],
        updated_at=record["updatedAt"],
        expires_at=record["expiresAt"],
    )


def columns_of_session(session: Session) -> dict[str, Any]:
    return {
        "id": session.id,
        "token": session.handle,
        "userId": session.user,
        "ipAddress": session.device.address,
        "userAgent": session.device.agent,
        "createdAt": session.created_at,
        "updatedAt": session.updated_at,
        "expiresAt": session.expires_at,
    }
