import httpx
import pytest

from tests.unit.http.service import FRIEND, Service, SignedUp

PATHS = ["/api/usr_x/tasks", "/api/usr_x/tasks/1/complete", "/api/proxy/usr_x/tasks", "/api/auth/login", "/"]
METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH"]
STRANGERS = [
    "https://evil.example.com",
    "http://localhost:3000.evil.example.com",
    "http://localhost:30000",
    "http://localhost:300",
    "http://localhost",
    "https://localhost:3000",
    "http://LOCALHOST:3000",
    "HTTP://localhost:3000",
    "http://localhost:3000/",
    "http://evil.example.com#http://localhost:3000",
    "http://sub.localhost:3000",
    "http://127.0.0.1:3000",
    "null",
    "*",
    "",
    "http://localhost:3000, http://localhost:3000",
]


async def preflight(
    client: httpx.AsyncClient, path: str, origin: str, method: str = "GET", wanted: str | None = None
) -> httpx.Response:
    headers = {"Origin": origin, "Access-Control-Request-Method": method}
    if wanted is not None:
        headers["Access-Control-Request-Headers"] = wanted
    return await client.options(path, headers=headers)


def listed(answer: httpx.Response, name: str) -> set[str]:
    return {item.strip().lower() for line in answer.headers.get_list(name) for item in line.split(",")}


def assert_let_in(answer: httpx.Response, origin: str = FRIEND) -> None:
    assert answer.headers.get_list("access-control-allow-origin") == [origin]
    assert answer.headers.get_list("access-control-allow-credentials") == ["true"]
    assert "origin" in listed(answer, "vary")


def assert_kept_out(answer: httpx.Response) -> None:
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers.get_list("access-control-allow-credentials") == ["true"]
    assert "origin" in listed(answer, "vary")


class TestPreflights:
    @pytest.mark.parametrize("path", PATHS)
    async def test_a_friend_may_use_every_method_without_a_token(self, client: httpx.AsyncClient, path: str) -> None:
        for method in METHODS:
            answer = await preflight(client, path, FRIEND, method, "Authorization, Content-Type")

            assert (answer.status_code, answer.text) == (200, "OK")
            assert answer.headers["content-type"].startswith("text/plain")
            assert listed(answer, "access-control-allow-methods") >= {method.lower() for method in METHODS}
            assert listed(answer, "access-control-allow-headers") >= {"authorization", "content-type"}
            assert answer.headers["access-control-max-age"] == "600"
            assert_let_in(answer)

    @pytest.mark.parametrize(
        "wanted",
        [None, "", "authorization", "AUTHORIZATION,content-type", " Content-Type ,Accept, Accept-Language", "if-match"],
    )
    async def test_these_headers_may_be_sent(self, client: httpx.AsyncClient, wanted: str | None) -> None:
        assert (await preflight(client, PATHS[0], FRIEND, "POST", wanted)).text == "OK"

    @pytest.mark.parametrize("origin", STRANGERS)
    async def test_a_stranger_is_kept_out(self, client: httpx.AsyncClient, origin: str) -> None:
        answer = await preflight(client, PATHS[0], origin)

        assert (answer.status_code, answer.text) == (400, "Disallowed CORS origin")
        assert answer.headers["content-type"].startswith("text/plain")
        assert_kept_out(answer)

    @pytest.mark.parametrize("method", ["TRACE", "CONNECT", "FOO", "get", "", "GET, POST", "*"])
    async def test_other_methods_are_refused(self, client: httpx.AsyncClient, method: str) -> None:
        answer = await preflight(client, PATHS[0], FRIEND, method)

        assert (answer.status_code, answer.text) == (400, "Disallowed CORS method")
        assert_let_in(answer)

    @pytest.mark.parametrize("wanted", ["X-Other", "authorization, x-other", "*", "cookie", "content-type;x"])
    async def test_other_headers_are_refused(self, client: httpx.AsyncClient, wanted: str) -> None:
        answer = await preflight(client, PATHS[0], FRIEND, "GET", wanted)

        assert (answer.status_code, answer.text) == (400, "Disallowed CORS headers")
        assert_let_in(answer)

    async def test_a_stranger_is_told_of_the_origin_first(self, client: httpx.AsyncClient) -> None:
        answer = await preflight(client, PATHS[0], "https://evil.example.com", "FOO", "X-Other")

        assert answer.text == "Disallowed CORS origin"


