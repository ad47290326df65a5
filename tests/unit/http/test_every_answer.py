"""What stands in the headers of every answer, whoever gives it."""

import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from tests.unit.http.routes import ROUTES
from tests.unit.http.service import FRIEND, PASSWORD, Service, SignedUp, spoken
from tests.unit.http.test_sweeps import FITTING, filled

WITH_TLS = "https://todo.example.com"
FIXED = {
    b"x-content-type-options": b"nosniff",
    b"cross-origin-opener-policy": b"same-origin",
}
API_POLICY = b"default-src 'none'; frame-ancestors 'none'"
TRANSPORT = b"max-age=31536000; includeSubDomains"


def assert_complete(answer: httpx.Response, *, secure: bool = False) -> None:
    """All of them, each once, and no word of what is running."""
    headers = answer.headers.raw
    names = [name for name, _ in headers]
    values = dict(headers)

    assert all(name == name.lower() for name in names)
    for name in (*FIXED, b"referrer-policy", b"content-security-policy", b"x-request-id"):
        assert names.count(name) == 1, (name, headers)
    assert values.items() >= (FIXED | {b"x-request-id": b"test"}).items()
    assert values[b"referrer-policy"] in {b"no-referrer", b"same-origin", b"strict-origin"}
    assert b"default-src 'none'" in values[b"content-security-policy"]
    assert b"frame-ancestors 'none'" in values[b"content-security-policy"]
    assert values.get(b"strict-transport-security") == (TRANSPORT if secure else None)
    assert not {b"server", b"x-powered-by"} & set(names)
    if answer.request.url.path.startswith("/api"):
        assert names.count(b"cache-control") == 1
        assert values[b"cache-control"] in {b"no-store", b"private, no-cache"}


@pytest.fixture(scope="module")
async def secure_service() -> AsyncIterator[Service]:
    async with Service(base_url=WITH_TLS) as service:
        yield service


class TestOfEveryRoute:
    @pytest.mark.parametrize(("method", "path"), ROUTES)
    async def test_they_are_complete_for_anybody(self, service: Service, ada: SignedUp, method: str, path: str) -> None:
        address = filled(path, user_id=ada.id)
        for headers in (ada.headers | ada.cookie, {"Origin": FRIEND}, {"Origin": "https://evil.example.com"}):
            answer = await service.client.request(method, address, headers=headers, json=FITTING.get(path))
            assert_complete(answer)

    @pytest.mark.parametrize("path", sorted({path for _, path in ROUTES}))
    async def test_they_are_complete_for_preflights_and_other_methods(
        self, client: httpx.AsyncClient, path: str
    ) -> None:
        for origin in (FRIEND, "https://evil.example.com"):
            asked = {"Origin": origin, "Access-Control-Request-Method": "GET"}
            assert_complete(await client.options(filled(path), headers=asked))
        for method in ("HEAD", "OPTIONS", "TRACE", "DELETE", "FOO"):
            assert_complete(await client.request(method, filled(path)))

    @pytest.mark.parametrize(("method", "path"), ROUTES)
    async def test_over_https_browsers_are_told_to_stay_there(
        self, secure_service: Service, method: str, path: str
    ) -> None:
        answer = await secure_service.client.request(method, filled(path))

        assert_complete(answer, secure=True)


