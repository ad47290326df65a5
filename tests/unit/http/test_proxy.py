import json
from datetime import timedelta
from random import Random
from typing import Any

import httpx
import pytest

from tests.builders import NOON
from tests.unit.http.service import COOKIE, OWN_ORIGIN, Service, SignedUp, Unread, assert_refused, cookie_value

NO_COOKIE = {"error": "Unauthorized", "message": "No session token found"}
FORBIDDEN = {"error": "Forbidden", "message": "Cross-site request refused"}

TASKS = [("GET", ""), ("POST", ""), ("GET", "/1"), ("PUT", "/1"), ("DELETE", "/1"), ("PATCH", "/1/complete")]
CALLS: list[tuple[str, str, dict[str, Any] | None]] = [
    ("GET", "", None),
    ("GET", "/", None),
    ("GET", "?a=b&c=%00", None),
    ("POST", "", {"title": ""}),
    ("POST", "", {"title": 1}),
    ("POST", "", {}),
    ("POST", "", None),
    ("GET", "/{id}", None),
    ("GET", "/{id}/", None),
    ("GET", "/0", None),
    ("GET", "/x", None),
    ("PUT", "/{id}", {"title": "New", "description": None}),
    ("PUT", "/{id}", {"completed": 1}),
    ("PUT", "/{id}", {}),
    ("PUT", "/0", {"title": "New"}),
    ("DELETE", "/0", None),
    ("DELETE", "/9" + "9" * 30, None),
    ("PATCH", "/0/complete", None),
    ("PATCH", "/1.0/complete", None),
    ("PATCH", "/{id}", None),
    ("POST", "/{id}/complete", None),
    ("GET", "/{id}/nothing", None),
]


async def call(
    client: httpx.AsyncClient, method: str, path: str, body: dict[str, Any] | None, headers: dict[str, str]
) -> httpx.Response:
    if body is None:
        return await client.request(method, path, headers=headers)
    return await client.request(method, path, headers=headers, json=body)


JSON = {"Content-Type": "application/json"}
SAMPLES = [
    b'{"title":"Buy milk","description":"Two litres","completed":false}',
    b'{"title":"\\ud83d\\ude00 \xc3\xa9","description":null,"other":[1,{"a":1e9}]}',
    b'{"title":"first","title":"last"}',
]


def damaged(chance: Random) -> bytes:
    """A good body with some bytes changed, lost, doubled or put in."""
    body = bytearray(chance.choice(SAMPLES))
    for _ in range(chance.randrange(4)):
        place = chance.randrange(len(body))
        match chance.randrange(4):
            case 0:
                body[place] = chance.randrange(256)
            case 1:
                del body[place : place + chance.randrange(1, 6)]
            case 2:
                body[place:place] = body[place : place + chance.randrange(1, 20)]
            case _:
                body[place:place] = chance.choice([b'"', b"\\u0000", b"\\ud800", b"{", b"]", b",", b"\xff", b"9" * 30])
    return bytes(body)


