"""The list of tasks when its page is left, hidden, copied or come back to: nothing is lost, and nothing done twice."""

import pytest
from playwright.async_api import Dialog, expect

from tests.integration.service import PASSWORD
from tests.integration.web.site import Visitor
from tests.integration.web.task_list import TaskList, held, kept, opened, refused

LOOK = """
Object.defineProperty(document, "visibilityState", { value: "%s", configurable: true });
document.dispatchEvent(new Event("visibilitychange"));
"""
LOOK_AWAY, LOOK_BACK = LOOK % "hidden", LOOK % "visible"
"""As when somebody turns to another tab, and comes back."""


class Asked:
    """What the browser asks somebody; they stay, unless told otherwise."""

    def __init__(self, tasks: TaskList) -> None:
        self.leave = False
        self.asked: list[str] = []
        tasks.page.on("dialog", self._answer)

    async def _answer(self, dialog: Dialog) -> None:
        self.asked.append(dialog.type)
        await (dialog.accept() if self.leave else dialog.dismiss())


async def _try_to_leave(tasks: TaskList) -> None:
    """Somebody does, and stays."""
    async with tasks.page.expect_event("dialog"):
        await tasks.page.evaluate("void setTimeout(() => location.assign('/account'))")


# --- drafts -----------------------------------------------------------------------------------------------------------


async def test_a_copy_of_the_tab_does_not_do_what_was_taken_back_here(member: Visitor) -> None:
    tasks = await opened(member, "Bake", "Knit")
    await tasks.delete("Bake")
    await tasks.page.evaluate(LOOK_AWAY)
    await tasks.page.evaluate(LOOK_BACK)
    await tasks.undo()
    async with member.context.expect_page() as opening:
        await tasks.page.evaluate("void window.open('/tasks')")
    copy = TaskList(await opening.value)
    await copy.shows("Bake", "Knit")
    await copy.page.reload()
    await copy.shows("Bake", "Knit")

    await kept(member, ("Bake", False), ("Knit", False))
    assert await tasks.page.evaluate("sessionStorage.length") == 0


async def test_what_ends_out_of_sight_is_no_draft_any_more(member: Visitor) -> None:
    tasks = await opened(member)
    async with held(tasks.page, "POST"):
        await tasks.add("Bake")
        await tasks.page.evaluate(LOOK_AWAY)
        assert await tasks.page.evaluate("sessionStorage.length") == 1
    await expect(tasks.check("Bake")).to_be_enabled()

    assert await tasks.page.evaluate("sessionStorage.length") == 0


