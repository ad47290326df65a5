"""What goes out on the sign-in side, in Better Auth's spelling."""
# ruff: noqa: N815  the wire's spelling

from typing import Annotated, Self

from msgspec import Meta, Struct

from todo.domain.model.session import Session
from todo.domain.model.user import Account, User
from todo.entrypoints.http.fields import EmailText
from todo.entrypoints.http.moments import Moment, moment


class UserOut(Struct):
    id: Annotated[str, Meta(examples=["usr_cm5x8y9z0000"])]
    email: EmailText
    name: Annotated[str, Meta(examples=["Ada"])]
    emailVerified: bool
    image: str | None
    createdAt: Moment
    updatedAt: Moment

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(
            id=user.id,
            email=str(user.email),
            name=str(user.name),
            emailVerified=user.email_verified,
            image=None if user.image is None else str(user.image),
            createdAt=moment(user.created_at),
            updatedAt=moment(user.updated_at),
        )


class SessionOut(Struct):
    id: str
    token: Annotated[str, Meta(description="Names the session, to end it by. It opens nothing.")]
    userId: str
    expiresAt: Moment
    createdAt: Moment
    updatedAt: Moment
    ipAddress: str | None
    userAgent: str | None

    @classmethod
    def of(cls, session: Session) -> Self:
        return cls(
            id=session.id,
            token=session.handle,
            userId=session.user,
            expiresAt=moment(session.expires_at),
            createdAt=moment(session.created_at),
            updatedAt=moment(session.updated_at),
            ipAddress=session.device.address,
            userAgent=session.device.agent,
        )


class AccountOut(Struct):
    id: str
    providerId: str
    accountId: str
    userId: str
    createdAt: Moment
    updatedAt: Moment
    scopes: list[str]

    @classmethod
    def of(cls, account: Account) -> Self:
        return cls(
            id=account.id,
            providerId=account.provider,
            accountId=account.account_id,
            userId=account.user,
            createdAt=moment(account.created_at),
            updatedAt=moment(account.updated_at),
            scopes=list(account.scopes),
        )


class StatusOut(Struct):
    status: bool = True
