"""Rules that hold for every route, and for every refusal: looked up, so that a new one cannot be forgotten."""

import re
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from tests.unit.http.routes import ROUTES
from tests.unit.http.service import COOKIE, FRIEND, JWT_SHAPE, PASSWORD, Service, SignedUp, assert_nothing
from todo.domain import errors
from todo.domain.errors import DomainError, TooManyAttempts, Unavailable
from todo.entrypoints.http.errors import SIGN_IN_SIDE, TASK_SIDE, closest

OPEN = {
    ("GET", "/"),
    ("GET", "/docs"),
    ("GET", "/docs/assets/{name:str}"),
    ("GET", "/redoc"),
    ("GET", "/openapi.json"),
    ("POST", "/api/auth/signup"),
    ("POST", "/api/auth/sign-up/email"),
    ("POST", "/api/auth/login"),
    ("POST", "/api/auth/sign-in/email"),
    ("POST", "/api/auth/logout"),
    ("POST", "/api/auth/sign-out"),
    ("GET", "/api/auth/session"),
    ("GET", "/api/auth/get-session"),
    ("POST", "/api/auth/get-session"),
    ("POST", "/api/auth/request-password-reset"),
    ("GET", "/api/auth/reset-password/{token:str}"),
    ("POST", "/api/auth/reset-password"),
    ("POST", "/api/auth/send-verification-email"),
    ("GET", "/api/auth/verify-email"),
    ("GET", "/api/auth/delete-user/callback"),
    ("GET", "/api/auth/jwks"),
    ("GET", "/api/auth/ok"),
    ("GET", "/api/auth/error"),
    ("GET", "/favicon.ico"),
    ("GET", "/static/{name:str}"),
    ("GET", "/signup"),
    ("POST", "/signup"),
    ("GET", "/login"),
    ("POST", "/login"),
    ("POST", "/logout"),
    ("GET", "/forgot-password"),
    ("POST", "/forgot-password"),
    ("GET", "/reset-password"),
    ("POST", "/reset-password"),
}
"""What answers somebody who shows no credentials with anything but 401. All else is closed."""

PAGES = {route for route in ROUTES if route[1].startswith(("/tasks", "/account"))}
"""What sends somebody who shows no credentials to the page to log in on."""

VALUES = {"user_id": "usr_x", "task_id": "1", "name": "nothing.js", "token": "x"}
FITTING = {
    "/api/auth/revoke-session": {"token": "x"},
    "/api/auth/change-password": {"currentPassword": PASSWORD, "newPassword": "another password"},
    "/api/auth/verify-password": {"password": PASSWORD},
    "/api/auth/change-email": {"newEmail": "else@example.com"},
}
"""A body is looked at before it is asked who sends it."""


def filled(path: str, **values: str) -> str:
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: (VALUES | values).get(found[1], "x"), path)


def leaves(kind: type[DomainError] = DomainError) -> Iterator[type[DomainError]]:
    """Every refusal that is actually raised: the ends of the tree, and those above them."""
    for child in kind.__subclasses__():
        yield child
        yield from leaves(child)


def assert_in_form(path: str, answer: httpx.Response) -> None:
    """A refusal in the words of the side that was called. The sign-in side has some without a code."""
    if path.startswith("/api/auth") and answer.status_code == 404 and not answer.content:
        assert_nothing(answer)
        return
    if not path.startswith("/api") and answer.headers["content-type"] == "text/html; charset=utf-8":
        assert "<h1" in answer.text  # a page, with the form that was not accepted
        return
    body = answer.json()
    assert answer.headers["content-type"] == "application/json"
    if path.startswith("/api/auth"):
        assert set(body) == {"message", "code"} or body in ({"message": text} for text in WITHOUT_CODE)
        assert isinstance(body["message"], str)
        assert re.fullmatch(r"[A-Z_]+", body.get("code", "NONE"))
    elif "error" in body:
        assert path.startswith("/api/proxy/")
        assert set(body) == {"error", "message"}
    else:
        assert set(body) <= {"detail", "code"}
        assert isinstance(body["detail"], list if answer.status_code == 422 else str)


