"""The port to what is kept. Each method of a repository is whole by itself: it happens, or it does not.

Every method may raise `StoreUnavailable`.
"""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from todo.domain.model.leftover import Leftover
from todo.domain.model.pace import Pseudonym
from todo.domain.model.retry import MOST_KEPT, Answer, Attempt, KeptAnswer
from todo.domain.model.session import Session, SessionHandle, SessionId
from todo.domain.model.task import NewTask, Task, TaskId
from todo.domain.model.ticket import Ticket, TicketDigest
from todo.domain.model.user import Account, Email, PasswordHash, User, UserId
from todo.domain.ports.throttle import Throttle


class TaskRepository(Protocol):
    """All tasks, as if they were one collection in memory. It is always asked by owner."""

    async def of(self, owner: UserId) -> Sequence[Task]:
        """The owner's tasks, the oldest first."""
        ...

    async def get(self, owner: UserId, task_id: TaskId) -> Task:
        """Raises `TaskNotFound`, for another's task too, and for numbers no task can have."""
        ...

    async def add(self, task: NewTask, *, at_most: int | None = None) -> Task:
        """Keeps the task under a number that was never used before. Raises `OwnerUnknown`.

        Raises `TaskQuotaReached` when the owner has `at_most` tasks. Of many who add at once none gets past that.
        """
        ...

    async def save(self, task: Task, *, expecting: int) -> Task:
        """Keeps the task with the next version. Raises `TaskChanged` if it is not at the expected one any more."""
        ...

    async def remove(self, owner: UserId, task_id: TaskId) -> None:
        """Raises `TaskNotFound`, for another's task too."""
        ...


class UserRepository(Protocol):
    async def get(self, user: UserId) -> User:
        """Raises `UserNotFound`."""
        ...

    async def find_by_email(self, email: Email) -> User | None: ...

    async def all(self) -> Sequence[User]:
        """Every user, the oldest first."""
        ...

    async def among(self, users: Collection[UserId]) -> Sequence[User]:
        """Those of them that there are, each once, in no order. One look-up, however many are named."""
        ...


class PasswordRepository(Protocol):
    async def find(self, user: UserId) -> PasswordHash | None:
        """The user's hashed password; `None` for who has none."""
        ...


class AccountRepository(Protocol):
    async def of(self, user: UserId) -> Sequence[Account]:
        """The ways in which the user can sign in, the oldest first."""
        ...


class TicketRepository(Protocol):
    async def find(self, digest: TicketDigest) -> Ticket | None:
        """The ticket as it was added, however old."""
        ...


class SessionRepository(Protocol):
    async def find(self, session: SessionId) -> Session | None:
        """The session as it is now or later: one that was removed before is never found. Made for every request."""
        ...

    async def find_by_handle(self, handle: SessionHandle) -> Session | None: ...

    async def of(self, user: UserId) -> Sequence[Session]:
        """The user's sessions, the oldest first; those whose time is over among them."""
        ...

    async def latest(self, at_most: int) -> Sequence[Session]:
        """Everybody's sessions, the one that was extended last first."""
        ...

    async def slide(self, session: Session, *, expecting: Session) -> bool:
        """Keeps the new end of the session. False when somebody has slid or ended it first."""
        ...

    async def remove(self, session: SessionId) -> None:
        """Ends the session for good. One that is gone already is no error."""
        ...

    async def remove_some(self, at_most: int) -> int:
        """Ends that many sessions, whosesoever, or all when there are fewer. Says how many they were."""
        ...


class LeftoverRepository(Protocol):
    """What nobody asks for any more."""

    async def count(self, kind: Leftover, *, over_by: datetime) -> int:
        """How many were over by then."""
        ...

    async def remove(self, kind: Leftover, *, over_by: datetime, at_most: int) -> int:
        """Removes what was over by then, and says how many it was. Waits for nobody.

        While somebody else is removing leftovers it is none: of many who begin at once, one does the work.
        """
        ...


