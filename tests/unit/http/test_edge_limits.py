"""What is refused before a route sees it, and what becomes of requests that nobody answers."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from tests.unit.http.service import Service, SignedUp, Unread, spoken
from todo.domain.errors import StoreOutdated, StoreUnavailable
from todo.entrypoints.http.edge import Edge
from todo.entrypoints.http.edge.aside import DRAIN, Readiness, asides
from todo.entrypoints.http.edge.client import TrustedProxies
from todo.entrypoints.http.edge.cors import Cors
from todo.entrypoints.http.edge.headers import AnswerHeaders

SIDES = {
    "/api/usr_x/tasks": "detail",
    "/api/proxy/usr_x/tasks": "detail",
    "/api/auth/login": "message",
    "/nothing": "detail",
}


async def ready() -> None:
    pass


def edge_around(app: Callable[..., Any], **options: Any) -> Edge:
    return Edge(
        app,
        cors=Cors(["http://localhost:3000"]),
        headers=AnswerHeaders(secure=False),
        proxies=TrustedProxies([]),
        aside=asides(Readiness(ready), None),
        **options,
    )


def over(app: object) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000")  # type: ignore[arg-type]


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
    """By the service: the tests' own client speaks, too."""
    return [(record.levelno, record.getMessage()) for record in caplog.records if record.name.startswith("todo")]


