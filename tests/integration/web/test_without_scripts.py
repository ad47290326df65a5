"""Browsers that run no scripts: real forms, each answered by 303."""

import re

import pytest
from playwright.async_api import APIResponse, Page, Response, expect

from tests.integration.service import PASSWORD
from tests.integration.web.site import Enter, Visitor

Form = dict[str, str | float | bool]


@pytest.fixture
async def plain(enter: Enter) -> Visitor:
    """A stranger whose browser runs no scripts."""
    return await enter(scripts=False)


@pytest.fixture
async def member(plain: Visitor) -> Visitor:
    return await plain.sign_up()


async def press(page: Page, button: str, *, status: int = 303) -> Response:
    """Sends a form by its button. Gives the answer to the form itself."""
    async with page.expect_response(lambda response: response.request.method == "POST") as answered:
        await page.get_by_role("button", name=button, exact=True).click()
    answer = await answered.value
    assert answer.status == status
    return answer


async def test_somebody_signs_up_logs_out_and_logs_in(plain: Visitor) -> None:
    page = plain.page
    await page.goto("/signup")
    await page.get_by_label("Email").fill("no.scripts@example.com")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await press(page, "Sign Up")
    await expect(page).to_have_url(f"{plain.site.url}/tasks")

    await press(page, "Log Out")
    await expect(page).to_have_url(f"{plain.site.url}/login")
    assert not await plain.has_cookie()

    await page.get_by_label("Email").fill("no.scripts@example.com")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await press(page, "Log In")
    await expect(page).to_have_url(f"{plain.site.url}/tasks")
    assert await plain.has_cookie()


async def test_tasks_are_added_completed_reopened_searched_for_and_deleted(member: Visitor) -> None:
    page = member.page
    await page.goto("/tasks")
    for title in ("Water the lemon tree", "Book the train"):
        await page.get_by_label("New task").fill(title)
        await press(page, "Add")
    await expect(page.get_by_role("listitem").filter(has_text="lemon")).to_be_visible()

    await press(page, "Done: Water the lemon tree")
    await page.get_by_role("link", name=re.compile("^Open")).click()
    await expect(page.locator(".task:not([hidden])")).to_have_text([re.compile("Book the train")])
    await page.get_by_role("link", name=re.compile("^Done")).click()
    await press(page, "Done: Water the lemon tree")
    await expect(page).to_have_url(f"{member.site.url}/tasks?show=done")
    await expect(page.get_by_role("heading", name="Nothing is done yet")).to_be_visible()

    await page.get_by_role("link", name=re.compile("^All")).click()
    await page.get_by_label("Search").fill("train")
    await page.get_by_role("button", name="Search").click()
    await expect(page).to_have_url(f"{member.site.url}/tasks?q=train")
    await press(page, "Delete: Book the train")
    await expect(page).to_have_url(f"{member.site.url}/tasks?q=train")

    assert [(task["title"], task["completed"]) for task in await member.tasks()] == [("Water the lemon tree", False)]


async def test_nothing_is_shown_that_would_need_scripts(member: Visitor) -> None:
    await member.add_task("One")
    for where in ("/tasks", "/account"):
        await member.page.goto(where)

        for name in (
            "Edit: One",
            "Complete all",
            "Clear completed",
            "Keyboard shortcuts",
            "Show password",
            "Theme: auto",
        ):
            await expect(member.page.get_by_role("button", name=name)).to_have_count(0)


async def test_a_wrong_login_shows_the_form_again_with_the_address_and_the_focus_on_what_is_wrong(
    plain: Visitor,
) -> None:
    page = plain.page
    plain.allows(401)
    await page.goto("/login?next=/account")
    await page.get_by_label("Email").fill("nobody@example.com")
    await page.get_by_label("Password", exact=True).fill("not this one")

    answer = await press(page, "Log In", status=401)

    assert answer.headers["cache-control"] == "no-store"
    await expect(page).to_have_title("Error: Log In · todo")
    await expect(page.get_by_role("group", name="There is a problem")).to_contain_text("Invalid email or password")
    await expect(page.get_by_role("group", name="There is a problem")).to_be_focused()
    await expect(page.get_by_label("Email")).to_have_value("nobody@example.com")
    await expect(page.get_by_label("Email")).to_have_accessible_description("Invalid email or password")
    await expect(page.get_by_label("Password", exact=True)).to_have_value("")
    await expect(page.locator("input[name=next]")).to_have_value("/account")
    await page.get_by_role("group", name="There is a problem").get_by_role("link").click()
    await expect(page.get_by_label("Email")).to_be_focused()


async def test_a_wrong_sign_up_shows_the_form_again_with_the_address(plain: Visitor) -> None:
    page = plain.page
    plain.allows(400)
    await page.goto("/signup")
    await page.get_by_label("Email").fill("ada@example.com")
    await page.get_by_label("Password", exact=True).fill("x" * 129)

    await press(page, "Sign Up", status=400)

    await expect(page.get_by_role("group", name="There is a problem")).to_contain_text(
        "Choose a password of at most 128 characters."
    )
    await expect(page.get_by_label("Email")).to_have_value("ada@example.com")
    await expect(page.get_by_label("Password", exact=True)).to_have_accessible_description(
        "Minimum 8 characters Choose a password of at most 128 characters."
    )


