"""The page of tasks, as somebody sees and uses it who has a keyboard and a mouse."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from playwright.async_api import APIResponse, Locator, Page, Request, Route, expect

from tests.integration.service import until
from tests.integration.web.site import Visitor

CALLS = "**/api/proxy/**"


@dataclass(frozen=True)
class TaskList:
    """One tab that shows /tasks."""

    page: Page

    @property
    def box(self) -> Locator:
        return self.page.get_by_label("New task")

    @property
    def search(self) -> Locator:
        return self.page.get_by_label("Search")

    @property
    def rows(self) -> Locator:
        """Those that are shown."""
        return self.page.get_by_role("list", name="tasks").get_by_role("listitem")

    def row(self, title: str) -> Locator:
        return self.rows.filter(has=self.page.get_by_text(title, exact=True))

    def check(self, title: str) -> Locator:
        return self.page.get_by_role("button", name=f"Done: {title}", exact=True)

    def filter(self, word: str) -> Locator:
        return self.page.get_by_role("navigation", name="Filter").get_by_role("link", name=word)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    @property
    def toasts(self) -> Locator:
        return self.page.get_by_label("Messages").get_by_role("listitem")

    @property
    def editor(self) -> "Editor":
        return Editor(self.page.locator("form.editor"))

    async def open(self, address: str = "/tasks") -> None:
        await self.page.goto(address)
        await self.page.locator("html.js").wait_for()

    async def add(self, *titles: str) -> None:
        for title in titles:
            await self.box.fill(title)
            await self.box.press("Enter")

    async def edit(self, title: str) -> "Editor":
        await self.button(f"Edit: {title}").click()
        return self.editor

    async def delete(self, title: str) -> None:
        await self.button(f"Delete: {title}").click()

    async def undo(self) -> None:
        await self.toasts.get_by_role("button", name="Undo").click()

    async def shows(self, *titles: str) -> None:
        """Waits until exactly these are shown, in this order."""
        await expect(self.rows.locator(".title")).to_have_text(list(titles))

    async def look_again(self) -> None:
        """As a tab does that is come back to."""
        await self.page.evaluate("window.dispatchEvent(new Event('focus'))")


@dataclass(frozen=True)
class Editor:
    """What opens in place of a row."""

    form: Locator

    @property
    def title(self) -> Locator:
        return self.form.get_by_label("Title")

    @property
    def description(self) -> Locator:
        return self.form.get_by_label("Description")

    @property
    def fault(self) -> Locator:
        return self.form.get_by_role("alert")

    async def press(self, name: str) -> None:
        await self.form.get_by_role("button", name=name).click()


async def opened(visitor: Visitor, *titles: str, address: str = "/tasks") -> TaskList:
    """The page of somebody who has these tasks."""
    for title in titles:
        await visitor.add_task(title)
    tasks = TaskList(visitor.page)
    await tasks.open(address)
    return tasks


async def kept(visitor: Visitor, *expected: tuple[str, bool]) -> None:
    """Waits until the service has exactly these: title, and whether it is done."""
    found: list[tuple[str, bool]] = []
    for _ in range(100):
        found = [(task["title"], task["completed"]) for task in await visitor.tasks()]
        if found == list(expected):
            return
        await asyncio.sleep(0.02)

    assert found == list(expected)


class Traffic:
    """The calls of a page to the API, as they are made; those that change something, unless told otherwise."""

    def __init__(self, page: Page) -> None:
        self.made: list[Request] = []
        page.on("request", self._asked)

    def _asked(self, request: Request) -> None:
        if "/api/proxy/" in request.url and request.method != "GET":
            self.made.append(request)

    def of(self, method: str) -> list[Request]:
        return [request for request in self.made if request.method == method]

    @property
    def keys(self) -> list[str | None]:
        return [request.headers.get("idempotency-key") for request in self.made]


@asynccontextmanager
async def held(page: Page, method: str) -> AsyncIterator[list[Request]]:
    """Calls with this method wait until the block is left. Gives those that have been made."""
    go, asked = asyncio.Event(), list[Request]()
    under_way = 0

    async def hold(route: Route) -> None:
        nonlocal under_way
        if route.request.method != method:
            return await route.fallback()
        asked.append(route.request)
        under_way += 1
        await go.wait()
        await route.fallback()
        under_way -= 1
        return None

    await page.route(CALLS, hold)
    try:
        yield asked
    finally:
        go.set()
        await until(lambda: under_way == 0)
        await page.unroute(CALLS, hold)


@asynccontextmanager
async def refused(
    visitor: Visitor, method: str, status: int = 0, *, times: int = 1000, retry_after: int = 0
) -> AsyncIterator[None]:
    """In the block calls with this method get this answer; or, without a status, none."""
    left = times

    async def refuse(route: Route) -> None:
        nonlocal left
        if route.request.method != method or not left:
            return await route.fallback()
        left -= 1
        if status:
            headers = {"Retry-After": str(retry_after)} if retry_after else {}
            return await route.fulfill(status=status, json={"message": "No."}, headers=headers)
        return await route.abort()

    visitor.allows(*([status] if status else ["net::ERR_FAILED"]))
    await visitor.page.route(CALLS, refuse)
    try:
        yield
    finally:
        await visitor.page.unroute(CALLS, refuse)


@asynccontextmanager
async def answers_lost(visitor: Visitor, method: str) -> AsyncIterator[None]:
    """In the block the service does what these calls want, and the page does not hear of it. Asked again with the same
    key, afterwards, it answers as it did.
    """
    said: dict[str, APIResponse] = {}
    losing = True

    async def pass_on(route: Route) -> None:
        if route.request.method != method:
            return await route.fallback()
        key = route.request.headers["idempotency-key"]
        if key in said:
            return await route.fulfill(response=said[key])
        said[key] = await route.fetch()
        return await (route.abort() if losing else route.fulfill(response=said[key]))

    visitor.allows("net::ERR_FAILED")
    await visitor.page.route(CALLS, pass_on)
    yield
    losing = False
