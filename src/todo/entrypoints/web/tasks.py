"""The list of tasks."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, urlencode

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Template

from todo.domain.errors import DomainError, Invalid, TaskNotFound, TaskQuotaReached, TitleBlank, TitleTooLong
from todo.domain.model.principal import Principal
from todo.domain.model.task import Task, Title
from todo.domain.services.tasks import TaskService
from todo.entrypoints.http.auth.reception import Visitor
from todo.entrypoints.http.pacing import UserPace
from todo.entrypoints.http.reading import task_number
from todo.entrypoints.web import places
from todo.entrypoints.web.forms import fields_of
from todo.entrypoints.web.pages import Asked, page, see_other
from todo.entrypoints.web.visitors import principal_of

SHOWN = ("all", "open", "done")
BYTES_OF_A_ROW = 640
"""Of HTML, for a short task (measured)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Which tasks a page shows, as its address says."""

    show: str = "all"
    search: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """What nobody could have meant counts as not said."""
        show = query.get("show", "")
        return cls(show=show if show in SHOWN else "all", search=query.get("q", "").strip()[: Title.LONGEST])

    def shows(self, task: Task) -> bool:
        if self.show != "all" and task.completed != (self.show == "done"):
            return False
        wanted = self.search.lower()
        return wanted in task.title.lower() or wanted in (task.description or "").lower()

    def address(self, show: str | None = None) -> str:
        """The page that shows this, or the same with another filter."""
        show = self.show if show is None else show
        query = [("show", show)] * (show != "all") + [("q", self.search)] * bool(self.search)
        return "/tasks" + (f"?{urlencode(query, quote_via=quote)}" if query else "")


class TaskPages(Controller):
    """Scripts in the page call the public API; these are the forms of browsers that run none."""

    path = "/tasks"
    include_in_schema = False

    @get()
    async def list_page(
        self,
        request: Asked,
        visitor: NamedDependency[Visitor],
        tasks: NamedDependency[TaskService],
        pace: NamedDependency[UserPace],
    ) -> Template:
        found = await _listed(tasks, principal_of(visitor), pace)
        return _page(request, visitor, found, View.of(request.query_params))

    @post(status_code=303)
    async def add(
        self,
        request: Asked,
        visitor: NamedDependency[Visitor],
        tasks: NamedDependency[TaskService],
        pace: NamedDependency[UserPace],
    ) -> Template | Redirect:
        by = principal_of(visitor)
        form = await fields_of(request)
        text = form.get("title", "")
        try:
            await tasks.add(Title(text), None, by=by)
        except (Invalid, TaskQuotaReached) as error:
            view, status = View.of(request.query_params), 422 if isinstance(error, Invalid) else 409
            found = await _listed(tasks, by, pace)
            return _page(request, visitor, found, view, status=status, text=text, fault=_fault(error))
        return see_other(places.local_path(form.get("next")))

    @post("/{task_id:str}/complete", status_code=303)
    async def complete(
        self,
        task_id: FromPath[str],
        request: Asked,
        visitor: NamedDependency[Visitor],
        tasks: NamedDependency[TaskService],
    ) -> Redirect:
        """Says what is wanted rather than "flip it": a form that is sent twice does the same twice."""
        form = await fields_of(request)
        completed = form.get("completed") != "false"
        await tasks.edit(task_number(task_id), completed=completed, by=principal_of(visitor))
        return see_other(places.local_path(form.get("next")))

    @post("/{task_id:str}/delete", status_code=303)
    async def delete(
        self,
        task_id: FromPath[str],
        request: Asked,
        visitor: NamedDependency[Visitor],
        tasks: NamedDependency[TaskService],
    ) -> Redirect:
        """A task that is gone already is as it was wanted."""
        form = await fields_of(request)
        with suppress(TaskNotFound):
            await tasks.remove(task_number(task_id), by=principal_of(visitor))
        return see_other(places.local_path(form.get("next")))


async def _listed(tasks: TaskService, by: Principal, pace: UserPace) -> Sequence[Task]:
    found = await tasks.list(by=by)
    pace.charge(by.user, len(found) * BYTES_OF_A_ROW)
    return found


FAULTS: Mapping[type[DomainError], str] = {
    TitleBlank: "Write down what needs doing.",
    TitleTooLong: f"That is too long for a title: {Title.LONGEST} characters fit.",
    Invalid: "That text holds a character that cannot be kept.",
    TaskQuotaReached: "You have as many tasks as fit here. Delete some to make room.",
}


def _fault(error: Invalid | TaskQuotaReached) -> str:
    return next(FAULTS[kind] for kind in type(error).__mro__ if kind in FAULTS)


def _page(
    request: Asked,
    visitor: Visitor,
    found: Sequence[Task],
    view: View,
    *,
    status: int = 200,
    text: str = "",
    fault: str = "",
) -> Template:
    done = sum(task.completed for task in found)
    return page(
        request,
        "tasks",
        status=status,
        user=visitor.user,
        tasks=found,
        view=view,
        shown=[view.shows(task) for task in found],
        counts={"all": len(found), "open": len(found) - done, "done": done},
        text=text,
        fault=fault,
    )
