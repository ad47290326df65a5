from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.unit.http.service import Service, SignedUp, assert_nothing, spoken

PATHS: dict[str, set[str]] = {
    "/": {"GET", "HEAD"},
    "/docs": {"GET", "HEAD"},
    "/redoc": {"GET", "HEAD"},
    "/openapi.json": {"GET", "HEAD"},
    "/api/usr_x/tasks": {"GET", "HEAD", "POST"},
    "/api/usr_x/tasks/": {"GET", "HEAD", "POST"},
    "/api/usr_x/tasks/1": {"GET", "HEAD", "PUT", "DELETE"},
    "/api/usr_x/tasks/1/": {"GET", "HEAD", "PUT", "DELETE"},
    "/api/usr_x/tasks/x": {"GET", "HEAD", "PUT", "DELETE"},
    "/api/usr_x/tasks/1/complete": {"PATCH"},
    "/api/usr_x/tasks/1/complete/": {"PATCH"},
    "/api/proxy/usr_x/tasks": {"GET", "HEAD", "POST"},
    "/api/proxy/usr_x/tasks/1": {"GET", "HEAD", "PUT", "DELETE"},
    "/api/proxy/usr_x/tasks/1/complete": {"PATCH"},
}
SIGN_IN_PATHS: dict[str, set[str]] = {
    "/api/auth/signup": {"POST"},
    "/api/auth/sign-up/email": {"POST"},
    "/api/auth/login": {"POST"},
    "/api/auth/sign-in/email": {"POST"},
    "/api/auth/logout": {"POST"},
    "/api/auth/sign-out": {"POST"},
    "/api/auth/session": {"GET", "HEAD"},
    "/api/auth/get-session": {"GET", "HEAD", "POST"},
    "/api/auth/list-sessions": {"GET", "HEAD"},
    "/api/auth/update-user": {"POST"},
}
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "FOO"]

UNKNOWN = [
    "/nothing",
    "/api",
    "/api/",
    "/api/usr_x",
    "/api/usr_x/other",
    "/api/usr_x/tasks/1/other",
    "/api/usr_x/tasks/1/complete/more",
    "/api/usr_x/Tasks",
    "/API/usr_x/tasks",
    "/docs/nothing",
    "/openapi.yaml",
    "/schema",
    "/.env",
    "/api/%2e%2e/docs/../nothing",
    "/%00",
    "/%ff",
    "/" + "x" * 5_000,
    "/" + "x/" * 2_000,
]
UNKNOWN_WHEN_SIGNING_IN = [
    "/api/auth",
    "/api/auth/",
    "/api/auth/nothing",
    "/api/auth/Login",
    "/api/auth/session/more",
    "/api/auth/sign-in",
    "/api/auth/%ff",
]


class TestOtherMethods:
    @pytest.mark.parametrize("path", PATHS)
    async def test_they_are_405_with_all_the_methods_of_the_path(self, client: httpx.AsyncClient, path: str) -> None:
        for method in METHODS:
            if method in PATHS[path]:
                continue
            answer = await client.request(method, path)
            assert (method, answer.status_code) == (method, 405)
            assert {word.strip() for word in answer.headers["allow"].split(",")} == PATHS[path]
            if method == "HEAD":
                continue  # says the same, but not in words
            assert answer.json()["detail"] == "Method Not Allowed"
            assert answer.headers["content-type"] == "application/json"

    @pytest.mark.parametrize("path", SIGN_IN_PATHS)
    async def test_they_are_404_without_a_word_when_signing_in(self, client: httpx.AsyncClient, path: str) -> None:
        for method in METHODS:
            if method not in SIGN_IN_PATHS[path]:
                assert_nothing(await client.request(method, path))

    @pytest.mark.parametrize("path", PATHS | SIGN_IN_PATHS)
    async def test_those_that_are_allowed_are_not_405(self, client: httpx.AsyncClient, path: str) -> None:
        for method in (PATHS | SIGN_IN_PATHS)[path]:
            if (method, path) != ("POST", "/api/auth/get-session"):
                assert (await client.request(method, path)).status_code not in {404, 405}


