"""The tasks of one user, `/api/{user_id}/tasks`."""

from collections.abc import Callable
from typing import Annotated, Self, TypeVar

from litestar import Controller, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import BodyKwarg, PathParameter
from msgspec import UNSET, Meta, Struct, UnsetType

from todo.domain.errors import CharacterForbidden, DescriptionTooLong, Invalid, TitleBlank, TitleTooLong
from todo.domain.model.keep import KEEP
from todo.domain.model.task import Description, Task, Title
from todo.domain.services.tasks import TaskService
from todo.entrypoints.http import openapi
from todo.entrypoints.http.moments import Moment, moment
from todo.entrypoints.http.reading import BadBody, Fault, task_number
from todo.entrypoints.http.retries import Signed, changed

Value = TypeVar("Value")

TitleText = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=Title.LONGEST,
        description="Not only white space, and without U+0000.",
        examples=["Buy milk"],
    ),
]
DescriptionText = Annotated[
    str,
    Meta(
        max_length=Description.LONGEST,
        description="Without U+0000.",
        examples=["Two bottles, the blue ones"],
    ),
]
TaskNumber = Annotated[str, PathParameter(description="The task's number.", schema_extra=openapi.TASK_NUMBER)]


class TaskIn(Struct):
    """A task to add."""

    title: TitleText
    description: DescriptionText | None = None


class TaskChanges(Struct):
    """What to change. A field that is not sent keeps its value; at least one must be sent."""

    title: TitleText | UnsetType = UNSET
    description: DescriptionText | UnsetType | None = UNSET
    completed: bool | UnsetType = UNSET


class TaskOut(Struct, gc=False):
    """A task. More fields may come: ignore what you do not know."""

    id: Annotated[int, Meta(examples=[1])]
    user_id: Annotated[str, Meta(examples=["usr_cm5x8y9z0000"])]
    title: Annotated[str, Meta(examples=["Buy milk"])]
    description: Annotated[str, Meta(examples=["Two bottles, the blue ones"])] | None
    completed: bool
    created_at: Moment
    updated_at: Moment
    completed_at: Moment | None

    @classmethod
    def of(cls, task: Task) -> Self:
        """Plain strings go out: msgspec is slow with subclasses of `str`."""
        done = task.completed_at
        created = moment(task.created_at)
        return cls(
            task.id,
            task.owner,
            str(task.title),
            None if task.description is None else str(task.description),
            done is not None,
            created,
            created if task.updated_at == task.created_at else moment(task.updated_at),
            None if done is None else moment(done),
        )


class TaskDeleted(Struct):
    success: bool = True
    message: str = "Task deleted successfully"


class TaskController(Controller):
    path = "/{user_id:str}/tasks"
    tags = ("Tasks",)

    @get(summary="List tasks", responses=openapi.refusals(401, 403))
    async def list_tasks(self, request: Signed, tasks: NamedDependency[TaskService]) -> list[TaskOut]:
        """All tasks of the user, the oldest first."""
        return [TaskOut.of(task) for task in await tasks.list(by=request.user)]

    @post(summary="Add a task", responses=openapi.refusals(401, 403, 409, 413, 422))
    async def create_task(
        self,
        data: Annotated[TaskIn, BodyKwarg(media_type="application/json")],
        request: Signed,
        tasks: NamedDependency[TaskService],
    ) -> TaskOut:
        """A new task is open."""
        title = _read("title", Title, data.title)
        description = None if data.description is None else _read("description", Description, data.description)

        async def add(tasks: TaskService) -> TaskOut:
            return TaskOut.of(await tasks.add(title, description, by=request.user))

        return await changed(request, tasks, add)

    @get("/{task_id:str}", summary="Get a task", responses=openapi.refusals(401, 403, 404, 422))
    async def get_task(self, task_id: TaskNumber, request: Signed, tasks: NamedDependency[TaskService]) -> TaskOut:
        """One task of the user."""
        return TaskOut.of(await tasks.get(task_number(task_id), by=request.user))

    @put("/{task_id:str}", summary="Change a task", responses=openapi.refusals(401, 403, 404, 413, 422))
    async def update_task(
        self,
        task_id: TaskNumber,
        data: Annotated[TaskChanges, BodyKwarg(media_type="application/json")],
        request: Signed,
        tasks: NamedDependency[TaskService],
    ) -> TaskOut:
        """Sets the fields that are sent. `"description": null` clears it; what is not sent keeps its value."""
        if data.title is UNSET and data.description is UNSET and data.completed is UNSET:
            raise BadBody(fault=Fault.ABSENT, field="title")
        title = KEEP if data.title is UNSET else _read("title", Title, data.title)
        description = (
            KEEP
            if data.description is UNSET
            else None
            if data.description is None
            else _read("description", Description, data.description)
        )
        completed = KEEP if data.completed is UNSET else data.completed
        number = task_number(task_id)

        async def edit(tasks: TaskService) -> TaskOut:
            return TaskOut.of(
                await tasks.edit(number, title=title, description=description, completed=completed, by=request.user)
            )

        return await changed(request, tasks, edit)

    @delete(
        "/{task_id:str}", status_code=200, summary="Delete a task", responses=openapi.refusals(401, 403, 404, 413, 422)
    )
    async def delete_task(
        self, task_id: TaskNumber, request: Signed, tasks: NamedDependency[TaskService]
    ) -> TaskDeleted:
        """Deletes the task for good. Its number is never used again."""
        number = task_number(task_id)

        async def remove(tasks: TaskService) -> TaskDeleted:
            await tasks.remove(number, by=request.user)
            return TaskDeleted()

        return await changed(request, tasks, remove)

    @patch(
        "/{task_id:str}/complete",
        summary="Complete or reopen a task",
        responses=openapi.refusals(401, 403, 404, 413, 422),
    )
    async def toggle_task(self, task_id: TaskNumber, request: Signed, tasks: NamedDependency[TaskService]) -> TaskOut:
        """Completes an open task and reopens a completed one. Takes no body."""
        number = task_number(task_id)

        async def toggle(tasks: TaskService) -> TaskOut:
            return TaskOut.of(await tasks.toggle(number, by=request.user))

        return await changed(request, tasks, toggle)


FAULTS: dict[type[Invalid], tuple[Fault, int]] = {
    TitleBlank: (Fault.TOO_SHORT, 1),
    TitleTooLong: (Fault.TOO_LONG, Title.LONGEST),
    DescriptionTooLong: (Fault.TOO_LONG, Description.LONGEST),
    CharacterForbidden: (Fault.FORBIDDEN_TEXT, 0),
}


def _read(field: str, kind: Callable[[str], Value], text: str) -> Value:
    """A value of the domain, or the fault with the field's name."""
    try:
        return kind(text)
    except Invalid as error:
        fault, limit = FAULTS[type(error)]
        raise BadBody(fault=fault, field=field, limit=limit) from error
