"""The list of tasks, when all goes well."""

import re
from urllib.parse import quote

import pytest
from playwright.async_api import expect

from tests.integration.web.site import Enter, Visitor
from tests.integration.web.task_list import TaskList, Traffic, held, kept, opened

ODD = (
    "<img src=x onerror=\"throw Error('run')\"><b>bold</b> &amp; </li></script>",
    "{{ 7 * 7 }} ${7 * 7} %s",
    "👩‍👩‍👧‍👦 buy 🎂 for 🇵🇹",
    "לקנות חלב (2) ולחם",
    "a" * 500,
    "👍" * 500,
)

NOTE_LAST_WORDS = """
const real = fetch;
window.fetch = (path, options) => {
  if (options.keepalive) localStorage.setItem("last words", options.headers["Idempotency-Key"]);
  return real(path, options);
};
"""
"""What a page asks for while it is being left is not among the requests that Playwright tells of."""


# --- what is there --------------------------------------------------------------------------------------------------


async def test_the_server_writes_the_first_list(enter: Enter) -> None:
    reader = await (await enter(scripts=False)).sign_up()
    await reader.add_task("Water the lemon tree", "Twice")
    await reader.add_task("Return the books", completed=True)
    answer = await reader.context.request.get("/tasks?show=open", headers={"Accept": "text/html"})
    text = await answer.text()

    assert answer.headers["cache-control"] == "no-store"
    assert re.search(r'<li class="task"[^>]*tabindex="-1">(?s:.)*?Water the lemon tree', text)
    assert re.search(r"<li[^>]* data-done hidden>", text)
    assert "<title>Open tasks (1) · todo</title>" in text


async def test_titles_are_shown_as_they_are(member: Visitor) -> None:
    tasks = await opened(member)
    await tasks.add(*ODD)
    await kept(member, *((title, False) for title in ODD))
    await tasks.shows(*ODD)
    await tasks.page.reload()
    await tasks.shows(*ODD)

    assert await tasks.rows.locator("img, b").count() == 0
    assert await tasks.row(ODD[3]).locator(".title").evaluate("node => getComputedStyle(node).direction") == "rtl"
    assert await tasks.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_a_description_shows_its_lines(member: Visitor) -> None:
    await member.add_task("Bake", "Flour\n  <b>Eggs</b>")
    tasks = await opened(member)

    assert await tasks.row("Bake").locator(".description").inner_text() == "Flour\n  <b>Eggs</b>"


@pytest.mark.parametrize(
    ("address", "title", "words"),
    [
        ("/tasks", "Tasks (0) · todo", "Write your first task in the box above and press Enter."),
        ("/tasks?show=open", "Open tasks (0) · todo", "Write your first task in the box above and press Enter."),
        ("/tasks?q=milk", "Tasks (0) · todo", "Write your first task in the box above and press Enter."),
    ],
)
async def test_who_has_no_tasks_is_told_how_to_begin(member: Visitor, address: str, title: str, words: str) -> None:
    tasks = await opened(member, address=address)

    await expect(tasks.page).to_have_title(title)
    await expect(tasks.page.get_by_text(words)).to_be_visible()
    await expect(tasks.button("Complete all")).to_be_hidden()
    await expect(tasks.button("Clear completed")).to_be_hidden()


async def test_every_empty_list_says_what_to_do_next(member: Visitor) -> None:
    tasks = await opened(member, "Bake")
    await tasks.filter("Done").click()
    await expect(tasks.page.get_by_text("Tick off a task, and it shows up here.")).to_be_visible()
    await expect(tasks.page).to_have_title("Done tasks (0) · todo")
    await tasks.search.fill("milk")
    await expect(tasks.page.get_by_role("heading", name="No task matches")).to_be_visible()
    await tasks.page.get_by_role("link", name="clear the search").click()
    await expect(tasks.search).to_be_focused()
    await tasks.filter("All").click()
    await tasks.check("Bake").click()
    await tasks.filter("Open").click()
    await tasks.page.get_by_role("link", name="what is done").click()

    await tasks.shows("Bake")
    await expect(tasks.page).to_have_title("Done tasks (1) · todo")


# --- adding -----------------------------------------------------------------------------------------------------------


