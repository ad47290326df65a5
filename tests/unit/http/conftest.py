"""A service to speak to: built once, and empty for each test."""

from collections.abc import AsyncIterator

import httpx
import pytest

pytest.register_assert_rewrite("tests.unit.http.service")

from tests.unit.http.service import Service, SignedUp  # noqa: E402  after its asserts can be rewritten


@pytest.fixture(scope="session")
async def running_service() -> AsyncIterator[Service]:
    async with Service() as service:
        yield service


@pytest.fixture
def service(running_service: Service) -> Service:
    running_service.begin_anew()
    return running_service


@pytest.fixture
def client(service: Service) -> httpx.AsyncClient:
    return service.client


@pytest.fixture
async def ada(service: Service) -> SignedUp:
    return await service.signed_up()


@pytest.fixture
async def bob(service: Service) -> SignedUp:
    return await service.signed_up()
