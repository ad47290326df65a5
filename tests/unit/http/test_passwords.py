from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import quote

import httpx
import pytest

from tests.unit.http.service import (
    COOKIE,
    FRIEND,
    OWN_ORIGIN,
    PASSWORD,
    Service,
    SignedUp,
    assert_coded,
    cookie_value,
)
from todo.domain.model.letter import Purpose

HOUR = timedelta(hours=1)
MOMENT = timedelta(milliseconds=1)
NEW = "another password"
STRING = "Invalid input: expected string, received"
SENT = {"status": True, "message": "If this email exists in our system, check your email for the reset link"}


@pytest.fixture(scope="session")
async def service_without_mail() -> AsyncIterator[Service]:
    async with Service(mail=False) as service:
        yield service


async def change(service: Service, person: SignedUp, **body: object) -> httpx.Response:
    body = {"currentPassword": PASSWORD, "newPassword": NEW} | body
    return await service.client.post("/api/auth/change-password", headers=person.cookie, json=body)


async def reset(service: Service, **body: object) -> httpx.Response:
    return await service.client.post("/api/auth/reset-password", json={"newPassword": NEW} | body)


class TestChanging:
    async def test_the_new_password_is_the_only_one(self, service: Service, ada: SignedUp) -> None:
        answer = await change(service, ada)

        assert answer.status_code == 200
        assert set(answer.json()) == {"token", "user"}
        assert answer.json()["token"] is None
        assert answer.json()["user"]["id"] == ada.id
        assert "set-cookie" not in answer.headers
        assert await service.can_sign_in(ada, NEW)
        assert not await service.can_sign_in(ada)

    @pytest.mark.parametrize("revoke", [None, False])
    async def test_the_other_sessions_end_and_this_one_goes_on(
        self, service: Service, ada: SignedUp, bob: SignedUp, *, revoke: bool | None
    ) -> None:
        elsewhere = await service.logged_in(ada)

        await change(service, ada, **({} if revoke is None else {"revokeOtherSessions": revoke}))

        assert [await service.is_signed_in(person) for person in (ada, elsewhere, bob)] == [True, False, True]

    async def test_this_one_is_replaced_when_that_is_asked_for(self, service: Service, ada: SignedUp) -> None:
        elsewhere = await service.logged_in(ada)

        answer = await change(service, ada, revokeOtherSessions=True)

        token = cookie_value(answer)
        fresh = SignedUp(id=ada.id, email=ada.email, token=token)
        assert answer.headers["set-auth-token"] == token
        assert [await service.is_signed_in(person) for person in (ada, elsewhere, fresh)] == [False, False, True]
        current = await service.client.get("/api/auth/get-session", headers=fresh.cookie)
        assert current.json()["session"]["token"] == answer.json()["token"]

    @pytest.mark.parametrize(
        ("body", "code", "message"),
        [
            ({"currentPassword": "wrong"}, "INVALID_PASSWORD", "Invalid password"),
            ({"currentPassword": ""}, "INVALID_PASSWORD", "Invalid password"),
            ({"currentPassword": "wrong", "newPassword": "short"}, "PASSWORD_TOO_SHORT", "Password too short"),
            ({"currentPassword": "wrong", "newPassword": "x" * 129}, "PASSWORD_TOO_LONG", "Password too long"),
            ({"newPassword": ""}, "PASSWORD_TOO_SHORT", "Password too short"),
            (
                {"newPassword": None, "currentPassword": 1},
                "VALIDATION_ERROR",
                f"[body.newPassword] {STRING} null; [body.currentPassword] {STRING} number",
            ),
            (
                {"revokeOtherSessions": "yes"},
                "VALIDATION_ERROR",
                "[body.revokeOtherSessions] Invalid input: expected boolean, received string",
            ),
        ],
        ids=lambda value: f"{value!r:.40}",
    )
    async def test_what_is_refused_changes_nothing(
        self, service: Service, ada: SignedUp, body: dict[str, object], code: str, message: str
    ) -> None:
        elsewhere = await service.logged_in(ada)

        assert_coded(await change(service, ada, **body), 400, code, message)
        assert await service.is_signed_in(elsewhere)
        assert await service.can_sign_in(ada)

    @pytest.mark.parametrize("path", ["change-password", "verify-password"])
    async def test_it_takes_a_session_and_a_body_comes_first(self, service: Service, path: str) -> None:
        good = {"currentPassword": PASSWORD, "newPassword": NEW, "password": PASSWORD}
        visitor = service.vouched_for("visitor")

        for headers in ({}, {"Cookie": f"{COOKIE}=x"}, visitor.cookie, visitor.headers):
            bad, closed = [
                await service.client.post(f"/api/auth/{path}", headers=headers, json=body) for body in ({}, good)
            ]
            assert_coded(bad, 400, "VALIDATION_ERROR")
            assert_coded(closed, 401, "UNAUTHORIZED", "Unauthorized")


