"""Users, and what opens their accounts, in PostgreSQL."""

from collections.abc import Collection, Sequence

from sqlalchemy import ARRAY, Text, any_, bindparam, select

from todo.adapters.postgres.query import Query, Runner
from todo.adapters.postgres.records import account_from, ticket_from, user_from
from todo.adapters.postgres.tables import accounts, users, verifications
from todo.domain.errors import UserNotFound
from todo.domain.model.ticket import Ticket, TicketDigest
from todo.domain.model.user import Account, Email, PasswordHash, User, UserId
from todo.domain.ports.store import AccountRepository, PasswordRepository, TicketRepository, UserRepository

CREDENTIAL = "credential"
"""Better Auth's name for an account that is opened with a password."""

BY_ID = Query(select(users).where(users.c.id == bindparam("user")))
BY_EMAIL = Query(select(users).where(users.c.email == bindparam("email")))
AMONG = Query(select(users).where(users.c.id == any_(bindparam("ids", type_=ARRAY(Text)))))
ALL = Query(select(users).order_by(users.c.createdAt, users.c.id))
PASSWORD = Query(
    select(accounts.c.password).where(
        accounts.c.userId == bindparam("user"), accounts.c.providerId == bindparam("kind")
    )
)

ACCOUNTS = Query(
    select(accounts).where(accounts.c.userId == bindparam("user")).order_by(accounts.c.createdAt, accounts.c.id)
)
TICKET = Query(
    select(verifications)
    .where(verifications.c.identifier == bindparam("digest"))
    .order_by(verifications.c.createdAt.desc())
)


class PostgresUsers(UserRepository):
    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def get(self, user: UserId) -> User:
        row = await BY_ID.row(self._runner, user=user)
        if row is None:
            raise UserNotFound
        return user_from(row)

    async def find_by_email(self, email: Email) -> User | None:
        row = await BY_EMAIL.row(self._runner, email=email)
        return None if row is None else user_from(row)

    async def all(self) -> Sequence[User]:
        return [user_from(row) for row in await ALL.rows(self._runner)]

    async def among(self, users: Collection[UserId]) -> Sequence[User]:
        return [user_from(row) for row in await AMONG.rows(self._runner, ids=list(users))]


class PostgresPasswords(PasswordRepository):
    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def find(self, user: UserId) -> PasswordHash | None:
        row = await PASSWORD.row(self._runner, user=user, kind=CREDENTIAL)
        return None if row is None or row["password"] is None else PasswordHash(row["password"])


class PostgresAccounts(AccountRepository):
    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def of(self, user: UserId) -> Sequence[Account]:
        return [account_from(row) for row in await ACCOUNTS.rows(self._runner, user=user)]


class PostgresTickets(TicketRepository):
    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def find(self, digest: TicketDigest) -> Ticket | None:
        row = await TICKET.row(self._runner, digest=digest)
        return None if row is None else ticket_from(row)
