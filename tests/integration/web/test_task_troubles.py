"""The list of tasks when something does not work: what was done is taken back, and nothing typed is lost."""

import re
from urllib.parse import quote

import pytest
from playwright.async_api import Page, expect

from tests.integration.service import PASSWORD
from tests.integration.web.site import Enter, Visitor
from tests.integration.web.task_list import CALLS, TaskList, Traffic, answers_lost, held, kept, opened, refused

TROUBLE = "The service has trouble at the moment."
SILENCE = "The service does not answer."
EXPIRED = quote("Session expired. Please log in again.")

NOTHING_GETS_OUT = """
() => {
  window.fetch = (path, { method, headers }) => {
    localStorage.setItem(method, headers["Idempotency-Key"]);
    return new Promise(() => {});
  };
}
"""

either_way = pytest.mark.parametrize(("status", "words"), [(500, TROUBLE), (0, SILENCE)], ids=["500", "no answer"])


async def log_in(page: Page, email: str) -> None:
    """In the page to which one was sent."""
    await page.get_by_label("Email").fill(email)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Log In", exact=True).click()


# --- at once, and back ------------------------------------------------------------------------------------------------


async def test_a_new_task_shows_at_once_and_can_be_changed_once_it_is_kept(member: Visitor) -> None:
    tasks = await opened(member)
    async with held(tasks.page, "POST"):
        await tasks.add("Bake")
        await tasks.shows("Bake")
        await expect(tasks.page).to_have_title("Tasks (1) · todo")
        await expect(tasks.check("Bake")).to_be_disabled()
    await tasks.check("Bake").click()

    await kept(member, ("Bake", True))


@either_way
async def test_completing_is_taken_back_and_tried_again(member: Visitor, status: int, words: str) -> None:
    tasks = await opened(member, "Bake", address="/tasks?show=open")
    async with refused(member, "PUT", status):
        await tasks.check("Bake").click()
        await expect(tasks.toasts).to_contain_text(f"“Bake” could not be saved. {words}")
        await tasks.shows("Bake")
        await expect(tasks.check("Bake")).to_have_attribute("aria-pressed", "false")
        await expect(tasks.page.get_by_role("alert")).to_contain_text(f"{words} What you write stays here.")
    await tasks.toasts.get_by_role("button", name="Try again").click()
    await tasks.shows()

    await kept(member, ("Bake", True))
    await expect(tasks.page.get_by_role("alert")).to_have_count(0)


@either_way
async def test_a_task_that_cannot_be_added_waits_in_the_list(member: Visitor, status: int, words: str) -> None:
    tasks = await opened(member, "Knit")
    traffic = Traffic(tasks.page)
    async with refused(member, "POST", status):
        await tasks.add("Bake", "Sing")
        await expect(tasks.row("Bake")).to_contain_text(f"Not saved. {words}")
        await expect(tasks.row("Sing")).to_contain_text("Not saved.")
        await tasks.row("Sing").get_by_role("button", name="Discard").click()
        await tasks.shows("Knit", "Bake")
    await tasks.row("Bake").get_by_role("button", name="Try again").click()
    await expect(tasks.row("Bake")).to_be_focused()
    await kept(member, ("Knit", False), ("Bake", False))

    await expect(tasks.row("Bake").get_by_role("button", name="Try again")).to_have_count(0)
    first, _, again = traffic.keys
    assert first == again


async def test_a_task_whose_answer_got_lost_is_added_once(member: Visitor) -> None:
    tasks = await opened(member)
    async with answers_lost(member, "POST"):
        await tasks.add("Bake")
        await expect(tasks.row("Bake").get_by_role("button", name="Try again")).to_be_visible()
    await tasks.look_again()  # the service has one: is it that which could not be saved?
    await expect(tasks.row("Bake").get_by_role("button", name="Try again")).to_have_count(0)
    await tasks.shows("Bake")

    await kept(member, ("Bake", False))


