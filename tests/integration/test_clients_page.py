"""What stands in docs/clients.md, run as it stands there: the files of its React page and of its script."""

import asyncio
import json
import re
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from tests.integration.better_auth.node import finished, process
from tests.integration.chromium import visiting
from tests.integration.service import PASSWORD, PATIENCE, Service, free_port, serving, signed_up

PAGE: Final = Path(__file__).parents[2] / "docs" / "clients.md"
EMAIL: Final = "grace@example.com"
NAMED: Final = re.compile(
    r"^```\w+\n(?://|<!--) (?P<name>[\w./-]+)(?: -->)?\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)


@pytest.fixture
def folder(better_auth: Path) -> Iterator[Path]:
    """With every file that the page names, and the packages beside them."""
    with tempfile.TemporaryDirectory(prefix="todo-test-") as name:
        folder = Path(name)
        for found in NAMED.finditer(PAGE.read_text()):
            (folder / found["name"]).parent.mkdir(exist_ok=True)
            (folder / found["name"]).write_text(found["text"])
        (folder / "node_modules").symlink_to(better_auth / "node_modules")
        yield folder


async def build(folder: Path) -> None:
    ended = await finished(folder, "node_modules/vite/bin/vite.js", "build")
    assert ended.code == 0, ended.err


@asynccontextmanager
async def handed_out(folder: Path, *, port: int, passing_on_to: str) -> AsyncIterator[str]:
    """The page as Vite has built it, at a port of its own; gives its origin."""
    url = f"http://127.0.0.1:{port}"
    options = ("preview", "--host", "127.0.0.1", "--port", str(port), "--strictPort")
    async with process(folder, "node_modules/vite/bin/vite.js", *options, settings={"TODO_URL": passing_on_to}):
        async with asyncio.timeout(PATIENCE), httpx.AsyncClient(trust_env=False) as client:
            while True:
                try:
                    assert (await client.get(url)).status_code == 200
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
        yield url


async def walk(page: Page) -> None:
    """Somebody signs up, comes back, signs out, mistypes the password, and signs in."""
    await page.goto("/")
    await page.get_by_label("E-mail").fill(f"{uuid4().hex}@example.com")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign up").click()
    await expect(page.get_by_text("Hello")).to_be_visible()
    await page.reload()
    await expect(page.get_by_text("Hello")).to_be_visible()
    await page.get_by_role("button", name="Sign out").click()

    await page.get_by_label("E-mail").fill(EMAIL)
    await page.get_by_label("Password").fill("not my password")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_have_text("Invalid email or password")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_text("Hello grace")).to_be_visible()


async def grace(service: Service) -> None:
    """Is known, and has a task."""
    async with service.client() as client:
        person = await signed_up(client, EMAIL)
        assert (await client.post(person.proxied, json={"title": "Buy milk"})).status_code == 201


async def test_the_react_page_behind_a_proxy(folder: Path, empty_database: str, browser: Browser) -> None:
    await build(folder)
    async with serving(empty_database) as service:
        await grace(service)
        async with (
            handed_out(folder, port=free_port(), passing_on_to=service.url) as origin,
            visiting(browser, origin) as visit,
        ):
            await walk(visit.page)
            shown = await visit.page.evaluate(
                """async () => {
                    const { user } = await (await fetch("/api/auth/get-session")).json();
                    return await (await fetch(`/api/proxy/${user.id}/tasks`)).json();
                }"""
            )

    assert [task["title"] for task in shown] == ["Buy milk"]
    unexpected = [said for said in visit.complaints if not said.startswith("console: Failed to load resource")]
    assert unexpected == []


async def test_the_react_page_on_another_host(folder: Path, empty_database: str, browser: Browser) -> None:
    page = free_port()
    async with serving(empty_database, settings={"TODO_CORS_ORIGINS": f"http://127.0.0.1:{page}"}) as service:
        main = folder / "main.jsx"
        main.write_text(
            main.read_text().replace("createAuthClient()", f'createAuthClient({{ baseURL: "{service.url}" }})')
        )
        await build(folder)
        await grace(service)
        async with (
            handed_out(folder, port=page, passing_on_to="http://127.0.0.1:9") as origin,
            visiting(browser, origin) as visit,
        ):
            await walk(visit.page)


async def test_the_script_shows_a_bearer_token(folder: Path, empty_database: str) -> None:
    async with serving(empty_database) as service:
        await grace(service)
        given = {"TODO_URL": service.url, "EMAIL": EMAIL, "PASSWORD": PASSWORD}

        ended = await finished(folder, "script.mjs", settings=given)
        wrong = await finished(folder, "script.mjs", settings=given | {"PASSWORD": "not my password"})

    assert ended.code == 0, ended.err
    assert "title: 'Buy milk'" in ended.out
    assert wrong.code != 0
    assert "INVALID_EMAIL_OR_PASSWORD" in wrong.err


async def test_the_packages_of_the_page_are_those_of_the_tests(better_auth: Path) -> None:
    [block] = re.findall(r"^```json\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)

    named = json.loads(block)["dependencies"]

    assert named.items() <= json.loads((better_auth / "package.json").read_text())["dependencies"].items()