async def test_enter_adds_and_stays_in_the_box(member: Visitor) -> None:
    tasks = await opened(member)
    await tasks.box.click()
    await tasks.page.keyboard.type("Bake\nKnit\nSing\n")
    await tasks.shows("Bake", "Knit", "Sing")
    await kept(member, ("Bake", False), ("Knit", False), ("Sing", False))

    await expect(tasks.box).to_be_focused()
    await expect(tasks.box).to_have_value("")
    await expect(tasks.page).to_have_title("Tasks (3) · todo")


async def test_tasks_reach_the_service_in_the_order_in_which_they_came(member: Visitor) -> None:
    tasks = await opened(member)
    async with held(tasks.page, "POST") as asked:
        await tasks.add("First", "Second", "Third")
        await tasks.shows("First", "Second", "Third")

        assert len(asked) == 1
    await kept(member, ("First", False), ("Second", False), ("Third", False))


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "Write down what needs doing."),
        (" \t ", "Write down what needs doing."),
        ("\x1f", "Write down what needs doing."),
        ("a\0b", "There is a character in it that cannot be kept. Write that part again."),
        ("a" * 501, "That is too long for a title: 500 characters fit."),
        ("👍" * 600, "That is too long for a title: 500 characters fit."),
    ],
    ids=["nothing", "blanks", "a control character", "U+0000", "too long", "too many emoji"],
)
async def test_what_cannot_be_a_title_is_told_and_stays(member: Visitor, typed: str, told: str) -> None:
    tasks = await opened(member)
    await tasks.add(typed)
    fault = tasks.page.get_by_role("alert").filter(has_text=told)

    await expect(fault).to_be_visible()
    await expect(tasks.box).to_have_value(typed)
    await expect(tasks.box).to_be_focused()
    await expect(tasks.box).to_have_attribute("aria-invalid", "true")
    await tasks.box.fill("Bake")
    await expect(fault).to_be_hidden()
    assert await member.tasks() == []


async def test_what_is_added_out_of_sight_is_told(member: Visitor) -> None:
    tasks = await opened(member, address="/tasks?show=done")
    await tasks.add("Bake")

    await expect(tasks.toasts).to_contain_text("“Bake” is added, and not among what is shown here.")
    await tasks.shows()


# --- completing -------------------------------------------------------------------------------------------------------


async def test_a_task_is_completed_and_opened_again(member: Visitor) -> None:
    tasks = await opened(member, "Bake", "Knit")
    await tasks.check("Bake").click()
    await expect(tasks.check("Bake")).to_have_attribute("aria-pressed", "true")
    await kept(member, ("Bake", True), ("Knit", False))
    await expect(tasks.filter("Open")).to_have_text("Open 1")
    await tasks.check("Bake").click()
    await kept(member, ("Bake", False), ("Knit", False))

    await expect(tasks.filter("Open")).to_have_text("Open 2")
    await expect(tasks.check("Bake")).to_be_focused()


async def test_fast_clicks_end_as_the_page_shows(member: Visitor) -> None:
    tasks = await opened(member, "Bake", "Knit")
    await tasks.check("Bake").dblclick()
    for _ in range(5):
        await tasks.check("Knit").click(no_wait_after=True)

    await expect(tasks.check("Knit")).to_have_attribute("aria-pressed", "true")
    await kept(member, ("Bake", False), ("Knit", True))


async def test_all_are_completed_at_once_and_back(member: Visitor) -> None:
    await member.add_task("Bake", completed=True)
    tasks = await opened(member, "Knit", "Sing")
    await tasks.button("Complete all").click()
    await expect(tasks.toasts).to_contain_text("2 tasks completed.")
    await kept(member, ("Bake", True), ("Knit", True), ("Sing", True))
    await expect(tasks.button("Complete all")).to_be_hidden()
    await tasks.undo()

    await kept(member, ("Bake", True), ("Knit", False), ("Sing", False))
    await expect(tasks.filter("Done")).to_have_text("Done 1")


async def test_completed_tasks_are_cleared_and_come_back(member: Visitor) -> None:
    for title in ("Bake", "Sing"):
        await member.add_task(title, completed=True)
    await member.page.clock.install()
    tasks = await opened(member, "Knit")
    await tasks.button("Clear completed").click()
    await tasks.shows("Knit")
    await tasks.undo()
    await tasks.shows("Bake", "Sing", "Knit")
    await tasks.button("Clear completed").click()
    await tasks.page.clock.fast_forward(11_000)

    await kept(member, ("Knit", False))