async def each_kind_of_answer(service: Service, ada: SignedUp, origin: str | None) -> dict[int, httpx.Response]:
    """One answer of each status the task side knows."""
    client = service.client
    headers = ada.headers | ({} if origin is None else {"Origin": origin})
    anonymous = {name: value for name, value in headers.items() if name != "Authorization"}
    answers = [
        await client.get(ada.tasks, headers=headers),
        await client.post(ada.tasks, headers=headers, json={"title": "a"}),
        await client.get(ada.tasks, headers=anonymous),
        await client.get("/api/usr_other/tasks", headers=headers),
        await client.get(f"{ada.tasks}/0", headers=headers),
        await client.patch(ada.tasks, headers=headers),
        await client.post(ada.tasks, headers=headers, json={}),
        await client.post(ada.tasks, headers=headers, content=b" " * 300_000),
    ]
    service.trouble.error = lambda: RuntimeError("a fault of ours")
    answers.append(await client.get(ada.tasks, headers=headers))
    service.trouble.error = None
    return {answer.status_code: answer for answer in answers}


class TestAnswers:
    async def test_a_friend_may_read_every_kind(self, service: Service) -> None:
        answers = await each_kind_of_answer(service, await service.signed_up(), FRIEND)

        assert set(answers) == {200, 201, 401, 403, 404, 405, 413, 422, 500}
        for answer in answers.values():
            assert_let_in(answer)

    async def test_a_stranger_may_read_none(self, service: Service) -> None:
        answers = await each_kind_of_answer(service, await service.signed_up(), "https://evil.example.com")

        for answer in answers.values():
            assert_kept_out(answer)

    async def test_without_an_origin_nothing_is_said_of_it(self, service: Service) -> None:
        answers = await each_kind_of_answer(service, await service.signed_up(), None)

        for answer in answers.values():
            assert not [name for name in answer.headers if name.startswith("access-control-")]
            assert "origin" not in listed(answer, "vary")

    async def test_status_and_body_do_not_depend_on_the_origin(self, service: Service) -> None:
        ada = await service.signed_up()
        task = await service.add_task(ada)
        friends, strangers, ours = [
            await each_kind_of_answer(service, ada, origin) for origin in (FRIEND, "https://evil.example.com", None)
        ]

        for status, answer in ours.items():
            if status in {200, 201}:
                continue  # each round adds a task
            assert answer.content == friends[status].content == strangers[status].content
        contents = {
            (await service.client.get(f"{ada.tasks}/{task['id']}", headers=ada.headers | headers)).content
            for headers in ({"Origin": FRIEND}, {"Origin": "null"}, {})
        }
        assert len(contents) == 1

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/"),
            ("GET", "/docs"),
            ("GET", "/openapi.json"),
            ("GET", "/nothing"),
            ("GET", "/api/auth/session"),
            ("GET", "/api/auth/nothing"),
            ("PUT", "/api/auth/session"),
            ("POST", "/api/auth/login"),
            ("GET", "/api/proxy/usr_x/tasks"),
            ("POST", "/api/proxy/usr_x/tasks"),
            ("GET", "/api/proxy/auth/session"),
            ("HEAD", "/"),
            ("OPTIONS", "/api/usr_x/tasks"),
            ("TRACE", "/"),
        ],
    )
    async def test_it_holds_for_every_path(self, client: httpx.AsyncClient, method: str, path: str) -> None:
        assert_let_in(await client.request(method, path, headers={"Origin": FRIEND}))
        assert_kept_out(await client.request(method, path, headers={"Origin": "https://evil.example.com"}))

    @pytest.mark.parametrize("origin", STRANGERS)
    async def test_what_only_looks_like_a_friend_is_kept_out(self, client: httpx.AsyncClient, origin: str) -> None:
        assert_kept_out(await client.get("/", headers={"Origin": origin}))

    async def test_each_of_several_friends_is_answered_with_its_own_name(self) -> None:
        friends = ["https://app.example.com", "http://localhost:5173"]

        async with Service(cors_origins=friends) as service:
            for friend in friends:
                assert_let_in(await service.client.get("/", headers={"Origin": friend}), friend)
            assert_kept_out(await service.client.get("/", headers={"Origin": FRIEND}))

    async def test_scripts_may_read_what_they_need(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/", headers={"Origin": FRIEND})

        assert listed(answer, "access-control-expose-headers") >= {
            "idempotency-replayed",
            "retry-after",
            "set-auth-token",
            "www-authenticate",
            "x-request-id",
            "x-retry-after",
        }
