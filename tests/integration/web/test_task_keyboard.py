"""The list of tasks without a mouse, and without seeing it."""

from importlib.resources import files
from typing import Any, Final

import pytest
from playwright.async_api import Page, expect

from tests.integration.web.site import NARROW, WIDE, Enter, Visitor
from tests.integration.web.task_list import TaskList, Traffic, kept, opened, refused

AXE: Final = (files("axe_playwright_python") / "axe.min.js").read_text()


async def press(tasks: TaskList, *keys: str) -> None:
    for key in keys:
        await tasks.page.keyboard.press(key)


async def outside_fields(tasks: TaskList) -> None:
    await tasks.page.evaluate("document.activeElement.blur()")


# --- keys -------------------------------------------------------------------------------------------------------------


async def test_a_whole_day_by_keyboard(member: Visitor) -> None:
    await member.page.clock.install()
    tasks = await opened(member)
    await press(tasks, "n")
    await tasks.page.keyboard.type("Bake\nKnit\nSing\n")
    await tasks.shows("Bake", "Knit", "Sing")
    await kept(member, ("Bake", False), ("Knit", False), ("Sing", False))
    await outside_fields(tasks)
    await press(tasks, "j")
    await expect(tasks.row("Bake")).to_be_focused()
    await press(tasks, "j", "j", "j", "k")
    await expect(tasks.row("Knit")).to_be_focused()
    await press(tasks, "x")
    await kept(member, ("Bake", False), ("Knit", True), ("Sing", False))
    await expect(tasks.row("Knit")).to_be_focused()
    await press(tasks, "e")
    await expect(tasks.editor.title).to_be_focused()
    await press(tasks, "End")
    await tasks.page.keyboard.type(" socks\n")
    await kept(member, ("Bake", False), ("Knit socks", True), ("Sing", False))
    await press(tasks, "Delete")
    await tasks.shows("Bake", "Sing")
    await expect(tasks.row("Sing")).to_be_focused()
    await press(tasks, "Delete")
    await tasks.shows("Bake")
    await expect(tasks.row("Bake")).to_be_focused()
    await press(tasks, "u")
    await tasks.shows("Bake", "Sing")
    await expect(tasks.row("Sing")).to_be_focused()
    await tasks.page.clock.fast_forward(11_000)

    await kept(member, ("Bake", False), ("Sing", False))


async def test_slash_searches_and_k_begins_at_the_end(member: Visitor) -> None:
    tasks = await opened(member, "Bake", "Knit")
    await press(tasks, "k")
    await expect(tasks.row("Knit")).to_be_focused()
    await press(tasks, "/")
    await tasks.page.keyboard.type("ba")
    await expect(tasks.search).to_have_value("ba")
    await tasks.shows("Bake")
    await outside_fields(tasks)
    await press(tasks, "/")
    await tasks.page.keyboard.type("kn")

    await tasks.shows("Knit")


async def test_keys_are_letters_inside_fields(member: Visitor) -> None:
    tasks = await opened(member, "Bake")
    traffic = Traffic(tasks.page)
    letters = "njkxeu/?"
    await tasks.box.click()
    await tasks.page.keyboard.type(letters)
    await press(tasks, "Delete")
    await expect(tasks.box).to_have_value(letters)
    editor = await tasks.edit("Bake")
    await editor.description.click()
    await tasks.page.keyboard.type(letters)
    await expect(editor.description).to_have_value(letters)
    await tasks.search.click()
    await tasks.page.keyboard.type(letters)

    await expect(tasks.search).to_have_value(letters)
    assert traffic.made == []


async def test_keys_with_a_modifier_are_the_browsers(member: Visitor) -> None:
    tasks = await opened(member, "Bake")
    await press(tasks, "j", "Control+x", "Alt+e", "Meta+Delete")

    await tasks.shows("Bake")
    await expect(tasks.check("Bake")).to_have_attribute("aria-pressed", "false")
    await expect(tasks.editor.form).to_have_count(0)


async def test_a_key_that_is_held_down_deletes_one_task(member: Visitor) -> None:
    tasks = await opened(member, "Bake", "Knit", "Sing")
    await press(tasks, "j")
    for _ in range(3):
        await tasks.page.keyboard.down("Delete")

    await tasks.shows("Knit", "Sing")


async def test_nothing_to_undo_is_said(member: Visitor) -> None:
    tasks = await opened(member, "Bake")
    await press(tasks, "u")

    await expect(tasks.page.get_by_role("status")).to_have_text("There is nothing to undo.")


# --- help -------------------------------------------------------------------------------------------------------------


async def test_help_closes_with_escape_and_gives_the_focus_back(member: Visitor) -> None:
    tasks = await opened(member, "Bake")
    await press(tasks, "j", "?")
    dialog = tasks.page.get_by_role("dialog", name="Keyboard shortcuts")
    await expect(dialog).to_be_visible()
    await press(tasks, "x", "Delete")  # none of them goes through
    await press(tasks, "Escape")
    await expect(dialog).to_be_hidden()
    await expect(tasks.row("Bake")).to_be_focused()
    await tasks.button("Keyboard shortcuts").click()
    await dialog.get_by_role("button", name="Close").click()

    await expect(tasks.button("Keyboard shortcuts")).to_be_focused()
    await expect(tasks.check("Bake")).to_have_attribute("aria-pressed", "false")