async def test_two_clicks_on_a_button_for_many_do_one_thing(member: Visitor) -> None:
    tasks = await opened(member, "Bake", "Knit")
    await tasks.button("Complete all").dblclick()

    await kept(member, ("Bake", True), ("Knit", True))
    await tasks.shows("Bake", "Knit")


async def test_buttons_for_many_touch_nothing_out_of_sight(member: Visitor) -> None:
    await member.add_task("Done", completed=True)
    tasks = await opened(member, "Open")

    for view, there, away in (("Open", "Complete all", "Clear completed"), ("Done", "Clear completed", "Complete all")):
        await tasks.page.get_by_role("navigation", name="Filter").get_by_role("link", name=view).click()
        await expect(tasks.button(there)).to_be_visible()
        await expect(tasks.button(away)).to_be_hidden()


async def test_the_second_click_of_two_ticks_nothing_else(member: Visitor) -> None:
    tasks = await opened(member, "Bake", "Knit", address="/tasks?show=open")
    await tasks.check("Bake").dblclick()

    await kept(member, ("Bake", True), ("Knit", False))


async def test_buttons_for_many_are_about_what_was_searched_for(member: Visitor) -> None:
    tasks = await opened(member, "Buy milk", "Buy bread", "Write to Alan")
    await tasks.search.fill("buy")
    await tasks.button("Complete all").click()

    await kept(member, ("Buy milk", True), ("Buy bread", True), ("Write to Alan", False))


# --- editing ----------------------------------------------------------------------------------------------------------


async def test_enter_saves_what_is_edited_in_place(member: Visitor) -> None:
    tasks = await opened(member, "Bake", "Knit")
    editor = await tasks.edit("Bake")
    await expect(editor.title).to_be_focused()
    await editor.title.fill("Bake bread")
    await editor.title.press("Enter")
    await kept(member, ("Bake bread", False), ("Knit", False))

    await tasks.shows("Bake bread", "Knit")
    await expect(tasks.button("Edit: Bake bread")).to_be_focused()


async def test_a_double_click_edits_and_escape_leaves_all_as_it_was(member: Visitor) -> None:
    tasks = await opened(member, "Bake")
    traffic = Traffic(tasks.page)
    await tasks.row("Bake").locator(".title").dblclick()
    await tasks.editor.title.fill("Something else")
    await tasks.editor.title.press("Escape")
    await tasks.shows("Bake")
    editor = await tasks.edit("Bake")
    await expect(editor.title).to_have_value("Bake")
    await editor.press("Cancel")

    await expect(tasks.button("Edit: Bake")).to_be_focused()
    assert traffic.made == []


async def test_enter_begins_a_line_where_there_is_no_shift(enter: Enter) -> None:
    member = await (await enter(has_touch=True, is_mobile=True)).sign_up()
    tasks = await opened(member, "Bake")
    editor = await tasks.edit("Bake")
    await editor.description.press_sequentially("Flour")
    await editor.description.press("Enter")
    await editor.description.press_sequentially("Eggs")
    await editor.press("Save")

    await _described(member, "Flour\nEggs")


async def test_shift_and_enter_begins_a_line_of_the_description(member: Visitor) -> None:
    tasks = await opened(member, "Bake")
    editor = await tasks.edit("Bake")
    await editor.description.click()
    await tasks.page.keyboard.type("Flour")
    await tasks.page.keyboard.press("Shift+Enter")
    await tasks.page.keyboard.type("Eggs")
    await tasks.page.keyboard.press("Enter")
    await expect(tasks.row("Bake").locator(".description")).to_have_text("Flour Eggs")
    for wanted, typed in (("Flour\nEggs", "Flour\nEggs"), (None, "")):
        editor = await tasks.edit("Bake")
        await editor.description.fill(typed)
        await editor.press("Save")
        await expect(tasks.button("Edit: Bake")).to_be_focused()
        await _described(member, wanted)


