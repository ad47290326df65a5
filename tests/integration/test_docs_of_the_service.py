"""The page /docs of the real service, in a real browser: somebody new gets to a task without reading anything."""

import json
import re
from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser

from tests.integration.chromium import Visit, authorize_and_execute, execute, visiting
from tests.integration.databases import beside, fresh_database
from tests.integration.service import COOKIE, PASSWORD, Person, Service, serving, signed_up

TASKS = "/api/{user_id}/tasks"
PROXIED = "/api/proxy/{user_id}/tasks"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(database_server: str, migrated_template: str, way_in: str) -> AsyncIterator[Service]:
    async with (
        fresh_database(database_server, template=migrated_template) as name,
        serving(beside(way_in, name)) as service,
    ):
        yield service


@pytest_asyncio.fixture(loop_scope="session")
async def ada(service: Service) -> Person:
    async with service.client() as client:
        return await signed_up(client)


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, service: Service) -> AsyncIterator[Visit]:
    """Nobody is signed in."""
    async with visiting(browser, service.url) as visit:
        yield visit


async def test_a_task_is_added_and_listed_on_the_first_click(visit: Visit, ada: Person) -> None:
    mine = {"user_id": ada.id}

    added = await authorize_and_execute(visit.page, token=ada.token, method="POST", path=TASKS, parameters=mine)
    listed = await execute(visit.page, "GET", TASKS, parameters=mine)

    assert (added.status, listed.status) == (201, 200)
    assert '"title": "Buy milk"' in added.shown
    assert '"title": "Buy milk"' in listed.shown
    assert visit.complaints == []


async def test_the_page_itself_signs_up_and_its_cookie_opens_the_proxy(visit: Visit) -> None:
    await visit.page.goto("/docs")
    body = json.dumps({"email": "grace@example.com", "password": PASSWORD})

    signed_up = await execute(visit.page, "POST", "/api/auth/signup", body=body)
    session = await execute(visit.page, "GET", "/api/auth/session")
    me = re.search(r'"userId": "([^"]+)"', session.shown)
    assert me
    added = await execute(visit.page, "POST", PROXIED, parameters={"user_id": me[1]})

    assert (signed_up.status, session.status, added.status) == (200, 200, 201)
    assert visit.complaints == []


async def test_no_script_of_the_page_sees_the_cookie(browser: Browser, service: Service, ada: Person) -> None:
    async with visiting(browser, service.url, cookies={COOKIE: ada.token}) as visit:
        await visit.page.goto("/docs")

        listed = await execute(visit.page, "GET", PROXIED, parameters={"user_id": ada.id})
        seen = await visit.page.evaluate("document.cookie + JSON.stringify({...localStorage, ...sessionStorage})")

        assert listed.status == 200
        assert ada.token not in seen
        assert ada.token not in listed.shown
        assert visit.complaints == []
