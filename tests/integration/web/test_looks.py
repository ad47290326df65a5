"""How every page looks in each of its states: at every size, by day and by night, to who uses no eyes or no mouse."""

import json
import re
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any, Final

import pytest
from playwright.async_api import Page, expect

from tests.integration.service import PASSWORD
from tests.integration.web.site import HEIGHTS, NARROW, WIDE, Enter, Visitor

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
LONG = "Donaudampfschifffahrtsgesellschaftskapitän" * 4
AXE: Final = (files("axe_playwright_python") / "axe.min.js").read_text()
SMALLEST = 24
"""CSS pixels of a target, each way (WCAG 2.2, success criterion 2.5.8)."""

Opening = Callable[[Visitor], Awaitable[None]]
STATES: dict[str, Opening] = {}


def state(opening: Opening) -> Opening:
    STATES[opening.__name__.replace("_", " ")] = opening
    return opening


def at(path: str, status: int = 200) -> Opening:
    async def opening(visitor: Visitor) -> None:
        visitor.allows(*([status] if status >= 400 else []))
        answer = await visitor.page.goto(path)
        assert answer is not None
        assert answer.status == status

    return opening


STATES |= {
    "sign up": at("/signup"),
    "check your mail": at("/signup?verify"),
    "log in with a message": at("/login?message=session-expired"),
    "forgot password": at("/forgot-password"),
    "letter sent": at("/forgot-password?sent"),
    "new password": at("/reset-password?token=some"),
    "link of no use": at("/reset-password", 400),
    "not found": at("/nowhere", 404),
}


@state
async def sign_up_error(visitor: Visitor) -> None:
    await visitor.page.goto("/signup")
    await visitor.page.get_by_label("Email").fill("ada@example.com")
    await visitor.page.get_by_role("button", name="Sign Up").click()
    await expect(visitor.page.get_by_role("group", name="There is a problem")).to_be_focused()


@state
async def log_in_counting_down(visitor: Visitor) -> None:
    visitor.allows(429)
    await visitor.answer("**/api/auth/login", 429, **{"Retry-After": "900"})
    await visitor.page.goto("/login")
    await visitor.page.get_by_label("Email").fill("ada@example.com")
    await visitor.page.get_by_label("Password", exact=True).fill(PASSWORD)
    await visitor.page.get_by_role("button", name="Log In").click()
    await expect(visitor.page.get_by_role("button", name="Try again in 15 minutes")).to_be_visible()


@state
async def account(visitor: Visitor) -> None:
    await visitor.sign_up(f"{'a' * 60}@{'long-' * 8}name.example.com")
    await visitor.page.goto("/account?done=name")


@state
async def account_error(visitor: Visitor) -> None:
    await visitor.sign_up()
    await visitor.page.goto("/account")
    await visitor.page.get_by_role("button", name="Delete account").click()
    await expect(
        visitor.page.get_by_role("group", name="There is a problem").filter(has_text="Enter your password.")
    ).to_be_focused()


@state
async def account_after_a_day(visitor: Visitor) -> None:
    await visitor.sign_up()
    long_ago = """UPDATE "session" SET "createdAt" = now() - interval '25 hours' WHERE "userId" = $1"""
    await visitor.site.sql(long_ago, visitor.id)
    await visitor.page.goto("/account")
    await expect(visitor.page.get_by_role("link", name="Log in again")).to_be_visible()


@state
async def no_tasks(visitor: Visitor) -> None:
    await visitor.sign_up()
    await visitor.page.goto("/tasks")
    await expect(visitor.page.get_by_role("heading", name="Nothing to do yet")).to_be_visible()


async def open_tasks(visitor: Visitor) -> None:
    await visitor.sign_up()
    await visitor.add_task("Water the lemon tree", "Not too much", completed=True)
    await visitor.add_task(LONG, LONG)
    await visitor.add_task("Book the train")
    await visitor.page.goto("/tasks")


@state
async def tasks_with_a_message(visitor: Visitor) -> None:
    await open_tasks(visitor)
    await visitor.page.get_by_role("button", name="Delete: Book the train").click()
    await expect(visitor.page.get_by_role("button", name="Undo")).to_be_visible()


@state
async def tasks_editing(visitor: Visitor) -> None:
    await open_tasks(visitor)
    await visitor.page.get_by_role("button", name="Edit: Water the lemon tree").click()
    await expect(visitor.page.get_by_label("Description")).to_be_visible()