class TestEveryRoute:
    def test_there_are_some(self) -> None:
        assert set(ROUTES) >= OPEN
        assert len(ROUTES) >= len(OPEN) + 12

    @pytest.mark.parametrize(("method", "path"), ROUTES)
    async def test_it_is_closed_unless_it_is_listed_as_open(
        self, client: httpx.AsyncClient, method: str, path: str
    ) -> None:
        answer = await client.request(method, filled(path), json=FITTING.get(path))

        if (method, path) in OPEN:
            assert answer.status_code not in {401, 403}
        elif (method, path) in PAGES:
            assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/login")
        else:
            assert answer.status_code == 401
            assert_in_form(path, answer)

    @pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if "{user_id" in route[1]])
    async def test_of_a_user_it_is_closed_to_any_other(
        self, client: httpx.AsyncClient, ada: SignedUp, bob: SignedUp, method: str, path: str
    ) -> None:
        answer = await client.request(method, filled(path, user_id=ada.id), headers=bob.headers | bob.cookie)

        assert (answer.status_code, answer.json()["detail"]) == (403, "Access denied: user_id mismatch")

    @pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route[0] == "GET"])
    async def test_reading_writes_nothing(self, service: Service, ada: SignedUp, method: str, path: str) -> None:
        """On the first day of a session: after that one is extended by use. Links of letters are followed elsewhere."""
        task = await service.add_task(ada)
        address = filled(path, user_id=ada.id, task_id=str(task["id"]))
        before = service.store.content()
        service.clock.turn(timedelta(hours=23))

        for name in (method, "HEAD"):
            for query in ("", "?show=done&q=x&callbackURL=/x&message=verified&next=/x"):
                await service.client.request(name, address + query, headers=ada.headers | ada.cookie)

        assert service.store.content() == before

    @pytest.mark.parametrize(("method", "path"), ROUTES)
    async def test_it_gives_the_token_to_no_script(
        self, service: Service, ada: SignedUp, method: str, path: str
    ) -> None:
        """Of a page, that is. Whoever is signed in may ask for it in so many words, as Better Auth's client does."""
        task = await service.add_task(ada)
        address = filled(path, user_id=ada.id, task_id=str(task["id"]))
        body = FITTING.get(path, {}) | {"email": ada.email, "password": PASSWORD, "title": "a", "name": "a"}

        answer = await service.client.request(method, address, headers=ada.headers | ada.cookie, json=body)

        given = re.search(JWT_SHAPE, answer.text + answer.headers.get("location", ""))
        assert bool(given) == (path == "/api/auth/token"), answer.text

    @pytest.mark.parametrize("path", sorted({path for _, path in ROUTES}))
    async def test_it_refuses_other_methods_and_knows_head(
        self, client: httpx.AsyncClient, ada: SignedUp, path: str
    ) -> None:
        known = {method for method, other in ROUTES if other == path}
        known |= {"HEAD"} if "GET" in known else set()
        signing_in = path.startswith("/api/auth/")

        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
            answer = await client.request(method, filled(path, user_id=ada.id), headers=ada.headers | ada.cookie)
            if method not in known and signing_in:
                assert_nothing(answer)
            elif method not in known:
                assert answer.status_code == 405
                assert set(answer.headers["allow"].split(", ")) == known
            else:
                assert answer.status_code != 405 or (method, path) == ("POST", "/api/auth/get-session")
            if answer.status_code >= 400 and method != "HEAD":
                assert_in_form(path, answer)


REFUSALS = sorted(set(leaves()), key=lambda kind: kind.__name__)


class TestEveryRefusal:
    def test_it_stands_in_the_drawing(self) -> None:
        drawn = set(re.findall(r"[A-Z]\w+", errors.__doc__ or ""))

        assert {kind.__name__ for kind in REFUSALS} - drawn == set()

    @pytest.mark.parametrize("kind", REFUSALS)
    def test_its_status_says_whose_fault_it_is(self, kind: type[DomainError]) -> None:
        for side in (TASK_SIDE, SIGN_IN_SIDE):
            status = side[closest(kind(), side)][0]
            if issubclass(kind, Unavailable):
                assert status == 503
            else:
                assert 400 <= status < 500

    @pytest.mark.parametrize("kind", REFUSALS)
    async def test_it_has_an_answer_on_each_side(self, service: Service, kind: type[DomainError]) -> None:
        ada = await service.signed_up()
        service.trouble.error = kind

        for path, headers in (
            (ada.tasks, ada.headers),
            (ada.proxied, ada.cookie),
            ("/api/auth/login", {}),
        ):
            method = "POST" if path == "/api/auth/login" else "GET"
            answer = await service.client.request(
                method, path, headers=headers, json={"email": ada.email, "password": PASSWORD}
            )
            assert answer.status_code == 503 or 400 <= answer.status_code < 500
            assert ("retry-after" in answer.headers) == issubclass(kind, Unavailable | TooManyAttempts)
            if answer.status_code == 422 and path != "/api/auth/login":
                continue  # tests of the body see to the faults that have a place
            assert_in_form(path, answer)


