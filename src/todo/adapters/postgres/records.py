"""One function each way between a record and an entity. Records never leave this package."""

from typing import Any

from todo.adapters.postgres.tables import tasks
from todo.domain.model.retry import Answer, KeptAnswer, RequestDigest
from todo.domain.model.session import Device, Session
from todo.domain.model.task import Description, Task, Title
from todo.domain.model.ticket import Ticket
from todo.domain.model.user import Account, Email, Image, Name, User

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
        image=None if record["image"] is None else Image.known(record["image"]),
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


def account_from(record: Any) -> Account:
    return Account(
        id=record["id"],
        provider=record["providerId"],
        account_id=record["accountId"],
        user=record["userId"],
        scopes=tuple(scope for scope in (record["scope"] or "").split(",") if scope),
        created_at=record["createdAt"],
        updated_at=record["updatedAt"],
    )


def ticket_from(record: Any) -> Ticket:
    return Ticket(
        digest=record["identifier"],
        user=record["value"],
        created_at=record["createdAt"],
        expires_at=record["expiresAt"],
    )


def columns_of_ticket(ticket: Ticket) -> dict[str, Any]:
    return {
        "identifier": ticket.digest,
        "value": ticket.user,
        "createdAt": ticket.created_at,
        "expiresAt": ticket.expires_at,
    }


def kept_answer_from(record: Any) -> KeptAnswer:
    return KeptAnswer(
        request=RequestDigest(record["request"]), answer=Answer(status=record["status"], body=record["body"])
    )


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