@state
async def tasks_without_a_match(visitor: Visitor) -> None:
    await open_tasks(visitor)
    await visitor.page.goto("/tasks?show=open&q=nothing")
    await expect(visitor.page.get_by_role("heading", name="No task matches")).to_be_visible()


@state
async def tasks_help(visitor: Visitor) -> None:
    await open_tasks(visitor)
    await visitor.page.get_by_role("button", name="Keyboard shortcuts").click()
    await expect(visitor.page.get_by_role("dialog")).to_be_visible()


async def found_by_axe(page: Page) -> list[str]:
    options = json.dumps({"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]})
    found: dict[str, Any] = await page.evaluate(f"axe.run({options})")
    return [f"{rule['id']}: {node['html']} {node['any']}" for rule in found["violations"] for node in rule["nodes"]]


async def too_wide(page: Page) -> list[str]:
    """What makes the page scroll sideways."""
    found: list[str] = await page.evaluate(
        """() => {
            const width = document.documentElement.clientWidth;
            if (document.documentElement.scrollWidth <= width) return [];
            const all = [...document.body.querySelectorAll("*")];
            const wide = all.filter((e) => e.getBoundingClientRect().right > width);
            return ["the page", ...wide.map((e) => e.outerHTML.slice(0, 100))];
        }"""
    )
    return found


async def too_small(page: Page) -> list[str]:
    """Targets that a finger would miss. Links in the middle of a text are as high as the text, and may be."""
    found: list[str] = await page.evaluate(
        """(least) => [...document.querySelectorAll("a, button, input, textarea, select")].flatMap((e) => {
            const { width, height } = e.getBoundingClientRect();
            if (!e.checkVisibility({ visibilityProperty: true }) || getComputedStyle(e).display === "inline") return [];
            return width < least || height < least ? [`${width} x ${height}: ${e.outerHTML.slice(0, 100)}`] : [];
        })""",
        SMALLEST,
    )
    return found


@pytest.mark.parametrize("name", STATES)
async def test_it_is_for_everybody(visitor: Visitor, name: str) -> None:
    page = visitor.page
    await STATES[name](visitor)
    await page.evaluate(AXE)

    for width in (WIDE, NARROW):
        await page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
        assert await too_wide(page) == [], width
        assert await too_small(page) == [], width
        for colours in ("light", "dark"):
            await page.emulate_media(color_scheme="dark" if colours == "dark" else "light")
            assert await found_by_axe(page) == [], (width, colours)

    await page.set_viewport_size({"width": WIDE // 2, "height": 450})
    assert await too_wide(page) == [], "zoomed to 200 %"
    await page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert await too_wide(page) == [], "zoomed to 200 %, with letters of twice the size"


@pytest.mark.parametrize("width", [WIDE, NARROW])
async def test_who_tabs_through_a_page_sees_where_the_focus_is(enter: Enter, width: int) -> None:
    visitor = await enter(width=width)
    page = visitor.page
    await page.goto("/login")
    assert await unseen_stops(page) == ["Skip to the content", "todo", "Theme: auto", *LOGIN_STOPS]

    await open_tasks(visitor)
    stops = await unseen_stops(page)
    assert stops[:5] == ["Skip to the content", "todo", "Tasks", "Account", "Log Out"]
    await page.goto("/account")
    stops = await unseen_stops(page)
    assert stops[-1] == "Delete account"


LOGIN_STOPS = ["email", "password", "Show", "Log In", "Forgot your password?", "Sign up"]


async def unseen_stops(page: Page) -> list[str]:
    """Tabs once through the page, and gives the stops. Each has an outline, and nothing covers it."""
    stops: list[str] = []
    while len(stops) < 60:
        await page.keyboard.press("Tab")
        stop: dict[str, str] | None = await page.evaluate(
            """() => {
                const e = document.activeElement;
                if (!e || e === document.body) return null;
                const { outlineStyle, outlineWidth } = getComputedStyle(e);
                const { left, top, width, height } = e.getBoundingClientRect();
                const there = document.elementFromPoint(left + width / 2, top + height / 2);
                return {
                    name: e.textContent.trim() || e.name || e.ariaLabel,
                    outline: outlineStyle === "none" ? "none" : outlineWidth,
                    covered: there && (e.contains(there) || there.contains(e)) ? "" : "covered",
                };
            }"""
        )
        if stop is None:
            return stops
        assert (stop["outline"], stop["covered"]) == ("3px", ""), stop
        stops.append(stop["name"])
    pytest.fail(f"There is no end to it: {stops}")


async def test_the_link_to_the_content_leads_there(visitor: Visitor) -> None:
    await visitor.page.goto("/login")
    await visitor.page.keyboard.press("Tab")
    await visitor.page.keyboard.press("Enter")

    await expect(visitor.page.get_by_role("main")).to_be_focused()


@pytest.mark.parametrize("still", [True, False], ids=["still", "moving"])
async def test_nothing_moves_for_who_wants_it_still(enter: Enter, still: bool) -> None:
    visitor = await enter(still=still)
    await STATES["tasks with a message"](visitor)

    moving = await visitor.page.evaluate(
        """() => [...document.querySelectorAll("*")].filter((e) => {
            const { animationName, transitionDuration } = getComputedStyle(e);
            return animationName !== "none" || /[1-9]/.test(transitionDuration);
        }).length"""
    )

    assert (moving == 0) is still


async def test_the_chosen_colours_are_in_the_page_from_its_first_byte(visitor: Visitor) -> None:
    page = visitor.page
    await page.goto("/login")
    by_day = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    switch = page.get_by_role("button", name="Theme:")
    await switch.click()
    await expect(switch).to_have_accessible_name("Theme: light")
    await switch.click()
    await expect(switch).to_have_accessible_name("Theme: dark")
    await expect(page.get_by_role("status").last).to_have_text("Theme: dark")

    for where in ("/login", "/signup"):
        answer = await page.goto(where)
        assert answer is not None
        assert '<html lang="en" data-theme="dark">' in await answer.text()
        await expect(switch).to_have_accessible_name("Theme: dark")
        assert await page.evaluate("getComputedStyle(document.documentElement).backgroundColor") != by_day
    await switch.click()
    await expect(switch).to_have_accessible_name("Theme: auto")
    answer = await page.reload()

    assert answer is not None
    assert '<html lang="en">' in await answer.text()
    assert await page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == by_day
    await page.emulate_media(color_scheme="dark")
    assert await page.evaluate("getComputedStyle(document.documentElement).backgroundColor") != by_day


async def test_a_cookie_cannot_name_colours_that_are_none(visitor: Visitor) -> None:
    answer = await visitor.context.request.get("/login", headers={"Cookie": 'theme="><script>'})

    assert '<html lang="en">' in await answer.text()


async def test_pages_are_kept_by_nobody_and_say_what_they_may_load(member: Visitor) -> None:
    for where in ("/login?again", "/signup?verify", "/forgot-password", "/reset-password", "/tasks", "/account", "/no"):
        answer = await member.context.request.get(where, headers={"Accept": "text/html"}, max_redirects=0)

        assert answer.headers["cache-control"] == "no-store", where
        if answer.status != 303:
            assert answer.headers["content-security-policy"] == POLICY, where
            assert answer.headers["content-type"] == "text/html; charset=utf-8", where
            assert answer.headers["x-content-type-options"] == "nosniff", where


async def test_files_are_named_by_their_content_and_kept_for_a_year(member: Visitor) -> None:
    loaded: set[str] = set()
    member.page.on("request", lambda request: loaded.add(request.url.removeprefix(member.site.url)))
    for where in ("/tasks", "/account"):
        await member.page.goto(where)
    icon = await member.page.locator("link[rel=icon]").get_attribute("href")  # it is asked for when there is time
    found = {path for path in {*loaded, str(icon)} if path not in {"/tasks", "/account"}}
    names = {path.rpartition("-")[2] for path in found}

    assert {"style.css", "icon.svg", "shell.js", "tasks.js", "forms.js", "account.js"} <= names
    for path in found:
        assert re.fullmatch(r"/static/[0-9a-f]{12}-[\w-]+\.(js|css|svg)", path)
        answer = await member.context.request.get(path)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        other = await member.context.request.get(path.replace("/static/", "/static/0"))
        assert other.status == 404


async def test_pages_are_whole_without_a_style_sheet_or_script_of_their_own_in_the_html(member: Visitor) -> None:
    for where in ("/login?again", "/signup?verify", "/forgot-password", "/tasks", "/account", "/no"):
        html = await (await member.context.request.get(where, headers={"Accept": "text/html"})).text()

        assert re.findall(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", html) == [], where
        assert len(re.findall(r"<title>[^<]+ · todo</title>", html)) == 1, where
