"""Changes kept back until they are committed."""

from collections.abc import Callable

from todo.adapters.memory.tables import Tables
from todo.domain.errors import EmailTaken, UserNotFound
from todo.domain.model.session import Session
from todo.domain.model.user import PasswordHash, User, UserId
from todo.domain.ports.store import UnitOfWork


class MemoryUnitOfWork(UnitOfWork):
    """Checks each change when it is asked for, and applies all of them at once when they are committed."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._users = dict(tables.users)
        self._passwords = dict(tables.passwords)
        self._changes: list[Callable[[], None]] = []

    async def add_user(self, user: User) -> None:
        if user.id in self._users:
            return
        if any(other.email == user.email for other in self._users.values()):
            raise EmailTaken
        self._users[user.id] = user
        self._changes.append(lambda: self._tables.users.update({user.id: user}))

    async def remove_user(self, user: UserId) -> None:
        self._require(user)
        del self._users[user]
        self._changes.append(lambda: self._forget(user))

    async def set_password(self, user: UserId, password: PasswordHash) -> None:
        self._require(user)
        self._passwords[user] = password
        self._changes.append(lambda: self._tables.passwords.update({user: password}))

    async def replace_password(self, user: UserId, password: PasswordHash, *, expecting: PasswordHash) -> None:
        if self._passwords.get(user) == expecting:
            await self.set_password(user, password)

    async def add_session(self, session: Session) -> None:
        self._require(session.user)
        self._changes.append(lambda: self._tables.sessions.update({session.id: session}))

    async def remove_sessions_of(self, user: UserId) -> None:
        self._changes.append(lambda: self._forget_sessions(user))

    async def commit(self) -> None:
        for change in self._changes:
            change()
        self._changes.clear()

    def _require(self, user: UserId) -> None:
        if user not in self._users:
            raise UserNotFound

    def _forget(self, user: UserId) -> None:
        self._tables.users.pop(user, None)
        self._tables.passwords.pop(user, None)
        self._forget_sessions(user)
        for key in [key for key in self._tables.tasks if key[0] == user]:
            del self._tables.tasks[key]

    def _forget_sessions(self, user: UserId) -> None:
        for session in [session for session in self._tables.sessions.values() if session.user == user]:
            del self._tables.sessions[session.id]
