"""What an operator does with accounts."""

from collections.abc import Sequence
from contextlib import suppress

from todo.domain.errors import CharacterForbidden, UserNotFound
from todo.domain.model.session import Session
from todo.domain.model.text import require_storable
from todo.domain.model.user import Email, Name, Password, User, UserId
from todo.domain.ports.clock import Clock
from todo.domain.ports.password_hasher import PasswordHasher
from todo.domain.ports.store import Store
from todo.domain.services.accounts import SignedIn
from todo.domain.services.choosing import ANY_PASSWORD, PasswordChoice

AT_ONCE = 1000
"""Sessions that end together: nobody waits long for their locks."""


class Administration:
    """On behalf of whoever has the database anyway: nobody is asked for a password."""

    def __init__(
        self, *, store: Store, hasher: PasswordHasher, clock: Clock, choice: PasswordChoice = ANY_PASSWORD
    ) -> None:
        self._store = store
        self._hasher = hasher
        self._clock = clock
        self._choice = choice

    async def create(self, email: Email, password: Password, name: Name | None) -> User:
        """Makes an account for somebody else. Raises `PasswordTooCommon` or `EmailTaken`."""
        self._choice.require_good(password, of=email)
        hashed = await self._hasher.hash(password)
        user = User.new(email, Name.from_email(email) if name is None else name, at=self._clock.now())
        async with self._store.begin() as work:
            await work.add_user(user)
            await work.set_password(user.id, hashed)
            await work.commit()
        return user

    async def all(self) -> Sequence[User]:
        """Every user, the oldest first."""
        return await self._store.users.all()

    async def find(self, address_or_id: str) -> User:
        """By e-mail address, or by id. Raises `UserNotFound`."""
        try:
            require_storable(address_or_id)
        except CharacterForbidden as error:
            raise UserNotFound from error
        with suppress(UserNotFound):
            return await self._store.users.get(UserId(address_or_id))
        user = await self._store.users.find_by_email(Email.known(address_or_id.lower()))
        if user is None:
            raise UserNotFound
        return user

    async def set_password(self, user: User, password: Password) -> None:
        """Sets a password without asking for the old one, and ends every session of the user.

        Raises `PasswordTooCommon`.
        """
        self._choice.require_good(password, of=user.email)
        hashed = await self._hasher.hash(password)
        async with self._store.begin() as work:
            await work.set_password(user.id, hashed)
            await work.remove_sessions_of(user.id)
            await work.commit()

    async def delete(self, user: User) -> None:
        """Deletes the account with its sessions and tasks. Raises `UserNotFound`."""
        async with self._store.begin() as work:
            await work.remove_user(user.id)
            await work.commit()

    async def latest_sessions(self, at_most: int) -> Sequence[SignedIn]:
        """Everybody's sessions that are not over, each with its user; the one that was extended last first."""
        sessions = self._live(await self._store.sessions.latest(at_most))
        users = {user.id: user for user in await self._store.users.among({session.user for session in sessions})}
        return [SignedIn(user=users[one.user], session=one) for one in sessions if one.user in users]

    async def sessions_of(self, user: User) -> Sequence[SignedIn]:
        """The user's sessions that are not over, the oldest first."""
        return [SignedIn(user=user, session=one) for one in self._live(await self._store.sessions.of(user.id))]

    async def end_sessions_of(self, user: User) -> None:
        """Signs the user out everywhere. Holds at once, on every worker."""
        async with self._store.begin() as work:
            await work.remove_sessions_of(user.id)
            await work.commit()

    async def end_all_sessions(self) -> int:
        """Signs everybody out, and says how many sessions that were; those begun meanwhile may stay."""
        ended = 0
        while some := await self._store.sessions.remove_some(AT_ONCE):
            ended += some
            if some < AT_ONCE:
                break
        return ended

    def _live(self, sessions: Sequence[Session]) -> list[Session]:
        now = self._clock.now()
        return [session for session in sessions if session.is_live(at=now)]
