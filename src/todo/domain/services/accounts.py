"""Signing up and signing in, and what an operator does with accounts."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from todo.domain.errors import CredentialsWrong, UserNotFound
from todo.domain.model.session import Device, Session
from todo.domain.model.user import Email, Name, Password, PasswordHash, User, UserId
from todo.domain.ports.clock import Clock
from todo.domain.ports.password_hasher import PasswordHasher
from todo.domain.ports.store import Store, UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A user and the session that has just begun, or goes on."""

    user: User
    session: Session


class AccountService:
    """Hashing is slow and holds no connection: it is done before a unit of work begins."""

    def __init__(self, *, store: Store, hasher: PasswordHasher, clock: Clock) -> None:
        self._store = store
        self._hasher = hasher
        self._clock = clock

    async def sign_up(self, email: Email, password: Password, name: Name | None, *, device: Device) -> SignedIn:
        """Makes an account and signs in to it. Raises `EmailTaken`, or `Busy`."""
        user, hashed = await self._prepare(email, password, name)
        session = Session.start(user.id, device, at=user.created_at)
        async with self._store.begin() as work:
            await self._add(work, user, hashed)
            await work.add_session(session)
            await work.commit()
        return SignedIn(user=user, session=session)

    async def sign_in(self, email: Email, password: Password, *, device: Device) -> SignedIn:
        """Starts a session. Raises `Busy` or `CredentialsWrong`, which is as slow for an unknown address."""
        user = await self._store.users.find_by_email(email)
        expected = await self._store.passwords.find(user.id) if user else None
        if not await self._hasher.verify(password, expected) or user is None or expected is None:
            raise CredentialsWrong
        renewed = await self._hasher.hash(password) if self._hasher.is_outdated(expected) else None
        session = Session.start(user.id, device, at=self._clock.now())
        try:
            async with self._store.begin() as work:
                if renewed is not None:
                    await work.replace_password(user.id, renewed, expecting=expected)
                await work.add_session(session)
                await work.commit()
        except UserNotFound as error:
            raise CredentialsWrong from error
        return SignedIn(user=user, session=session)

    async def signed_in(self, session: Session) -> SignedIn:
        """The user of a session. Raises `UserNotFound` when the account has just been deleted."""
        return SignedIn(user=await self._store.users.get(session.user), session=session)

    async def create(self, email: Email, password: Password, name: Name | None) -> User:
        """Makes an account for somebody else. Raises `EmailTaken`."""
        user, hashed = await self._prepare(email, password, name)
        async with self._store.begin() as work:
            await self._add(work, user, hashed)
            await work.commit()
        return user

    async def all(self) -> Sequence[User]:
        """Every user, the oldest first."""
        return await self._store.users.all()

    async def find(self, address_or_id: str) -> User:
        """By e-mail address, or by id. Raises `UserNotFound`."""
        with suppress(UserNotFound):
            return await self._store.users.get(UserId(address_or_id))
        user = await self._store.users.find_by_email(Email.known(address_or_id.lower()))
        if user is None:
            raise UserNotFound
        return user

    async def set_password(self, user: User, password: Password) -> None:
        """Sets a password without asking for the old one, and ends every session of the user."""
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

    async def _prepare(self, email: Email, password: Password, name: Name | None) -> tuple[User, PasswordHash]:
        hashed = await self._hasher.hash(password)
        chosen = Name.from_email(email) if name is None else name
        return User.new(email, chosen, at=self._clock.now()), hashed

    @staticmethod
    async def _add(work: UnitOfWork, user: User, hashed: PasswordHash) -> None:
        await work.add_user(user)
        await work.set_password(user.id, hashed)
