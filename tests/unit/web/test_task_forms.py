import re
from urllib.parse import quote

import httpx
import pytest

from tests.unit.http.service import PASSWORD, Service, SignedUp
from tests.unit.web.conftest import browser_of


@pytest.fixture
async def page(browser: httpx.AsyncClient) -> httpx.AsyncClient:
    """Somebody who is signed in, and has no tasks."""
    await browser.post("/signup", data={"email": "ada@example.com", "password": PASSWORD})
    return browser


async def add(page: httpx.AsyncClient, *titles: str) -> None:
    for title in titles:
        answer = await page.post("/tasks", data={"title": title})
        assert (answer.status_code, answer.headers["location"]) == (303, "/tasks")


async def rows(page: httpx.AsyncClient, path: str = "/tasks") -> list[tuple[str, str, bool]]:
    """Number, title and state of what a page shows, in its order."""
    text = (await page.get(path)).text.partition("<template")[0]
    found = re.findall(
        r'<li class="task" data-id="(\d+)" tabindex="-1"( data-done)?( hidden)?>(.*?)</li>', text, re.DOTALL
    )
    titles = [re.findall(r'<p class="title" dir="auto">(.*?)</p>', row[3])[0] for row in found]
    return [(row[0], title, bool(row[1])) for row, title in zip(found, titles, strict=True) if not row[2]]


class TestAdding:
    async def test_shows_the_new_task_last(self, page: httpx.AsyncClient) -> None:
        await add(page, "Buy milk", "Water the tree")

        assert [(title, done) for _, title, done in await rows(page)] == [
            ("Buy milk", False),
            ("Water the tree", False),
        ]

    async def test_keeps_the_title_exactly_and_shows_it_as_text(self, page: httpx.AsyncClient) -> None:
        await add(page, "  <b onclick=x>&amp; “quotes” 'n' \"more\" 😀 ")

        ((_, title, _),) = await rows(page)
        assert title == "  &lt;b onclick=x&gt;&amp;amp; “quotes” &#39;n&#39; &#34;more&#34; 😀 "

    @pytest.mark.parametrize(
        ("title", "words"),
        [
            ("", "Write down what needs doing."),
            ("  ", "Write down"),
            ("x" * 501, "500 characters"),
            ("a\0b", "cannot be kept"),
        ],
    )
    async def test_tells_what_is_wrong_and_keeps_what_was_typed(
        self, page: httpx.AsyncClient, title: str, words: str
    ) -> None:
        answer = await page.post("/tasks", data={"title": title})

        assert answer.status_code == 422
        assert words in answer.text
        assert "<title>Error: Tasks (0)" in answer.text
        assert f'value="{title}"' in answer.text
        assert await rows(page) == []

    async def test_tells_when_there_is_no_room_and_keeps_what_was_typed(self) -> None:
        async with Service(task_quota=1) as service, browser_of(service) as page:
            await page.post("/signup", data={"email": "ada@example.com", "password": PASSWORD})
            await add(page, "Buy milk")
            answer = await page.post("/tasks?show=done", data={"title": 'Water the "tree"'})
            kept = [title for _, title, _ in await rows(page)]
            await page.post(f"/tasks/{(await rows(page))[0][0]}/delete")
            again = await page.post("/tasks", data={"title": 'Water the "tree"'})

        assert answer.status_code == 409
        assert "Delete some to make room." in answer.text
        assert "<title>Error: Done tasks (0)" in answer.text
        assert 'value="Water the &#34;tree&#34;"' in answer.text
        assert kept == ["Buy milk"]
        assert again.status_code == 303

    async def test_comes_back_to_the_same_view(self, page: httpx.AsyncClient) -> None:
        answer = await page.post("/tasks", data={"title": "Buy milk", "next": "/tasks?show=open"})

        assert answer.headers["location"] == "/tasks?show=open"


class TestCompleting:
    async def test_says_what_is_wanted_so_that_twice_is_as_good_as_once(self, page: httpx.AsyncClient) -> None:
        await add(page, "Buy milk")
        ((number, _, _),) = await rows(page)

        for wanted, done in (("true", True), ("true", True), ("false", False), ("false", False)):
            answer = await page.post(f"/tasks/{number}/complete", data={"completed": wanted})
            assert answer.status_code == 303
            assert [row[2] for row in await rows(page)] == [done]

    async def test_of_somebody_elses_task_is_not_found(
        self, page: httpx.AsyncClient, service: Service, bob: SignedUp
    ) -> None:
        task = await service.add_task(bob)
        answer = await page.post(f"/tasks/{task['id']}/complete", data={"completed": "true"})

        assert answer.status_code == 404
        assert not (await service.client.get(f"{bob.tasks}/{task['id']}", headers=bob.headers)).json()["completed"]