class TestWhatIsPassedOn:
    @pytest.mark.parametrize(("method", "rest", "body"), CALLS, ids=str)
    async def test_the_answer_is_that_of_the_task_api(
        self, service: Service, ada: SignedUp, method: str, rest: str, body: dict[str, Any] | None
    ) -> None:
        task = await service.add_task(ada)
        rest = rest.format(id=task["id"])

        direct = await call(service.client, method, ada.tasks + rest, body, ada.headers)
        proxied = await call(service.client, method, ada.proxied + rest, body, ada.cookie)

        assert (proxied.status_code, proxied.content) == (direct.status_code, direct.content)
        assert sorted(proxied.headers.raw) == sorted(direct.headers.raw)

    async def test_two_hundred_damaged_bodies_get_the_same_answer(self, service: Service, ada: SignedUp) -> None:
        """There is one parser. The bodies are the same in every run; only the numbers of tasks differ by themselves."""
        chance = Random(20_261_126)  # noqa: S311  not a secret
        answers = set()

        for _ in range(200):
            body = damaged(chance)
            pairs = [
                await service.client.post(base, headers=headers | JSON, content=body)
                for base, headers in ((ada.tasks, ada.headers), (ada.proxied, ada.cookie))
            ]
            direct, proxied = (
                {**answer.json(), "id": 0} if answer.status_code == 201 else answer.json() for answer in pairs
            )
            assert (pairs[1].status_code, proxied) == (pairs[0].status_code, direct), body
            answers.add((pairs[0].status_code, str(direct)))

        assert {status for status, _ in answers} == {201, 422}
        assert len(answers) > 20

    @pytest.mark.parametrize("slash", ["", "/"])
    async def test_a_page_can_do_everything_with_its_cookie(
        self, client: httpx.AsyncClient, ada: SignedUp, slash: str
    ) -> None:
        added = await client.post(ada.proxied + slash, headers=ada.cookie, json={"title": "Buy milk"})
        path = f"{ada.proxied}/{added.json()['id']}"
        put = await client.put(path + slash, headers=ada.cookie, json={"description": "Two bottles"})
        completed = await client.patch(f"{path}/complete{slash}", headers=ada.cookie)
        listed = await client.get(ada.proxied + slash, headers=ada.cookie)
        deleted = await client.delete(path + slash, headers=ada.cookie)

        assert added.status_code == 201
        assert put.json()["description"] == "Two bottles"
        assert listed.json() == [completed.json()]
        assert completed.json()["completed"] is True
        assert deleted.json() == {"success": True, "message": "Task deleted successfully"}

    @pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"completed":false}'])
    async def test_toggling_needs_no_body_and_minds_none(self, service: Service, ada: SignedUp, content: bytes) -> None:
        task = await service.add_task(ada)

        answer = await service.client.patch(f"{ada.proxied}/{task['id']}/complete", headers=ada.cookie, content=content)

        assert answer.json()["completed"] is True

    async def test_a_body_is_read_as_bytes_and_refused_as_by_the_task_api(
        self, client: httpx.AsyncClient, ada: SignedUp
    ) -> None:
        for content, kind in ((b"{", "application/json"), (b"{}", "text/plain"), (b"", "application/json")):
            headers = {"Content-Type": kind}
            direct = await client.post(ada.tasks, headers=ada.headers | headers, content=content)
            proxied = await client.post(ada.proxied, headers=ada.cookie | headers, content=content)

            assert proxied.status_code == 422
            assert proxied.content == direct.content

    async def test_a_large_body_is_too_large(self, client: httpx.AsyncClient, ada: SignedUp) -> None:
        body = json.dumps({"title": "a", "other": "x" * 256 * 1024})

        answer = await client.post(ada.proxied, headers=ada.cookie, content=body)

        assert answer.status_code == 413
        assert isinstance(answer.json()["detail"], str)