@either_way
async def test_deleting_is_taken_back_and_tried_again(member: Visitor, status: int, words: str) -> None:
    await member.page.clock.install()
    tasks = await opened(member, "Bake", "Knit")
    async with refused(member, "DELETE", status):
        await tasks.delete("Bake")
        await tasks.page.clock.fast_forward(11_000)
        await expect(tasks.toasts).to_contain_text(f"“Bake” could not be deleted. {words}")
        await tasks.shows("Bake", "Knit")
    await tasks.toasts.get_by_role("button", name="Try again").click()
    await tasks.shows("Knit")
    await tasks.page.mouse.move(0, 0)  # a message waits as long as somebody points at it
    await tasks.page.clock.fast_forward(11_000)

    await kept(member, ("Knit", False))


@either_way
async def test_an_edit_that_fails_opens_the_editor_again(member: Visitor, status: int, words: str) -> None:
    tasks = await opened(member, "Bake")
    async with refused(member, "PUT", status):
        editor = await tasks.edit("Bake")
        await editor.title.fill("Bake bread")
        await editor.description.fill("Flour")
        await editor.press("Save")
        await expect(editor.fault).to_have_text(f"Not saved. {words}")
        await expect(editor.title).to_have_value("Bake bread")
        await expect(editor.description).to_have_value("Flour")
    await editor.press("Save")
    await kept(member, ("Bake bread", False))

    assert (await member.tasks())[0]["description"] == "Flour"


async def test_an_edit_that_fails_leaves_the_focus_to_who_goes_on_writing(member: Visitor) -> None:
    tasks = await opened(member, "Bake")
    async with refused(member, "PUT", 500):
        async with held(tasks.page, "PUT"):
            editor = await tasks.edit("Bake")
            await editor.title.fill("Bake bread")
            await editor.press("Save")
            await tasks.box.click()
            await tasks.page.keyboard.type("Kn")
        await expect(editor.fault).to_contain_text("Not saved.")
        await tasks.page.keyboard.type("it")

    await expect(tasks.box).to_have_value("Knit")


async def test_an_edit_that_fails_while_the_editor_is_open_again_is_not_lost(member: Visitor) -> None:
    tasks = await opened(member, "Bake")
    async with refused(member, "PUT", 500, times=1):
        async with held(tasks.page, "PUT"):
            editor = await tasks.edit("Bake")
            await editor.title.fill("Bake bread")
            await editor.press("Save")
            editor = await tasks.edit("Bake bread")
            await editor.description.fill("Flour")
        await expect(editor.fault).to_contain_text("Not saved.")
        await editor.press("Save")

        await kept(member, ("Bake bread", False))
    assert (await member.tasks())[0]["description"] == "Flour"


async def test_several_that_fail_are_told_once(member: Visitor) -> None:
    tasks = await opened(member, "Bake", "Knit", "Sing")
    async with refused(member, "PUT", 500, times=2):
        await tasks.button("Complete all").click()
        await expect(tasks.toasts.filter(has_text="could not be saved")).to_contain_text(
            f"2 tasks could not be saved. {TROUBLE}"
        )
        await expect(tasks.filter("Open")).to_have_text("Open 2")
    await tasks.toasts.get_by_role("button", name="Try again").click()

    await kept(member, ("Bake", True), ("Knit", True), ("Sing", True))


# --- no, for a reason -------------------------------------------------------------------------------------------------


async def test_what_is_forbidden_is_told_as_access_denied(member: Visitor) -> None:
    tasks = await opened(member, "Bake")
    async with refused(member, "PUT", 403), refused(member, "POST", 403):
        await tasks.check("Bake").click()
        await expect(tasks.toasts).to_contain_text("“Bake” could not be saved. Access denied")
        await tasks.add("Knit")

        await expect(tasks.row("Knit")).to_contain_text("Not saved. Access denied")


async def test_a_short_wait_is_waited_for(member: Visitor) -> None:
    await member.page.clock.install()
    tasks = await opened(member, "Bake")
    traffic = Traffic(tasks.page)
    async with refused(member, "PUT", 429, times=1, retry_after=5):
        async with tasks.page.expect_response(lambda response: response.status == 429):
            await tasks.check("Bake").click()
        await expect(tasks.check("Bake")).to_have_attribute("aria-pressed", "true")
        await tasks.page.clock.fast_forward(4_000)
        assert len(traffic.made) == 1
        await tasks.page.clock.fast_forward(2_000)
        await kept(member, ("Bake", True))

    assert len(set(traffic.keys)) == 1