class TestConfirming:
    @pytest.mark.parametrize(
        ("password", "status", "code"),
        [
            (PASSWORD, 200, None),
            ("wrong", 400, "INVALID_PASSWORD"),
            ("", 400, "INVALID_PASSWORD"),
            ("x" * 129, 400, "PASSWORD_TOO_LONG"),
            (1, 400, "VALIDATION_ERROR"),
        ],
    )
    async def test_it_is_told_whether_it_is_the_password(
        self, service: Service, ada: SignedUp, password: object, status: int, code: str | None
    ) -> None:
        answer = await service.client.post("/api/auth/verify-password", headers=ada.cookie, json={"password": password})

        assert (answer.status_code, answer.json().get("code")) == (status, code)
        assert code is not None or answer.json() == {"status": True}


class TestAskingForAReset:
    async def test_every_address_gets_the_same_answer_and_a_known_one_a_letter(
        self, service: Service, ada: SignedUp
    ) -> None:
        body = {"redirectTo": f"{FRIEND}/new-password"}
        known, unknown = [
            await service.client.post("/api/auth/request-password-reset", json=body | {"email": email})
            for email in (ada.email.upper(), "nobody@example.com")
        ]

        letter = service.mail.take()
        assert (known.status_code, known.json()) == (200, SENT)
        assert (unknown.status_code, unknown.content, unknown.headers) == (200, known.content, known.headers)
        assert (letter.purpose, letter.to, letter.callback) == (
            Purpose.RESET_PASSWORD,
            ada.email,
            f"{FRIEND}/new-password",
        )
        assert (await reset(service, token=letter.token)).json() == {"status": True}

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ({}, f"[body.email] {STRING} undefined"),
            ({"email": "x"}, "[body.email] Invalid email address"),
            ({"email": None}, f"[body.email] {STRING} null"),
            ("x", "[body] Invalid input: expected object, received string"),
        ],
        ids=str,
    )
    async def test_what_is_no_address_is_told(self, client: httpx.AsyncClient, body: object, message: str) -> None:
        answer = await client.post("/api/auth/request-password-reset", json=body)

        assert_coded(answer, 400, "VALIDATION_ERROR", message)

    async def test_it_is_refused_where_no_letters_are_sent(self, service_without_mail: Service) -> None:
        answer = await service_without_mail.client.post(
            "/api/auth/request-password-reset", json={"email": "nobody@example.com"}
        )

        assert_coded(answer, 400, "RESET_PASSWORD_DISABLED", "Reset password isn't enabled")