class TestWhoIsAsking:
    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Cookie": ""},
            {"Cookie": f"{COOKIE}="},
            {"Cookie": f'{COOKIE}=""'},
            {"Cookie": COOKIE},
            {"Cookie": f"x{COOKIE}=a; session_token=b"},
            {"Cookie": f"{COOKIE.upper()}=a"},
        ],
        ids=str,
    )
    async def test_without_a_cookie_there_is_no_session(
        self, client: httpx.AsyncClient, ada: SignedUp, headers: dict[str, str]
    ) -> None:
        body = Unread()

        for method, rest in TASKS:
            answer = await client.request(method, ada.proxied + rest, headers=headers | ada.headers, content=body)
            assert (answer.status_code, answer.json()) == (401, NO_COOKIE)
            assert answer.headers["content-type"] == "application/json"
        assert not body.read

    async def test_a_bad_cookie_is_told_as_by_the_task_api(self, service: Service, ada: SignedUp) -> None:
        now = int(NOON.timestamp())
        cases = [
            ("x", "Invalid token"),
            (ada.token + "x", "Invalid token"),
            (service.vouched_for(ada.id, sid="unknown").token, "Invalid token"),
            (service.vouched_for(ada.id, exp=now).token, "Token has expired"),
            (service.vouched_for("").token, "Invalid authentication credentials"),
        ]

        for token, detail in cases:
            answer = await service.client.get(ada.proxied, headers={"Cookie": f"{COOKIE}={token}"})
            assert_refused(answer, 401, detail)

    @pytest.mark.parametrize("authorization", ["Bearer x", "Basic dTpw", "", "Bearer {bob}"])
    async def test_a_requests_own_authorization_is_ignored(
        self, client: httpx.AsyncClient, ada: SignedUp, bob: SignedUp, authorization: str
    ) -> None:
        headers = ada.cookie | {"Authorization": authorization.format(bob=bob.token)}

        own = await client.get(ada.proxied, headers=headers)
        bobs = await client.get(bob.proxied, headers=headers)

        assert (own.status_code, own.content) == (200, b"[]")
        assert_refused(bobs, 403, "Access denied: user_id mismatch")

    async def test_anothers_path_is_refused_before_the_body_is_read(
        self, client: httpx.AsyncClient, ada: SignedUp, bob: SignedUp
    ) -> None:
        body = Unread()

        answer = await client.post(ada.proxied, headers=bob.cookie, content=body)

        assert_refused(answer, 403, "Access denied: user_id mismatch")
        assert not body.read

    @pytest.mark.parametrize(
        "cookies",
        [
            [COOKIE + "={ada}"],
            [COOKIE + '="{ada}"'],
            ["a=b; " + COOKIE + "={ada}; c=d"],
            ["a=b;" + COOKIE + "={ada};"],
            ["a=b", COOKIE + "={ada}"],
            ["=; ;; a; " + COOKIE + " = {ada} "],
            [COOKIE + "={ada}; " + COOKIE + "={ada}"],
            [COOKIE + "={ada}; " + COOKIE + '="{ada}"'],
            ["__Secure-" + COOKIE + "={ada}"],
            ["__Secure-" + COOKIE + "=x; " + COOKIE + "={ada}"],
            ["\xff=\xff; " + COOKIE + "={ada}"],
        ],
        ids=ascii,
    )
    async def test_the_cookie_is_found_as_browsers_and_their_proxies_send_it(
        self, client: httpx.AsyncClient, ada: SignedUp, cookies: list[str]
    ) -> None:
        headers = [(b"Cookie", cookie.format(ada=ada.token).encode("latin-1")) for cookie in cookies]

        assert (await client.get(ada.proxied, headers=headers)).status_code == 200

    @pytest.mark.parametrize("together", [True, False])
    async def test_two_cookies_that_differ_are_as_good_as_none(
        self, client: httpx.AsyncClient, ada: SignedUp, bob: SignedUp, *, together: bool
    ) -> None:
        pair = [f"{COOKIE}={ada.token}", f"{COOKIE}={bob.token}"]
        headers = [("Cookie", cookie) for cookie in (["; ".join(pair)] if together else pair)]

        answer = await client.get(ada.proxied, headers=headers)

        assert (answer.status_code, answer.json()) == (401, NO_COOKIE)

    async def test_a_token_of_another_holder_of_the_secret_is_taken(self, service: Service) -> None:
        somebody = service.vouched_for("usr_proxied")

        answer = await service.client.post(somebody.proxied, headers=somebody.cookie, json={"title": "first"})

        assert answer.status_code == 201


