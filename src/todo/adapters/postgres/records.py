"""One function each way between a record and an entity. Records never leave this package."""

from typing import Any

from todo.domain.model.session import Device, Session
from todo.domain.model.task import Description, Task, Title
from todo.domain.model.user import Email, Name, User

title_known = Title.known
description_known = Description.known


def task_from(record: Any) -> Task:
    description = record["description"]
    return Task(
        id=record["id"],
        owner=record["user_id"],
        title=title_known(record["title"]),
        description=None if description is None else description_known(description),
        completed_at=record["completed_at"],
        created_at=record["created_at"],
        updated_at=record["updated_at"],
        version=record["version"],
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