class TestFollowingTheLink:
    @pytest.mark.parametrize(
        ("callback", "target"),
        [
            ("/new", f"{OWN_ORIGIN}/new?"),
            ("/new?a=1", f"{OWN_ORIGIN}/new?a=1&"),
            (f"{FRIEND}/new", f"{FRIEND}/new?"),
            (FRIEND, f"{FRIEND}?"),
            ("/\N{GRINNING FACE}", f"{OWN_ORIGIN}/{quote(chr(0x1F600))}?"),
        ],
    )
    async def test_it_leads_on_with_the_token_or_with_what_is_wrong(
        self, service: Service, ada: SignedUp, callback: str, target: str
    ) -> None:
        token = await service.reset_token(ada)

        async def follow(token: str) -> str:
            answer = await service.client.get(f"/api/auth/reset-password/{token}", params={"callbackURL": callback})
            assert answer.status_code == 302
            return str(answer.headers["location"])

        assert [await follow(token), await follow(token)] == [f"{target}token={token}"] * 2
        assert await follow("x" * 24) == f"{target}error=INVALID_TOKEN"
        assert await follow("%ff%00") == f"{target}error=INVALID_TOKEN"
        service.clock.turn(HOUR)
        assert await follow(token) == f"{target}error=INVALID_TOKEN"

    async def test_without_a_place_to_go_it_leads_to_the_page_of_errors(self, service: Service, ada: SignedUp) -> None:
        path = f"/api/auth/reset-password/{await service.reset_token(ada)}"

        missing = await service.client.get(path)
        blank = await service.client.get(f"{path}?callbackURL=")

        assert_coded(missing, 400, "VALIDATION_ERROR", f"[query.callbackURL] {STRING} undefined")
        assert (blank.status_code, blank.headers["location"]) == (
            302,
            f"{OWN_ORIGIN}/api/auth/error?error=INVALID_TOKEN",
        )


class TestResetting:
    @pytest.mark.parametrize("in_query", [False, True])
    async def test_the_new_password_is_the_only_one_and_every_session_ends(
        self, service: Service, ada: SignedUp, bob: SignedUp, *, in_query: bool
    ) -> None:
        token = await service.reset_token(ada)
        body = {"newPassword": NEW} | ({} if in_query else {"token": token})

        answer = await service.client.post(
            f"/api/auth/reset-password{f'?token={token}' if in_query else ''}", json=body
        )

        assert (answer.status_code, answer.json()) == (200, {"status": True})
        assert "set-cookie" not in answer.headers
        assert [await service.is_signed_in(person) for person in (ada, bob)] == [False, True]
        assert await service.can_sign_in(ada, NEW)
        assert not await service.can_sign_in(ada)

    async def test_a_token_works_once(self, service: Service, ada: SignedUp) -> None:
        token = await service.reset_token(ada)
        await reset(service, token=token)

        again = await reset(service, token=token, newPassword="yet another password")

        assert_coded(again, 400, "INVALID_TOKEN", "Invalid token")
        assert await service.can_sign_in(ada, NEW)

    async def test_it_works_for_an_hour(self, service: Service, ada: SignedUp) -> None:
        first, second = await service.reset_token(ada), await service.reset_token(ada)

        service.clock.turn(HOUR - MOMENT)
        assert (await reset(service, token=first)).status_code == 200
        service.clock.turn(MOMENT)
        assert_coded(await reset(service, token=second), 400, "INVALID_TOKEN")

    async def test_a_password_that_is_refused_does_not_use_it_up(self, service: Service, ada: SignedUp) -> None:
        token = await service.reset_token(ada)

        assert_coded(await reset(service, token=token, newPassword="short"), 400, "PASSWORD_TOO_SHORT")
        assert_coded(await reset(service, token=token, newPassword="x" * 129), 400, "PASSWORD_TOO_LONG")
        assert (await reset(service, token=token)).status_code == 200

    @pytest.mark.parametrize(
        ("body", "code", "message"),
        [
            ({}, "INVALID_TOKEN", "Invalid token"),
            ({"token": ""}, "INVALID_TOKEN", "Invalid token"),
            ({"token": "x"}, "INVALID_TOKEN", "Invalid token"),
            ({"token": "\0"}, "INVALID_TOKEN", "Invalid token"),
            ({"token": None}, "VALIDATION_ERROR", f"[body.token] {STRING} null"),
            (
                {"newPassword": 1, "token": 1},
                "VALIDATION_ERROR",
                f"[body.newPassword] {STRING} number; [body.token] {STRING} number",
            ),
        ],
        ids=ascii,
    )
    async def test_it_does_not_work_without_one(
        self, service: Service, body: dict[str, object], code: str, message: str
    ) -> None:
        assert_coded(await reset(service, **body), 400, code, message)
