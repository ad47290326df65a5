"""People, things and fakes for the tests. Each builder lets a test spell out what matters to it, and nothing else."""

import hashlib
import itertools
from datetime import UTC, datetime, timedelta

from todo.domain.errors import Busy
from todo.domain.model.network import Network
from todo.domain.model.principal import Claims, Principal
from todo.domain.model.retry import Attempt, IdempotencyKey, RequestDigest
from todo.domain.model.session import Device, Session, SessionHandle, SessionId
from todo.domain.model.task import Description, NewTask, Task, TaskId, Title
from todo.domain.model.ticket import Ticket
from todo.domain.model.user import Email, Image, Name, Password, PasswordHash, User, UserId
from todo.domain.ports.clock import Clock
from todo.domain.ports.password_hasher import PasswordHasher
from todo.domain.ports.store import Store

ADA = UserId("usr_ada")
BOB = UserId("usr_bob")
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1, milliseconds=7)

HOME = Network.of("203.0.113.7")
AWAY = Network.of("198.51.100.20")

SECRET = hashlib.sha256(b"the secret of the tests").hexdigest()
PASSWORD = Password("correct horse battery")
HASH = PasswordHash("a hash")
OTHER_HASH = PasswordHash("another hash")


def a_user(
    id: UserId = ADA,  # noqa: A002
    *,
    email: str | None = None,
    name: str = "",
    email_verified: bool = False,
    image: str | None = None,
    created_at: datetime = NOON,
    updated_at: datetime | None = None,
) -> User:
    """Without an address, one that tells the id."""
    return User(
        id=id,
        email=Email(email or f"{id}@example.com"),
        name=Name(name),
        email_verified=email_verified,
        image=None if image is None else Image(image),
        created_at=created_at,
        updated_at=updated_at or created_at,
    )


def a_session(
    of: UserId = ADA,
    *,
    id: str | None = None,  # noqa: A002
    handle: str | None = None,
    device: Device | None = None,
    at: datetime = NOON,
    remembered: bool = True,
) -> Session:
    """Begun at `at`; every one has an id and a handle of its own."""
    begun = Session.start(of, device or Device(), at=at, remembered=remembered)
    return Session(
        id=SessionId(id) if id is not None else begun.id,
        handle=SessionHandle(handle) if handle is not None else begun.handle,
        user=begun.user,
        device=begun.device,
        created_at=begun.created_at,
        updated_at=begun.updated_at,
        expires_at=begun.expires_at,
    )


def a_ticket(of: UserId = ADA, *, at: datetime = NOON) -> Ticket:
    """Every one has a token of its own."""
    return Ticket.for_reset(of, at=at)[1]


def a_new_task(
    owner: UserId = ADA,
    *,
    title: str = "Buy milk",
    description: str | None = None,
    created_at: datetime = NOON,
) -> NewTask:
    return NewTask(
        owner=owner,
        title=Title(title),
        description=None if description is None else Description(description),
        created_at=created_at,
    )


def a_task(
    owner: UserId = ADA,
    *,
    id: int = 1,  # noqa: A002
    title: str = "Buy milk",
    description: str | None = None,
    completed_at: datetime | None = None,
    version: int = 1,
) -> Task:
    """Made at noon."""
    return Task(
        id=TaskId(id),
        owner=owner,
        title=Title(title),
        description=None if description is None else Description(description),
        completed_at=completed_at,
        created_at=NOON,
        updated_at=NOON,
        version=version,
    )


def an_attempt(by: UserId = ADA, *, key: str = "key", request: bytes = b"a request", at: datetime = NOON) -> Attempt:
    return Attempt(by=by, key=IdempotencyKey(key), request=RequestDigest(request), at=at)


def principal(of: UserId = ADA, *, session: Session | None = None, email: str | None = None) -> Principal:
    """Without a session, one whom another issuer vouches for."""
    return Principal(user=of, session=session, email=email)


def claims(
    subject: UserId = ADA,
    *,
    issued: float | None = None,
    expires: float | None = None,
    not_before: float | None = None,
    session: SessionId | None = None,
) -> Claims:
    """Issued at noon, good for an hour."""
    return Claims(
        subject=subject,
        issued=NOON.timestamp() if issued is None else issued,
        expires=NOON.timestamp() + 3600 if expires is None else expires,
        not_before=not_before,
        session=session,
    )


async def keep(store: Store, *kept: User | Session | Ticket | tuple[UserId, PasswordHash]) -> None:
    """Keeps users, sessions, tickets and passwords, in this order, in one unit of work."""
    async with store.begin() as work:
        for thing in kept:
            match thing:
                case User():
                    await work.add_user(thing)
                case Session():
                    await work.add_session(thing)
                case Ticket():
                    await work.add_ticket(thing)
                case (user, password):
                    await work.set_password(user, password)
        await work.commit()


async def drop(store: Store, user: UserId) -> None:
    """Removes a user with all that is theirs."""
    async with store.begin() as work:
        await work.remove_user(user)
        await work.commit()


class HandClock(Clock):
    """Stands still until it is turned."""

    def __init__(self, at: datetime = NOON) -> None:
        self._now = at

    def now(self) -> datetime:
        return self._now

    def turn(self, by: timedelta) -> None:
        self._now += by


class PlainHasher(PasswordHasher):
    """Keeps the promises of a hasher, but the one that it is hard to guess. Takes no time, and no threads."""

    def __init__(self) -> None:
        self._salts = itertools.count(1)
        self._scheme = 1
        self.full = False

    async def hash(self, password: Password) -> PasswordHash:
        self._require_room()
        return self._hashed(password, scheme=str(self._scheme), salt=str(next(self._salts)))

    async def verify(self, password: Password, expected: PasswordHash | None) -> bool:
        self._require_room()
        match (expected or "").split("$"):
            case ["plain", scheme, salt, _]:
                return self._hashed(password, scheme=scheme, salt=salt) == expected
            case _:
                return False

    def is_outdated(self, hashed: PasswordHash) -> bool:
        return not hashed.startswith(f"plain${self._scheme}$")

    def move_on(self) -> None:
        """From now on hashes are made in another way; those made before are outdated."""
        self._scheme += 1

    def _require_room(self) -> None:
        if self.full:
            raise Busy

    @staticmethod
    def _hashed(password: Password, *, scheme: str, salt: str) -> PasswordHash:
        digest = hashlib.sha256(f"{salt}${password}".encode("utf-8", "surrogatepass")).hexdigest()
        return PasswordHash(f"plain${scheme}${salt}${digest}")