async def test_a_long_wait_is_told(member: Visitor) -> None:
    tasks = await opened(member, "Bake")
    async with refused(member, "PUT", 429, retry_after=42):
        await tasks.check("Bake").click()

        await expect(tasks.toasts).to_contain_text("Too many requests. Try again in 42 seconds.")
        await expect(tasks.check("Bake")).to_have_attribute("aria-pressed", "false")


async def test_a_task_that_is_gone_leaves_the_list(member: Visitor) -> None:
    member.allows(404)
    tasks = await opened(member, "Bake", "Knit")
    first = (await member.tasks())[0]["id"]
    await member.context.request.delete(f"/api/proxy/{member.id}/tasks/{first}", headers={"Origin": member.site.url})
    await tasks.check("Bake").click()

    await expect(tasks.toasts).to_contain_text("“Bake” is gone: deleted somewhere else.")
    await tasks.shows("Knit")


async def test_what_was_typed_for_a_task_that_is_gone_becomes_a_new_one(member: Visitor) -> None:
    member.allows(404)
    tasks = await opened(member, "Bake", "Knit")
    first = (await member.tasks())[0]["id"]
    editor = await tasks.edit("Bake")
    await editor.title.fill("Bake bread")
    await editor.description.fill("Flour")
    await member.context.request.delete(f"/api/proxy/{member.id}/tasks/{first}", headers={"Origin": member.site.url})
    await editor.press("Save")
    await expect(tasks.row("Bake bread")).to_contain_text("Not saved. It is gone: deleted somewhere else.")
    await tasks.row("Bake bread").get_by_role("button", name="Try again").click()
    await kept(member, ("Knit", False), ("Bake bread", False))

    assert (await member.tasks())[1]["description"] == "Flour"


async def test_a_task_that_is_refused_is_said_and_can_be_written_again(member: Visitor) -> None:
    tasks = await opened(member)
    traffic = Traffic(tasks.page)
    async with refused(member, "POST", 409):
        await tasks.add("Bake")
        await expect(tasks.page.get_by_role("status")).to_have_text("Not saved: Bake. No.")
    await tasks.row("Bake").get_by_role("button", name="Edit", exact=True).click()
    await tasks.editor.title.fill("Knit")
    await tasks.editor.press("Save")
    await kept(member, ("Knit", False))

    assert len(set(traffic.keys)) == 2


async def test_a_text_that_is_changed_before_the_answer_is_there_comes_second(member: Visitor) -> None:
    tasks = await opened(member)
    async with answers_lost(member, "POST"):
        await tasks.add("Bake")
        await tasks.row("Bake").get_by_role("button", name="Edit", exact=True).click()
    await tasks.editor.title.fill("Knit")
    await tasks.editor.press("Save")
    await tasks.shows("Knit")

    await kept(member, ("Knit", False))


async def test_what_was_refused_is_not_asked_for_again_by_itself(member: Visitor) -> None:
    member.allows(404)
    tasks = await opened(member, "Bake")
    first = (await member.tasks())[0]["id"]
    editor = await tasks.edit("Bake")
    await editor.title.fill("Bake bread")
    await member.context.request.delete(f"/api/proxy/{member.id}/tasks/{first}", headers={"Origin": member.site.url})
    await editor.press("Save")
    await expect(tasks.row("Bake bread")).to_contain_text("Not saved.")
    async with tasks.page.expect_response(CALLS):
        await tasks.page.evaluate("window.dispatchEvent(new Event('online'))")
    await tasks.page.reload()
    await expect(tasks.row("Bake bread")).to_contain_text("Not saved. It is gone: deleted somewhere else.")

    assert await member.tasks() == []


# --- no connection ----------------------------------------------------------------------------------------------------


