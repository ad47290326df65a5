"""What the service says of its requests: a line for each, the audit trail, and never a secret."""

import re
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.builders import SECRET
from tests.logbook import Logbook, a_logbook
from tests.unit.http.routes import ROUTES
from tests.unit.http.service import JWT_SHAPE, PASSWORD, Service, SignedUp, spoken
from tests.unit.http.test_sweeps import FITTING, filled

FIELDS = {
    "ts",
    "level",
    "event",
    "request_id",
    "method",
    "route",
    "status",
    "user_id",
    "duration_ms",
    "client",
    "worker",
}
AUDIT = {"ts", "level", "event", "logger", "request_id", "client", "worker"}
CANARY = "canary-7391"


@pytest.fixture
def logbook() -> Iterator[Logbook]:
    with a_logbook(secrets=[SECRET]) as book:
        yield book


@pytest.fixture
async def logged(logbook: Logbook) -> AsyncIterator[Service]:
    async with Service(log=logbook.log) as service:
        yield service


class TestRequests:
    async def test_each_has_one_line_with_what_it_was(self, logged: Service, logbook: Logbook) -> None:
        ada = await logged.signed_up()
        await logged.client.get(f"{ada.tasks}/7?q={CANARY}", headers=ada.headers)

        line = [line for line in logbook.lines if line["event"] == "request"][-1]
        assert set(line) == FIELDS
        assert (
            line.items()
            >= {
                "level": "info",
                "request_id": "test",
                "method": "GET",
                "route": "/api/{user_id}/tasks/{task_id}",
                "status": 404,
                "user_id": ada.id,
                "client": "127.0.0.1",
            }.items()
        )
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["ts"])
        assert 0 <= line["duration_ms"] < 60_000

    @pytest.mark.parametrize(
        ("method", "path", "route"),
        [
            ("GET", f"/{CANARY}", None),
            ("DELETE", f"/api/{CANARY}/tasks", None),
            ("HEAD", f"/docs/assets/{CANARY}?{CANARY}", "/docs/assets/{name}"),
            ("OPTIONS", f"/{CANARY}", None),
            ("GET", f"/?{CANARY}&" + "&" * 60, None),
        ],
    )
    async def test_what_was_asked_for_stands_nowhere(
        self, logged: Service, logbook: Logbook, method: str, path: str, route: str | None
    ) -> None:
        await logged.client.request(method, path)

        (line,) = logbook.lines
        assert (line["method"], line["route"]) == (method, route)
        assert CANARY not in logbook.text

    async def test_health_is_not_told(self, logged: Service, logbook: Logbook) -> None:
        for path in ("/healthz", "/readyz"):
            await logged.client.get(path)

        assert logbook.lines == []

    async def test_a_fault_of_ours_is_told_with_its_request(self, logged: Service, logbook: Logbook) -> None:
        ada = await logged.signed_up()
        logged.trouble.error = RuntimeError
        await logged.client.get(ada.tasks, headers=ada.headers)

        told, request = logbook.lines[-2:]
        assert told["event"] == "an unexpected error: RuntimeError"
        assert told["request_id"] == request["request_id"] == "test"
        assert "Traceback" in told["exception"]
        assert (request["status"], request["level"]) == (500, "error")

    async def test_with_a_higher_level_only_faults_are_told(self) -> None:
        with a_logbook(level="warning") as book:
            async with Service(log=book.log) as service:
                ada = await service.signed_up()
                await service.client.get("/nothing")
                service.trouble.error = RuntimeError
                await service.client.get(ada.tasks, headers=ada.headers)

            assert book.events() == ["an unexpected error: RuntimeError", "request"]

    async def test_a_user_of_another_issuer_cannot_forge_a_line(self, logged: Service, logbook: Logbook) -> None:
        for name in ("usr\r\n{}", "usr\u2028x", "usr\x1b[2Jx"):
            them = logged.vouched_for(name)
            await logged.client.get(them.tasks, headers=them.headers)

        assert [line["user_id"] for line in logbook.lines] == ["usr\r\n{}", "usr\u2028x", "usr\x1b[2Jx"]
        assert logbook.text.isascii()


