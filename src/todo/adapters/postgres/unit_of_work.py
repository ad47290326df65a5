"""Changes of several rows, in one transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any

from asyncpg import UniqueViolationError
from sqlalchemy import Column, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from todo.adapters.postgres.answers import PostgresAnswers
from todo.adapters.postgres.headroom import Headroom
from todo.adapters.postgres.query import Query, Runner, translated
from todo.adapters.postgres.records import (
    columns_of_session,
    columns_of_ticket,
    columns_of_user,
    ticket_from,
)
from todo.adapters.postgres.sessions import DELETE as DELETE_SESSION
from todo.adapters.postgres.tables import accounts, known_networks, sessions, users, verifications
from todo.adapters.postgres.tasks import PostgresTasks
from todo.adapters.postgres.users import CREDENTIAL
from todo.domain.errors import EmailTaken, PasswordWrong, StoreUnavailable, TicketInvalid, UserNotFound
from todo.domain.model.identifiers import ALPHANUMERIC, random_text
from todo.domain.model.pace import Pseudonym
from todo.domain.model.retry import MOST_KEPT, Answer, Attempt, KeptAnswer
from todo.domain.model.session import Session, SessionId
from todo.domain.model.ticket import Ticket, TicketDigest
from todo.domain.model.user import PasswordHash, User, UserId
from todo.domain.ports.clock import Clock
from todo.domain.ports.store import UnitOfWork

THE_USER = users.c.id == bindparam("user")


def _given(*columns: Column[Any], **renamed: str) -> list[Any]:
    """A parameter for each column, of the column's type."""
    return [bindparam(renamed.get(column.name, column.name), type_=column.type) for column in columns]


INSERT_USER = Query(
    insert(users)
    .values({column.name: bindparam(column.name) for column in users.c})
    .on_conflict_do_nothing()
    .returning(users.c.id)
)
USER = Query(select(users.c.id).where(THE_USER))
SAVE_USER = Query(
    update(users)
    .where(THE_USER)
    .values(
        email=bindparam("email"),
        name=bindparam("name"),
        emailVerified=bindparam("emailVerified"),
        image=bindparam("image"),
        updatedAt=bindparam("updatedAt"),
    )
    .returning(users.c.id)
)
ANOTHERS_EMAIL = Query(select(users.c.id).where(users.c.email == bindparam("email"), users.c.id != bindparam("user")))
DELETE_USER = Query(delete(users).where(THE_USER).returning(users.c.id))

INSERT_SESSION = Query(
    insert(sessions)
    .from_select(
        list(sessions.c),
        select(*_given(*sessions.c))
        .where(users.c.id == bindparam("userId"))
        .with_for_update(read=True, key_share=True),
    )
    .returning(sessions.c.id)
)
DELETE_SESSIONS = Query(
    delete(sessions).where(sessions.c.userId == bindparam("user"), sessions.c.id != bindparam("kept"))
)
LIMIT_SESSIONS = Query(
    delete(sessions).where(
        sessions.c.id.in_(
            select(sessions.c.id)
            .where(sessions.c.userId == bindparam("user"))
            .order_by(
                (sessions.c.expiresAt > bindparam("at")).desc(), sessions.c.updatedAt.desc(), sessions.c.id.desc()
            )
            .offset(bindparam("most"))
        )
    )
)

REMEMBER_NETWORK = Query(
    insert(known_networks)
    .from_select(
        list(known_networks.c),
        select(*_given(*known_networks.c))
        .where(users.c.id == bindparam("user_id"))
        .with_for_update(read=True, key_share=True),
    )
    .on_conflict_do_update(
        index_elements=list(known_networks.primary_key), set_={"last_used_at": bindparam("last_used_at")}
    )
    .returning(known_networks.c.user_id)
)
FORGET_NETWORKS = Query(
    delete(known_networks).where(
        known_networks.c.user_id == bindparam("user"),
        known_networks.c.network.in_(
            select(known_networks.c.network)
            .where(known_networks.c.user_id == bindparam("user"))
            .order_by(known_networks.c.last_used_at.desc(), known_networks.c.network.desc())
            .offset(bindparam("most"))
        ),
    )
)

TICKET_COLUMNS = (
    verifications.c.id,
    verifications.c.identifier,
    verifications.c.value,
    verifications.c.expiresAt,
    verifications.c.createdAt,
    verifications.c.updatedAt,
)
INSERT_TICKET = Query(
    insert(verifications)
    .from_select(
        list(TICKET_COLUMNS),
        select(*_given(*TICKET_COLUMNS, updatedAt="createdAt"))
        .where(users.c.id == bindparam("value"))
        .with_for_update(read=True, key_share=True),
    )
    .returning(verifications.c.id)
)
TAKE_TICKET = Query(
    delete(verifications).where(verifications.c.identifier == bindparam("digest")).returning(*verifications.c)
)