async def test_offline_is_told_and_all_is_sent_when_it_is_over(member: Visitor) -> None:
    member.allows("net::ERR_INTERNET_DISCONNECTED")
    tasks = await opened(member, "Bake")
    banner = tasks.page.get_by_role("alert").filter(has_text="You are offline. What you write stays here.")
    await member.context.set_offline(True)
    await expect(banner).to_be_visible()
    await tasks.add("Knit", "Sing")
    await expect(tasks.row("Sing")).to_contain_text("Not saved. You are offline.")
    editor = await tasks.edit("Bake")
    await editor.title.fill("Bake bread")
    await editor.press("Save")
    await expect(editor.fault).to_have_text("Not saved. You are offline.")
    await member.context.set_offline(False)
    await kept(member, ("Bake", False), ("Knit", False), ("Sing", False))
    await expect(banner).to_be_hidden()
    await editor.press("Save")

    await kept(member, ("Bake bread", False), ("Knit", False), ("Sing", False))
    await tasks.shows("Bake bread", "Knit", "Sing")


async def test_the_banner_tries_again(member: Visitor) -> None:
    tasks = await opened(member)
    banner = tasks.page.get_by_role("alert").filter(has_text="What you write stays here.")
    async with refused(member, "POST", 503):
        await tasks.add("Bake")
        await expect(tasks.row("Bake")).to_contain_text("Not saved.")
    await banner.get_by_role("button", name="Try again").click()
    await kept(member, ("Bake", False))

    await expect(banner).to_be_hidden()


# --- coming back ------------------------------------------------------------------------------------------------------


async def test_nothing_typed_is_lost_over_a_reload(member: Visitor) -> None:
    tasks = await opened(member, "Bake", "Knit")
    async with refused(member, "POST", 500):
        await tasks.add("Sing")
        await expect(tasks.row("Sing")).to_contain_text("Not saved.")
        await tasks.box.fill("Half a thou")
        editor = await tasks.edit("Bake")
        await editor.title.fill("Bake bread")
        await editor.description.fill("Flour\nEggs")
    await tasks.page.reload()
    await expect(tasks.box).to_have_value("Half a thou")
    await expect(tasks.editor.title).to_have_value("Bake bread")
    await expect(tasks.editor.description).to_have_value("Flour\nEggs")
    await kept(member, ("Bake", False), ("Knit", False), ("Sing", False))
    await tasks.shows("Bake", "Knit", "Sing")
    await tasks.editor.press("Cancel")
    await tasks.box.fill("")
    await tasks.page.reload()
    await tasks.shows("Bake", "Knit", "Sing")

    await expect(tasks.editor.form).to_have_count(0)
    assert await tasks.page.evaluate("sessionStorage.length") == 0


async def test_what_is_on_its_way_outlives_a_reload(member: Visitor) -> None:
    tasks = await opened(member, "Bake", "Knit")
    traffic = Traffic(tasks.page)
    await tasks.page.evaluate(NOTHING_GETS_OUT)
    editor = await tasks.edit("Bake")
    await editor.title.fill("Bake bread")
    await editor.press("Save")
    await tasks.check("Knit").click()
    await tasks.add("Sing", "Read")
    await tasks.shows("Bake bread", "Knit", "Sing", "Read")
    await tasks.page.reload()
    await expect(tasks.editor.title).to_have_value("Bake bread")
    await kept(member, ("Bake", False), ("Knit", True), ("Sing", False), ("Read", False))
    await tasks.editor.press("Save")

    await kept(member, ("Bake bread", False), ("Knit", True), ("Sing", False), ("Read", False))
    key = await tasks.page.evaluate("localStorage.getItem('POST')")
    assert traffic.of("POST")[0].headers["idempotency-key"] == key


async def test_an_edit_of_a_task_that_goes_meanwhile_comes_back_as_a_new_one(member: Visitor) -> None:
    tasks = await opened(member, "Bake")
    editor = await tasks.edit("Bake")
    await editor.title.fill("Bake bread")
    await tasks.page.goto("/account")
    first = (await member.tasks())[0]["id"]
    await member.context.request.delete(f"/api/proxy/{member.id}/tasks/{first}", headers={"Origin": member.site.url})
    await tasks.page.go_back()

    await expect(tasks.row("Bake bread")).to_contain_text("Not saved. It is gone: deleted somewhere else.")