@pytest.mark.parametrize(
    ("title", "description", "told", "place"),
    [
        (" ", "", "Write down what needs doing.", "Title"),
        ("a" * 501, "", "That is too long for a title: 500 characters fit.", "Title"),
        ("Bake", "a" * 16_385, "That is too long: 16384 characters fit.", "Description"),
    ],
    ids=["blank", "long title", "long description"],
)
async def test_what_cannot_be_saved_keeps_the_editor_open(
    member: Visitor, title: str, description: str, told: str, place: str
) -> None:
    tasks = await opened(member, "Bake")
    editor = await tasks.edit("Bake")
    await editor.title.fill(title)
    await editor.description.fill(description)
    await editor.press("Save")

    await expect(editor.fault).to_have_text(told)
    await expect(editor.form.get_by_label(place)).to_be_focused()
    await expect(editor.title).to_have_value(title)


async def test_saving_sends_only_what_was_changed_here(member: Visitor) -> None:
    number = await member.add_task("Two\nlines", "Of\r\nWindows")
    tasks = await opened(member)
    traffic = Traffic(tasks.page)
    await tasks.rows.get_by_role("button", name="Edit").click()
    await tasks.editor.press("Save")
    await tasks.rows.get_by_role("button", name="Edit").click()
    await member.context.request.put(
        f"/api/proxy/{member.id}/tasks/{number}", data={"title": "Meanwhile"}, headers={"Origin": member.site.url}
    )
    async with tasks.page.expect_response("**/api/proxy/**"):
        await tasks.look_again()
    await tasks.editor.description.fill("Of Unix")
    await tasks.editor.press("Save")
    await tasks.shows("Meanwhile")
    await _described(member, "Of Unix")

    assert [request.post_data_json for request in traffic.made] == [{"description": "Of Unix"}]
    assert [task["title"] for task in await member.tasks()] == ["Meanwhile"]


# --- deleting ---------------------------------------------------------------------------------------------------------


async def test_a_task_is_deleted_after_ten_seconds_and_not_before(member: Visitor) -> None:
    await member.page.clock.install()
    tasks = await opened(member, "Bake", "Knit")
    traffic = Traffic(tasks.page)
    await tasks.delete("Bake")
    await tasks.shows("Knit")
    await tasks.page.clock.fast_forward(9_000)
    assert traffic.made == []
    await kept(member, ("Bake", False), ("Knit", False))
    await tasks.page.clock.fast_forward(1_100)
    await kept(member, ("Knit", False))

    assert [request.method for request in traffic.made] == ["DELETE"]
    await expect(tasks.toasts).to_have_count(0)


async def test_undo_brings_a_task_back_in_its_place(member: Visitor) -> None:
    await member.page.clock.install()
    tasks = await opened(member, "Bake", "Knit", "Sing")
    traffic = Traffic(tasks.page)
    await tasks.delete("Knit")
    await tasks.shows("Bake", "Sing")
    await tasks.undo()
    await tasks.shows("Bake", "Knit", "Sing")
    await expect(tasks.row("Knit")).to_be_focused()
    await tasks.page.clock.fast_forward(20_000)
    await tasks.shows("Bake", "Knit", "Sing")

    assert traffic.made == []


async def test_the_second_of_two_clicks_deletes_nothing_more(member: Visitor) -> None:
    tasks = await opened(member, "Bake", "Knit", "Sing")
    await tasks.button("Delete: Bake").dblclick()
    await expect(tasks.toasts).to_have_text("“Bake” deleted.Undo")

    await tasks.shows("Knit", "Sing")


async def test_every_deletion_can_be_undone_however_many_there_are(member: Visitor) -> None:
    chores = [f"Chore {number}" for number in range(6)]
    tasks = await opened(member, *chores)
    for chore in chores[:5]:
        await tasks.delete(chore)
    await expect(tasks.toasts).to_have_text(
        ["“Chore 0” deleted.Undo", "“Chore 1” deleted.Undo", "3 tasks deleted.Undo"]
    )
    for _ in range(3):
        await tasks.toasts.get_by_role("button", name="Undo").last.click()

    await tasks.shows(*chores)


async def test_messages_make_way_only_for_what_can_be_acted_on(member: Visitor) -> None:
    tasks = await opened(member, "Bake", address="/tasks?show=done")
    await tasks.filter("All").click()
    await tasks.delete("Bake")
    await tasks.filter("Done").click()
    await tasks.add("Knit", "Sing", "Read", "Rest")
    await expect(tasks.toasts.last).to_contain_text("“Rest” is added")
    await expect(tasks.toasts).to_have_count(4)
    await tasks.undo()

    await kept(member, *((title, False) for title in ("Bake", "Knit", "Sing", "Read", "Rest")))