async def test_what_is_being_deleted_since_the_page_was_left_cannot_be_undone(member: Visitor) -> None:
    member.allows(404)  # it is asked for once more
    tasks = await opened(member, "Bake", "Knit")
    await tasks.delete("Bake")
    await tasks.page.evaluate("window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    await tasks.page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    await expect(tasks.toasts).to_have_count(0)
    await tasks.shows("Knit")

    await kept(member, ("Knit", False))
    assert await tasks.page.evaluate("sessionStorage.length") == 0


async def test_a_draft_takes_nothing_back_that_was_changed_elsewhere(member: Visitor) -> None:
    tasks = await opened(member, "Bake")
    number = (await member.tasks())[0]["id"]
    editor = await tasks.edit("Bake")
    await editor.description.fill("Flour")
    await tasks.page.goto("/account")
    await member.context.request.put(
        f"/api/proxy/{member.id}/tasks/{number}", data={"title": "Bake bread"}, headers={"Origin": member.site.url}
    )
    await tasks.page.goto("/tasks")
    await expect(tasks.editor.description).to_have_value("Flour")
    await expect(tasks.editor.title).to_have_value("Bake bread")
    await tasks.page.reload()
    await expect(tasks.editor.description).to_have_value("Flour")
    await tasks.editor.press("Save")
    await expect(tasks.page.get_by_role("status")).to_have_text("Saved: Bake bread")

    assert [(task["title"], task["description"]) for task in await member.tasks()] == [("Bake bread", "Flour")]


async def test_a_task_that_is_not_saved_comes_back_as_it_was(member: Visitor) -> None:
    tasks = await opened(member)
    await tasks.page.goto("/account")
    await tasks.page.evaluate(
        """user => sessionStorage.setItem("todo-drafts", JSON.stringify(
            { user, unsaved: [{ title: "Bake", description: "Flour", completed: true, key: "a".repeat(32) }] }))""",
        member.id,
    )
    await tasks.open()
    await kept(member, ("Bake", True))

    assert (await member.tasks())[0]["description"] == "Flour"


@pytest.mark.parametrize("place", ["/tasks", "/account", "elsewhere"])
async def test_logging_out_leaves_nothing_behind(member: Visitor, place: str) -> None:
    tasks = await opened(member)
    asked = Asked(tasks)
    asked.leave = True
    await tasks.box.fill("A secret")
    if place != "/tasks":
        await tasks.page.goto("/account")
        assert await tasks.page.evaluate("sessionStorage.length") == 1
    if place == "elsewhere":
        await member.lose_session()
        await tasks.page.goto("/login")
    else:
        await tasks.button("Log Out").click()
    await tasks.page.wait_for_url("**/login")

    assert await tasks.page.evaluate("sessionStorage.length + localStorage.length") == 0
    assert asked.asked == []


async def test_deleting_the_account_leaves_nothing_behind(member: Visitor) -> None:
    tasks = await opened(member)
    await tasks.box.fill("A secret")
    await tasks.page.goto("/account")
    await tasks.page.locator("#delete input[type=password]").fill(PASSWORD)
    await tasks.page.locator("#delete button.main").click()
    await tasks.page.wait_for_url("**/login?**")

    assert await tasks.page.evaluate("sessionStorage.length") == 0


# --- questions --------------------------------------------------------------------------------------------------------


async def test_who_would_lose_something_is_asked_before_leaving(member: Visitor) -> None:
    tasks = await opened(member, "Bake")
    asked = Asked(tasks)
    editor = await tasks.edit("Bake")
    await editor.title.fill("Bake bread")
    await _try_to_leave(tasks)
    assert asked.asked == ["beforeunload"]
    await editor.press("Cancel")
    async with refused(member, "POST", 500):
        await tasks.add("Knit")
        await expect(tasks.row("Knit")).to_contain_text("Not saved.")
        await _try_to_leave(tasks)
        assert asked.asked == ["beforeunload"] * 2
    await tasks.row("Knit").get_by_role("button", name="Discard").click()
    async with held(tasks.page, "PUT"):
        await tasks.check("Bake").click()
        await _try_to_leave(tasks)
        assert asked.asked == ["beforeunload"] * 3
    await kept(member, ("Bake", True))
    await tasks.page.goto("/account")

    assert asked.asked == ["beforeunload"] * 3


async def test_who_logs_out_with_something_unsaved_is_asked(member: Visitor) -> None:
    tasks = await opened(member)
    asked = Asked(tasks)
    async with refused(member, "POST", 500):
        await tasks.add("Bake")
        await expect(tasks.row("Bake")).to_contain_text("Not saved.")
    await tasks.button("Log Out").click()
    await expect(tasks.row("Bake")).to_contain_text("Not saved.")
    asked.leave = True
    await tasks.button("Log Out").click()
    await tasks.page.wait_for_url("**/login")

    assert asked.asked == ["confirm", "confirm"]
    assert await tasks.page.evaluate("sessionStorage.length + localStorage.length") == 0


async def test_logging_out_is_asked_for_once(member: Visitor) -> None:
    tasks = await opened(member, "Bake")
    asked: list[str] = []
    tasks.page.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
    async with held(tasks.page, "PUT"):
        await tasks.check("Bake").click()
        await tasks.button("Log Out").click()
        way = tasks.button("Logging out …")
        await expect(way).to_have_attribute("aria-disabled", "true")
        await way.dispatch_event("click")
    await tasks.page.wait_for_url("**/login")

    assert len(asked) == 1


# --- another tab ------------------------------------------------------------------------------------------------------


async def test_what_is_saved_in_another_tab_is_not_deleted_here(member: Visitor) -> None:
    await member.page.clock.install()
    here = await opened(member, "Bake", "Knit")
    there = TaskList(await member.open_tab())
    await there.open()
    editor = await there.edit("Bake")
    await editor.description.fill("Flour")
    await here.delete("Bake")
    await expect(there.filter("All")).to_have_text("All 1")
    await editor.press("Save")
    await here.shows("Bake", "Knit")
    await expect(here.toasts).to_have_text("“Bake” stays: it has just been changed in another tab.")
    await there.shows("Bake", "Knit")
    await here.page.clock.fast_forward(11_000)

    await kept(member, ("Bake", False), ("Knit", False))


@pytest.mark.parametrize(
    "without",
    [
        "delete window.BroadcastChannel",
        "window.BroadcastChannel = function () { throw new DOMException('No', 'SecurityError') }",
        "delete AbortSignal.timeout",
    ],
    ids=["no channels", "forbidden channels", "no timeouts"],
)
async def test_the_page_works_in_a_browser_that_lacks_something(member: Visitor, without: str) -> None:
    await member.page.add_init_script(without)
    tasks = await opened(member, "Bake")
    await tasks.add("Knit")
    await tasks.check("Bake").click()

    await kept(member, ("Bake", True), ("Knit", False))


async def test_forms_work_when_a_module_does_not(member: Visitor) -> None:
    member.allows("net::ERR_FAILED", "exception")
    await member.page.route("**/*-tabs.js", lambda route: route.abort())
    await member.add_task("Bake")
    tasks = TaskList(member.page)
    await tasks.page.goto("/tasks")
    await tasks.add("Knit")
    await tasks.page.wait_for_load_state()
    await tasks.check("Bake").click()

    await kept(member, ("Bake", True), ("Knit", False))
