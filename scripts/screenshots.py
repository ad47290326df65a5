"""Pictures of the pages: `./dev screenshots` makes those of the README anew, `./dev screenshots --all FOLDER` all.

Needs Chromium; runs the service in memory, for as long as it takes.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final, Literal

HOME = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HOME))

from playwright.async_api import Browser, Page, StorageState, ViewportSize, async_playwright  # noqa: E402  the tests are found by then

from tests.integration.chromium import FLAGS, find_chromium, require_chromium  # noqa: E402
from tests.integration.service import started  # noqa: E402

Theme = Literal["light", "dark"]

README: Final = {"tasks-light-1280": "tasks.png", "tasks-dark-320": "tasks-narrow.png"}
"""What the README shows, by its name in `docs/pictures`."""

EMAIL, PASSWORD = "ada@example.com", "correct horse battery"
TASKS = (
    ("Book the train to Lisbon", "Window seat, quiet car", False),
    ("Water the lemon tree", "", True),
    ("Send the signed lease back", "Both pages: the second one asks for initials", False),
    ("Return the library books", "", True),
    ("Ask Grace about the compiler talk", "", False),
    ("Choose a birthday present for Alan", "He liked the puzzle with the blue boxes", False),
)
THEMES: Final[tuple[Theme, ...]] = ("light", "dark")
WIDTHS: Final = (1280, 320)


async def fill(page: Page) -> None:
    """Signs up in the page, and adds the tasks."""
    await page.goto("/signup")
    await page.get_by_label("Email").fill(EMAIL)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign Up").click()
    await page.wait_for_url("**/tasks")
    user = await page.evaluate("document.body.dataset.user")
    path = f"/api/proxy/{user}/tasks"
    for title, description, completed in TASKS:
        answer = await page.request.post(path, data={"title": title, "description": description or None})
        if completed:
            await page.request.put(f"{path}/{(await answer.json())['id']}", data={"completed": True})


async def shoot(browser: Browser, origin: str, folder: Path, signed_in: StorageState, theme: Theme, width: int) -> None:
    """Every page once, as it is at first sight."""
    size = ViewportSize(width=width, height=800 if width > 500 else 640)
    inside = await browser.new_context(
        base_url=origin, viewport=size, color_scheme=theme, storage_state=signed_in, device_scale_factor=2
    )
    page = await inside.new_page()

    async def picture(name: str, *, whole: bool = False) -> None:
        await page.screenshot(path=folder / f"{name}-{theme}-{width}.png", full_page=whole, animations="disabled")

    await page.goto("/tasks")
    await page.locator("html.js").wait_for()
    await picture("tasks")
    await page.locator(".task").nth(2).get_by_role("button", name="Edit").click()
    await picture("editing")
    await page.keyboard.press("Escape")
    await page.locator(".task").nth(4).get_by_role("button", name="Delete").click()
    await picture("undo")
    await page.get_by_role("button", name="Undo").click()
    await page.get_by_label("Search").fill("nothing like this")
    await picture("no-match")
    await page.goto("/tasks")
    await page.locator("html.js").wait_for()
    await page.locator("h1").click(force=True)
    await page.keyboard.press("?")
    await picture("keyboard")
    await page.goto("/account")
    await page.locator("#theme").wait_for()
    await picture("account", whole=True)
    await page.goto("/nowhere")
    await picture("not-found")
    await inside.close()

    outside = await browser.new_context(base_url=origin, viewport=size, color_scheme=theme, device_scale_factor=2)
    page = await outside.new_page()
    await page.goto("/signup")
    await page.locator("#theme").wait_for()
    await picture("signup")
    await page.goto("/login?message=Session%20expired.%20Please%20log%20in%20again.")
    await page.locator("#theme").wait_for()
    await page.get_by_label("Email").fill(EMAIL)
    await page.get_by_label("Password", exact=True).fill("not this one")
    await picture("login")
    await page.get_by_role("button", name="Log In").click()
    await page.get_by_role("group", name="There is a problem").get_by_role("link").wait_for()
    await picture("login-error")
    await outside.close()


async def pictures(folder: Path) -> None:
    """Every page, light and dark, wide and narrow."""
    async with async_playwright() as playwright, started("demo", settings={}) as service:
        await service.answers()
        browser = await playwright.chromium.launch(executable_path=require_chromium(), args=list(FLAGS))
        context = await browser.new_context(base_url=service.url)
        await fill(await context.new_page())
        signed_in = await context.storage_state()
        for theme in THEMES:
            for width in WIDTHS:
                await shoot(browser, service.url, folder, signed_in, theme, width)
        await browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every page, light and dark, wide and narrow")
    chosen = parser.parse_args().all
    if find_chromium() is None:
        raise SystemExit("screenshots: no Chromium here: install it, or name one in CHROMIUM")
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        asyncio.run(pictures(folder))
        for made, name in README.items() if not chosen else ():
            shutil.copy(folder / f"{made}.png", HOME / "docs/pictures" / name)


if __name__ == "__main__":
    main()
