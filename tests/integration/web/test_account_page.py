"""One's own account in the browser: name, password, sessions, and the way out."""

import pytest
from playwright.async_api import Locator, Page, expect

from tests.integration.service import PASSWORD
from tests.integration.web.site import Enter, Visitor

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1"
BACK_HERE = "/login?message=Session%20expired.%20Please%20log%20in%20again.&next=%2Faccount"


def part(page: Page, heading: str) -> Locator:
    """A section of the page, by its heading."""
    return page.get_by_role("region", name=heading)


async def expect_problem(part: Locator, text: str) -> None:
    summary = part.get_by_role("group", name="There is a problem")
    await expect(summary).to_contain_text(text)
    await expect(summary).to_be_focused()


async def delete(page: Page, password: str) -> None:
    danger = part(page, "Delete account")
    await danger.get_by_label("Your password").fill(password)
    await danger.get_by_role("button", name="Delete account").click()


async def test_a_name_is_changed(member: Visitor) -> None:
    page = member.page
    await page.goto("/account")
    await expect(page).to_have_title("Account · todo")
    await expect(page.get_by_text(f"Signed in as {member.email}")).to_be_visible()

    await page.get_by_label("What to call you").fill("  Ada <b>Lovelace</b> ")
    await page.get_by_label("What to call you").press("Enter")

    await expect(page.get_by_text("Your name has been saved.")).to_be_visible()
    await expect(page.get_by_label("What to call you")).to_have_value("Ada <b>Lovelace</b>")


async def test_a_name_that_is_too_long_is_said_to_be(member: Visitor) -> None:
    member.allows(400)
    await member.page.goto("/account")
    await member.page.get_by_label("What to call you").fill("a" * 256)
    await member.page.get_by_role("button", name="Save name").click()

    await expect_problem(part(member.page, "Name"), "Choose a name of at most 255 characters")
    await expect(member.page.get_by_label("What to call you")).to_have_attribute("aria-invalid", "true")


async def test_a_changed_password_ends_the_other_sessions_and_keeps_this_one(enter: Enter, member: Visitor) -> None:
    other = await (await enter()).log_in(member.email)
    await other.page.goto("/account")
    page = member.page
    await page.goto("/account")
    form = part(page, "Password")
    await expect(form.get_by_label("Current password")).to_have_attribute("autocomplete", "current-password")
    await expect(form.get_by_label("New password")).to_have_attribute("autocomplete", "new-password")

    await form.get_by_label("Current password").fill(PASSWORD)
    await form.get_by_label("New password").fill("a new horse battery")
    await form.get_by_role("button", name="Change password").click()

    await expect(page.get_by_text("Your password has been changed. Your other sessions have ended.")).to_be_visible()
    await page.goto("/tasks")
    await expect(page).to_have_url(f"{member.site.url}/tasks")
    await other.page.goto("/tasks")
    await expect(other.page.get_by_text("Session expired. Please log in again.")).to_be_visible()
    await other.log_in(member.email, "a new horse battery")


async def test_a_wrong_current_password_changes_nothing(enter: Enter, member: Visitor) -> None:
    member.allows(400)
    page = member.page
    await page.goto("/account")
    form = part(page, "Password")

    await form.get_by_label("Current password").fill("not this one")
    await form.get_by_label("New password").fill("a new horse battery")
    await form.get_by_role("button", name="Change password").click()

    await expect_problem(form, "That is not your password.")
    await form.get_by_role("link", name="That is not your password.").click()
    await expect(form.get_by_label("Current password")).to_be_focused()
    for field in await form.get_by_label("password").and_(form.locator("input")).all():
        await expect(field).to_have_value("")
    await (await enter()).log_in(member.email)


async def test_sessions_are_listed_with_device_and_use_and_are_ended(enter: Enter, member: Visitor) -> None:
    phone = await (await enter(user_agent=IPHONE)).log_in(member.email)
    await member.site.sql(
        """UPDATE "session" SET "updatedAt" = '2026-03-04T12:00:00Z' WHERE "userId" = $1 AND "userAgent" = $2""",
        member.id,
        IPHONE,
    )
    page = member.page
    await page.goto("/account")
    lines = part(page, "Sessions").get_by_role("listitem")
    await expect(lines).to_have_count(2)
    theirs = lines.filter(has_text="Safari on iPhone")
    await expect(theirs).to_contain_text("127.0.0.1")
    await expect(theirs).to_contain_text("last used 4 March 2026")
    await expect(theirs).not_to_contain_text("this device")
    await expect(lines.filter(has_text="Chrome on Linux")).to_contain_text("this device")

    await theirs.get_by_role("button", name="End the session: Safari on iPhone").click()

    await expect(lines).to_have_count(1)
    await expect(page.get_by_role("status")).to_have_text("That session has ended.")
    await expect(lines.get_by_role("button")).to_be_focused()
    await phone.page.goto("/tasks")
    await expect(phone.page.get_by_text("Session expired. Please log in again.")).to_be_visible()


