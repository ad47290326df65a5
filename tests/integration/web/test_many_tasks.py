"""Two thousand tasks in one list. The bounds are generous: machines that run tests are slow, and busy."""

import logging
import statistics
import time

from playwright.async_api import Page, expect

from tests.integration.web.site import NARROW, Enter, Visitor
from tests.integration.web.task_list import TaskList

LOG = logging.getLogger(__name__)
MANY = 2_000
INSERT = """
INSERT INTO tasks (user_id, title, description)
SELECT $1, 'Task ' || n, CASE WHEN n % 3 = 0 THEN 'With some words about it' END FROM generate_series(1, 2000) AS n
"""

PRESS = """
async selector => {
  const begin = performance.now();
  document.querySelector(selector).click();
  document.querySelector("#list").getBoundingClientRect();
  return performance.now() - begin;
}
"""
"""Milliseconds in which the page does nothing else: the click, what follows from it, and layout."""

SCROLL = """
async () => {
  const step = () => new Promise(requestAnimationFrame);
  const end = document.documentElement.scrollHeight;
  let longest = 0, blank = 0, before = await step();
  for (let place = 0; place < end; place += end / 40) {
    scrollTo(0, place);
    await step();
    const now = await step(); // the picture between the two is that of this place
    longest = Math.max(longest, now - before);
    before = now;
    const row = document.elementFromPoint(innerWidth / 2, innerHeight / 2)?.closest(".task");
    if (place < end * 0.9 && !row?.querySelector(".title").checkVisibility({ contentVisibilityAuto: true })) blank += 1;
  }
  return { longest, blank };
}
"""
"""From top to bottom: the longest time between two pictures, and how often there was no task in the middle."""


def figures(what: str, measured: float) -> None:
    """Tells who wants to know: `--log-cli-level=info` shows it."""
    LOG.info("%s: %.1f", what, measured)


async def with_many(visitor: Visitor) -> TaskList:
    await visitor.site.sql(INSERT, visitor.id)
    tasks = TaskList(visitor.page)
    await tasks.open()
    return tasks


async def milliseconds(page: Page, selector: str) -> float:
    """Of pressing it, the middle of five times."""
    times: list[float] = [await page.evaluate(PRESS, selector) for _ in range(5)]
    return statistics.median(times)


async def test_many_tasks_are_there_at_once(member: Visitor) -> None:
    await member.site.sql(INSERT, member.id)
    begin = time.perf_counter()
    answer = await member.context.request.get("/tasks", headers={"Accept": "text/html"})
    served = time.perf_counter() - begin
    tasks = TaskList(member.page)
    await tasks.open()
    ready = await tasks.page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    figures("html KiB", len(await answer.body()) // 1024)
    figures("html ms", served * 1000)
    figures("page ready ms", ready)

    assert await tasks.page.locator(".task").count() == MANY
    await expect(tasks.page).to_have_title(f"Tasks ({MANY}) · todo")
    assert served < 3
    assert ready < 15_000


async def test_a_click_is_answered_at_once_among_many(member: Visitor) -> None:
    tasks = await with_many(member)
    toggling = await milliseconds(tasks.page, ".task:nth-child(1000) .check")
    await tasks.filter("Done").click()
    await expect(tasks.page).to_have_title("Done tasks (1) · todo")
    filtering = await milliseconds(tasks.page, ".filters a:not([aria-current])")
    searching = await tasks.page.evaluate(
        """() => {
            const begin = performance.now();
            document.querySelector("#q").value = "1999";
            document.querySelector("#q").dispatchEvent(new Event("input"));
            document.querySelector("#list").getBoundingClientRect();
            return performance.now() - begin;
        }"""
    )
    figures("toggle ms", toggling)
    figures("filter ms", filtering)
    figures("search ms", searching)

    assert toggling < 200
    assert filtering < 400
    assert searching < 400


async def test_many_tasks_scroll_without_a_gap_in_a_narrow_window(enter: Enter) -> None:
    reader = await (await enter(width=NARROW)).sign_up()
    tasks = await with_many(reader)
    seen = await tasks.page.evaluate(SCROLL)
    figures("longest time between two pictures, ms", seen["longest"])

    assert seen["blank"] == 0
    assert seen["longest"] < 1_000
    assert await tasks.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_a_list_that_comes_again_costs_little(member: Visitor) -> None:
    """Coming back to the tab asks for all tasks, and touches only what is different."""
    tasks = await with_many(member)
    await tasks.page.evaluate(
        """() => {
            window.touched = [];
            new MutationObserver(all => touched.push(...all.map(({ target }) => target.className)))
                .observe(document.querySelector("#list"), { subtree: true, childList: true, attributes: true });
        }"""
    )
    await member.site.sql("UPDATE tasks SET title = 'Renamed' WHERE user_id = $1 AND title = 'Task 7'", member.id)
    await tasks.look_again()
    await expect(tasks.page.locator(".task:nth-child(7) .title")).to_have_text("Renamed")

    assert len(await tasks.page.evaluate("touched")) < 10


async def test_many_are_completed_and_cleared_while_the_page_stays_usable(member: Visitor) -> None:
    await member.site.sql(INSERT, member.id)
    tasks = TaskList(member.page)
    await tasks.open("/tasks?q=Task%201")  # 1111 of them
    await tasks.page.evaluate("() => { window.fetch = () => new Promise(() => {}); }")  # the service is not asked
    completing = await tasks.page.evaluate(PRESS, "#complete-all")
    await expect(tasks.toasts).to_contain_text("1111 tasks completed.")
    await tasks.search.fill("Task 19")
    clearing = await tasks.page.evaluate(PRESS, "#clear-completed")
    figures("complete 1111 tasks, ms", completing)
    figures("clear 111 tasks, ms", clearing)

    assert completing < 1_000
    assert clearing < 1_000
