"""What clients see when the service itself fails: each side's words, and nothing of the cause."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.logbook import a_logbook
from tests.unit.http.service import PASSWORD, Service, SignedUp, spoken
from todo.domain.errors import Busy, StoreUnavailable

SECRET_CAUSE = "the secret cause"
BODY = {"email": "ada@example.com", "password": PASSWORD}
AUTH = [
    ("POST", "/api/auth/signup"),
    ("POST", "/api/auth/sign-up/email"),
    ("POST", "/api/auth/login"),
    ("POST", "/api/auth/sign-in/email"),
    ("POST", "/api/auth/logout"),
    ("POST", "/api/auth/sign-out"),
    ("GET", "/api/auth/session"),
    ("GET", "/api/auth/get-session"),
]
TASKS = [
    ("GET", ""),
    ("POST", ""),
    ("GET", "/1"),
    ("PUT", "/1"),
    ("DELETE", "/1"),
    ("PATCH", "/1/complete"),
]


def unforeseen() -> Exception:
    return RuntimeError(SECRET_CAUSE)


async def task_call(service: Service, person: SignedUp, method: str, rest: str, *, proxied: bool) -> httpx.Response:
    path = (person.proxied if proxied else person.tasks) + rest
    headers = person.cookie if proxied else person.headers
    return await service.client.request(method, path, headers=headers, json={"title": "a"})


class TestAFaultOfOurs:
    @pytest.mark.parametrize(("method", "rest"), TASKS)
    async def test_it_is_500_in_the_words_of_each_side(self, service: Service, method: str, rest: str) -> None:
        ada, foreign = await service.signed_up(), service.vouched_for("usr_foreign")
        service.trouble.error = unforeseen

        for person in (ada, foreign):
            direct = await task_call(service, person, method, rest, proxied=False)
            proxied = await task_call(service, person, method, rest, proxied=True)

            assert (direct.status_code, direct.json()) == (
                500,
                {"detail": "Internal Server Error", "code": "INTERNAL_SERVER_ERROR"},
            )
            assert (proxied.status_code, proxied.json()) == (
                500,
                {"error": "Internal Server Error", "message": "Failed to proxy request"},
            )
            for answer in (direct, proxied):
                assert answer.headers["content-type"] == "application/json"

    async def test_it_is_500_with_a_message_when_signing_in(self, service: Service) -> None:
        ada = await service.signed_up()
        service.trouble.error = unforeseen

        for method, path in AUTH:
            answer = await service.client.request(method, path, headers=ada.cookie, json=BODY)
            assert (path, answer.status_code) == (path, 500)
            assert set(answer.json()) == {"message", "code"}
            assert isinstance(answer.json()["message"], str)
            assert SECRET_CAUSE not in answer.text
            assert "RuntimeError" not in answer.text
            assert "set-cookie" not in answer.headers


class TestAStoreThatIsAway:
    """It answers 503, says when to ask again, and never that somebody is signed out."""

    @pytest.mark.parametrize(("method", "rest"), TASKS)
    async def test_tasks_answer_503_on_both_sides(self, service: Service, method: str, rest: str) -> None:
        ada, foreign = await service.signed_up(), service.vouched_for("usr_foreign")
        service.trouble.error = StoreUnavailable

        for person in (ada, foreign):
            for proxied in (False, True):
                answer = await task_call(service, person, method, rest, proxied=proxied)
                assert answer.status_code == 503
                assert isinstance(answer.json()["detail"], str)
                assert int(answer.headers["retry-after"]) >= 1
                assert "www-authenticate" not in answer.headers

    async def test_signing_in_answers_503_and_leaves_the_cookie(self, service: Service) -> None:
        ada = await service.signed_up()
        service.trouble.error = StoreUnavailable

        for method, path in AUTH:
            answer = await service.client.request(method, path, headers=ada.cookie, json=BODY)
            assert (path, answer.status_code) == (path, 503)
            assert set(answer.json()) == {"message", "code"}
            assert int(answer.headers["retry-after"]) >= 1
            assert answer.headers["cache-control"] == "no-store"
            assert "set-cookie" not in answer.headers

    async def test_who_is_signed_out_can_be_told_without_it(self, service: Service) -> None:
        service.trouble.error = StoreUnavailable

        assert (await service.client.get("/api/auth/session")).json() is None

    async def test_a_bad_token_is_refused_without_it(self, service: Service) -> None:
        ada = await service.signed_up()
        service.trouble.error = StoreUnavailable

        answer = await service.client.get(ada.tasks, headers={"Authorization": f"Bearer {ada.token}x"})

        assert answer.status_code == 401

    async def test_when_it_is_back_everything_is_as_before(self, service: Service) -> None:
        ada = await service.signed_up()
        task = await service.add_task(ada)
        service.trouble.error = StoreUnavailable
        await service.client.get(ada.tasks, headers=ada.headers)
        service.trouble.error = None

        assert (await service.client.get(ada.tasks, headers=ada.headers)).json() == [task]

    async def test_too_much_at_once_is_503_too(self, service: Service) -> None:
        ada = await service.signed_up()
        service.trouble.error = Busy

        for proxied in (False, True):
            answer = await task_call(service, ada, "GET", "", proxied=proxied)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


class TestAClientThatGoes:
    @pytest.mark.parametrize(
        ("method", "path", "kind"),
        [
            ("POST", "/api/{id}/tasks", b"application/json"),
            ("PATCH", "/api/{id}/tasks/1/complete", b"application/json"),
            ("PUT", "/api/proxy/{id}/tasks/1", b"application/json"),
            ("POST", "/api/auth/login", b"application/json"),
            ("POST", "/api/auth/sign-in/email", b"application/x-www-form-urlencoded"),
            ("POST", "/login", b"application/x-www-form-urlencoded"),
            ("POST", "/tasks", b"application/x-www-form-urlencoded"),
        ],
    )
    async def test_in_the_middle_of_a_body_is_no_fault_of_ours(self, method: str, path: str, kind: bytes) -> None:
        with a_logbook() as book:
            async with Service(log=book.log) as service:
                ada = await service.signed_up()
                headers = {name.lower().encode(): value.encode() for name, value in (ada.headers | ada.cookie).items()}
                headers |= {b"content-type": kind, b"content-length": b"100", b"idempotency-key": b"a"}
                said = await spoken(cut_off(service.app), method, path.format(id=ada.id), list(headers.items()))

            assert said[0]["status"] == 400
            assert [line for line in book.lines if "exception" in line] == []


def cut_off(app: object) -> Callable[..., Any]:
    """The application, asked by somebody who sends half a body and hangs up."""

    async def ask(scope: object, _: object, send: object) -> None:
        messages: Iterator[dict[str, object]] = iter(
            [{"type": "http.request", "body": b'{"title', "more_body": True}, {"type": "http.disconnect"}]
        )

        async def receive() -> dict[str, object]:
            return next(messages)

        await app(scope, receive, send)  # type: ignore[operator]

    return ask