async def test_a_title_does_not_turn_the_words_around_it(member: Visitor) -> None:
    tasks = await opened(member, "\u202eevil")
    await tasks.delete("\u202eevil")

    await expect(tasks.toasts.locator("bdi")).to_have_text("\u202eevil")
    await expect(tasks.page.get_by_role("status").locator("bdi")).to_have_text("\u202eevil")


async def test_leaving_the_page_deletes_what_could_have_been_undone(member: Visitor) -> None:
    tasks = await opened(member, *(f"Chore {number}" for number in range(12)), "Stay")
    for number in range(12):
        await tasks.delete(f"Chore {number}")
    await tasks.page.goto("/account")

    await kept(member, ("Stay", False))


async def test_what_was_deleted_does_not_come_back_with_a_reload(member: Visitor) -> None:
    member.allows(404)  # both pages may ask
    tasks = await opened(member, "Bake", "Knit")
    await tasks.delete("Bake")
    await tasks.page.reload()
    await tasks.shows("Knit")
    await kept(member, ("Knit", False))

    await expect(tasks.filter("All")).to_have_text("All 1")


async def test_logging_out_deletes_first(member: Visitor) -> None:
    tasks = await opened(member, "Bake", "Knit")
    email = member.email
    traffic = Traffic(tasks.page)
    await tasks.delete("Bake")
    await tasks.button("Log Out").click()
    await tasks.page.wait_for_url("**/login")
    await member.log_in(email)

    assert [request.method for request in traffic.made] == ["DELETE"]
    await kept(member, ("Knit", False))


async def test_logging_out_waits_for_what_is_on_its_way(member: Visitor) -> None:
    tasks = await opened(member, "Bake")
    email = member.email
    async with held(tasks.page, "PUT"):
        await tasks.check("Bake").click()
        await tasks.button("Log Out").click()
        await expect(tasks.page).to_have_url(f"{member.site.url}/tasks")
    await tasks.page.wait_for_url("**/login")
    await member.log_in(email)

    await kept(member, ("Bake", True))


# --- what is shown ----------------------------------------------------------------------------------------------------


async def test_filters_are_links_that_the_address_remembers(member: Visitor, enter: Enter) -> None:
    await member.add_task("Bake", completed=True)
    tasks = await opened(member, "Knit", "Knit socks")
    await tasks.filter("Open").click()
    await tasks.shows("Knit", "Knit socks")
    await expect(tasks.page).to_have_url(re.compile(r"/tasks\?show=open$"))
    await tasks.filter("Done").click()
    await tasks.shows("Bake")
    await tasks.page.reload()
    await tasks.shows("Bake")
    await expect(tasks.filter("Done")).to_have_attribute("aria-current", "page")
    await tasks.page.go_back()
    await tasks.shows("Knit", "Knit socks")
    await tasks.page.go_back()
    await tasks.shows("Bake", "Knit", "Knit socks")
    await expect(tasks.filter("All")).to_have_text("All 3")
    elsewhere = await (await enter()).log_in(member.email)
    shared = await opened(elsewhere, address="/tasks?show=open&q=socks")

    await shared.shows("Knit socks")
    await expect(shared.search).to_have_value("socks")
    await expect(shared.filter("All")).to_have_attribute("href", "/tasks?q=socks")


@pytest.mark.parametrize("word", ["ÄPFEL", "100%&more=#", "שלום"])
async def test_what_is_searched_for_stands_in_the_address(member: Visitor, word: str) -> None:
    await member.add_task("In the title: äpfel 100%&more=# שלום")
    await member.add_task("Described", f"There is {word} in it")
    tasks = await opened(member, "Nothing")
    await tasks.search.fill(word)
    await tasks.shows("In the title: äpfel 100%&more=# שלום", "Described")
    await expect(tasks.page).to_have_url(f"{member.site.url}/tasks?q={quote(word, safe='')}")
    await tasks.page.reload()

    await expect(tasks.search).to_have_value(word)
    await tasks.shows("In the title: äpfel 100%&more=# שלום", "Described")