async def test_who_ends_the_session_they_are_in_is_logged_out(member: Visitor) -> None:
    await member.page.goto("/account")

    await part(member.page, "Sessions").get_by_role("button", name="End the session").click()

    await expect(member.page).to_have_url(f"{member.site.url}/login")
    await member.page.goto("/tasks")
    await expect(member.page.get_by_role("heading", level=1)).to_have_text("Log In")


async def test_a_session_that_could_not_be_ended_stays_in_the_list_and_is_tried_again(
    enter: Enter, member: Visitor
) -> None:
    await (await enter(user_agent=IPHONE)).log_in(member.email)
    page = member.page
    await page.goto("/account")
    lines = part(page, "Sessions").get_by_role("listitem")
    member.allows(503)
    await member.answer("**/api/auth/revoke-session", 503)

    await lines.filter(has_text="iPhone").get_by_role("button").click()
    message = page.get_by_role("list", name="Messages").get_by_role("listitem")
    await expect(message).to_contain_text("The session goes on. The service has trouble at the moment.")
    await expect(lines).to_have_count(2)
    await page.unroute_all()
    await message.get_by_role("button", name="Try again").click()

    await expect(lines).to_have_count(1)


async def test_a_login_of_long_ago_is_asked_for_again_before_sessions_are_shown(enter: Enter, member: Visitor) -> None:
    await (await enter(user_agent=IPHONE)).log_in(member.email)
    await member.site.sql(
        """UPDATE "session" SET "createdAt" = now() - interval '25 hours' WHERE "userId" = $1""", member.id
    )
    page = member.page
    await page.goto("/account")

    await expect(part(page, "Sessions")).to_contain_text("You logged in more than a day ago.")
    await expect(part(page, "Sessions").get_by_role("listitem")).to_have_count(0)
    await page.get_by_role("link", name="Log in again").click()
    await page.get_by_label("Email").fill(member.email)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Log In", exact=True).click()

    await expect(page).to_have_url(f"{member.site.url}/account")
    await expect(part(page, "Sessions").get_by_role("listitem").filter(has_text="this device")).to_have_count(1)
    await expect(part(page, "Sessions").get_by_role("listitem").filter(has_text="iPhone")).to_have_count(1)


async def test_an_account_is_deleted_by_its_password_only(enter: Enter, member: Visitor) -> None:
    await member.add_task("Go with the account")
    page = member.page
    await page.goto("/account")
    danger = part(page, "Delete account")
    await danger.get_by_role("button", name="Delete account").click()
    await expect_problem(danger, "Enter your password.")
    member.allows(400)
    await delete(page, "not this one")
    await expect_problem(danger, "That is not your password.")
    assert len(await member.tasks()) == 1

    await delete(page, PASSWORD)

    await expect(page.get_by_text("Your account and everything in it has been deleted.")).to_be_visible()
    assert not await member.has_cookie()
    again = await (await enter()).post("/api/auth/login", {"email": member.email, "password": PASSWORD})
    assert again.status == 401


@pytest.mark.parametrize("what", ["name", "password", "session", "delete"])
async def test_a_session_that_has_ended_leads_to_login_and_back(member: Visitor, what: str) -> None:
    page = member.page
    await page.goto("/account")
    await member.lose_session()
    member.allows(401)

    if what == "name":
        await page.get_by_role("button", name="Save name").click()
    elif what == "password":
        await page.get_by_label("Current password").fill(PASSWORD)
        await page.get_by_label("New password").fill("a new horse battery")
        await page.get_by_role("button", name="Change password").click()
    elif what == "session":
        await page.get_by_role("button", name="End the session").click()
    else:
        await delete(page, PASSWORD)
    await expect(page).to_have_url(member.site.url + BACK_HERE)
    await expect(page.get_by_text("Session expired. Please log in again.")).to_be_visible()
    await page.get_by_label("Email").fill(member.email)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Log In", exact=True).click()

    await expect(page).to_have_url(f"{member.site.url}/account")
