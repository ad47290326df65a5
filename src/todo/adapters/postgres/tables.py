"""The tables, in the shape Better Auth gives its own four, so that each side can use a database the other has made."""

from datetime import datetime, timedelta
from typing import Any, cast

from advanced_alchemy.base import CommonTableAttributes
from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    Boolean,
    ForeignKey,
    Index,
    Interval,
    LargeBinary,
    MetaData,
    Sequence,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry

TASK_OWNER_KEY = "tasks_user_id_fkey"

Moment = TIMESTAMP(timezone=True)
NOW = text("CURRENT_TIMESTAMP")


class Base(CommonTableAttributes, DeclarativeBase):
    """Constraint and index names are those PostgreSQL and Better Auth would choose."""

    registry = registry(
        metadata=MetaData(
            naming_convention={
                "pk": "%(table_name)s_pkey",
                "uq": "%(table_name)s_%(column_0_name)s_key",
                "fk": "%(table_name)s_%(column_0_name)s_fkey",
                "ix": "%(table_name)s_%(column_0_name)s_idx",
            }
        ),
        type_annotation_map={str: Text, datetime: Moment},
    )


class UserRow(Base):
    __tablename__ = "user"
    __table_args__ = (UniqueConstraint("email"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str]
    email_verified: Mapped[bool] = mapped_column("emailVerified", Boolean)
    image: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column("createdAt", server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column("updatedAt", server_default=NOW)


class SessionRow(Base):
    __tablename__ = "session"
    __table_args__ = (UniqueConstraint("token"), Index(None, "userId"))

    id: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column("expiresAt")
    token: Mapped[str]
    created_at: Mapped[datetime] = mapped_column("createdAt", server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column("updatedAt")
    ip_address: Mapped[str | None] = mapped_column("ipAddress")
    user_agent: Mapped[str | None] = mapped_column("userAgent")
    user_id: Mapped[str] = mapped_column("userId", ForeignKey("user.id", ondelete="CASCADE"))


class AccountRow(Base):
    """Ways to sign in. Ours is the one with `providerId` = `credential`, which holds the password."""

    __tablename__ = "account"
    __table_args__ = (Index(None, "userId"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column("accountId")
    provider_id: Mapped[str] = mapped_column("providerId")
    user_id: Mapped[str] = mapped_column("userId", ForeignKey("user.id", ondelete="CASCADE"))
    access_token: Mapped[str | None] = mapped_column("accessToken")
    refresh_token: Mapped[str | None] = mapped_column("refreshToken")
    id_token: Mapped[str | None] = mapped_column("idToken")
    access_token_expires_at: Mapped[datetime | None] = mapped_column("accessTokenExpiresAt")
    refresh_token_expires_at: Mapped[datetime | None] = mapped_column("refreshTokenExpiresAt")
    scope: Mapped[str | None]
    password: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column("createdAt", server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column("updatedAt")


class VerificationRow(Base):
    __tablename__ = "verification"
    __table_args__ = (Index(None, "identifier"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    identifier: Mapped[str]
    value: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column("expiresAt")
    created_at: Mapped[datetime] = mapped_column("createdAt", server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column("updatedAt", server_default=NOW)


TASK_NUMBERS = Sequence("tasks_id_seq", metadata=Base.metadata)


class TaskRow(Base):
    """The owner leads the key: ownership is part of a task's name, and the table can be distributed by it."""

    __tablename__ = "tasks"

    user_id: Mapped[str] = mapped_column(
        String(255), ForeignKey("user.id", ondelete="CASCADE", name=TASK_OWNER_KEY), primary_key=True
    )
    id: Mapped[int] = mapped_column(
        BigInteger, TASK_NUMBERS, server_default=TASK_NUMBERS.next_value(), primary_key=True
    )
    title: Mapped[str]
    description: Mapped[str | None]
    completed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=NOW)
    version: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))


class KnownNetworkRow(Base):
    """Where a user has signed in from, by pseudonym."""

    __tablename__ = "known_network"

    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    network: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    last_used_at: Mapped[datetime]


class ThrottleRow(Base):
    """What a bucket has been charged with, by pseudonym. A row whose time is past is as good as none.

    Unlogged: it costs no write-ahead log, and a crash of the server empties it.
    """

    __tablename__ = "throttle"
    __table_args__ = ({"prefixes": ["UNLOGGED"], "postgresql_with": {"fillfactor": 50}},)

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    due: Mapped[datetime]
    every: Mapped[timedelta] = mapped_column(Interval)


class AnswerRow(Base):
    """What a write was answered that may be sent again. Status and body are empty only while it is under way."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index(None, "expires_at"),)

    user_id: Mapped[str] = mapped_column(String(255), ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None] = mapped_column(SmallInteger)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime]


def _table(row: type[Any]) -> Table:
    return cast(Table, row.__table__)


users = _table(UserRow)
sessions = _table(SessionRow)
accounts = _table(AccountRow)
verifications = _table(VerificationRow)
tasks = _table(TaskRow)
known_networks = _table(KnownNetworkRow)
throttle = _table(ThrottleRow)
answers = _table(AnswerRow)
