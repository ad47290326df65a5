"""A real browser for tests of pages: the machine's own Chromium; none is ever downloaded."""

import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

USUAL_NAMES = (
    "chromium-headless-shell",  # without windows, which nobody sees here: a third of the work
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "Google Chrome",
)
USUAL_PLACES = ("/usr/bin", "/usr/local/bin", "/snap/bin", "/Applications/Google Chrome.app/Contents/MacOS")
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""A browser that calls nobody by itself."""


def find_chromium() -> str | None:
    """What `CHROMIUM` names, else what stands in PATH or the usual places."""
    if named := os.environ.get("CHROMIUM"):
        return shutil.which(named) or named
    places = os.pathsep.join((os.environ.get("PATH", ""), *USUAL_PLACES))
    found = (shutil.which(name, path=places) for name in USUAL_NAMES)
    return next(filter(None, found), None)


def require_chromium() -> str:
    """Skips the asking test where there is no Chromium; fails it where `CI` is set, so that nobody skips unnoticed."""
    path = find_chromium()
    if path is None:
        missing = "no Chromium here: install it (on Debian: apt install chromium), or name one in CHROMIUM"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return path


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all tests; each test opens pages of its own in it."""
    path = require_chromium()
    async with async_playwright() as playwright:
        # Playwright's default is to run without Chromium's sandbox, which root and many containers cannot have anyway.
        browser = await playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        await browser.close()


@dataclass
class Visit:
    """A page, and what went wrong on it so far."""

    page: Page
    origin: str
    complaints: list[str] = field(default_factory=list)
    """Console errors (violations of the content security policy are among them), exceptions, requests elsewhere."""

    def __post_init__(self) -> None:
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))
        self.page.on("request", lambda request: self._asked(request.url))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"console: {message.text}")

    def _asked(self, url: str) -> None:
        address = urlsplit(url)
        if address.scheme not in {"data", "blob"} and f"{address.scheme}://{address.netloc}" != self.origin:
            self.complaints.append(f"request elsewhere: {url}")


@asynccontextmanager
async def visiting(
    browser: Browser, origin: str, *, cookies: Mapping[str, str] | None = None, dark: bool = False
) -> AsyncIterator[Visit]:
    """A fresh profile with these cookies, and an empty page in it that is watched. Origin: `http://host:port`."""
    context = await browser.new_context(
        base_url=origin, viewport={"width": 1280, "height": 900}, color_scheme="dark" if dark else "light"
    )
    context.set_default_timeout(10_000)
    try:
        for name, value in (cookies or {}).items():
            await context.add_cookies([{"name": name, "value": value, "url": origin, "httpOnly": True}])
        yield Visit(await context.new_page(), origin)
    finally:
        await context.close()


@dataclass(frozen=True)
class Executed:
    """What Swagger UI shows after "Execute": the status; the body, headers and duration as one text."""

    status: int
    shown: str


async def authorize(page: Page, token: str) -> None:
    """In Swagger UI: "Authorize", the bearer token, "Authorize", and closes the dialog."""
    await page.locator(".auth-wrapper .btn.authorize").click()
    dialog = page.locator(".dialog-ux .modal-ux")
    form = dialog.locator("form", has=page.get_by_label("auth-bearer-value"))  # each scheme has a form of its own
    await form.get_by_label("auth-bearer-value").fill(token)
    await form.get_by_role("button", name="Apply credentials").click()
    await dialog.locator(".close-modal").click()


async def execute(
    page: Page, method: str, path: str, *, parameters: Mapping[str, str] | None = None, body: str | None = None
) -> Executed:
    """In Swagger UI: opens the operation and presses "Execute", with no "Try it out" before it."""
    operation = page.locator(
        f".opblock-{method.lower()}", has=page.locator(f'.opblock-summary-path[data-path="{path}"]')
    )
    await operation.locator(".opblock-summary-control").click()
    for name, value in (parameters or {}).items():
        await operation.locator(f'tr[data-param-name="{name}"] input').fill(value)
    if body is not None:
        await operation.locator("textarea.body-param__text").fill(body)
    await operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table .response")
    status = await answer.locator(".response-col_status").inner_text()
    return Executed(status=int(status.split()[0]), shown=await answer.locator(".response-col_description").inner_text())


async def authorize_and_execute(
    page: Page,
    *,
    token: str,
    method: str,
    path: str,
    parameters: Mapping[str, str] | None = None,
    body: str | None = None,
) -> Executed:
    """The walk of somebody new: opens /docs, enters a token, executes the operation of this path in the description."""
    await page.goto("/docs")
    await authorize(page, token)
    return await execute(page, method, path, parameters=parameters, body=body)