class NetworkRepository(Protocol):
    async def is_known(self, user: UserId, network: Pseudonym, *, since: datetime) -> bool:
        """Whether the user has signed in from there since then."""
        ...


class UnitOfWork(Protocol):
    """Changes that happen together when `commit` is called, and not at all when it is not. Nobody sees them before."""

    @property
    def tasks(self) -> TaskRepository:
        """All tasks, with the changes of this unit. Who else changes one of those waits until the unit ends."""
        ...

    async def claim(self, attempt: Attempt, *, at_most: int = MOST_KEPT) -> KeptAnswer | None:
        """`None` for the first try under this key: others who try wait until this unit ends. Else what it was answered.

        An answer that is forgotten by the time of the attempt does not count. Raises `OwnerUnknown`; once it has not,
        nobody removes the user until the unit ends. Raises `TooManyAttempts` for a new key when about so many answers
        are kept for the user, with the time until one of them is forgotten.
        """
        ...

    async def keep_answer(self, attempt: Attempt, answer: Answer) -> None:
        """Keeps what the attempt, which has claimed its key in this unit, is answered."""
        ...

    async def add_user(self, user: User) -> None:
        """Raises `EmailTaken`: of several who add one address at once, one succeeds. A recorded id is left as it is."""
        ...

    async def save_user(self, user: User) -> None:
        """Keeps what has changed. Raises `EmailTaken` or `UserNotFound`."""
        ...

    async def remove_user(self, user: UserId) -> None:
        """Removes the user with password, sessions and tasks. Raises `UserNotFound`."""
        ...

    async def set_password(self, user: UserId, password: PasswordHash) -> None:
        """Raises `UserNotFound`."""
        ...

    async def require_password(self, user: UserId, expected: PasswordHash) -> None:
        """Raises `PasswordWrong` if it is another one by now. Until the commit nobody changes it."""
        ...

    async def add_session(self, session: Session) -> None:
        """Raises `UserNotFound` when the user is gone."""
        ...

    async def remove_sessions_of(self, user: UserId, *, keep: SessionId | None = None) -> None: ...

    async def remove_session(self, session: SessionId) -> None:
        """One that is gone already is no error."""
        ...

    async def limit_sessions_of(self, user: UserId, *, most: int, at: datetime) -> None:
        """Leaves the user no more than `most` sessions: those that are over at this moment go first, then those that
        were extended the longest ago."""
        ...

    async def remember_network(self, user: UserId, network: Pseudonym, *, at: datetime, most: int) -> None:
        """The user has signed in from there now. Of more than `most` those of the longest ago are forgotten.

        Raises `UserNotFound`.
        """
        ...

    async def add_ticket(self, ticket: Ticket) -> None:
        """Raises `UserNotFound`."""
        ...

    async def take_ticket(self, digest: TicketDigest) -> Ticket:
        """Of several who take one ticket, one gets it and the others hear `TicketInvalid`."""
        ...

    async def commit(self) -> None:
        """Makes the changes last. When it returns they are kept, whatever happens next."""
        ...


class Store(Protocol):
    """All that is kept, behind one door. Entering it opens the door, leaving it closes it."""

    @property
    def tasks(self) -> TaskRepository: ...
    @property
    def users(self) -> UserRepository: ...
    @property
    def passwords(self) -> PasswordRepository: ...
    @property
    def accounts(self) -> AccountRepository: ...
    @property
    def tickets(self) -> TicketRepository: ...
    @property
    def sessions(self) -> SessionRepository: ...
    @property
    def leftovers(self) -> LeftoverRepository: ...

    @property
    def networks(self) -> NetworkRepository: ...
    @property
    def throttle(self) -> Throttle: ...
    def begin(self) -> AbstractAsyncContextManager[UnitOfWork]: ...

    async def require_ready(self) -> None:
        """Whether work could be done now. Raises `StoreOutdated` when the tables are older than the program."""
        ...

    async def __aenter__(self) -> "Store": ...
    async def __aexit__(self, *exception: object) -> None: ...
