"""Tasks: what somebody means to do."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, NewType, Self

from todo.domain.errors import DescriptionTooLong, TaskNotFound, TitleBlank, TitleTooLong
from todo.domain.model.keep import KEEP, Keep
from todo.domain.model.text import Text, require_storable
from todo.domain.model.user import UserId

TaskId = NewType("TaskId", int)


class Title(Text):
    """1 to 500 code points, not only white space, exactly as given.

    Raises `TitleBlank`, `TitleTooLong` or `CharacterForbidden`.
    """

    __slots__ = ()
    LONGEST: ClassVar = 500

    def __new__(cls, text: str) -> Self:
        if not text or text.isspace():
            raise TitleBlank
        if len(text) > cls.LONGEST:
            raise TitleTooLong
        require_storable(text)
        return str.__new__(cls, text)


class Description(Text):
    """Up to 16,384 code points, exactly as given; may be empty.

    Raises `DescriptionTooLong` or `CharacterForbidden`.
    """

    __slots__ = ()
    LONGEST: ClassVar = 16_384

    def __new__(cls, text: str) -> Self:
        if len(text) > cls.LONGEST:
            raise DescriptionTooLong
        require_storable(text)
        return str.__new__(cls, text)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """A task that the store has not numbered yet. It is open."""

    owner: UserId
    title: Title
    description: Description | None = None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something one person means to do. Nobody else can see it, change it, or learn that it exists."""

    id: TaskId
    owner: UserId
    title: Title
    description: Description | None
    completed_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int

    @property
    def completed(self) -> bool:
        return self.completed_at is not None

    def require_owner(self, actor: UserId) -> None:
        """Answers a stranger exactly as if the task did not exist: raises `TaskNotFound`."""
        if actor != self.owner:
            raise TaskNotFound

    def toggle(self, *, by: UserId, at: datetime) -> Self:
        """Completes an open task; reopens a completed one."""
        return self.edit(completed=not self.completed, by=by, at=at)

    def edit(
        self,
        *,
        title: Title | Keep = KEEP,
        description: Description | Keep | None = KEEP,
        completed: bool | Keep = KEEP,
        by: UserId,
        at: datetime,
    ) -> Self:
        """Sets what is given. Completing a completed task again does not move the time it was completed."""
        self.require_owner(by)
        return replace(
            self,
            title=self.title if title is KEEP else title,
            description=self.description if description is KEEP else description,
            completed_at=self.completed_at if completed is KEEP else self._completed_at(completed, at),
            updated_at=at,
        )

    def _completed_at(self, completed: bool, now: datetime) -> datetime | None:
        return (self.completed_at or now) if completed else None