async def test_an_address_that_nobody_meant_shows_all(member: Visitor) -> None:
    tasks = await opened(member, "Bake", address="/tasks?show=constructor&q=%20&show=x")

    await tasks.shows("Bake")
    await expect(tasks.filter("All")).to_have_attribute("aria-current", "page")


# --- two tabs ---------------------------------------------------------------------------------------------------------


async def test_two_tabs_agree(member: Visitor) -> None:
    here = await opened(member, "Bake", "Knit")
    there = TaskList(await member.open_tab())
    await there.open()
    await here.add("Sing")
    await there.shows("Bake", "Knit", "Sing")
    editor = await there.edit("Bake")
    await editor.title.fill("Bake bread")
    await editor.press("Save")
    await here.shows("Bake bread", "Knit", "Sing")
    await here.check("Knit").click()
    await expect(there.check("Knit")).to_have_attribute("aria-pressed", "true")
    await here.delete("Sing")
    await there.shows("Bake bread", "Knit")
    await here.undo()

    await there.shows("Bake bread", "Knit", "Sing")


async def test_a_change_from_elsewhere_shows_after_focus(member: Visitor) -> None:
    tasks = await opened(member, "Bake", "Knit")
    first = (await member.tasks())[0]["id"]
    await member.add_task("Sing")
    await member.context.request.delete(f"/api/proxy/{member.id}/tasks/{first}", headers={"Origin": member.site.url})
    await tasks.button("Edit: Knit").focus()
    await tasks.look_again()
    await tasks.shows("Knit", "Sing")
    await expect(tasks.button("Edit: Knit")).to_be_focused()
    await member.add_task("Read")
    await tasks.page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")

    await tasks.shows("Knit", "Sing", "Read")


async def test_an_open_editor_outlasts_what_comes_from_elsewhere(member: Visitor) -> None:
    here = await opened(member, "Bake", "Knit", "Sing")
    there = TaskList(await member.open_tab())
    await there.open()
    editor = await here.edit("Sing")
    await editor.title.fill("Sing in the rain")
    await there.delete("Sing")
    await there.delete("Bake")
    await here.shows("Knit", "Sing")
    await there.page.goto("/account")
    await kept(member, ("Knit", False))
    async with here.page.expect_response("**/api/proxy/**"):
        await here.look_again()
    await here.page.keyboard.type("!")

    await expect(editor.title).to_have_value("Sing in the rain!")


async def test_a_list_that_comes_while_a_task_is_added_shows_it_once(member: Visitor) -> None:
    tasks = await opened(member, "Bake")
    async with held(tasks.page, "POST"):
        await tasks.add("Knit")
        await member.add_task("From elsewhere")
        await tasks.look_again()
        await tasks.shows("Bake", "Knit")

    await tasks.shows("Bake", "From elsewhere", "Knit")


# --- writes -----------------------------------------------------------------------------------------------------------


async def test_every_change_carries_a_key_of_its_own(member: Visitor) -> None:
    await member.page.clock.install()
    await member.page.add_init_script(NOTE_LAST_WORDS)
    tasks = await opened(member, "Bake", "Knit")
    traffic = Traffic(tasks.page)
    await tasks.add("Sing")
    await tasks.check("Bake").click()
    editor = await tasks.edit("Knit")
    await editor.title.fill("Knit socks")
    await editor.press("Save")
    await kept(member, ("Bake", True), ("Knit socks", False), ("Sing", False))
    await tasks.delete("Bake")
    await tasks.page.clock.fast_forward(11_000)
    await kept(member, ("Knit socks", False), ("Sing", False))
    await tasks.delete("Sing")
    await tasks.page.goto("/account")
    await kept(member, ("Knit socks", False))

    keys = [*traffic.keys, await tasks.page.evaluate("localStorage.getItem('last words')")]

    assert [request.method for request in traffic.made] == ["POST", "PUT", "PUT", "DELETE"]
    assert all(re.fullmatch("[0-9a-f]{32}", key or "") for key in keys)
    assert len(set(keys)) == 5


async def _described(member: Visitor, wanted: str | None) -> None:
    for _ in range(100):
        if (await member.tasks())[0]["description"] == wanted:
            return
        await member.page.evaluate("new Promise(requestAnimationFrame)")

    assert (await member.tasks())[0]["description"] == wanted