async def test_a_blank_task_is_told_to_be_one(member: Visitor) -> None:
    page = member.page
    member.allows(422)
    await page.goto("/tasks?show=open")
    await page.get_by_label("New task").fill("   ")

    await press(page, "Add", status=422)

    await expect(page.get_by_role("alert").filter(has_text="Write down what needs doing.")).to_be_visible()
    assert await member.tasks() == []


async def test_the_account_is_kept_by_forms(enter: Enter, member: Visitor) -> None:
    page = member.page
    phone = await (await enter(user_agent="curl/8")).log_in(member.email)
    await page.goto("/account")
    await page.get_by_label("What to call you").fill("Ada")
    await press(page, "Save name")
    await expect(page.get_by_text("Your name has been saved.")).to_be_visible()
    await expect(page.get_by_label("What to call you")).to_have_value("Ada")

    await page.get_by_role("listitem").filter(has_text="curl").get_by_role("button").click()
    await expect(page.get_by_text("That session has ended.")).to_be_visible()
    assert (await phone.context.request.get(f"/api/proxy/{phone.id}/tasks")).status == 401

    await page.get_by_label("Current password").fill(PASSWORD)
    await page.get_by_label("New password").fill("a new horse battery")
    await press(page, "Change password")
    await expect(page.get_by_text("Your password has been changed.")).to_be_visible()

    await page.get_by_label("Your password").fill("a new horse battery")
    await press(page, "Delete account")
    await expect(page.get_by_text("Your account and everything in it has been deleted.")).to_be_visible()
    assert not await member.has_cookie()


async def test_what_is_wrong_with_the_account_is_told_beside_its_form(member: Visitor) -> None:
    page = member.page
    member.allows(400)
    await page.goto("/account")
    await page.get_by_label("What to call you").fill("a" * 256)
    await press(page, "Save name", status=400)
    await expect(page.get_by_role("region", name="Name")).to_contain_text("Choose a name of at most 255 characters")
    await expect(page.get_by_label("What to call you")).to_have_value("a" * 256)

    await page.get_by_label("Your password").fill("not this one")
    await press(page, "Delete account", status=400)

    await expect(page.get_by_role("region", name="Delete")).to_contain_text("That is not your password.")
    await expect(
        page.get_by_role("region", name="Delete").get_by_role("group", name="There is a problem")
    ).to_be_focused()


@pytest.mark.parametrize(("where", "button"), [("/account", "Save name"), ("/tasks?show=open", "Add")])
async def test_a_form_of_a_session_that_has_ended_leads_to_login_and_back(
    member: Visitor, where: str, button: str
) -> None:
    page = member.page
    await page.goto(where)
    await member.lose_session()
    if button == "Add":
        await page.get_by_label("New task").fill("One")

    await press(page, button)

    await expect(page.get_by_text("Session expired. Please log in again.")).to_be_visible()
    await page.get_by_label("Email").fill(member.email)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await press(page, "Log In")
    await expect(page).to_have_url(member.site.url + where.partition("?")[0])


# --- forms that other sites send ----------------------------------------------------------------------------------


async def send_from(visitor: Visitor, origin: str, path: str, form: Form) -> APIResponse:
    return await visitor.context.request.post(
        path,
        form=form,
        headers={"Origin": origin, "Sec-Fetch-Site": "cross-site", "Accept": "text/html"},
        max_redirects=0,
    )


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_a_form_that_another_site_sends_changes_nothing_and_is_answered_by_a_page(
    member: Visitor, origin: str
) -> None:
    number = await member.add_task("One")
    credentials: Form = {"email": "victim@example.com", "password": PASSWORD}
    forms: list[tuple[str, Form]] = [
        ("/login", credentials),
        ("/signup", credentials),
        ("/logout", {}),
        ("/forgot-password", {"email": member.email}),
        ("/reset-password", {"token": "a", "password": PASSWORD}),
        ("/account/name", {"name": "Mallory"}),
        ("/account/password", {"current": PASSWORD, "password": "a new horse battery"}),
        ("/account/delete", {"current": PASSWORD}),
        ("/account/session", {"session": "a"}),
        ("/tasks", {"title": "Two"}),
        (f"/tasks/{number}/complete", {"completed": "true"}),
        (f"/tasks/{number}/delete", {}),
    ]
    for path, form in forms:
        answer = await send_from(member, origin, path, form)

        assert answer.status == 403, path
        assert "text/html" in answer.headers["content-type"], path
        assert "set-cookie" not in answer.headers, path
        assert "<h1>Not from here</h1>" in await answer.text(), path

    (task,) = await member.tasks()
    assert (task["title"], task["completed"]) == ("One", False)
    await member.page.goto("/account")
    await expect(member.page.get_by_label("What to call you")).not_to_have_value("Mallory")


async def test_a_page_of_another_site_cannot_send_our_forms_in_a_browser(enter: Enter) -> None:
    visitor = await (await enter()).sign_up()
    visitor.allows("request elsewhere", 403)
    page = visitor.page
    text = f'<form method="post" action="{visitor.site.url}/tasks"><input name="title" value="Two"><button>Win</button>'
    await page.route("http://evil.test/", lambda route: route.fulfill(body=text, content_type="text/html"))
    await page.goto("http://evil.test/")

    await page.get_by_role("button", name="Win").click()

    # the cookie is SameSite=Lax and stays at home; the origin alone is reason enough
    await expect(page.get_by_role("heading", level=1)).to_have_text("Not from here")
    assert await visitor.tasks() == []
