"""Changing passwords, and setting a new one by letter."""

from contextlib import suppress

from todo.domain.errors import PasswordNotFound, PasswordResetDisabled, PasswordWrong, TicketInvalid, UserNotFound
from todo.domain.model.letter import Letter, Purpose
from todo.domain.model.network import Network
from todo.domain.model.session import Device, Session
from todo.domain.model.ticket import Ticket, reset_digest
from todo.domain.model.user import Email, Password, PasswordHash, User, UserId
from todo.domain.ports.clock import Clock
from todo.domain.ports.mailer import Mailer
from todo.domain.ports.password_hasher import PasswordHasher
from todo.domain.ports.store import Store
from todo.domain.services.attempts import Attempts, Unlimited
from todo.domain.services.choosing import ANY_PASSWORD, PasswordChoice


class PasswordService:
    """Hashing is slow and holds no connection: it is done before a unit of work begins."""

    def __init__(
        self,
        *,
        store: Store,
        hasher: PasswordHasher,
        mailer: Mailer,
        clock: Clock,
        choice: PasswordChoice = ANY_PASSWORD,
        attempts: Attempts | None = None,
    ) -> None:
        self._store = store
        self._hasher = hasher
        self._mailer = mailer
        self._clock = clock
        self._choice = choice
        self._attempts = attempts or Unlimited()

    async def confirm(self, password: Password, *, by: User) -> PasswordHash:
        """The hash that the password belongs to. Raises `PasswordNotFound`, `TooManyAttempts` or `PasswordWrong`."""
        expected = await self._store.passwords.find(by.id)
        if expected is None:
            raise PasswordNotFound
        async with self._attempts.confirming(by.id):
            if not await self._hasher.verify(password, expected):
                raise PasswordWrong
        return expected

    async def change(
        self, current: Password, new: Password, *, by: User, session: Session, anew: Device | None = None
    ) -> Session | None:
        """Sets a new password and ends the user's other sessions.

        With `anew` this one ends too, and another begins in its place. Raises `PasswordTooCommon`, `PasswordNotFound`,
        `TooManyAttempts` or `PasswordWrong`.
        """
        self._choice.require_good(new, of=by.email)
        expected = await self.confirm(current, by=by)
        hashed = await self._hasher.hash(new)
        begun = Session.start(by.id, anew, at=self._clock.now()) if anew is not None else None
        async with self._store.begin() as work:
            await work.require_password(by.id, expected)
            await work.set_password(by.id, hashed)
            await work.remove_sessions_of(by.id, keep=None if begun else session.id)
            if begun is not None:
                await work.add_session(begun)
            await work.commit()
        return begun

    async def request_reset(self, email: Email, callback: str, *, source: Network) -> None:
        """Writes to the user of the address. Says nothing about the address.

        Raises `PasswordResetDisabled` or `TooManyAttempts`.
        """
        if not self._mailer.enabled:
            raise PasswordResetDisabled
        await self._attempts.write(email, source=source)
        user = await self._store.users.find_by_email(email)
        if user is None or user.email.is_placeholder:
            return
        token, ticket = Ticket.for_reset(user.id, at=self._clock.now())
        with suppress(UserNotFound):
            async with self._store.begin() as work:
                await work.add_ticket(ticket)
                await work.commit()
            letter = Letter(
                purpose=Purpose.RESET_PASSWORD, to=user.email, name=user.name, token=token, callback=callback
            )
            self._mailer.post(letter)

    async def can_reset(self, token: str) -> bool:
        """Whether the token of a letter is still good. Looking does not use it up."""
        return await self._ticket(token) is not None

    async def reset(self, token: str, new: Password) -> UserId:
        """Sets a new password, ends every session of the user, and says who it is.

        Each token works once; a refused password leaves it. Raises `TicketInvalid` or `PasswordTooCommon`.
        """
        found = await self._ticket(token)
        if found is None:
            raise TicketInvalid
        try:
            user = await self._store.users.get(found.user)
            self._choice.require_good(new, of=user.email)
            hashed = await self._hasher.hash(new)
            async with self._store.begin() as work:
                ticket = await work.take_ticket(reset_digest(token))
                await work.set_password(ticket.user, hashed)
                await work.remove_sessions_of(ticket.user)
                await work.commit()
        except UserNotFound as error:
            raise TicketInvalid from error
        return ticket.user

    async def _ticket(self, token: str) -> Ticket | None:
        ticket = await self._store.tickets.find(reset_digest(token))
        return ticket if ticket is not None and ticket.expires_at > self._clock.now() else None
