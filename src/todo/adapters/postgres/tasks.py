"""Tasks in PostgreSQL. Each method is one statement, without a transaction around it, but for adding near the quota."""

from collections.abc import Sequence
from typing import Any

from asyncpg import ForeignKeyViolationError
from sqlalchemy import BigInteger, bindparam, delete, func, insert, literal_column, select, update

from todo.adapters.postgres.headroom import Headroom, margin
from todo.adapters.postgres.query import Query, Runner
from todo.adapters.postgres.records import TASK_COLUMNS, task_from
from todo.adapters.postgres.tables import TASK_OWNER_KEY, tasks, users
from todo.domain.errors import OwnerUnknown, TaskChanged, TaskNotFound, TaskQuotaReached
from todo.domain.model.task import NewTask, Task, TaskId
from todo.domain.model.user import UserId
from todo.domain.ports.store import TaskRepository

LARGEST_ID = 2**63 - 1

IS_THE_OWNERS = tasks.c.user_id == bindparam("owner")
IS_THE_TASK = IS_THE_OWNERS & (tasks.c.id == bindparam("task_id"))

OF_OWNER = Query(select(*TASK_COLUMNS).where(IS_THE_OWNERS).order_by(tasks.c.id))
ONE = Query(select(*TASK_COLUMNS).where(IS_THE_TASK))
INSERT = Query(
    insert(tasks)
    .values(
        user_id=bindparam("owner"),
        title=bindparam("title"),
        description=bindparam("description"),
        created_at=bindparam("created_at"),
        updated_at=bindparam("created_at"),
    )
    .returning(*TASK_COLUMNS)
)
ROOM = bindparam("room", type_=BigInteger)
COUNTED = select(literal_column("1")).select_from(tasks).where(IS_THE_OWNERS).limit(ROOM).subquery()
INSERT_BELOW = Query(
    insert(tasks)
    .from_select(
        [tasks.c.user_id, tasks.c.title, tasks.c.description, tasks.c.created_at, tasks.c.updated_at],
        select(
            bindparam("owner", type_=tasks.c.user_id.type),
            bindparam("title", type_=tasks.c.title.type),
            bindparam("description", type_=tasks.c.description.type),
            bindparam("created_at", type_=tasks.c.created_at.type),
            bindparam("created_at", type_=tasks.c.updated_at.type),
        ).where(select(func.count()).select_from(COUNTED).scalar_subquery() < ROOM),
    )
    .returning(*TASK_COLUMNS)
)
"""Gives no row when the owner has `room` tasks already."""

ADD_ALONE = Query(select(users.c.id).where(users.c.id == bindparam("owner")).with_for_update(key_share=True))
UPDATE = Query(
    update(tasks)
    .where(IS_THE_TASK, tasks.c.version == bindparam("expected"))
    .values(
        title=bindparam("title"),
        description=bindparam("description"),
        completed_at=bindparam("completed_at"),
        updated_at=bindparam("updated_at"),
        version=tasks.c.version + literal_column("1"),
    )
    .returning(*TASK_COLUMNS)
)
DELETE = Query(delete(tasks).where(IS_THE_TASK).returning(tasks.c.id))


class PostgresTasks(TaskRepository):
    def __init__(self, runner: Runner, headroom: Headroom) -> None:
        self._runner = runner
        self._headroom = headroom

    async def of(self, owner: UserId) -> Sequence[Task]:
        return [task_from(row) for row in await OF_OWNER.rows(self._runner, owner=owner)]

    async def get(self, owner: UserId, task_id: TaskId) -> Task:
        _require_possible(task_id)
        row = await ONE.row(self._runner, owner=owner, task_id=task_id)
        if row is None:
            raise TaskNotFound
        return task_from(row)

    async def add(self, task: NewTask, *, at_most: int | None = None) -> Task:
        row = {
            "owner": task.owner,
            "title": task.title,
            "description": task.description,
            "created_at": task.created_at,
        }
        try:
            if at_most is None or self._headroom.take(task.owner):
                return task_from(await INSERT.row(self._runner, **row))
            return task_from(await self._counted(row, at_most))
        except ForeignKeyViolationError as error:
            if error.constraint_name == TASK_OWNER_KEY:
                raise OwnerUnknown from error
            raise

    async def _counted(self, row: dict[str, Any], at_most: int) -> Any:
        """Far from the quota, one statement that counts. Near it those who add to the same tasks take turns."""
        if at_most > margin(at_most):
            added = await INSERT_BELOW.row(self._runner, room=at_most - margin(at_most), **row)
            if added is not None:
                self._headroom.counted(row["owner"], quota=at_most)
                return added
        async with self._runner.transaction() as alone:
            if await ADD_ALONE.row(alone, owner=row["owner"]) is None:
                raise OwnerUnknown
            added = await INSERT_BELOW.row(alone, room=at_most, **row)
        if added is None:
            raise TaskQuotaReached
        return added

    async def save(self, task: Task, *, expecting: int) -> Task:
        if expecting > LARGEST_ID:
            raise TaskChanged
        row = await UPDATE.row(
            self._runner,
            owner=task.owner,
            task_id=task.id,
            expected=expecting,
            title=task.title,
            description=task.description,
            completed_at=task.completed_at,
            updated_at=task.updated_at,
        )
        if row is None:
            raise TaskChanged
        return task_from(row)

    async def remove(self, owner: UserId, task_id: TaskId) -> None:
        _require_possible(task_id)
        if await DELETE.row(self._runner, owner=owner, task_id=task_id) is None:
            raise TaskNotFound


def _require_possible(task_id: TaskId) -> None:
    """PostgreSQL's integers end at 2⁶³, Python's do not."""
    if not 0 < task_id <= LARGEST_ID:
        raise TaskNotFound
