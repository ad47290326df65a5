"""Changes kept back until they are committed."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime

from todo.adapters.memory.repositories import MemoryTasks
from todo.adapters.memory.tables import Tables
from todo.domain.errors import EmailTaken, OwnerUnknown, PasswordWrong, TicketInvalid, TooManyAttempts, UserNotFound
from todo.domain.model.identifiers import ALPHANUMERIC, random_text
from todo.domain.model.pace import Pseudonym
from todo.domain.model.retry import MOST_KEPT, Answer, Attempt, KeptAnswer
from todo.domain.model.session import Session, SessionId
from todo.domain.model.ticket import Ticket, TicketDigest
from todo.domain.model.user import Account, PasswordHash, User, UserId
from todo.domain.ports.store import TaskRepository, UnitOfWork


class MemoryUnitOfWork(UnitOfWork):
    """Checks each change when it is asked for, and applies all of them at once when they are committed."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._users = dict(tables.users)
        self._passwords = dict(tables.passwords)
        self._tickets = dict(tables.tickets)
        self._tasks = dict(tables.tasks)
        self._changes: list[Callable[[], None]] = []

    @property
    def tasks(self) -> TaskRepository:
        """Changes what this unit holds; nobody else changes a task before the unit ends."""
        return MemoryTasks(replace(self._tables, users=self._users, tasks=self._tasks), nullcontext())

    async def claim(self, attempt: Attempt, *, at_most: int = MOST_KEPT) -> KeptAnswer | None:
        if attempt.by not in self._users:
            raise OwnerUnknown
        live = {
            key: (expires_at, kept)
            for (user, key), (expires_at, kept) in self._tables.answers.items()
            if user == attempt.by and expires_at > attempt.at
        }
        if attempt.key in live:
            return live[attempt.key][1]
        if len(live) >= at_most:
            raise TooManyAttempts(min(expires_at for expires_at, _ in live.values()) - attempt.at)
        return None

    async def keep_answer(self, attempt: Attempt, answer: Answer) -> None:
        kept = attempt.expires_at, KeptAnswer(request=attempt.request, answer=answer)
        self._changes.append(lambda: self._tables.answers.update({(attempt.by, attempt.key): kept}))

    async def add_user(self, user: User) -> None:
        if user.id in self._users:
            return
        if any(other.email == user.email for other in self._users.values()):
            raise EmailTaken
        self._users[user.id] = user
        self._changes.append(lambda: self._tables.users.update({user.id: user}))

    async def save_user(self, user: User) -> None:
        self._require(user.id)
        if any(other.email == user.email and other.id != user.id for other in self._users.values()):
            raise EmailTaken
        self._users[user.id] = user
        self._changes.append(lambda: self._tables.users.update({user.id: user}))

    async def remove_user(self, user: UserId) -> None:
        self._require(user)
        del self._users[user]
        for key in [key for key in self._tasks if key[0] == user]:
            del self._tasks[key]
        self._changes.append(lambda: self._forget(user))

    async def set_password(self, user: UserId, password: PasswordHash) -> None:
        self._require(user)
        self._passwords[user] = password
        self._changes.append(lambda: self._open_with(user, password))

    async def require_password(self, user: UserId, expected: PasswordHash) -> None:
        if self._passwords.get(user) != expected:
            raise PasswordWrong

    async def add_session(self, session: Session) -> None:
        self._require(session.user)
        self._changes.append(lambda: self._tables.sessions.update({session.id: session}))

    async def remove_sessions_of(self, user: UserId, *, keep: SessionId | None = None) -> None:
        self._changes.append(lambda: self._forget_sessions(user, keep))

    async def remove_session(self, session: SessionId) -> None:
        self._changes.append(lambda: self._forget_session(session))

    async def limit_sessions_of(self, user: UserId, *, most: int, at: datetime) -> None:
        self._changes.append(lambda: self._leave_sessions(user, most, at))

    async def remember_network(self, user: UserId, network: Pseudonym, *, at: datetime, most: int) -> None:
        self._require(user)
        self._changes.append(lambda: self._know(user, network, at, most))

    async def add_ticket(self, ticket: Ticket) -> None:
        self._require(ticket.user)
        self._tickets[ticket.digest] = ticket
        self._changes.append(lambda: self._tables.tickets.update({ticket.digest: ticket}))

    async def take_ticket(self, digest: TicketDigest) -> Ticket:
        if digest not in self._tickets:
            raise TicketInvalid
        self._changes.append(lambda: self._forget_ticket(digest))
        return self._tickets.pop(digest)

    async def commit(self) -> None:
        for change in self._changes:
            change()
        self._changes.clear()
        self._tables.tasks.clear()
        self._tables.tasks.update(self._tasks)

    def _require(self, user: UserId) -> None:
        if user not in self._users:
            raise UserNotFound

    def _forget(self, user: UserId) -> None:
        self._tables.users.pop(user, None)
        self._tables.passwords.pop(user, None)
        self._tables.accounts.pop(user, None)
        self._forget_sessions(user)
        for ticket in [ticket for ticket in self._tables.tickets.values() if ticket.user == user]:
            self._forget_ticket(ticket.digest)
        for place in [place for place in self._tables.networks if place[0] == user]:
            del self._tables.networks[place]
        for name in [name for name in self._tables.answers if name[0] == user]:
            del self._tables.answers[name]

    def _open_with(self, user: UserId, password: PasswordHash) -> None:
        self._tables.passwords[user] = password
        since = self._tables.users[user].created_at
        account = Account(
            id=random_text(ALPHANUMERIC, 32),
            provider="credential",
            account_id=user,
            user=user,
            scopes=(),
            created_at=since,
            updated_at=since,
        )
        self._tables.accounts.setdefault(user, account)

    def _forget_sessions(self, user: UserId, keep: SessionId | None = None) -> None:
        for session in [session for session in self._tables.sessions.values() if session.user == user]:
            if session.id != keep:
                del self._tables.sessions[session.id]

    def _forget_session(self, session: SessionId) -> None:
        self._tables.sessions.pop(session, None)

    def _leave_sessions(self, user: UserId, most: int, at: datetime) -> None:
        sessions = [session for session in self._tables.sessions.values() if session.user == user]
        sessions.sort(key=lambda session: (session.is_live(at=at), session.updated_at, session.id), reverse=True)
        for session in sessions[most:]:
            del self._tables.sessions[session.id]

    def _know(self, user: UserId, network: Pseudonym, at: datetime, most: int) -> None:
        known = self._tables.networks
        known[user, network] = at
        others = sorted((last, key) for key, last in known.items() if key[0] == user and key[1] != network)
        for _, key in others[: max(0, len(others) - most + 1)]:
            del known[key]

    def _forget_ticket(self, digest: TicketDigest) -> None:
        self._tables.tickets.pop(digest, None)
