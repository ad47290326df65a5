"""What people do with their tasks."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from todo.domain.errors import Busy, EmailTaken, OwnerUnknown, SessionEnded, TaskChanged
from todo.domain.model.keep import KEEP, Keep
from todo.domain.model.principal import Principal
from todo.domain.model.retry import Answer, Attempt, IdempotencyKey, RequestDigest
from todo.domain.model.task import Description, NewTask, Task, TaskId, Title
from todo.domain.model.user import Email, User
from todo.domain.ports.clock import Clock
from todo.domain.ports.store import Store, TaskRepository

TASK_QUOTA = 10_000
"""Tasks that one user may have, unless the operator says otherwise."""

PATIENCE = 200
"""How often a change is decided anew. Of n people who change one task at the same moment the last needs n rounds."""


class TaskService:
    """The task use cases, on behalf of `by`, under whose id alone they act."""

    def __init__(
        self, *, store: Store, clock: Clock, quota: int = TASK_QUOTA, tasks: TaskRepository | None = None
    ) -> None:
        """Over the tasks of the store, unless they are given: those of a unit of work, which then commits."""
        self._store = store
        self._tasks = store.tasks if tasks is None else tasks
        self._clock = clock
        self._quota = quota

    async def list(self, *, by: Principal) -> Sequence[Task]:
        """All of the principal's tasks, the oldest first."""
        return await self._tasks.of(by.user)

    async def get(self, task_id: TaskId, *, by: Principal) -> Task:
        """Raises `TaskNotFound`, about another's task too."""
        return await self._tasks.get(by.user, task_id)

    async def add(self, title: Title, description: Description | None, *, by: Principal) -> Task:
        """Keeps a new open task. Raises `TaskQuotaReached`.

        The first one of a user whom another issuer vouches for records that user.
        """
        task = NewTask(owner=by.user, title=title, description=description, created_at=self._clock.now())
        try:
            return await self._tasks.add(task, at_most=self._quota)
        except OwnerUnknown:
            await self._record(by)
            return await self._tasks.add(task, at_most=self._quota)

    async def edit(
        self,
        task_id: TaskId,
        *,
        title: Title | Keep = KEEP,
        description: Description | Keep | None = KEEP,
        completed: bool | Keep = KEEP,
        by: Principal,
    ) -> Task:
        """Sets what is given and leaves the rest. Raises `TaskNotFound`."""
        now = self._clock.now()
        return await self._change(
            task_id,
            by,
            lambda task: task.edit(title=title, description=description, completed=completed, by=by.user, at=now),
        )

    async def toggle(self, task_id: TaskId, *, by: Principal) -> Task:
        """Completes an open task, reopens a completed one; two at once are two flips. Raises `TaskNotFound`."""
        now = self._clock.now()
        return await self._change(task_id, by, lambda task: task.toggle(by=by.user, at=now))

    async def remove(self, task_id: TaskId, *, by: Principal) -> None:
        """Raises `TaskNotFound`."""
        await self._tasks.remove(by.user, task_id)

    async def once(
        self,
        key: IdempotencyKey,
        request: RequestDigest,
        change: Callable[["TaskService"], Awaitable[Answer]],
        *,
        by: Principal,
    ) -> Answer:
        """Makes the change and keeps its answer with it, or neither; for a later try of the request repeats the answer.

        Tries at the same moment wait for the first. What is refused changes nothing and is not kept: the next try is
        decided anew. Raises `IdempotencyKeyReused`, and what the change raises.
        """
        attempt = Attempt(by=by.user, key=key, request=request, at=self._clock.now())
        try:
            return await self._once(attempt, change)
        except OwnerUnknown:
            await self._record(by)
            return await self._once(attempt, change)

    async def _once(self, attempt: Attempt, change: Callable[["TaskService"], Awaitable[Answer]]) -> Answer:
        async with self._store.begin() as work:
            kept = await work.claim(attempt)
            if kept is not None:
                return kept.for_attempt(attempt)
            answer = await change(
                TaskService(store=self._store, clock=self._clock, quota=self._quota, tasks=work.tasks)
            )
            await work.keep_answer(attempt, answer)
            await work.commit()
        return answer

    async def _change(self, task_id: TaskId, by: Principal, decide: Callable[[Task], Task]) -> Task:
        """Reads, decides and saves; decides anew on what somebody faster left behind."""
        for _ in range(PATIENCE):
            task = await self._tasks.get(by.user, task_id)
            with suppress(TaskChanged):
                return await self._tasks.save(decide(task), expecting=task.version)
        raise Busy

    async def _record(self, principal: Principal) -> None:
        """Makes an account without a password for another issuer's user. Ours have one, or have deleted it."""
        if principal.session is not None:
            raise SessionEnded
        for email in self._addresses(principal):
            with suppress(EmailTaken):
                async with self._store.begin() as work:
                    await work.add_user(User.vouched_for(principal.user, email, at=self._clock.now()))
                    await work.commit()
                return
        raise Busy

    @staticmethod
    def _addresses(principal: Principal) -> Sequence[Email]:
        """What the user's address could be, the best first; the last is nobody else's."""
        fallbacks = [Email.placeholder(principal.user), Email.unmistakable_placeholder(principal.user)]
        if principal.email is None:
            return fallbacks
        return [Email.known(principal.email.lower()), *fallbacks]