async def test_keys_that_are_switched_off_stay_off(member: Visitor) -> None:
    tasks = await opened(member, "Bake")
    await tasks.button("Keyboard shortcuts").click()
    await tasks.page.get_by_label("Use single-key shortcuts").uncheck()
    await press(tasks, "Escape", "j", "n", "?")
    await expect(tasks.button("Keyboard shortcuts")).to_be_focused()
    await tasks.open()
    await press(tasks, "j")
    await expect(tasks.row("Bake")).not_to_be_focused()
    await expect(tasks.page.get_by_role("dialog")).to_have_count(0)
    await tasks.button("Keyboard shortcuts").click()
    await expect(tasks.page.get_by_label("Use single-key shortcuts")).not_to_be_checked()
    await tasks.page.get_by_label("Use single-key shortcuts").check()
    await press(tasks, "Escape", "j")

    await expect(tasks.row("Bake")).to_be_focused()


# --- where the focus goes ---------------------------------------------------------------------------------------------


async def test_the_focus_goes_to_the_neighbour_of_what_disappears(member: Visitor) -> None:
    tasks = await opened(member, "Bake", "Knit", "Sing", "Read", address="/tasks?show=open")
    await press(tasks, "j", "x")
    await tasks.shows("Knit", "Sing", "Read")
    await expect(tasks.row("Knit")).to_be_focused()
    await tasks.check("Knit").click()
    await expect(tasks.row("Sing")).to_be_focused()
    await tasks.delete("Read")
    await expect(tasks.row("Sing")).to_be_focused()
    await tasks.check("Sing").press("Space")
    await tasks.shows()

    await expect(tasks.page.get_by_role("main")).to_be_focused()


async def test_the_last_task_that_was_deleted_comes_back_by_a_key(member: Visitor) -> None:
    tasks = await opened(member, "Bake")
    await press(tasks, "j", "Delete")
    await tasks.shows()
    await press(tasks, "u")

    await tasks.shows("Bake")
    await expect(tasks.box).to_have_value("")


async def test_the_focus_goes_to_the_neighbour_of_what_no_longer_matches(member: Visitor) -> None:
    tasks = await opened(member, "Buy milk", "Buy bread", address="/tasks?q=buy")
    await press(tasks, "j", "e")
    await tasks.editor.title.fill("Fetch milk")
    await press(tasks, "Enter")
    await tasks.shows("Buy bread")

    await expect(tasks.row("Buy bread")).to_be_focused()


async def test_what_happens_is_said(member: Visitor) -> None:
    tasks = await opened(member)
    said = tasks.page.get_by_role("status")
    await tasks.add("Bake")
    await expect(said).to_have_text("Added: Bake")
    await tasks.check("Bake").click()
    await expect(said).to_have_text("Done: Bake")
    await tasks.check("Bake").click()
    await expect(said).to_have_text("Open again: Bake")
    editor = await tasks.edit("Bake")
    await editor.title.fill("Knit")
    await editor.press("Save")
    await expect(said).to_have_text("Saved: Knit")
    await tasks.filter("Open").click()
    await expect(said).to_have_text("Open tasks: 1")
    await tasks.search.fill("k")
    await tasks.search.press("Enter")
    await expect(said).to_have_text("1 task found")
    await tasks.delete("Knit")
    await expect(said).to_have_text("“Knit” deleted. Undo is at the end of the page.")
    await tasks.undo()

    await expect(said).to_have_text("Brought back.")


# --- what axe finds ---------------------------------------------------------------------------------------------------


async def no_fault(page: Page, state: str) -> None:
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE)
    found: dict[str, Any] = await page.evaluate("axe.run({ resultTypes: ['violations'] })")

    assert [(rule["id"], node["html"]) for rule in found["violations"] for node in rule["nodes"]] == [], state


@pytest.mark.parametrize(("width", "dark"), [(WIDE, False), (NARROW, True)], ids=["wide and light", "narrow and dark"])
async def test_axe_finds_nothing_in_any_state(enter: Enter, width: int, *, dark: bool) -> None:
    reader = await (await enter(width=width, dark=dark)).sign_up()
    tasks = await opened(reader)
    await no_fault(tasks.page, "nothing yet")
    await tasks.add("")
    await reader.add_task("Bake", "Flour\nEggs")
    await reader.add_task("Knit", completed=True)
    await no_fault(tasks.page, "a blank title")
    await tasks.open()
    async with refused(reader, "POST", 500):
        await tasks.add("Sing")
        await expect(tasks.row("Sing")).to_contain_text("Not saved.")
        editor = await tasks.edit("Bake")
        await editor.title.fill("")
        await editor.press("Save")
        await tasks.delete("Knit")
        await expect(tasks.toasts).to_contain_text("deleted")
        await no_fault(tasks.page, "unsaved, editing, a message")
        await tasks.button("Discard").click()
    await editor.press("Cancel")
    async with refused(reader, "PUT", 500):
        await tasks.check("Bake").click()
        await expect(tasks.toasts.last).to_contain_text("could not be saved")
        await no_fault(tasks.page, "a banner, an alarm")
    await tasks.undo()
    await tasks.search.fill("nothing like it")
    await no_fault(tasks.page, "no match")
    await outside_fields(tasks)
    await press(tasks, "?")
    await no_fault(tasks.page, "help")
    await press(tasks, "Escape")
    await tasks.search.fill("")
    await tasks.filter("Done").click()

    await no_fault(tasks.page, "done")
    assert await tasks.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