class TestTheAuditTrail:
    async def test_it_tells_what_happens_around_signing_in(self, logged: Service, logbook: Logbook) -> None:
        ada = await logged.signed_up()
        post, body = logged.client.post, {"email": ada.email, "password": PASSWORD}
        await post("/api/auth/login", json=body | {"password": "wrong password"})
        other = await logged.logged_in(ada)
        await post("/api/auth/revoke-other-sessions", headers=ada.cookie)
        await logged.client.get(other.tasks, headers=other.headers)
        await logged.client.get("/api/usr_other/tasks", headers=ada.headers)
        await post("/api/auth/logout", headers=ada.cookie | {"Origin": "https://evil.example.com"})
        changed = {"currentPassword": PASSWORD, "newPassword": "another password"}
        await post("/api/auth/change-password", headers=ada.cookie, json=changed)
        await post("/api/auth/logout", headers=ada.cookie)
        again = await post("/api/auth/login", json=body | {"password": "another password"})
        cookie = again.headers["set-cookie"].partition(";")[0]
        await post("/api/auth/delete-user", headers={"Cookie": cookie}, json={"password": "another password"})

        trail = [line for line in logbook.lines if line.get("logger") == "todo.audit"]
        assert [line["event"] for line in trail] == [
            "signup",
            "signin_fail",
            "signin_ok",
            "revoke",
            "token_refused",
            "owner_mismatch",
            "csrf_refused",
            "password_changed",
            "logout",
            "signin_ok",
            "account_deleted",
        ]
        for line in trail:
            assert line.keys() >= AUDIT
            assert (line["request_id"], line["client"]) == ("test", "127.0.0.1")
            assert re.fullmatch(r"[a-z0-9]{6}", line.get("sid", "aaaaaa"))
        assert {line["user_id"] for line in trail if "user_id" in line} == {ada.id}
        assert re.fullmatch(r"[0-9a-f]{16}", trail[1]["email_hash"])
        assert trail[5]["user_id"] == ada.id
        assert ada.email not in logbook.text

    async def test_it_tells_that_somebody_is_held_back(self, logged: Service, logbook: Logbook) -> None:
        ada = await logged.signed_up()
        for _ in range(11):
            body = {"email": ada.email, "password": "a wrong guess"}
            await logged.client.post("/api/auth/login", json=body)

        line = logbook.only("throttle")
        failed = [line["email_hash"] for line in logbook.lines if line["event"] == "signin_fail"]
        assert (line["reason"], line["level"], line["client"]) == ("TooManyAttempts", "warning", "127.0.0.1")
        assert {line["email_hash"]} == set(failed)
        assert ada.email not in logbook.text

    async def test_so_does_the_form_of_the_page(self, logged: Service, logbook: Logbook) -> None:
        ada = await logged.signed_up()
        for _ in range(11):
            await logged.client.post("/login", data={"email": ada.email, "password": "a wrong guess"})

        line = logbook.only("throttle")
        assert re.fullmatch(r"[0-9a-f]{16}", line["email_hash"])

    async def test_a_bad_token_is_told_on_both_sides_and_none_is_not(self, logged: Service, logbook: Logbook) -> None:
        for path in ("/api/usr_x/tasks", "/api/proxy/usr_x/tasks", "/api/auth/session"):
            await logged.client.get(path)
        assert "token_refused" not in logbook.events()

        for path in ("/api/usr_x/tasks", "/api/auth/session"):
            await logged.client.get(path, headers={"Authorization": "Bearer nonsense"})
        await logged.client.get("/api/proxy/usr_x/tasks", headers={"Cookie": "better-auth.session_token=x.y.z"})

        reasons = [line["reason"] for line in logbook.lines if line["event"] == "token_refused"]
        assert reasons == ["TokenInvalid"] * 3


class TestSecrets:
    async def test_none_stands_in_the_log_whatever_is_asked_and_whatever_fails(
        self, logged: Service, logbook: Logbook
    ) -> None:
        """A password, a token, a cookie and a query are sent to every route, in health and in trouble."""
        ada = await logged.signed_up()
        password = f"{CANARY} password"
        body = {"email": ada.email, "password": password, "token": CANARY, "title": CANARY, "newPassword": password}
        headers = ada.headers | {"Cookie": f"{ada.cookie['Cookie']}; x={CANARY}", "X-Secret": CANARY}
        for error in (None, lambda: RuntimeError(f"password={CANARY} postgresql://a:{CANARY}@x Bearer {ada.token}")):
            logged.trouble.error = error
            for method, path in ROUTES:
                address = filled(path, user_id=ada.id)
                for sent in (headers, {"Authorization": f"Bearer {ada.token}x"}):
                    fitting = FITTING.get(path, {}) | body
                    await logged.client.request(method, f"{address}?token={CANARY}", headers=sent, json=fitting)

        assert len(logbook.lines) > 2 * len(ROUTES)
        for secret in (CANARY, ada.token, SECRET, PASSWORD, ada.email):
            assert secret not in logbook.text
        assert re.search(JWT_SHAPE, logbook.text) is None


async def test_the_name_of_a_request_is_in_its_line(logged: Service, logbook: Logbook) -> None:
    start, *_ = await spoken(logged.app, "GET", "/", [(b"x-request-id", b"not harmless!")])

    assert dict(start["headers"])[b"x-request-id"].decode() == logbook.only("request")["request_id"]


async def test_without_a_log_nothing_is_lost(service: Service, ada: SignedUp) -> None:
    assert (await service.client.get(ada.tasks, headers=ada.headers)).status_code == 200
