"""Signing up, logging in and out, and a forgotten password, as people do it."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.integration.service import COOKIE, PASSWORD
from tests.integration.web.site import Enter, Visitor, a_site

EXPIRED = "Session expired. Please log in again."
BUTTONS = {"/login": "Log In", "/signup": "Sign Up"}
CALLS = {"/login": "**/api/auth/login", "/signup": "**/api/auth/signup"}


async def fill(page: Page, email: str, password: str = PASSWORD) -> None:
    await page.get_by_label("Email").fill(email)
    await page.get_by_label("Password", exact=True).fill(password)


async def send(page: Page, where: str, email: str, password: str = PASSWORD) -> None:
    """Opens /login or /signup, fills it in and presses its button."""
    await page.goto(where)
    await fill(page, email, password)
    await page.get_by_role("button", name=BUTTONS[where.partition("?")[0]], exact=True).click()


def summary(page: Page) -> Locator:
    return page.get_by_role("group", name="There is a problem")


async def expect_problem(page: Page, text: str) -> None:
    """The summary says it, and has the focus."""
    await expect(summary(page)).to_contain_text(text)
    await expect(summary(page)).to_be_focused()
    await expect(page).to_have_title(f"Error: {(await page.title()).removeprefix('Error: ')}")


@asynccontextmanager
async def held(page: Page, path: str) -> AsyncIterator[list[str]]:
    """Requests to this path wait until the block is left. Gives them, as far as they have been made."""
    go, asked = asyncio.Event(), list[str]()

    async def hold(route: Route) -> None:
        asked.append(route.request.post_data or "")
        await go.wait()
        await route.continue_()

    await page.route(path, hold)
    try:
        yield asked
    finally:
        go.set()


# --- what the pages say --------------------------------------------------------------------------------------------


async def test_the_sign_up_page_says_what_clients_have_been_promised(visitor: Visitor) -> None:
    page = visitor.page
    await page.goto("/signup")

    await expect(page.get_by_role("heading", level=1)).to_have_text("Sign Up")
    await expect(page.get_by_role("button", name="Sign Up", exact=True)).to_be_visible()
    await expect(page.get_by_label("Email")).to_have_attribute("type", "email")
    password = page.get_by_label("Password", exact=True)
    await expect(password).to_have_attribute("type", "password")
    await expect(password).to_have_attribute("minlength", "8")
    await expect(password).to_have_accessible_description("Minimum 8 characters")
    await expect(page.get_by_text("Already have an account? Log in")).to_be_visible()
    await page.get_by_role("link", name="Log in").click()
    await expect(page).to_have_url(f"{visitor.site.url}/login")


async def test_the_login_page_says_what_clients_have_been_promised(visitor: Visitor) -> None:
    page = visitor.page
    await page.goto("/login")

    await expect(page.get_by_role("heading", level=1)).to_have_text("Log In")
    await expect(page.get_by_role("button", name="Log In", exact=True)).to_be_visible()
    await expect(page.get_by_label("Email")).to_have_attribute("type", "email")
    await expect(page.get_by_label("Password", exact=True)).to_have_attribute("type", "password")
    await expect(page.get_by_text("Don't have an account? Sign up")).to_be_visible()
    await page.get_by_role("link", name="Sign up").click()
    await expect(page).to_have_url(f"{visitor.site.url}/signup")


ADDRESS = {"autocomplete": "username", "inputmode": "email", "autocapitalize": "none"}
FIELDS = [
    ("/login", "Email", ADDRESS),
    ("/login", "Password", {"autocomplete": "current-password", "autocapitalize": "none"}),
    ("/signup", "Email", ADDRESS),
    ("/signup", "Password", {"autocomplete": "new-password", "autocapitalize": "none"}),
    ("/forgot-password", "Email", ADDRESS),
    ("/reset-password?token=any", "New password", {"autocomplete": "new-password", "minlength": "8"}),
]


async def test_a_field_tells_keyboards_and_password_managers_what_it_is_for(visitor: Visitor) -> None:
    for where, label, attributes in FIELDS:
        await visitor.page.goto(where)

        field = visitor.page.get_by_label(label, exact=True)
        for name, value in {**attributes, "required": "", "spellcheck": "false"}.items():
            await expect(field).to_have_attribute(name, value)


async def test_a_password_is_shown_on_request_and_hidden_when_it_is_sent(visitor: Visitor) -> None:
    page = visitor.page
    await page.goto("/login")
    password, show = page.get_by_label("Password", exact=True), page.get_by_role("button", name="Show password")
    await fill(page, "ada@example.com")

    await show.click()
    await expect(password).to_have_attribute("type", "text")
    await expect(show).to_have_attribute("aria-pressed", "true")
    async with held(page, CALLS["/login"]):
        await page.get_by_role("button", name="Log In", exact=True).click()
        await expect(password).to_have_attribute("type", "password")
        await expect(show).to_have_attribute("aria-pressed", "false")
    visitor.allows(401)
    await expect_problem(page, "Invalid email or password")


# --- it works ------------------------------------------------------------------------------------------------------


async def test_who_signs_up_is_signed_in_and_sees_the_tasks(visitor: Visitor) -> None:
    await send(visitor.page, "/signup", "new.here@example.com")
    await expect(visitor.page).to_have_url(f"{visitor.site.url}/tasks")

    readable = await visitor.page.evaluate("document.cookie")

    assert await visitor.has_cookie()
    assert COOKIE not in readable


async def test_somebody_logs_in_and_out(enter: Enter, member: Visitor) -> None:
    visitor = await enter()
    await send(visitor.page, "/login", member.email)
    await expect(visitor.page).to_have_url(f"{visitor.site.url}/tasks")
    (cookie,) = [cookie for cookie in await visitor.context.cookies() if cookie["name"] == COOKIE]

    await visitor.page.get_by_role("button", name="Log Out").click()
    await expect(visitor.page).to_have_url(f"{visitor.site.url}/login")

    assert not await visitor.has_cookie()
    answer = await visitor.context.request.get(
        f"/api/{member.id}/tasks", headers={"Authorization": f"Bearer {cookie['value']}"}
    )
    assert answer.status == 401
    await visitor.page.goto("/tasks")
    await expect(visitor.page).to_have_url(f"{visitor.site.url}/login")


async def test_going_back_after_logging_out_shows_no_task(member: Visitor) -> None:
    page = member.page
    await member.add_task("Only for my eyes")
    for path in ("/tasks", "/tasks?show=open"):
        await page.goto(path)
        await expect(page.get_by_text("Only for my eyes")).to_be_visible()
    await page.get_by_role("button", name="Log Out").click()
    await expect(page).to_have_url(f"{member.site.url}/login")

    for _ in range(2):
        await page.go_back()
        await expect(page).to_have_url(re.compile(r"/login"))
        assert "Only for my eyes" not in await page.content()


async def test_logging_out_is_tried_again_when_the_service_did_not_answer(member: Visitor) -> None:
    page = member.page
    await page.goto("/tasks")
    member.allows("ERR_INTERNET_DISCONNECTED")
    await member.context.set_offline(True)

    await page.get_by_role("button", name="Log Out").click()
    await expect(page.get_by_role("list", name="Messages")).to_contain_text("You are still logged in")
    await member.context.set_offline(False)
    await page.get_by_role("button", name="Try again").and_(page.locator(".toasts button")).click()

    await expect(page).to_have_url(f"{member.site.url}/login")
    assert not await member.has_cookie()


@pytest.mark.parametrize("where", ["/login", "/signup"])
async def test_who_is_signed_in_needs_no_form(member: Visitor, where: str) -> None:
    await member.page.goto(f"{where}?next=/account")

    await expect(member.page).to_have_url(f"{member.site.url}/account")


# --- it does not work ----------------------------------------------------------------------------------------------


async def test_an_error_takes_the_focus_leads_to_its_field_and_keeps_the_address(visitor: Visitor) -> None:
    page = visitor.page
    visitor.allows(401)
    await send(page, "/login", "nobody@example.com", "not this one")

    await expect_problem(page, "Invalid email or password")
    email = page.get_by_label("Email")
    await expect(email).to_have_value("nobody@example.com")
    await expect(email).to_have_attribute("aria-invalid", "true")
    await expect(email).to_have_accessible_description("Invalid email or password")
    await expect(page.get_by_label("Password", exact=True)).to_have_value("")
    await summary(page).get_by_role("link").press("Enter")
    await expect(email).to_be_focused()


async def test_an_error_is_gone_when_the_next_try_works(enter: Enter, member: Visitor) -> None:
    visitor = await enter()
    page = visitor.page
    visitor.allows(401)
    await send(page, "/login", member.email, "not this one")
    await expect_problem(page, "Invalid email or password")

    async with held(page, CALLS["/login"]):
        await fill(page, member.email)
        await page.get_by_label("Password", exact=True).press("Enter")
        await expect(summary(page)).to_be_hidden()
        await expect(page.get_by_label("Email")).not_to_have_attribute("aria-invalid", "true")
        await expect(page).to_have_title("Log In · todo")

    await expect(page).to_have_url(f"{visitor.site.url}/tasks")


async def test_what_the_page_sees_by_itself_is_not_sent(visitor: Visitor) -> None:
    page = visitor.page
    async with held(page, "**/api/**") as asked:
        for where, email, password, told, field in [
            ("/login", "", "", "Enter your email.", "Email"),
            ("/login", "ada@example.com", "", "Enter your password.", "Password"),
            ("/login", "ada", PASSWORD, "Enter an email address, like name@example.com.", "Email"),
            ("/signup", "ada@example.com", "seven..", "Choose a password of at least 8 characters.", "Password"),
        ]:
            await page.goto(where)
            await page.get_by_label("Email").fill(email)
            await page.get_by_label("Password", exact=True).press_sequentially(password)
            await page.get_by_role("button", name=BUTTONS[where], exact=True).click()
            await expect_problem(page, told)
            await expect(page.get_by_label(field, exact=True)).to_have_attribute("aria-invalid", "true")

    assert asked == []


@pytest.mark.parametrize(
    ("email", "password", "told", "field"),
    [
        ("ada@example", PASSWORD, "Enter an email address, like name@example.com.", "Email"),
        ("ada@example.com", "x" * 129, "Choose a password of at most 128 characters.", "Password"),
    ],
)
async def test_what_only_the_service_sees_is_told_in_words_of_the_page(
    visitor: Visitor, email: str, password: str, told: str, field: str
) -> None:
    visitor.allows(400)
    await send(visitor.page, "/signup", email, password)

    await expect_problem(visitor.page, told)
    await summary(visitor.page).get_by_role("link", name=told).click()
    await expect(visitor.page.get_by_label(field, exact=True)).to_be_focused()


async def test_an_address_that_is_taken_is_said_to_be(enter: Enter, member: Visitor) -> None:
    visitor = await enter()
    visitor.allows(422)
    await send(visitor.page, "/signup", member.email)

    await expect_problem(visitor.page, "User already exists. Use another email.")


async def test_a_form_is_sent_once_however_often_somebody_presses(enter: Enter, member: Visitor) -> None:
    visitor = await enter()
    page = visitor.page
    async with held(page, CALLS["/login"]) as asked:
        await send(page, "/login", member.email)

        button = page.get_by_role("button", name="Logging in…")
        await expect(button).to_have_attribute("aria-disabled", "true")
        await expect(page.locator("form#login")).to_have_attribute("aria-busy", "true")
        await button.press("Enter")
        await page.get_by_label("Email").press("Enter")
    await expect(page).to_have_url(f"{visitor.site.url}/tasks")

    assert len(asked) == 1


async def test_too_many_attempts_are_counted_down_and_the_button_opens_again(enter: Enter, member: Visitor) -> None:
    visitor = await enter()
    page = visitor.page
    visitor.allows(429)
    await page.clock.install()
    await visitor.answer(CALLS["/login"], 429, {"message": "Too many requests.", "code": "X"}, **{"Retry-After": "30"})
    await send(page, "/login", member.email)

    await expect_problem(page, "Too many attempts. The button says when you can try again.")
    button = page.get_by_role("button", name="Try again in")
    await expect(button).to_have_attribute("aria-disabled", "true")
    await page.clock.run_for(27_000)
    await expect(button).to_have_text("Try again in 3 seconds")
    await page.clock.run_for(4_000)
    await expect(summary(page)).to_contain_text("You can try again now.")

    await page.unroute_all()
    await fill(page, member.email)
    await page.get_by_role("button", name="Log In", exact=True).click()
    await expect(page).to_have_url(f"{visitor.site.url}/tasks")


async def test_a_wait_that_nobody_names_is_a_minute(visitor: Visitor) -> None:
    visitor.allows(429)
    await visitor.answer(CALLS["/signup"], 429)
    await send(visitor.page, "/signup", "ada@example.com")

    await expect(visitor.page.get_by_role("button", name="Try again in 60 seconds")).to_be_visible()


async def test_another_address_need_not_wait(visitor: Visitor) -> None:
    visitor.allows(429)
    await visitor.answer(CALLS["/login"], 429, **{"Retry-After": "900"})
    await send(visitor.page, "/login", "ada@example.com")
    await expect(visitor.page.get_by_role("button", name="Try again in 15 minutes")).to_be_visible()

    await visitor.page.get_by_label("Email").fill("bob@example.com")

    await expect(visitor.page.get_by_role("button", name="Log In")).not_to_have_attribute("aria-disabled", "true")


async def test_who_is_offline_is_told_and_tries_again(enter: Enter, member: Visitor) -> None:
    visitor = await enter()
    page = visitor.page
    visitor.allows("ERR_INTERNET_DISCONNECTED")
    await page.goto("/login")
    await fill(page, member.email)
    await visitor.context.set_offline(True)
    await page.get_by_role("button", name="Log In", exact=True).click()

    await expect_problem(page, "You are offline. Try again when you are back.")
    await expect(page.get_by_label("Email")).to_have_value(member.email)
    await visitor.context.set_offline(False)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Log In", exact=True).click()
    await expect(page).to_have_url(f"{visitor.site.url}/tasks")


async def test_a_service_that_does_not_answer_is_told_in_words(visitor: Visitor) -> None:
    visitor.allows("ERR_CONNECTION_REFUSED")
    await visitor.page.route(CALLS["/login"], lambda route: route.abort("connectionrefused"))
    await send(visitor.page, "/login", "ada@example.com")

    await expect_problem(visitor.page, "The service does not answer. Try again.")


async def test_a_service_in_trouble_is_told_in_words(visitor: Visitor) -> None:
    for status in (500, 502, 503):
        visitor.allows(status)
        await visitor.page.unroute_all()
        await visitor.answer(CALLS["/login"], status, "<h1>Bad gateway</h1>")
        await send(visitor.page, "/login", "ada@example.com")

        await expect_problem(visitor.page, "The service has trouble at the moment. Try again.")


@pytest.mark.parametrize(("where", "failed"), [("/login", "Login failed"), ("/signup", "Signup failed")])
async def test_a_refusal_that_the_page_does_not_know_shows_its_message_and_one_without_says_that_it_failed(
    visitor: Visitor, where: str, failed: str
) -> None:
    visitor.allows(418)
    await visitor.answer(
        CALLS[where], 418, {"code": "TEAPOT", "message": "I am a <b>teapot</b><img src=x onerror=a()>"}
    )
    await send(visitor.page, where, "ada@example.com")
    await expect_problem(visitor.page, "I am a <b>teapot</b><img src=x onerror=a()>")

    await visitor.page.unroute_all()
    await visitor.answer(CALLS[where], 418, {})
    await send(visitor.page, where, "ada@example.com")
    await expect_problem(visitor.page, failed)


# --- where a link leads, and what it can have a page say -----------------------------------------------------------

EVIL = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/\r\nSet-Cookie: a=b",
    "/tasks\0",
    "/tasks\u2028",
    "https://evil.example/",
    "https:evil.example",
    "HTTPS://evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "evil.example",
    "@evil.example",
    "account",
    "?next=//evil.example",
    "/" + "a" * 2_000,
    "",
]


async def test_a_link_leads_nowhere_but_to_this_site(enter: Enter, member: Visitor) -> None:
    stranger = await enter()
    for given in EVIL:
        there = f"/login?next={quote(given, safe='')}"
        sent_on = await member.context.request.get(there, max_redirects=0)
        page = await (await stranger.context.request.get(there)).text()

        assert (sent_on.status, sent_on.headers["location"]) == (303, "/tasks"), given
        assert '<input type="hidden" name="next" value="/tasks">' in page, given


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "none"])
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("//evil.example", "/tasks"),
        ("javascript:alert(1)", "/tasks"),
        ("/account?done=name", "/account?done=name"),
        ("/tasks?q=日本&show=open", "/tasks?q=%E6%97%A5%E6%9C%AC&show=open"),
    ],
)
async def test_who_logs_in_arrives_where_the_link_said_if_that_is_here(
    enter: Enter, member: Visitor, scripts: bool, given: str, expected: str
) -> None:
    visitor = await enter(scripts=scripts)
    await send(visitor.page, f"/login?next={quote(given)}", member.email)

    await expect(visitor.page).to_have_url(visitor.site.url + expected)


async def test_the_way_back_survives_changing_from_login_to_sign_up(visitor: Visitor) -> None:
    await visitor.page.goto("/account")
    await expect(visitor.page).to_have_url(f"{visitor.site.url}/login?next=%2Faccount")
    await visitor.page.get_by_role("link", name="Sign up").click()
    await visitor.page.wait_for_url("**/signup?next=/account")

    await fill(visitor.page, "wants.to.go.back@example.com")
    await visitor.page.get_by_role("button", name="Sign Up", exact=True).click()

    await expect(visitor.page).to_have_url(f"{visitor.site.url}/account")


async def test_a_link_may_ask_for_a_message_of_ours(visitor: Visitor) -> None:
    for given in (EXPIRED, "session-expired"):
        await visitor.page.goto(f"/login?message={quote(given)}")

        await expect(visitor.page.get_by_text(EXPIRED)).to_be_visible()


async def test_a_link_cannot_put_words_into_our_mouth(visitor: Visitor) -> None:
    page = visitor.page
    for given in ("Your account is in danger: call us", "<img src=x onerror=alert(1)>", f"{EXPIRED}<b>", "constructor"):
        await page.goto(f"/login?message={quote(given)}")
        await expect(page.get_by_role("heading", level=1)).to_be_visible()

        assert given not in await page.inner_text("body")
        assert await page.locator("main img, main b, .notice").count() == 0


# --- a forgotten password ------------------------------------------------------------------------------------------


async def ask_for_letter(page: Page, email: str) -> None:
    await page.goto("/login")
    await page.get_by_role("link", name="Forgot your password?").click()
    await page.get_by_label("Email").fill(email)
    await page.get_by_role("button", name="Send the link").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Check your mail")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "none"])
async def test_who_has_forgotten_the_password_chooses_a_new_one_by_a_link_that_works_once(
    enter: Enter, member: Visitor, scripts: bool
) -> None:
    visitor = await enter(scripts=scripts)
    page = visitor.page
    await ask_for_letter(page, member.email)
    link = await visitor.site.link_in_letter("reset password", member.email)

    await page.goto(link)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Choose a new password")
    if scripts:
        await expect(page).to_have_url(f"{visitor.site.url}/reset-password")
    await page.get_by_label("New password").fill("a new horse battery")
    await page.get_by_role("button", name="Save the password").click()
    await expect(page.get_by_text("Your password has been changed. Log in with the new one.")).to_be_visible()
    await fill(page, member.email, "a new horse battery")
    await page.get_by_role("button", name="Log In", exact=True).click()
    await expect(page).to_have_url(f"{visitor.site.url}/tasks")

    visitor.allows(400)
    await page.goto(link)
    await expect(page.get_by_role("heading", level=1)).to_have_text("This link is of no use any more")
    await page.get_by_role("link", name="Ask for a new link").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Forgot your password?")


async def test_a_link_that_is_used_while_its_page_stands_open_is_told_to_be_of_no_use(
    enter: Enter, member: Visitor
) -> None:
    visitor = await enter()
    await ask_for_letter(visitor.page, member.email)
    link = await visitor.site.link_in_letter("reset password", member.email)
    other = await visitor.open_tab()
    for page in (visitor.page, other):
        await page.goto(link)
        await page.get_by_label("New password").fill("a new horse battery")
    visitor.allows(400, 400)

    await other.get_by_role("button", name="Save the password").click()
    await other.wait_for_url("**/login?message=password-changed")
    await visitor.page.get_by_role("button", name="Save the password").click()

    await expect(visitor.page.get_by_role("heading", name="This link is of no use any more")).to_be_visible()


async def test_a_stranger_s_address_gets_the_same_answer(visitor: Visitor) -> None:
    await ask_for_letter(visitor.page, "nobody.knows.me@example.com")

    await expect(visitor.page.get_by_text("If there is an account with that address")).to_be_visible()


# --- as the operator has set it ------------------------------------------------------------------------------------


async def test_where_nobody_may_sign_up_the_pages_say_so(
    enter: Enter, database_server: str, migrated_template: str
) -> None:
    async with a_site(database_server, migrated_template, TODO_SIGNUP="closed") as closed:
        visitor = await enter(closed)
        page = visitor.page
        await page.goto("/signup")
        await expect(page.get_by_text("Nobody can sign up here.")).to_be_visible()
        await expect(page.locator("main form")).to_have_count(0)
        await page.get_by_role("link", name="Log in").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Log In")
        await expect(page.get_by_role("link", name="Sign up")).to_have_count(0)

        answer = await visitor.context.request.post(
            "/signup",
            form={"email": "ada@example.com", "password": PASSWORD},
            headers={"Origin": closed.url, "Accept": "text/html"},
        )

        assert answer.status == 400
        assert "Nobody can sign up here." in await answer.text()
        assert not await visitor.has_cookie()


async def test_where_addresses_are_verified_who_signs_up_is_sent_to_the_mail(
    enter: Enter, database_server: str, migrated_template: str
) -> None:
    async with a_site(database_server, migrated_template, TODO_REQUIRE_EMAIL_VERIFICATION="true") as careful:
        for scripts in (True, False):
            email = f"careful.{scripts}@example.com".lower()
            visitor = await enter(careful, scripts=scripts)
            page = visitor.page
            visitor.allows(403)

            await send(page, "/signup?next=/account", email)
            await expect(page.get_by_role("heading", level=1)).to_have_text("Check your mail")
            assert not await visitor.has_cookie()
            await send(page, "/login", email)
            await expect(summary(page)).to_contain_text("Follow the link in the email we have sent you, then log in.")
            await page.goto(await careful.link_in_letter("verify e-mail", email))
            await send(page, "/login?next=/account", email)

            await expect(page).to_have_url(f"{careful.url}/account")