class TestAddresses:
    @pytest.mark.parametrize("path", SIDES)
    async def test_a_query_that_is_too_long_is_refused_by_each_side(self, client: httpx.AsyncClient, path: str) -> None:
        longest, too_long = ("?q=" + "x" * (4_096 - 2), "?q=" + "x" * (4_096 - 1))

        assert (await client.get(path + longest)).status_code != 414
        answer = await client.get(path + too_long)
        assert answer.status_code == 414
        assert set(answer.json()) == {SIDES[path], "code"}

    @pytest.mark.parametrize("path", SIDES)
    async def test_so_is_one_with_too_many_pairs(self, client: httpx.AsyncClient, path: str) -> None:
        assert (await client.get(path + "?" + "&".join(["a=b"] * 50))).status_code in {401, 404}
        answer = await client.get(path + "?" + "&".join(["a=b"] * 51))
        assert (answer.status_code, answer.json()["code"]) == (400, "BAD_REQUEST")

    async def test_so_is_a_path_that_is_too_long(self, client: httpx.AsyncClient) -> None:
        assert (await client.get("/" + "x" * 8_191)).status_code == 404
        assert (await client.get("/" + "x" * 8_192)).status_code == 414
        assert (await client.get("/" + "%e4" * 2_731)).status_code == 414  # counted as it was sent

    async def test_pages_of_other_origins_may_read_the_refusal(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/?" + "x" * 5_000, headers={"Origin": "http://localhost:3000"})

        assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"


class TestBodiesThatNobodyHasRead:
    @pytest.mark.parametrize(
        ("path", "status"), [("/api/usr_x/tasks", 401), ("/api/proxy/usr_x/tasks", 401), ("/nothing", 404)]
    )
    async def test_a_refusal_ends_the_connection(self, client: httpx.AsyncClient, path: str, status: int) -> None:
        body = Unread()

        answer = await client.post(path, content=body)

        assert (answer.status_code, body.read) == (status, False)
        assert answer.headers["connection"] == "close"

    async def test_so_does_one_of_a_body_that_is_too_large(self, service: Service, ada: SignedUp) -> None:
        answer = await service.client.post(ada.tasks, headers=ada.headers, content=b"x" * 300_000)

        assert (answer.status_code, answer.headers["connection"]) == (413, "close")

    async def test_who_has_sent_all_and_was_heard_stays_connected(self, service: Service, ada: SignedUp) -> None:
        for content in (b'{"title":""}', b'{"title":"a"}', b"{"):
            answer = await service.client.post(ada.tasks, headers=ada.headers, content=content)
            assert "connection" not in answer.headers
        assert "connection" not in (await service.client.get("/nothing")).headers

    async def test_a_small_one_that_a_route_leaves_alone_does_no_harm(self, service: Service, ada: SignedUp) -> None:
        task = await service.add_task(ada)
        path = f"{ada.tasks}/{task['id']}/complete"

        small = await service.client.patch(path, headers=ada.headers, content=b"{}")
        large = await service.client.patch(path, headers=ada.headers, content=b"x" * 9_000)
        unending = await service.client.patch(path, headers=ada.headers, content=Unread())

        assert [answer.status_code for answer in (small, large, unending)] == [200] * 3
        assert [answer.headers.get("connection") for answer in (small, large, unending)] == [None, "close", "close"]


class Waiting:
    """An application that answers nobody until it is told to."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.asked = asyncio.Semaphore(0)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.release()
        await self.go_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"at last", "more_body": False})


class TestTooManyAtOnce:
    @pytest.mark.parametrize("path", SIDES)
    async def test_the_next_one_hears_at_once_when_to_come_again(self, path: str) -> None:
        app = Waiting()
        async with over(edge_around(app, most_in_flight=3)) as client:
            waiting = [asyncio.create_task(client.get("/")) for _ in range(3)]
            for _ in waiting:
                await app.asked.acquire()

            refused = await client.get(path)
            well = await client.get("/healthz")
            app.go_on.set()
            answers = await asyncio.gather(*waiting)

            assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
            assert (set(refused.json()), refused.json()["code"]) == ({SIDES[path], "code"}, "SERVICE_UNAVAILABLE")
            assert well.status_code == 200
            assert [answer.text for answer in answers] == ["at last"] * 3
            assert (await client.get("/")).status_code == 200

    async def test_an_answer_that_goes_on_keeps_no_place(self) -> None:
        begun, end = asyncio.Event(), asyncio.Event()

        async def stream(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            begun.set()
            await (end.wait() if scope["path"] == "/stream" else asyncio.sleep(0))
            await send({"type": "http.response.body", "body": b"", "more_body": False})

        async with over(edge_around(stream, most_in_flight=1)) as client:
            streaming = asyncio.create_task(client.get("/stream"))
            await begun.wait()

            answer = await client.get("/")
            end.set()
            await streaming

            assert answer.status_code == 200

    async def test_who_does_not_send_a_body_keeps_nobody_out(self) -> None:
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def read(scope: Any, receive: Any, send: Any) -> None:
            while scope["method"] == "POST" and (await receive()).get("more_body"):
                pass
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"", "more_body": False})

        async def silent() -> AsyncIterator[bytes]:
            yield b"{"
            begun.set()
            await go_on.wait()
            yield b"}"

        async with over(edge_around(read, most_in_flight=1)) as client:
            sending = asyncio.create_task(client.post("/", content=silent()))
            await begun.wait()

            meanwhile = await client.get("/")
            go_on.set()

            assert meanwhile.status_code == 200
            assert (await sending).status_code == 200


class TestAnAnswerThatDoesNotCome:
    @pytest.mark.parametrize("path", SIDES)
    async def test_it_is_given_up_in_the_words_of_each_side(self, path: str, caplog: pytest.LogCaptureFixture) -> None:
        async with over(edge_around(Waiting(), patience=0.0)) as client:
            answer = await client.get(path)
            again = await client.get(path)

        for given_up in (answer, again):
            assert (given_up.status_code, given_up.headers["retry-after"]) == (503, "1")
            assert set(given_up.json()) == {SIDES[path], "code"}
        assert told(caplog) == [(logging.WARNING, "given up: no answer within 0 s")] * 2

    async def test_one_that_has_begun_may_take_its_time(self) -> None:
        async def slow(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await asyncio.sleep(1.2)
            await send({"type": "http.response.body", "body": b"all of it", "more_body": False})

        async with over(edge_around(slow, patience=0.0)) as client:
            assert (await client.get("/")).text == "all of it"

    async def test_somebody_elses_end_is_passed_on(self) -> None:
        async with over(edge_around(Waiting())) as client:
            asked = asyncio.create_task(client.get("/"))
            await asyncio.sleep(0.01)
            asked.cancel()

            with pytest.raises(asyncio.CancelledError):
                await asked


async def broken(scope: Any, receive: Any, send: Any) -> None:
    raise RuntimeError("the secret cause")


class TestAFaultOutsideOfTheRoutes:
    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("/api/usr_x/tasks", {"detail": "Internal Server Error", "code": "INTERNAL_SERVER_ERROR"}),
            ("/api/auth/login", {"message": "Internal Server Error", "code": "INTERNAL_SERVER_ERROR"}),
            ("/api/proxy/usr_x/tasks", {"error": "Internal Server Error", "message": "Failed to proxy request"}),
        ],
    )
    async def test_it_is_500_in_the_words_of_each_side_and_told_once(
        self, path: str, body: dict[str, str], caplog: pytest.LogCaptureFixture
    ) -> None:
        async with over(edge_around(broken)) as client:
            answer = await client.get(path)

        assert (answer.status_code, answer.json()) == (500, body)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert told(caplog) == [(logging.ERROR, "an unexpected error: RuntimeError")]

    async def test_an_answer_that_breaks_off_is_left_to_the_server(self, caplog: pytest.LogCaptureFixture) -> None:
        async def breaks_off(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            raise RuntimeError

        with pytest.raises(RuntimeError):
            await spoken(edge_around(breaks_off), "GET", "/")
        assert told(caplog) == []


class TestAside:
    """Asked by machines that operate the service."""

    async def test_the_process_is_well_whatever_the_store_says(self, service: Service) -> None:
        service.trouble.error = RuntimeError

        answer = await service.client.get("/healthz")

        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        assert answer.headers["cache-control"] == "no-store"

    async def test_ready_is_who_can_work(self) -> None:
        async with Service() as service:
            answer = await service.client.get("/readyz")

        assert (answer.status_code, answer.json()) == (200, {"status": "ready"})

    @pytest.mark.parametrize(
        ("trouble", "reason"),
        [(StoreUnavailable, "database"), (StoreOutdated, "schema"), (TimeoutError, "database")],
    )
    async def test_who_cannot_says_what_is_in_the_way(self, trouble: type[Exception], reason: str) -> None:
        async with Service() as service:
            service.trouble.error = trouble
            answer = await service.client.get("/readyz")

        assert (answer.status_code, answer.json()) == (503, {"status": "not ready", "reason": reason})
        assert answer.headers["retry-after"] == "1"

    async def test_who_is_told_to_stop_is_not_ready_any_more(self) -> None:
        drain = asyncio.Event()
        app = edge_around(broken)

        async def with_drain(scope: Any, receive: Any, send: Any) -> None:
            await app(scope | {"state": {DRAIN: drain}}, receive, send)

        async with over(with_drain) as client:
            before = await client.get("/readyz")
            drain.set()
            after, alive = await client.get("/readyz"), await client.get("/healthz")

        assert (before.status_code, after.status_code, alive.status_code) == (200, 503, 200)
        assert after.json()["reason"] == "draining"

    async def test_many_who_ask_at_once_are_one_question_to_the_store(self) -> None:
        asked = 0

        async def count() -> None:
            nonlocal asked
            asked += 1
            await asyncio.sleep(0)

        readiness = Readiness(count)
        await asyncio.gather(*(readiness.obstacle({"state": {}}) for _ in range(50)))  # type: ignore[typeddict-item]

        assert asked == 1

    @pytest.mark.parametrize("path", ["/healthz", "/readyz"])
    async def test_they_only_read(self, client: httpx.AsyncClient, path: str) -> None:
        head = await client.head(path)
        refused = await client.post(path)

        assert (head.status_code, head.content) == (200, b"")
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")

    async def test_pages_of_other_origins_have_no_business_there(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/healthz", headers={"Origin": "http://localhost:3000"})

        assert "access-control-allow-origin" not in answer.headers
