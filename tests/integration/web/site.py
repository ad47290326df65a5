"""The pages as visitors get them: one real service for all tests, and browsers in which nothing may go wrong unnoticed.

A test takes the fixture `visitor` (a stranger), `member` (signed in) or `enter` (any number, as the test needs them).
Whoever has entered is watched: what Chromium complains of fails the test at its end, unless the test `allows` it.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from playwright.async_api import APIResponse, Browser, BrowserContext, ConsoleMessage, Page, Request, Route

from tests.integration.databases import beside, fresh_database
from tests.integration.service import COOKIE, PASSWORD, Service, serving, until
from todo.adapters.postgres.address import DatabaseAddress

WIDE, NARROW = 1280, 320
HEIGHTS = {WIDE: 900, NARROW: 640}
PATIENCE = 10_000
"""Milliseconds that a condition may take to come about."""


@dataclass(frozen=True)
class Site:
    """A service and its database."""

    service: Service
    database: str

    @property
    def url(self) -> str:
        return self.service.url

    async def sql(self, statement: str, *values: object) -> None:
        """Does something behind the service's back."""
        connection = await asyncpg.connect(**DatabaseAddress.parse(self.database).connect_arguments)
        try:
            await connection.execute(statement, *values)
        finally:
            await connection.close()

    async def link_in_letter(self, purpose: str, email: str) -> str:
        """The link of the newest letter of this kind ("reset password", "verify e-mail"): without a mail server the
        service writes its letters to the log.
        """
        form = re.compile(rf'would send {re.escape(purpose)} to {re.escape(email)}: ([^\s"]+)')
        await until(lambda: form.search(self.service.stderr) is not None)
        link: str = form.findall(self.service.stderr)[-1]
        return link


@asynccontextmanager
async def a_site(server: str, template: str, *arguments: str, **settings: str) -> AsyncIterator[Site]:
    """A service with settings of its own, on a database of its own."""
    async with fresh_database(server, template=template) as name:
        database = beside(server, name)
        async with serving(database, *arguments, settings=settings) as service:
            yield Site(service, database)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site(browser: Browser, database_server: str, migrated_template: str) -> AsyncIterator[Site]:
    """The one that all tests share: each signs up people of its own. Not started where there is no browser."""
    async with a_site(database_server, migrated_template) as site:
        yield site


@dataclass
class Visitor:
    """A browser profile of its own, and what its tabs had to complain of."""

    site: Site
    context: BrowserContext
    page: Page
    email: str = ""
    id: str = ""
    complaints: list[str] = field(default_factory=list)
    """Console errors (what the content security policy stops is among them), exceptions, requests elsewhere."""
    allowed: list[str] = field(default_factory=list)

    @classmethod
    async def of(cls, site: Site, context: BrowserContext) -> Self:
        context.set_default_timeout(PATIENCE)
        visitor = cls(site, context, page=await context.new_page())
        context.on("console", visitor._heard)
        context.on("weberror", lambda error: visitor.complaints.append(f"exception: {error.error}"))
        context.on("request", visitor._asked)
        return visitor

    def allows(self, *words: str | int) -> None:
        """Says what Chromium may complain of: a status (`401`) that the test provokes, or words of the complaint."""
        self.allowed += [f"responded with a status of {word}" if isinstance(word, int) else word for word in words]

    @property
    def wrongs(self) -> list[str]:
        """The complaints that nobody has allowed. Must be empty at the end."""
        return [text for text in self.complaints if not any(words in text for words in self.allowed)]

    async def sign_up(self, email: str = "") -> Self:
        """By the API, which sets the cookie of this profile. Without an address, with one that nobody else has."""
        self.email = email or f"{uuid4().hex}@example.com"
        answer = await self.post("/api/auth/signup", {"email": self.email, "password": PASSWORD})
        assert answer.ok, await answer.text()
        self.id = (await answer.json())["user"]["id"]
        return self

    async def log_in(self, email: str, password: str = PASSWORD) -> Self:
        """By the API: the same person with another profile, as on another device."""
        answer = await self.post("/api/auth/login", {"email": email, "password": password})
        assert answer.ok, await answer.text()
        self.email, self.id = email, (await answer.json())["user"]["id"]
        return self

    async def post(self, path: str, data: object = None) -> APIResponse:
        """Asks the service past the pages, with this profile's cookies."""
        return await self.context.request.post(path, data=data, headers={"Origin": self.site.url})

    async def add_task(self, title: str, description: str | None = None, *, completed: bool = False) -> int:
        """By the API. Gives the task's number."""
        tasks = f"/api/proxy/{self.id}/tasks"
        answer = await self.post(tasks, {"title": title, "description": description})
        assert answer.status == 201, await answer.text()
        number: int = (await answer.json())["id"]
        if completed:
            await self.context.request.patch(f"{tasks}/{number}/complete", headers={"Origin": self.site.url})
        return number

    async def tasks(self) -> list[dict[str, Any]]:
        """What the service has kept, oldest first."""
        answer = await self.context.request.get(f"/api/proxy/{self.id}/tasks")
        found: list[dict[str, Any]] = await answer.json()
        return found

    async def lose_session(self) -> None:
        """The service forgets it; the browser keeps its cookie."""
        await self.site.sql('DELETE FROM "session" WHERE "userId" = $1', self.id)

    async def has_cookie(self) -> bool:
        return any(cookie.get("name") == COOKIE for cookie in await self.context.cookies())

    async def open_tab(self) -> Page:
        """Another tab of the same profile, watched as the first."""
        return await self.context.new_page()

    async def answer(self, path: str, status: int, body: object = None, **headers: str) -> None:
        """From now on requests to this path (`**/api/auth/login`) get this answer, and never reach the service."""

        async def say(route: Route) -> None:
            await route.fulfill(status=status, json=body, headers=headers)

        await self.page.route(path, say)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _asked(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in {"data", "blob"} and f"{address.scheme}://{address.netloc}" != self.site.url:
            self.complaints.append(f"request elsewhere: {request.url}")


Enter = Callable[..., Awaitable[Visitor]]


@pytest.fixture
async def enter(browser: Browser, site: Site) -> AsyncIterator[Enter]:
    """Lets visitors in: `await enter(width=NARROW, dark=True)`. None may have a complaint at the end of the test."""
    entered: list[Visitor] = []
    async with AsyncExitStack() as stack:

        async def enter(
            at: Site = site,
            *,
            width: int = WIDE,
            dark: bool = False,
            scripts: bool = True,
            still: bool = True,
            **more: Any,
        ) -> Visitor:
            """`still`: prefers reduced motion. `more` goes to Playwright's `new_context`."""
            look: dict[str, Any] = {
                "base_url": at.url,
                "viewport": {"width": width, "height": HEIGHTS.get(width, 900)},
                "color_scheme": "dark" if dark else "light",
                "java_script_enabled": scripts,
                "reduced_motion": "reduce" if still else "no-preference",
                **more,
            }
            context = await browser.new_context(**look)
            stack.push_async_callback(context.close)
            entered.append(await Visitor.of(at, context))
            return entered[-1]

        yield enter

    wrongs = [wrong for visitor in entered for wrong in visitor.wrongs]
    assert wrongs == [], wrongs


@pytest.fixture
async def visitor(enter: Enter) -> Visitor:
    """A stranger, with scripts, on a wide screen by day."""
    return await enter()


@pytest.fixture
async def member(enter: Enter) -> Visitor:
    """Somebody who has just signed up and has no tasks. No page is open yet."""
    return await (await enter()).sign_up()