class TestWhatCanBeReached:
    @pytest.mark.parametrize(
        "path",
        [
            "auth/session",
            "auth/get-session",
            "auth/login",
            "auth/signup",
            "auth/logout",
            "auth/tasks",
            "auth/tasks/1",
            "proxy/tasks",
            "proxy/tasks/1",
            "proxy/usr_x/tasks",
            "auth",
            "proxy",
            "",
            "usr_x",
            "usr_x/other",
            "usr_x/tasks/1/2/3",
            "/auth/session",
            "%2e%2e/auth/session",
            "x/%2e%2e/auth/session",
            "%61uth/session",
            "auth%2fsession",
            "..%2fauth%2fsession",
            "http://example.com/",
            "openapi.json",
        ],
    )
    async def test_what_is_no_task_path_is_not_found(self, client: httpx.AsyncClient, ada: SignedUp, path: str) -> None:
        for headers in (ada.cookie, {}):
            answer = await client.get(f"/api/proxy/{path}", headers=headers)
            assert (answer.status_code, answer.json()["detail"]) == (404, "Not Found")
            assert "set-cookie" not in answer.headers

    async def test_a_user_called_like_a_part_of_the_service_has_no_way_in(self, service: Service) -> None:
        for name in ("auth", "proxy"):
            somebody = service.vouched_for(name)
            for path, headers in ((somebody.tasks, somebody.headers), (somebody.proxied, somebody.cookie)):
                for method in ("GET", "POST"):
                    answer = await service.client.request(method, path, headers=headers, json={"title": "a"})
                    assert answer.status_code in {404, 405}


class TestSliding:
    async def test_the_first_use_after_a_day_sets_the_next_cookie(self, service: Service) -> None:
        client = service.client
        ada = await service.signed_up()
        service.clock.turn(timedelta(days=1, milliseconds=-1))
        early = await client.get(ada.proxied, headers=ada.cookie)
        service.clock.turn(timedelta(milliseconds=1))
        due = await client.post(ada.proxied, headers=ada.cookie, json={"title": "a"})
        again = await client.get(ada.proxied, headers=ada.cookie)

        token = cookie_value(due)
        assert due.status_code == 201
        assert due.headers.get_list("set-cookie") == [
            f"{COOKIE}={token}; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax"
        ]
        assert "set-cookie" not in early.headers
        assert "set-cookie" not in again.headers
        assert (await client.get(ada.proxied, headers={"Cookie": f"{COOKIE}={token}"})).status_code == 200

    @pytest.mark.parametrize(
        ("method", "rest", "status"),
        [("GET", "/0", 404), ("POST", "", 422), ("GET", "/x", 422), ("DELETE", "/0", 404)],
    )
    async def test_a_refused_call_is_a_use_too(self, service: Service, method: str, rest: str, status: int) -> None:
        ada = await service.signed_up()
        service.clock.turn(timedelta(days=1))

        answer = await service.client.request(method, ada.proxied + rest, headers=ada.cookie)

        assert answer.status_code == status
        assert cookie_value(answer) != ada.token

    async def test_the_task_api_sets_no_cookie(self, service: Service) -> None:
        ada = await service.signed_up()
        service.clock.turn(timedelta(days=1))

        assert "set-cookie" not in (await service.client.get(ada.tasks, headers=ada.headers)).headers

    async def test_it_is_secure_where_the_service_is(self) -> None:
        async with Service(base_url="https://todo.example.com") as service:
            ada = await service.signed_up()
            service.clock.turn(timedelta(days=1))

            answer = await service.client.get(ada.proxied, headers=ada.cookie)

            assert answer.headers["set-cookie"].endswith("; HttpOnly; SameSite=Lax; Secure")


class TestWritesOfOtherSites:
    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
    async def test_they_are_refused_before_anything_else(
        self, client: httpx.AsyncClient, ada: SignedUp, method: str
    ) -> None:
        path = {"POST": "", "PATCH": "/1/complete"}.get(method, "/1")
        body = Unread()

        for credentials in (ada.cookie, {}):
            headers = credentials | {"Origin": "https://evil.example.com", "Sec-Fetch-Site": "cross-site"}
            answer = await client.request(method, ada.proxied + path, headers=headers, content=body)
            assert (answer.status_code, answer.json()) == (403, FORBIDDEN)
        assert not body.read

    async def test_those_of_our_own_pages_are_not(self, client: httpx.AsyncClient, ada: SignedUp) -> None:
        headers = ada.cookie | {"Origin": OWN_ORIGIN, "Sec-Fetch-Site": "same-origin"}

        assert (await client.post(ada.proxied, headers=headers, json={"title": "a"})).status_code == 201