async def test_an_expired_session_leads_to_login_and_back_with_everything_typed(member: Visitor) -> None:
    member.allows(401)
    tasks = await opened(member, "Bake", address="/tasks?show=open&q=b")
    editor = await tasks.edit("Bake")
    await editor.title.fill("Bake bread")
    await tasks.box.fill("Bring flowers")
    await member.lose_session()
    await tasks.box.press("Enter")
    await tasks.page.wait_for_url("**/login?**")
    assert tasks.page.url.endswith(f"/login?message={EXPIRED}&next={quote('/tasks?show=open&q=b', safe='')}")
    await expect(tasks.page.get_by_text("Session expired. Please log in again.")).to_be_visible()
    await log_in(tasks.page, member.email)
    await tasks.page.wait_for_url("**/tasks?show=open&q=b")
    await expect(tasks.editor.title).to_have_value("Bake bread")
    await kept(member, ("Bake", False), ("Bring flowers", False))
    await tasks.editor.press("Save")

    await kept(member, ("Bake bread", False), ("Bring flowers", False))


async def test_every_edit_that_meets_an_expired_session_comes_back(member: Visitor) -> None:
    member.allows(401)
    tasks = await opened(member, "Bake", "Knit")
    async with held(tasks.page, "PUT"):
        for title in ("Bake", "Knit"):
            editor = await tasks.edit(title)
            await editor.title.fill(f"{title} more")
            await editor.press("Save")
        await member.lose_session()
    await tasks.page.wait_for_url("**/login?**")
    await log_in(tasks.page, member.email)
    await tasks.page.wait_for_url("**/tasks")
    await expect(tasks.editor.form).to_have_count(2)

    await expect(tasks.editor.title.first).to_have_value("Bake more")
    await expect(tasks.editor.title.last).to_have_value("Knit more")


async def test_what_was_ticked_in_an_expired_session_is_done_after_logging_in(member: Visitor) -> None:
    member.allows(401)
    tasks = await opened(member, "Bake", "Knit", "Sing")
    async with held(tasks.page, "PUT"):
        await tasks.button("Complete all").click()
        await member.lose_session()
    await tasks.page.wait_for_url("**/login?**")
    await log_in(tasks.page, member.email)
    await tasks.page.wait_for_url("**/tasks")

    await kept(member, ("Bake", True), ("Knit", True), ("Sing", True))


async def test_what_was_deleted_in_an_expired_session_is_deleted_after_logging_in(member: Visitor) -> None:
    member.allows(401)
    tasks = await opened(member, "Bake", "Knit")
    await tasks.delete("Bake")
    await member.lose_session()
    await tasks.look_again()
    await tasks.page.wait_for_url("**/login?**")
    await log_in(tasks.page, member.email)
    await tasks.page.wait_for_url("**/tasks")
    await tasks.shows("Knit")

    await kept(member, ("Knit", False))


async def test_nobody_else_sees_what_was_typed(member: Visitor, enter: Enter) -> None:
    member.allows(401)
    other = await (await enter()).sign_up()
    tasks = await opened(member, "Bake")
    editor = await tasks.edit("Bake")
    await editor.title.fill("A secret")
    await tasks.box.fill("Another")
    await member.lose_session()
    await tasks.look_again()
    await tasks.page.wait_for_url("**/login?**")
    await log_in(tasks.page, other.email)
    await tasks.page.wait_for_url("**/tasks")
    await expect(tasks.page.get_by_text("Nothing to do yet")).to_be_visible()

    await expect(tasks.box).to_have_value("")
    assert "secret" not in await tasks.page.content()
    assert await tasks.page.evaluate("sessionStorage.length") == 0
    assert await other.tasks() == []


async def test_a_tab_of_somebody_who_has_gone_shows_who_is_there_now(member: Visitor, enter: Enter) -> None:
    member.allows(403)
    other = await (await enter()).sign_up()
    await other.add_task("Of the other")
    tasks = await opened(member, "Bake")
    await member.log_in(other.email)
    await tasks.look_again()

    await tasks.shows("Of the other")


async def test_two_tabs_notice_that_one_has_logged_out(member: Visitor) -> None:
    member.allows(401)
    here = await opened(member, "Bake")
    there = TaskList(await member.open_tab())
    await there.open("/tasks?show=open")
    await here.button("Log Out").click()
    await here.page.wait_for_url("**/login")
    await there.look_again()

    await expect(there.page).to_have_url(re.compile(r"/login\?message=Session"))
