"""Writes that may be sent again: what they are known by, and what they were answered."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar, NewType, Self

from todo.domain.errors import IdempotencyKeyMalformed, IdempotencyKeyReused
from todo.domain.model.text import Text
from todo.domain.model.user import UserId

KEPT = timedelta(hours=24)
"""How long an answer is repeated. After that its key is free for another request."""

MOST_KEPT = 10_000
"""Answers kept for one user at one time, or a few more where many are sent at once."""

RequestDigest = NewType("RequestDigest", bytes)
"""What was asked for, as SHA-256: two requests are the same when their digests are."""


class IdempotencyKey(Text):
    """1 to 255 visible characters of ASCII, made by the client, which shows it with every try of one write.

    Raises `IdempotencyKeyMalformed`.
    """

    __slots__ = ()
    LONGEST: ClassVar = 255

    def __new__(cls, text: str) -> Self:
        if not 0 < len(text) <= cls.LONGEST or not all("!" <= character <= "~" for character in text):
            raise IdempotencyKeyMalformed
        return str.__new__(cls, text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a write was answered, as it went out. The domain keeps and repeats it, and reads nothing in it."""

    status: int
    body: bytes
    repeated: bool = False
    """Whether it was given before, so that nothing has been done for it now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try of a write that its user may send again. Keys of different users have nothing to do with each other."""

    by: UserId
    key: IdempotencyKey
    request: RequestDigest
    at: datetime

    @property
    def expires_at(self) -> datetime:
        """When its answer is forgotten."""
        return self.at + KEPT


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """The answer that the first try of a write has had."""

    request: RequestDigest
    answer: Answer

    def for_attempt(self, attempt: Attempt) -> Answer:
        """The same answer for the same request; raises `IdempotencyKeyReused` for another one."""
        if attempt.request != self.request:
            raise IdempotencyKeyReused
        return replace(self.answer, repeated=True)