class TestHead:
    @pytest.mark.parametrize("path", [path for path, methods in (PATHS | SIGN_IN_PATHS).items() if "GET" in methods])
    async def test_it_answers_as_get_does_with_the_same_headers_and_no_body(
        self, service: Service, ada: SignedUp, path: str
    ) -> None:
        task = await service.add_task(ada)
        path = path.replace("usr_x", ada.id).replace("/1", f"/{task['id']}")
        credentials = [
            (b"authorization", ada.headers["Authorization"].encode()),
            (b"cookie", ada.cookie["Cookie"].encode()),
        ]

        for headers in (credentials, [*credentials, (b"origin", b"http://localhost:3000")], []):
            got, *_ = get = await spoken(service.app, "GET", path, headers)
            had, *_ = head = await spoken(service.app, "HEAD", path, headers)

            assert had["status"] == got["status"]
            assert sorted(had["headers"]) == sorted(got["headers"])
            assert body_of(head) == b""
            assert dict(got["headers"])[b"content-length"] == str(len(body_of(get))).encode()

    async def test_it_is_404_where_get_is(self, client: httpx.AsyncClient) -> None:
        for path in ("/nothing", "/api/auth/nothing"):
            assert (await client.head(path)).status_code == 404


def body_of(messages: list[Any]) -> bytes:
    return b"".join(message.get("body", b"") for message in messages if message["type"] == "http.response.body")


class TestUnknownPaths:
    @pytest.mark.parametrize("path", UNKNOWN, ids=lambda path: f"{path:.32}")
    async def test_they_are_404_with_a_detail(self, client: httpx.AsyncClient, ada: SignedUp, path: str) -> None:
        for method in ("GET", "POST", "DELETE", "OPTIONS"):
            answer = await client.request(method, path, headers=ada.headers | ada.cookie)
            assert (answer.status_code, answer.json()["detail"]) == (404, "Not Found")
            assert answer.headers["content-type"] == "application/json"

    @pytest.mark.parametrize("path", UNKNOWN_WHEN_SIGNING_IN)
    async def test_they_are_404_without_a_word_when_signing_in(
        self, client: httpx.AsyncClient, ada: SignedUp, path: str
    ) -> None:
        for method in ("GET", "POST", "DELETE", "OPTIONS"):
            answer = await client.request(method, path, headers=ada.headers | ada.cookie)
            assert_nothing(answer)

    @pytest.mark.parametrize("path", ["/api/auth/tasks", "/api/auth/tasks/1", "/api/proxy/auth/tasks"])
    async def test_a_word_of_ours_in_the_place_of_a_user_leads_nowhere(
        self, service: Service, ada: SignedUp, path: str
    ) -> None:
        for person in (ada, service.vouched_for("auth")):
            for headers in ({}, person.headers | person.cookie):
                assert (await service.client.get(path, headers=headers)).status_code == 404

    @pytest.mark.parametrize(
        "path",
        [
            "//api/{user}/tasks",
            "/api//{user}/tasks",
            "/api/{user}//tasks",
            "/api/{user}/tasks//",
            "/api/{user}/tasks//complete",
            "/api//proxy/{user}/tasks",
            "/api/proxy//{user}/tasks",
            "/api//auth/session",
            "//api/auth/session",
            "/api/auth//session",
            "//evil.example.com/",
            "//",
            "///docs",
        ],
    )
    async def test_doubled_slashes_open_nothing_and_lead_nowhere(
        self, service: Service, ada: SignedUp, bob: SignedUp, path: str
    ) -> None:
        await service.add_task(bob, "Bob's zanzibar")

        for person in (ada, bob):
            for headers in ({}, ada.headers | ada.cookie):
                raw = path.format(user=quote(person.id))
                start, *rest = await spoken(
                    service.app,
                    "GET",
                    raw,
                    [(name.lower().encode(), value.encode()) for name, value in headers.items()],
                )
                assert start["status"] in {200, 401, 403, 404, 422}
                assert "location" not in dict(start["headers"])
                assert b"zanzibar" not in body_of(rest)


class TestTheFrontDoor:
    async def test_it_says_what_this_is(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/")

        assert (answer.status_code, answer.json()) == (200, {"message": "Todo API with Authentication"})
        assert answer.headers["content-type"] == "application/json"

    @pytest.mark.parametrize("accepted", ["*/*", "application/json", "application/json, text/html;q=0.5"])
    async def test_programs_get_json(self, client: httpx.AsyncClient, accepted: str) -> None:
        answer = await client.get("/", headers={"Accept": accepted})

        assert answer.json() == {"message": "Todo API with Authentication"}

    @pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
    async def test_the_documentation_needs_no_token(self, client: httpx.AsyncClient, path: str) -> None:
        answer = await client.get(path, follow_redirects=True)

        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html" if path != "/openapi.json" else "application/json")
