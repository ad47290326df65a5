"""What the memory store holds."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from todo.domain.model.retry import IdempotencyKey, KeptAnswer
from todo.domain.model.session import Session, SessionId
from todo.domain.model.task import Task, TaskId
from todo.domain.model.ticket import Ticket, TicketDigest
from todo.domain.model.user import Account, PasswordHash, User, UserId


@dataclass(slots=True)
class Tables:
    """Task numbers come from a counter, like those of a database sequence: one that was given is never given again."""

    users: dict[UserId, User] = field(default_factory=dict)
    passwords: dict[UserId, PasswordHash] = field(default_factory=dict)
    sessions: dict[SessionId, Session] = field(default_factory=dict)
    accounts: dict[UserId, Account] = field(default_factory=dict)
    tickets: dict[TicketDigest, Ticket] = field(default_factory=dict)
    tasks: dict[tuple[UserId, TaskId], Task] = field(default_factory=dict)
    answers: dict[tuple[UserId, IdempotencyKey], tuple[datetime, KeptAnswer]] = field(default_factory=dict)
    task_numbers: Iterator[int] = field(default_factory=lambda: count(1))
