"""The same service that the HTTP tests speak to; and people who look at pages."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.unit.http.conftest import ada as ada
from tests.unit.http.conftest import bob as bob
from tests.unit.http.conftest import client as client
from tests.unit.http.conftest import running_service as running_service
from tests.unit.http.conftest import service as service
from tests.unit.http.service import Service

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
"""What browsers say when they open a page."""


def browser_of(service: Service) -> httpx.AsyncClient:
    """Keeps cookies, prefers HTML, and follows no redirect: what a form leads to stands in the test."""
    transport = httpx.ASGITransport(service.app)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url=str(service.client.base_url), headers=HTML)


@pytest.fixture
async def browser(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with browser_of(service) as browser:
        yield browser