class TestDeleting:
    async def test_takes_the_task_away_and_twice_is_as_good_as_once(self, page: httpx.AsyncClient) -> None:
        await add(page, "Buy milk", "Water the tree")
        number = (await rows(page))[0][0]

        for _ in range(2):
            answer = await page.post(f"/tasks/{number}/delete", data={"next": "/tasks?show=open"})
            assert (answer.status_code, answer.headers["location"]) == (303, "/tasks?show=open")
        assert [title for _, title, _ in await rows(page)] == ["Water the tree"]

    async def test_leaves_somebody_elses_task_alone(
        self, page: httpx.AsyncClient, service: Service, bob: SignedUp
    ) -> None:
        task = await service.add_task(bob)
        await page.post(f"/tasks/{task['id']}/delete")

        assert len((await service.client.get(bob.tasks, headers=bob.headers)).json()) == 1


class TestWhatIsShown:
    @pytest.fixture
    async def three(self, page: httpx.AsyncClient) -> httpx.AsyncClient:
        await add(page, "Buy milk", "Sell MILK", "Water the tree")
        await page.post(f"/tasks/{(await rows(page))[0][0]}/complete", data={"completed": "true"})
        return page

    @pytest.mark.parametrize(
        ("query", "titles"),
        [
            ("", ["Buy milk", "Sell MILK", "Water the tree"]),
            ("?show=open", ["Sell MILK", "Water the tree"]),
            ("?show=done", ["Buy milk"]),
            ("?show=else", ["Buy milk", "Sell MILK", "Water the tree"]),
            ("?q=milk", ["Buy milk", "Sell MILK"]),
            ("?q=%20milk%20", ["Buy milk", "Sell MILK"]),
            ("?q=milk&show=open", ["Sell MILK"]),
            ("?q=%25", []),
        ],
    )
    async def test_stands_in_the_address(self, three: httpx.AsyncClient, query: str, titles: list[str]) -> None:
        assert [title for _, title, _ in await rows(three, f"/tasks{query}")] == titles

    async def test_is_counted_whole(self, three: httpx.AsyncClient) -> None:
        text = (await three.get("/tasks?show=done&q=milk")).text

        assert re.findall(r'data-count="(\w+)">(\d+)<', text) == [("all", "3"), ("open", "2"), ("done", "1")]
        assert "<title>Done tasks (1) · todo</title>" in text
        assert re.findall(r'<a href="([^"]*)" data-show="(?:all|open|done)"[^>]*>\w+ <span', text) == [
            "/tasks?q=milk",
            "/tasks?show=open&amp;q=milk",
            "/tasks?show=done&amp;q=milk",
        ]

    @pytest.mark.parametrize(
        ("query", "why"), [("", "none"), ("?show=done", "none"), ("?show=open", "none"), ("?q=x", "none")]
    )
    async def test_an_empty_list_says_how_to_begin(self, page: httpx.AsyncClient, query: str, why: str) -> None:
        text = (await page.get(f"/tasks{query}")).text

        assert re.findall(r'data-empty="(\w+)">', text) == [why]

    @pytest.mark.parametrize(("query", "why"), [("?q=zebra", "search"), ("?show=open", "open")])
    async def test_a_view_with_nothing_in_it_says_why(self, page: httpx.AsyncClient, query: str, why: str) -> None:
        await add(page, "Buy milk")
        await page.post(f"/tasks/{(await rows(page))[0][0]}/complete", data={"completed": "true"})

        assert re.findall(r'data-empty="(\w+)">', (await page.get(f"/tasks{query}")).text) == [why]

    async def test_a_search_is_shown_as_text(self, page: httpx.AsyncClient) -> None:
        text = (await page.get("/tasks?q=" + quote('"><img src=x onerror=alert(1)>'))).text

        assert "<img" not in text
        assert 'value="&#34;&gt;&lt;img' in text
