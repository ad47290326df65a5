"""What the memory store holds."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from todo.domain.model.pace import Pseudonym
from todo.domain.model.retry import IdempotencyKey, KeptAnswer
from todo.domain.model.session import Session, SessionId
from todo.domain.model.task import Task, TaskId
from todo.domain.model.ticket import Ticket, TicketDigest
from todo.domain.model.user import Account, PasswordHash, User, UserId


@dataclass(frozen=True, slots=True)
class Taken:
    """What one bucket has been charged with."""

    due: datetime
    every: timedelta


@dataclass(slots=True)
class Tables:
    """Task numbers come from a counter, like those of a database sequence: one that was given is never given again."""

    users: dict[UserId, User] = field(default_factory=dict)
    passwords: dict[UserId, PasswordHash] = field(default_factory=dict)
    sessions: dict[SessionId, Session] = field(default_factory=dict)
    accounts: dict[UserId, Account] = field(default_factory=dict)
    tickets: dict[TicketDigest, Ticket] = field(default_factory=dict)
    networks: dict[tuple[UserId, Pseudonym], datetime] = field(default_factory=dict)
    """Where users have signed in from, and when they last did."""
    taken: dict[Pseudonym, Taken] = field(default_factory=dict)
    """What the buckets of the throttle have been charged with."""
    tasks: dict[tuple[UserId, TaskId], Task] = field(default_factory=dict)
    answers: dict[tuple[UserId, IdempotencyKey], tuple[datetime, KeptAnswer]] = field(default_factory=dict)
    task_numbers: Iterator[int] = field(default_factory=lambda: count(1))
