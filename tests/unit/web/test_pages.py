import re

import httpx
import pytest

from tests.unit.http.service import JWT_SHAPE, Service, SignedUp
from tests.unit.web.conftest import HTML
from todo.domain.errors import StoreUnavailable
from todo.entrypoints.web.pages import HERE

PAGES = ["/login", "/signup", "/forgot-password", "/reset-password", "/tasks", "/account", "/nowhere"]
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


async def looked_at(client: httpx.AsyncClient, path: str, ada: SignedUp) -> httpx.Response:
    """As somebody who is signed in where that is needed, and as nobody where it is not."""
    signed_in = path in {"/tasks", "/account"}
    return await client.get(path, headers=HTML | (ada.cookie if signed_in else {}))


@pytest.mark.parametrize("path", PAGES)
class TestEveryPage:
    async def test_may_load_our_own_files_only_and_is_kept_by_nobody(
        self, client: httpx.AsyncClient, ada: SignedUp, path: str
    ) -> None:
        answer = await looked_at(client, path, ada)

        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == ("strict-origin" if path == "/reset-password" else "same-origin")
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"

    async def test_has_no_script_and_no_style_of_its_own(
        self, client: httpx.AsyncClient, ada: SignedUp, path: str
    ) -> None:
        text = (await looked_at(client, path, ada)).text

        assert re.findall(r"<script(?![^>]*\ssrc=)", text) == []
        assert re.findall(r"<style|\sstyle=|\son\w+=|javascript:", text) == []
        assert set(re.findall(r'(?:src|href|action)="([^"/#][^"]*)"', text)) == set()

    async def test_names_its_files_by_addresses_that_answer_and_are_kept_for_a_year(
        self, client: httpx.AsyncClient, ada: SignedUp, path: str
    ) -> None:
        addresses = set(re.findall(r'"(/static/[^"]+)"', (await looked_at(client, path, ada)).text))

        assert len(addresses) >= 3
        for address in addresses:
            answer = await client.get(address)
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert re.fullmatch(r"/static/[0-9a-f]{12}-[\w.-]+", address)

    async def test_never_shows_the_token(self, client: httpx.AsyncClient, ada: SignedUp, path: str) -> None:
        text = (await looked_at(client, path, ada)).text

        assert ada.token not in text
        assert not re.search(JWT_SHAPE, text)

    async def test_is_painted_in_the_chosen_colours(self, client: httpx.AsyncClient, ada: SignedUp, path: str) -> None:
        signed_in = f"; {ada.cookie['Cookie']}" if path in {"/tasks", "/account"} else ""
        for theme, shown in (("dark", ' data-theme="dark"'), ("light", ' data-theme="light"'), ("<b>", "")):
            answer = await client.get(path, headers=HTML | {"Cookie": f"theme={theme}{signed_in}"})
            assert f'<html lang="en"{shown}>' in answer.text


def test_every_script_and_the_style_sheet_is_used() -> None:
    names = {path.name for path in (HERE / "static").iterdir()}
    used = "".join(path.read_text() for folder in ("static", "templates") for path in (HERE / folder).iterdir())

    assert {name for name in names if f'"{name}"' not in used and f'"./{name}"' not in used} == set()


def test_every_module_of_a_page_is_asked_for_before_it_is_needed() -> None:
    """A module that is found only when another has been read comes later than it could."""
    for template in (HERE / "templates").iterdir():
        text = template.read_text()
        named = set(re.findall(r'"([\w-]+\.js)"', text))
        needed, left = set[str](), list(named)
        while left:
            name = left.pop()
            imported = re.findall(r'(?:from|import) "\./([\w-]+\.js)"', (HERE / "static" / name).read_text())
            left += [other for other in imported if other not in needed]
            needed.update(imported)

        if template.name != "base.html.jinja":
            assert needed <= named, template.name


class TestTheFrontDoor:
    async def test_shows_browsers_in(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/", headers=HTML)

        assert (answer.status_code, answer.headers["location"]) == (303, "/tasks")
        assert answer.headers["vary"] == "Accept"

    @pytest.mark.parametrize("accept", [None, "*/*", "application/json", "application/json, text/html;q=0.9", ""])
    async def test_greets_programs(self, client: httpx.AsyncClient, accept: str | None) -> None:
        answer = await client.get("/", headers={} if accept is None else {"Accept": accept})

        assert (answer.status_code, answer.json()) == (200, {"message": "Todo API with Authentication"})
        assert answer.headers["vary"] == "Accept"


class TestRefusals:
    async def test_a_browser_sees_a_page(self, service: Service, ada: SignedUp) -> None:
        for method, path, status in (
            ("GET", "/nowhere", 404),
            ("DELETE", "/tasks", 405),
            ("POST", "/tasks/x/complete", 422),
            ("POST", "/tasks/1/complete", 404),
        ):
            answer = await service.client.request(method, path, headers=HTML | ada.cookie)
            assert answer.status_code == status
            assert "<h1>" in answer.text
            assert answer.headers["content-security-policy"] == POLICY
        assert set((await service.client.delete("/tasks", headers=HTML)).headers["allow"].split(", ")) == {
            "GET",
            "HEAD",
            "POST",
        }

    async def test_a_program_gets_the_answer_of_the_api(self, client: httpx.AsyncClient) -> None:
        assert (await client.get("/nowhere")).json()["detail"] == "Not Found"

    async def test_the_api_answers_browsers_as_everybody_else(self, client: httpx.AsyncClient, ada: SignedUp) -> None:
        for path in (ada.tasks, ada.proxied, "/api/nowhere", "/api/auth/list-sessions"):
            answer = await client.get(path, headers=HTML)
            assert answer.status_code in {401, 404}
            assert answer.headers["content-type"] == "application/json"

    @pytest.mark.parametrize("path", ["/tasks", "/account"])
    async def test_a_store_that_is_away_is_told_and_signs_nobody_out(
        self, service: Service, ada: SignedUp, path: str
    ) -> None:
        service.trouble.error = StoreUnavailable
        answer = await service.client.get(path, headers=HTML | ada.cookie)

        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert "Not just now" in answer.text
        assert "set-cookie" not in answer.headers
