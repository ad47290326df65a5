"""What an operator does with accounts."""

from collections.abc import Sequence
from contextlib import suppress

from todo.domain.errors import CharacterForbidden, UserNotFound
from todo.domain.model.text import require_storable
from todo.domain.model.user import Email, Name, Password, User, UserId
from todo.domain.ports.clock import Clock
from todo.domain.ports.password_hasher import PasswordHasher
from todo.domain.ports.store import Store
from todo.domain.services.choosing import ANY_PASSWORD, PasswordChoice


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