WITHOUT_CODE = {"No fields to update", "Email is the same"}
BODIES: list[bytes] = [
    b"",
    b"{",
    b"\x00",
    b"\xff\xfe",
    b"null",
    b"[" * 20_000,
    b'{"a":' * 3_000,
    b"9" * 5_000,
    b'{"title":"\\ud800","email":"\\ud800","password":"\\ud800"}',
    b'{"title":"\\u0000","email":"a@example.com","password":"\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000"}',
    b'{"title":"\xff","\xff":"\xff"}',
    b'{"title":1e999,"email":-0,"password":1E+400,"completed":9999999999999999999999}',
    b'{"email":"' + b"a" * 4_000 + b'@example.com","password":"' + b"(" * 3_000 + b'"}',
    b'{"email":"a@example.com","password":"12345678","name":"\\ud800"}',
    b'{"email":"' + b"a." * 100 + b'@example.com","password":"12345678"}',
]
HEADERS: list[dict[bytes, bytes]] = [
    {b"Content-Type": b"\xff"},
    {b"Content-Type": b"application/json; charset=\xff; =;;;"},
    {b"Content-Type": b"multipart/form-data"},
    {b"Content-Type": b"multipart/form-data; boundary=" + b"x" * 200},
    {b"Content-Type": b"application/x-www-form-urlencoded"},
    {b"Content-Type": b"application/msgpack"},
    {b"Content-Type": b"application/json;charset"},
    {b"Content-Length": b"abc"},
    {b"Content-Length": b"-1"},
    {b"Content-Length": b"99999999999999999999"},
    {b"Cookie": b"\xff\x00=;;==; " + COOKIE.encode() + b"=\xff"},
    {b"Cookie": (COOKIE + "=a.b.c;").encode() * 500},
    {b"Cookie": b'"' * 4_000},
    {b"Authorization": b"Bearer \xff"},
    {b"Authorization": b"Bearer " + b"eyJ." * 3_000},
    {b"Authorization": b"\x00"},
    {b"Accept": b"\xff", b"Accept-Language": b"\xff", b"Accept-Encoding": b"\xff;q=x"},
    {b"Origin": b"\xff"},
    {b"Host": b"\xff:\xff"},
    {b"User-Agent": b"\xff\x00" * 1_000},
    {b"If-None-Match": b'"', b"If-Match": b"W/", b"Range": b"bytes=9-1", b"Expect": b"100-continue"},
    {b"X-Forwarded-For": b"\xff", b"Forwarded": b"for=\xff", b"X-HTTP-Method-Override": b"DELETE"},
]
SEGMENTS = ["%00", "%ff", "%c0%af", "%ed%a0%80", "..", "%2e%2e", "%2f", "%5c", "%25", "😀", "'--", "{}", "x" * 4_000]
QUERIES = [
    "?%ff=%00",
    "?a[]=1&a[]=2&&=;",
    "?" + "a=b&" * 2_000,
    "?😀=1",
]


class TestBadInput:
    """Whatever is sent, it is never answered with a fault of ours."""

    @pytest.mark.parametrize(("method", "path"), ROUTES)
    async def test_of_every_kind_to_every_route(self, service: Service, method: str, path: str) -> None:
        ada = await service.signed_up()
        known = {name.encode(): value.encode() for name, value in (ada.headers | ada.cookie).items()}
        address = filled(path, user_id=ada.id)
        addresses = [
            *(address + query for query in QUERIES),
            *(filled(path, user_id=segment) for segment in SEGMENTS if "{user_id" in path),
            *(filled(path, user_id=ada.id, task_id=segment) for segment in SEGMENTS if "{task_id" in path),
            *(filled(path, name=segment) for segment in SEGMENTS if "{name" in path),
        ]
        requests = [
            *((address, known | {b"Content-Type": b"application/json"}, body) for body in BODIES),
            *((address, known | bad, b"{}") for bad in HEADERS),
            *((odd, known, b"{}") for odd in addresses),
        ]

        for url, headers, body in requests:
            answer = await service.client.request(method, url, headers=headers, content=body)
            assert answer.status_code < 500, (url, headers, body)
            if answer.status_code >= 400:
                assert_in_form(path, answer)

    @pytest.mark.parametrize(("method", "path"), ROUTES)
    async def test_of_a_stranger_brings_nothing_to_light(
        self, service: Service, ada: SignedUp, method: str, path: str
    ) -> None:
        await service.add_task(ada, "Zanzibar")

        for bad in HEADERS[::3]:
            answer = await service.client.request(method, filled(path, user_id=ada.id), headers=bad)
            assert "Zanzibar" not in answer.text
            assert ada.email not in answer.text

    async def test_in_preflights_is_no_exception(self, client: httpx.AsyncClient) -> None:
        for bad in (b"\xff", b"", b",,,", b"x" * 5_000):
            for name in (b"Origin", b"Access-Control-Request-Method", b"Access-Control-Request-Headers"):
                headers = {b"Origin": FRIEND.encode(), b"Access-Control-Request-Method": b"GET"} | {name: bad}
                assert (await client.options("/", headers=headers)).status_code < 500