class TestOfOtherAnswers:
    @pytest.mark.parametrize("path", ["/nothing", "/api", "/api/nothing", "/api/auth/nothing", "/healthz", "/readyz"])
    async def test_they_are_complete(self, client: httpx.AsyncClient, path: str) -> None:
        for method in ("GET", "POST", "OPTIONS"):
            assert_complete(await client.request(method, path))

    async def test_they_are_complete_for_a_body_that_is_too_large(self, service: Service, ada: SignedUp) -> None:
        for path, size in ((ada.tasks, 300_000), ("/api/auth/login", 9_000)):
            answer = await service.client.post(path, headers=ada.headers, content=b"x" * size)
            assert answer.status_code == 413
            assert_complete(answer)

    async def test_they_are_complete_for_a_fault_of_ours(self, service: Service, ada: SignedUp) -> None:
        service.trouble.error = RuntimeError

        for path in (ada.tasks, "/api/auth/session"):
            answer = await service.client.get(path, headers=ada.headers | {"Origin": FRIEND})
            assert answer.status_code == 500
            assert answer.headers["access-control-allow-origin"] == FRIEND
            assert_complete(answer)

    async def test_an_answer_keeps_what_it_says_itself(self, client: httpx.AsyncClient) -> None:
        page, api = await client.get("/docs"), await client.get("/openapi.json")

        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert api.headers["content-security-policy"].encode() == API_POLICY


class TestTheRequestsName:
    async def test_a_harmless_one_is_taken(self, service: Service) -> None:
        for given in (b"a", b"x" * 64, b"req_1.2-3"):
            assert await named(service, given) == given

    @pytest.mark.parametrize("given", [b"", b"x" * 65, b"a b", b"a\n", b"<b>", b'"', b"\xff", "ä".encode(), b"a/b"])
    async def test_any_other_is_replaced(self, service: Service, given: bytes) -> None:
        assert re.fullmatch(rb"[0-9a-f]{20}", await named(service, given))

    async def test_no_two_requests_get_the_same(self, service: Service) -> None:
        names = {await named(service, b"") for _ in range(200)}

        assert len(names) == 200


async def named(service: Service, given: bytes) -> bytes:
    """The name in the answer to a request that calls itself so; the last of several headers counts."""
    start, *_ = await spoken(service.app, "GET", "/", [(b"x-request-id", given)])
    return bytes(dict(start["headers"])[b"x-request-id"])


EVIL = "evil.example.net"


class TestTheHost:
    async def test_it_is_named_nowhere(self, service: Service, ada: SignedUp) -> None:
        """Links are made of the base URL. Only routes that could make one are asked in detail."""
        for method, path in ROUTES:
            headers = ada.headers | ada.cookie | {"Host": EVIL, "X-Forwarded-Host": EVIL}
            answer = await service.client.request(
                method, filled(path, user_id=ada.id), headers=headers, json=FITTING.get(path)
            )
            assert EVIL not in answer.text
            assert not any(EVIL.encode() in value for _, value in answer.headers.raw)

    async def test_it_is_not_in_letters_either(self, service: Service, ada: SignedUp) -> None:
        await service.client.post("/api/auth/request-password-reset", json={"email": ada.email}, headers={"Host": EVIL})

        assert EVIL not in repr(service.mail.take())

    @pytest.mark.parametrize("hosts", [[], [b"todo.example.com", b"todo.example.com"]])
    async def test_none_and_two_are_refused(self, service: Service, hosts: list[bytes]) -> None:
        assert (await with_hosts(service, hosts))["status"] == 400

    async def test_in_http_1_0_there_need_be_none(self, service: Service) -> None:
        assert (await with_hosts(service, [], http_version="1.0"))["status"] == 200


async def with_hosts(service: Service, hosts: list[bytes], **scope: str) -> dict[str, Any]:
    said = await spoken(altered(service.app, headers=[(b"host", host) for host in hosts], **scope), "GET", "/")
    start: dict[str, Any] = said[0]
    return start


def altered(app: object, **changes: object) -> Callable[..., Any]:
    """The application, asked in a way that no client of the tests would."""

    async def ask(scope: dict[str, Any], receive: object, send: object) -> None:
        await app(scope | changes, receive, send)  # type: ignore[operator]

    return ask


async def test_signing_in_is_not_to_be_stored(service: Service, ada: SignedUp) -> None:
    answer = await service.client.post("/api/auth/login", json={"email": ada.email, "password": PASSWORD})

    assert answer.headers["cache-control"] == "no-store"
