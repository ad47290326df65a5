"""Changes of several rows, in one transaction."""

from typing import Any

from asyncpg import ForeignKeyViolationError, UniqueViolationError
from sqlalchemy import bindparam, delete, update
from sqlalchemy.dialects.postgresql import insert

from todo.adapters.postgres.query import Query, translated
from todo.adapters.postgres.records import columns_of_session, columns_of_user
from todo.adapters.postgres.tables import SESSION_USER_KEY, USER_EMAIL_KEY, accounts, sessions, users
from todo.adapters.postgres.users import CREDENTIAL
from todo.domain.errors import EmailTaken, UserNotFound
from todo.domain.model.identifiers import ALPHANUMERIC, random_text
from todo.domain.model.session import Session
from todo.domain.model.user import PasswordHash, User, UserId
from todo.domain.ports.clock import Clock
from todo.domain.ports.store import UnitOfWork

INSERT_USER = Query(
    insert(users)
    .values({column.name: bindparam(column.name) for column in users.c})
    .on_conflict_do_nothing(index_elements=[users.c.id])
)
DELETE_USER = Query(delete(users).where(users.c.id == bindparam("user")).returning(users.c.id))
INSERT_SESSION = Query(insert(sessions).values({column.name: bindparam(column.name) for column in sessions.c}))
DELETE_SESSIONS = Query(delete(sessions).where(sessions.c.userId == bindparam("user")))

IS_THE_PASSWORD = (accounts.c.userId == bindparam("user")) & (accounts.c.providerId == bindparam("kind"))
SET_PASSWORD = Query(
    update(accounts)
    .where(IS_THE_PASSWORD)
    .values(password=bindparam("password"), updatedAt=bindparam("at"))
    .returning(accounts.c.id)
)
REPLACE_PASSWORD = Query(
    update(accounts)
    .where(IS_THE_PASSWORD, accounts.c.password == bindparam("expected"))
    .values(password=bindparam("password"), updatedAt=bindparam("at"))
)
INSERT_PASSWORD = Query(
    insert(accounts).values(
        id=bindparam("id"),
        accountId=bindparam("user"),
        providerId=bindparam("kind"),
        userId=bindparam("user"),
        password=bindparam("password"),
        createdAt=bindparam("at"),
        updatedAt=bindparam("at"),
    )
)


class PostgresUnitOfWork(UnitOfWork):
    """Statements on one connection with a transaction open."""

    def __init__(self, connection: Any, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._transaction: Any = connection.transaction()

    async def start(self) -> None:
        await translated(self._transaction.start)

    async def commit(self) -> None:
        transaction, self._transaction = self._transaction, None
        await translated(transaction.commit)

    async def leave(self) -> None:
        """Forgets what was not committed. A connection that is gone has forgotten it already."""
        if self._transaction is not None and not self._connection.is_closed():
            await translated(self._transaction.rollback)

    async def add_user(self, user: User) -> None:
        try:
            await INSERT_USER.row(self._connection, **columns_of_user(user))
        except UniqueViolationError as error:
            if error.constraint_name == USER_EMAIL_KEY:
                raise EmailTaken from error
            raise

    async def remove_user(self, user: UserId) -> None:
        if await DELETE_USER.row(self._connection, user=user) is None:
            raise UserNotFound

    async def set_password(self, user: UserId, password: PasswordHash) -> None:
        values = {"user": user, "kind": CREDENTIAL, "password": password, "at": self._clock.now()}
        if await SET_PASSWORD.row(self._connection, **values) is None:
            try:
                await INSERT_PASSWORD.row(self._connection, id=random_text(ALPHANUMERIC, 32), **values)
            except ForeignKeyViolationError as error:
                raise UserNotFound from error

    async def replace_password(self, user: UserId, password: PasswordHash, *, expecting: PasswordHash) -> None:
        await REPLACE_PASSWORD.row(
            self._connection,
            user=user,
            kind=CREDENTIAL,
            password=password,
            expected=expecting,
            at=self._clock.now(),
        )

    async def add_session(self, session: Session) -> None:
        try:
            await INSERT_SESSION.row(self._connection, **columns_of_session(session))
        except ForeignKeyViolationError as error:
            if error.constraint_name == SESSION_USER_KEY:
                raise UserNotFound from error
            raise

    async def remove_sessions_of(self, user: UserId) -> None:
        await DELETE_SESSIONS.row(self._connection, user=user)