IS_THE_PASSWORD = (accounts.c.userId == bindparam("user")) & (accounts.c.providerId == bindparam("kind"))
SET_PASSWORD = Query(
    update(accounts)
    .where(IS_THE_PASSWORD)
    .values(password=bindparam("password"), updatedAt=bindparam("at"))
    .returning(accounts.c.id)
)
LOCK_PASSWORD = Query(
    select(accounts.c.id)
    .where(IS_THE_PASSWORD, accounts.c.password == bindparam("expected"))
    .with_for_update(key_share=True)
)
PASSWORD_COLUMNS = (
    accounts.c.id,
    accounts.c.accountId,
    accounts.c.providerId,
    accounts.c.userId,
    accounts.c.password,
    accounts.c.createdAt,
    accounts.c.updatedAt,
)
INSERT_PASSWORD = Query(
    insert(accounts)
    .from_select(
        list(PASSWORD_COLUMNS),
        select(
            *_given(
                *PASSWORD_COLUMNS, accountId="user", providerId="kind", userId="user", createdAt="at", updatedAt="at"
            )
        )
        .where(THE_USER)
        .with_for_update(read=True, key_share=True),
    )
    .returning(accounts.c.id)
)


class OpenTransaction(Runner):
    """A connection in a transaction that the first statement begins."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.begun = False

    async def begin(self) -> None:
        if not self.begun:
            await self.connection.execute("BEGIN")
            self.begun = True

    async def fetch(self, query: str, *args: Any) -> list[Any]:
        await self.begin()
        rows: list[Any] = await self.connection.fetch(query, *args)
        return rows

    async def fetchrow(self, query: str, *args: Any) -> Any:
        await self.begin()
        return await self.connection.fetchrow(query, *args)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Runner]:
        yield self


class PostgresUnitOfWork(UnitOfWork):
    """Statements on one connection, in a transaction that the first of them begins.

    None of them fails when it refuses: PostgreSQL would give up the whole transaction, and answer a later COMMIT by
    forgetting everything, without an error.
    """

    def __init__(self, connection: Any, clock: Clock, *, for_tasks: Headroom, for_answers: Headroom) -> None:
        self._transaction = OpenTransaction(connection)
        self._clock = clock
        self._tasks = PostgresTasks(self._transaction, for_tasks)
        self._answers = PostgresAnswers(self._transaction, for_answers)

    async def commit(self) -> None:
        if not self._transaction.begun:
            return
        self._transaction.begun = False
        if await translated(self._transaction.connection.execute, "COMMIT") != "COMMIT":
            raise StoreUnavailable

    async def leave(self) -> None:
        """Forgets what was not committed. A connection that cannot forget is thrown away."""
        if self._transaction.begun:
            with suppress(StoreUnavailable):
                await translated(self._transaction.connection.execute, "ROLLBACK")

    async def _row(self, query: Query, **values: Any) -> Any:
        return await query.row(self._transaction, **values)

    @property
    def tasks(self) -> PostgresTasks:
        return self._tasks

    async def claim(self, attempt: Attempt, *, at_most: int = MOST_KEPT) -> KeptAnswer | None:
        return await self._answers.claim(attempt, at_most=at_most)

    async def keep_answer(self, attempt: Attempt, answer: Answer) -> None:
        await self._answers.keep(attempt, answer)

    async def add_user(self, user: User) -> None:
        added = await self._row(INSERT_USER, **columns_of_user(user))
        if added is None and await self._row(USER, user=user.id) is None:
            raise EmailTaken

    async def save_user(self, user: User) -> None:
        columns = columns_of_user(user)
        if await self._row(ANOTHERS_EMAIL, email=user.email, user=user.id) is not None:
            raise EmailTaken
        try:
            saved = await self._row(SAVE_USER, user=user.id, **columns)
        except UniqueViolationError as error:
            raise EmailTaken from error
        if saved is None:
            raise UserNotFound

    async def remove_user(self, user: UserId) -> None:
        if await self._row(DELETE_USER, user=user) is None:
            raise UserNotFound

    async def set_password(self, user: UserId, password: PasswordHash) -> None:
        values = {"user": user, "kind": CREDENTIAL, "password": password, "at": self._clock.now()}
        if await self._row(SET_PASSWORD, **values) is not None:
            return
        if await self._row(INSERT_PASSWORD, id=random_text(ALPHANUMERIC, 32), **values) is None:
            raise UserNotFound

    async def require_password(self, user: UserId, expected: PasswordHash) -> None:
        if await self._row(LOCK_PASSWORD, user=user, kind=CREDENTIAL, expected=expected) is None:
            raise PasswordWrong

    async def add_session(self, session: Session) -> None:
        if await self._row(INSERT_SESSION, **columns_of_session(session)) is None:
            raise UserNotFound

    async def remove_sessions_of(self, user: UserId, *, keep: SessionId | None = None) -> None:
        await self._row(DELETE_SESSIONS, user=user, kept=keep or "")

    async def remove_session(self, session: SessionId) -> None:
        await self._row(DELETE_SESSION, session=session)

    async def limit_sessions_of(self, user: UserId, *, most: int, at: datetime) -> None:
        await self._row(LIMIT_SESSIONS, user=user, most=most, at=at)

    async def remember_network(self, user: UserId, network: Pseudonym, *, at: datetime, most: int) -> None:
        if await self._row(REMEMBER_NETWORK, user_id=user, network=network, last_used_at=at) is None:
            raise UserNotFound
        await self._row(FORGET_NETWORKS, user=user, most=most)

    async def add_ticket(self, ticket: Ticket) -> None:
        values = columns_of_ticket(ticket)
        if await self._row(INSERT_TICKET, id=random_text(ALPHANUMERIC, 32), **values) is None:
            raise UserNotFound

    async def take_ticket(self, digest: TicketDigest) -> Ticket:
        row = await self._row(TAKE_TICKET, digest=digest)
        if row is None:
            raise TicketInvalid
        return ticket_from(row)
