import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn
from litestar import Litestar, Request, get
from litestar.exceptions import NotAuthorizedException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from playwright.async_api import Browser

from tests.integration.chromium import Visit, authorize_and_execute, execute, visiting
from tests.integration.chromium import browser as browser
from todo.entrypoints.http.docs import docs_handlers

BEARER = "of-three.parts.like-a-jwt"


@get("/api/whoami", security=[{"bearer": []}], summary="Say what the server was told")
async def whoami(request: Request[Any, Any, Any]) -> dict[str, str | None]:
    """Answers with the *credentials* that came: `Authorization`, and the cookie."""
    if "authorization" not in request.headers and "visitor" not in request.cookies:
        raise NotAuthorizedException
    return {"authorization": request.headers.get("authorization"), "visitor": request.cookies.get("visitor")}


def an_app() -> Litestar:
    bearer = SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")
    return Litestar(
        [whoami, *docs_handlers],
        openapi_config=OpenAPIConfig(
            title="A small service",
            version="1",
            path="/",
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
            components=Components(security_schemes={"bearer": bearer}),
        ),
    )


@contextmanager
def served(app: Litestar) -> Iterator[str]:
    """The app on a free port of this machine; connections made before it is ready wait in the socket."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with served(an_app()) as origin:
        yield origin


@pytest.fixture
async def visit(browser: Browser, origin: str) -> AsyncIterator[Visit]:
    async with visiting(browser, origin, cookies={"visitor": "ada"}) as visit:
        yield visit


async def test_a_newcomer_authorizes_and_executes_on_the_first_click(visit: Visit) -> None:
    executed = await authorize_and_execute(visit.page, token=BEARER, method="GET", path="/api/whoami")

    assert executed.status == 200
    assert f"Bearer {BEARER}" in executed.shown
    assert visit.complaints == []


async def test_who_is_signed_in_by_cookie_needs_no_token(visit: Visit) -> None:
    await visit.page.goto("/docs")

    executed = await execute(visit.page, "GET", "/api/whoami")

    assert executed.status == 200
    assert '"visitor": "ada"' in executed.shown
    assert visit.complaints == []


async def test_the_token_is_kept_no_longer_than_the_page_is_open(visit: Visit) -> None:
    await authorize_and_execute(visit.page, token=BEARER, method="GET", path="/api/whoami")

    await visit.page.goto("/docs")
    executed = await execute(visit.page, "GET", "/api/whoami")
    stored = await visit.page.evaluate("JSON.stringify(localStorage)")

    assert BEARER not in executed.shown
    assert BEARER not in stored


async def test_a_link_leads_to_one_operation(visit: Visit) -> None:
    await visit.page.goto("/docs#/default/ApiWhoamiWhoami")

    await visit.page.get_by_role("button", name="Execute").wait_for()

    assert visit.complaints == []


async def test_the_page_is_dark_where_the_visitor_likes_it_dark(browser: Browser, origin: str) -> None:
    async with visiting(browser, origin, dark=True) as visit:
        await visit.page.goto("/docs")
        await visit.page.locator("html.dark-mode .swagger-ui .opblock").wait_for()

        background = await visit.page.evaluate("getComputedStyle(document.body.parentElement).backgroundColor")

        assert background == "rgb(28, 32, 34)"
        assert visit.complaints == []
