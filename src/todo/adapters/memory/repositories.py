"""Each repository over the tables in memory."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from todo.adapters.memory.tables import Tables
from todo.domain.errors import OwnerUnknown, TaskChanged, TaskNotFound, TaskQuotaReached, UserNotFound
from todo.domain.model.pace import Pseudonym
from todo.domain.model.session import Session, SessionHandle, SessionId
from todo.domain.model.task import NewTask, Task, TaskId
from todo.domain.model.ticket import Ticket, TicketDigest
from todo.domain.model.user import Account, Email, PasswordHash, User, UserId
from todo.domain.ports.store import (
    AccountRepository,
    NetworkRepository,
    PasswordRepository,
    SessionRepository,
    TaskRepository,
    TicketRepository,
    UserRepository,
)


@dataclass(frozen=True, slots=True)
class MemoryTasks(TaskRepository):
    """Whoever changes something waits for their turn: a unit of work may be about to change the same task."""

    _tables: Tables
    _turn: AbstractAsyncContextManager[object]

    async def of(self, owner: UserId) -> Sequence[Task]:
        return [task for (user, _), task in self._tables.tasks.items() if user == owner]

    async def get(self, owner: UserId, task_id: TaskId) -> Task:
        task = self._tables.tasks.get((owner, task_id))
        if task is None:
            raise TaskNotFound
        return task

    async def add(self, task: NewTask, *, at_most: int | None = None) -> Task:
        async with self._turn:
            if task.owner not in self._tables.users:
                raise OwnerUnknown
            if at_most is not None and len(await self.of(task.owner)) >= at_most:
                raise TaskQuotaReached
            kept = Task(
                id=TaskId(next(self._tables.task_numbers)),
                owner=task.owner,
                title=task.title,
                description=task.description,
                completed_at=None,
                created_at=task.created_at,
                updated_at=task.created_at,
                version=1,
            )
            self._tables.tasks[kept.owner, kept.id] = kept
            return kept

    async def save(self, task: Task, *, expecting: int) -> Task:
        async with self._turn:
            present = self._tables.tasks.get((task.owner, task.id))
            if present is None or present.version != expecting:
                raise TaskChanged
            kept = replace(task, created_at=present.created_at, version=expecting + 1)
            self._tables.tasks[task.owner, task.id] = kept
            return kept

    async def remove(self, owner: UserId, task_id: TaskId) -> None:
        async with self._turn:
            if self._tables.tasks.pop((owner, task_id), None) is None:
                raise TaskNotFound


@dataclass(frozen=True, slots=True)
class MemoryUsers(UserRepository):
    _tables: Tables

    async def get(self, user: UserId) -> User:
        if user not in self._tables.users:
            raise UserNotFound
        return self._tables.users[user]

    async def find_by_email(self, email: Email) -> User | None:
        return next((user for user in self._tables.users.values() if user.email == email), None)

    async def all(self) -> Sequence[User]:
        return sorted(self._tables.users.values(), key=lambda user: (user.created_at, user.id))

    async def among(self, users: Collection[UserId]) -> Sequence[User]:
        return [self._tables.users[user] for user in set(users) if user in self._tables.users]


@dataclass(frozen=True, slots=True)
class MemoryPasswords(PasswordRepository):
    _tables: Tables

    async def find(self, user: UserId) -> PasswordHash | None:
        return self._tables.passwords.get(user)


@dataclass(frozen=True, slots=True)
class MemoryAccounts(AccountRepository):
    _tables: Tables

    async def of(self, user: UserId) -> Sequence[Account]:
        return [account for owner, account in self._tables.accounts.items() if owner == user]


@dataclass(frozen=True, slots=True)
class MemoryTickets(TicketRepository):
    _tables: Tables

    async def find(self, digest: TicketDigest) -> Ticket | None:
        return self._tables.tickets.get(digest)


@dataclass(frozen=True, slots=True)
class MemoryNetworks(NetworkRepository):
    _tables: Tables

    async def is_known(self, user: UserId, network: Pseudonym, *, since: datetime) -> bool:
        last = self._tables.networks.get((user, network))
        return last is not None and last >= since


@dataclass(frozen=True, slots=True)
class MemorySessions(SessionRepository):
    _tables: Tables

    async def find(self, session: SessionId) -> Session | None:
        return self._tables.sessions.get(session)

    async def find_by_handle(self, handle: SessionHandle) -> Session | None:
        return next((session for session in self._tables.sessions.values() if session.handle == handle), None)

    async def of(self, user: UserId) -> Sequence[Session]:
        found = [session for session in self._tables.sessions.values() if session.user == user]
        return sorted(found, key=lambda session: (session.created_at, session.id))

    async def slide(self, session: Session, *, expecting: Session) -> bool:
        present = self._tables.sessions.get(session.id)
        if present is None or present.updated_at != expecting.updated_at:
            return False
        self._tables.sessions[session.id] = session
        return True

    async def remove(self, session: SessionId) -> None:
        self._tables.sessions.pop(session, None)

    async def latest(self, at_most: int) -> Sequence[Session]:
        found = sorted(self._tables.sessions.values(), key=lambda session: (session.updated_at, session.id))
        return found[::-1][:at_most]

    async def remove_some(self, at_most: int) -> int:
        some = list(islice(self._tables.sessions, at_most))
        for session in some:
            del self._tables.sessions[session]
        return len(some)
