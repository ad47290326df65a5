"""What people do with their own accounts and sessions."""

from collections.abc import Sequence

from todo.domain.errors import ReauthenticationNeeded
from todo.domain.model.keep import KEEP, Keep
from todo.domain.model.session import Session, SessionHandle
from todo.domain.model.user import Account, Image, Name, Password, User
from todo.domain.ports.clock import Clock
from todo.domain.ports.store import Store
from todo.domain.services.passwords import PasswordService


class ProfileService:
    """On behalf of a user, in one of their sessions."""

    def __init__(self, *, store: Store, passwords: PasswordService, clock: Clock) -> None:
        self._store = store
        self._passwords = passwords
        self._clock = clock

    async def describe(self, *, name: Name | Keep = KEEP, image: Image | Keep | None = KEEP, by: User) -> User:
        """Sets what is given. Raises `UserNotFound` when the account has just been deleted."""
        user = by.describe(name=name, image=image, at=self._clock.now())
        async with self._store.begin() as work:
            await work.save_user(user)
            await work.commit()
        return user

    async def accounts(self, *, by: User) -> Sequence[Account]:
        """The ways in which the user can sign in."""
        return await self._store.accounts.of(by.id)

    async def sessions(self, *, by: User, session: Session) -> Sequence[Session]:
        """The user's live sessions. Raises `SessionStale`: only who has just signed in sees them."""
        now = self._clock.now()
        session.require_fresh(at=now)
        return [other for other in await self._store.sessions.of(by.id) if other.is_live(at=now)]

    async def end_session(self, handle: SessionHandle, *, by: User) -> Session | None:
        """Ends a session of the user's own, and gives it. Of others, and of unknown ones, nothing is told."""
        session = await self._store.sessions.find_by_handle(handle)
        if session is None or session.user != by.id:
            return None
        await self._store.sessions.remove(session.id)
        return session

    async def end_sessions(self, *, by: User, keep: Session | None = None) -> None:
        """Ends all sessions of the user, but the one to keep."""
        async with self._store.begin() as work:
            await work.remove_sessions_of(by.id, keep=keep.id if keep else None)
            await work.commit()

    async def delete(self, password: Password | None, *, by: User, session: Session) -> None:
        """Deletes the account with its sessions and tasks.

        Raises `PasswordWrong`, `PasswordNotFound`, `TooManyAttempts`, or without a password `ReauthenticationNeeded`
        after a day.
        """
        if password is not None:
            await self._passwords.confirm(password, by=by)
        elif not session.is_fresh(at=self._clock.now()):
            raise ReauthenticationNeeded
        async with self._store.begin() as work:
            await work.remove_user(by.id)
            await work.commit()
