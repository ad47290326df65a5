from datetime import timedelta
from urllib.parse import quote

import httpx
import jwt
import pytest

from tests.builders import SECRET
from tests.unit.http.service import (
    CLEARED,
    COOKIE,
    FORGET,
    PASSWORD,
    Service,
    SignedUp,
    assert_coded,
    assert_refused,
    cookie_value,
)
from todo.adapters.hmac_signatures import HmacSignatures
from todo.domain.model.user import UserId

DAY = timedelta(days=1)
MOMENT = timedelta(milliseconds=1)
SIGNATURES = HmacSignatures(SECRET)
SESSION = {"id", "token", "userId", "expiresAt", "createdAt", "updatedAt", "ipAddress", "userAgent"}
CLOSED = [
    ("GET", "/api/auth/list-sessions", None),
    ("POST", "/api/auth/revoke-session", {"token": "x"}),
    ("POST", "/api/auth/revoke-sessions", None),
    ("POST", "/api/auth/revoke-other-sessions", None),
    ("GET", "/api/auth/token", None),
]


async def handle_of(service: Service, person: SignedUp) -> str:
    answer = await service.client.get("/api/auth/get-session", headers=person.cookie)
    return str(answer.json()["session"]["token"])


class TestNobody:
    @pytest.mark.parametrize(("method", "path", "body"), CLOSED)
    async def test_is_let_in_without_a_session(
        self, service: Service, method: str, path: str, body: dict[str, str] | None
    ) -> None:
        visitor = service.vouched_for("visitor")
        for headers in ({}, {"Cookie": f"{COOKIE}=x"}, {"Authorization": "Bearer x"}, visitor.cookie, visitor.headers):
            answer = await service.client.request(method, path, json=body, headers=headers)

            assert_coded(answer, 401, "UNAUTHORIZED", "Unauthorized")

    @pytest.mark.parametrize(("method", "path", "body"), CLOSED)
    async def test_is_let_in_when_the_session_is_over_and_the_cookies_go(
        self, service: Service, ada: SignedUp, method: str, path: str, body: dict[str, str] | None
    ) -> None:
        await service.client.post("/api/auth/sign-out", headers=ada.cookie)

        answer = await service.client.request(method, path, json=body, headers=ada.cookie)

        assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")
        assert answer.headers.get_list("set-cookie") == CLEARED

    async def test_makes_a_visitor_write_from_another_site(self, client: httpx.AsyncClient, ada: SignedUp) -> None:
        for method, path, body in CLOSED:
            if method == "POST":
                headers = ada.cookie | {"Origin": "https://evil.example.com"}
                answer = await client.request(method, path, json=body, headers=headers)
                assert_coded(answer, 403, "INVALID_ORIGIN", "Invalid origin")


class TestTheList:
    async def test_it_holds_the_users_own_live_sessions_and_no_others(
        self, service: Service, ada: SignedUp, bob: SignedUp
    ) -> None:
        elsewhere = await service.logged_in(ada)

        answer = await service.client.get("/api/auth/list-sessions", headers=ada.cookie)

        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert all(set(session) == SESSION for session in answer.json())
        handles = {await handle_of(service, person) for person in (ada, elsewhere)}
        assert {session["token"] for session in answer.json()} == handles
        assert {session["userId"] for session in answer.json()} == {ada.id}

    async def test_it_is_shown_within_a_day_of_signing_in(self, service: Service, ada: SignedUp) -> None:
        service.clock.turn(DAY - MOMENT)
        in_time = await service.client.get("/api/auth/list-sessions", headers=ada.cookie)
        service.clock.turn(MOMENT)
        too_late = await service.client.get("/api/auth/list-sessions", headers=ada.cookie)

        assert in_time.status_code == 200
        assert (too_late.status_code, too_late.json()) == (
            403,
            {"message": "Session is not fresh", "code": "SESSION_NOT_FRESH"},
        )


class TestEndingOne:
    async def test_another_session_of_ones_own_ends_and_this_one_goes_on(self, service: Service, ada: SignedUp) -> None:
        elsewhere = await service.logged_in(ada)

        answer = await service.client.post(
            "/api/auth/revoke-session", headers=ada.cookie, json={"token": await handle_of(service, elsewhere)}
        )

        assert (answer.status_code, answer.json()) == (200, {"status": True})
        assert "set-cookie" not in answer.headers
        assert not await service.is_signed_in(elsewhere)
        assert await service.is_signed_in(ada)

    async def test_with_this_session_go_its_cookies(self, service: Service, ada: SignedUp) -> None:
        answer = await service.client.post(
            "/api/auth/revoke-session", headers=ada.cookie, json={"token": await handle_of(service, ada)}
        )

        assert (answer.status_code, answer.json()) == (200, {"status": True})
        assert answer.headers.get_list("set-cookie") == CLEARED
        assert not await service.is_signed_in(ada)

    @pytest.mark.parametrize("path", ["revoke-session", "revoke-sessions"])
    async def test_no_token_is_handed_out_for_one_that_has_ended(
        self, service: Service, ada: SignedUp, path: str
    ) -> None:
        handle = await handle_of(service, ada)
        service.clock.turn(2 * DAY)

        answer = await service.client.post(f"/api/auth/{path}", headers=ada.cookie, json={"token": handle})

        assert answer.headers.get_list("set-cookie") == CLEARED
        assert "set-auth-token" not in answer.headers

    async def test_nothing_is_told_of_the_sessions_of_others(
        self, service: Service, ada: SignedUp, bob: SignedUp
    ) -> None:
        answers = [
            await service.client.post("/api/auth/revoke-session", headers=ada.cookie, json={"token": token})
            for token in (await handle_of(service, bob), "unknown", "", "\0", "x" * 5_000, ada.token)
        ]

        assert {(answer.status_code, answer.content) for answer in answers} == {(200, b'{"status":true}')}
        assert await service.is_signed_in(bob)
        assert await service.is_signed_in(ada)

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ({}, "[body.token] Invalid input: expected string, received undefined"),
            ({"token": None}, "[body.token] Invalid input: expected string, received null"),
            ({"token": 1}, "[body.token] Invalid input: expected string, received number"),
            ([], "[body] Invalid input: expected object, received array"),
        ],
    )
    async def test_a_body_is_looked_at_before_who_sends_it(
        self, client: httpx.AsyncClient, ada: SignedUp, body: object, message: str
    ) -> None:
        for headers in ({}, ada.cookie):
            answer = await client.post("/api/auth/revoke-session", headers=headers, json=body)

            assert_coded(answer, 400, "VALIDATION_ERROR", message)


class TestEndingMore:
    async def test_all_end_and_the_cookies_go(self, service: Service, ada: SignedUp, bob: SignedUp) -> None:
        elsewhere = await service.logged_in(ada)

        answer = await service.client.post("/api/auth/revoke-sessions", headers=ada.cookie)

        assert (answer.status_code, answer.json()) == (200, {"status": True})
        assert answer.headers.get_list("set-cookie") == CLEARED
        assert [await service.is_signed_in(person) for person in (ada, elsewhere, bob)] == [False, False, True]

    async def test_all_others_end_and_this_one_goes_on(self, service: Service, ada: SignedUp, bob: SignedUp) -> None:
        elsewhere = await service.logged_in(ada)

        answer = await service.client.post("/api/auth/revoke-other-sessions", headers=ada.cookie, json={})

        assert (answer.status_code, answer.json()) == (200, {"status": True})
        assert "set-cookie" not in answer.headers
        assert [await service.is_signed_in(person) for person in (ada, elsewhere, bob)] == [True, False, True]


class TestTheCurrentSession:
    @pytest.mark.parametrize("path", ["/api/auth/session", "/api/auth/get-session"])
    async def test_it_is_kept_by_no_cache(self, client: httpx.AsyncClient, ada: SignedUp, path: str) -> None:
        for headers in ({}, ada.cookie):
            answer = await client.get(path, headers=headers)

            assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")

    async def test_it_can_be_looked_at_without_being_extended(self, service: Service, ada: SignedUp) -> None:
        service.clock.turn(2 * DAY)

        looked = await service.client.get("/api/auth/get-session?disableRefresh=true", headers=ada.cookie)
        used = await service.client.get("/api/auth/get-session", headers=ada.cookie)

        assert looked.json()["session"]["expiresAt"] == "2026-12-01T12:00:00.000Z"
        assert "set-cookie" not in looked.headers
        assert used.json()["session"]["expiresAt"] == "2026-12-03T12:00:00.000Z"
        assert used.headers["set-auth-token"] == cookie_value(used)
        assert "set-auth-token" in used.headers["access-control-expose-headers"]

    @pytest.mark.parametrize("path", ["list-sessions", "list-accounts", "token"])
    async def test_any_call_extends_it(self, service: Service, ada: SignedUp, path: str) -> None:
        service.clock.turn(2 * DAY)

        answer = await service.client.get(f"/api/auth/{path}", headers=ada.cookie)

        assert jwt.decode(cookie_value(answer), options={"verify_signature": False})["sub"] == ada.id

    async def test_it_is_not_posted_to(self, client: httpx.AsyncClient, ada: SignedUp) -> None:
        for headers in ({}, ada.cookie):
            answer = await client.post("/api/auth/get-session", headers=headers)

            assert_coded(answer, 405, "METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED")


class TestTheToken:
    async def test_it_opens_what_the_cookie_opens_until_the_session_ends(self, service: Service, ada: SignedUp) -> None:
        answer = await service.client.get("/api/auth/token", headers=ada.cookie)

        assert set(answer.json()) == {"token"}
        bearer = {"Authorization": f"Bearer {answer.json()['token']}"}
        assert (await service.client.get(ada.tasks, headers=bearer)).status_code == 200
        await service.client.post("/api/auth/sign-out", headers=ada.cookie)
        assert_refused(await service.client.get(ada.tasks, headers=bearer), 401, "Invalid token")

    async def test_signing_in_hands_it_to_clients_without_cookies(self, service: Service, ada: SignedUp) -> None:
        for path in ("/api/auth/sign-up/email", "/api/auth/sign-in/email"):
            answer = await service.client.post(path, json={"email": "new@example.com", "password": PASSWORD})

            assert answer.headers["set-auth-token"] == cookie_value(answer) != answer.json()["token"]
            assert answer.headers["access-control-expose-headers"] == "set-auth-token"

    async def test_there_are_no_public_keys(self, client: httpx.AsyncClient) -> None:
        assert (await client.get("/api/auth/jwks")).json() == {"keys": []}


class TestNotBeingRemembered:
    @staticmethod
    async def signed_in(service: Service, person: SignedUp) -> httpx.Response:
        body = {"email": person.email, "password": PASSWORD, "rememberMe": False}
        return await service.client.post("/api/auth/sign-in/email", json=body)

    async def test_the_cookies_go_with_the_browser(self, service: Service, ada: SignedUp) -> None:
        for path in ("/api/auth/sign-up/email", "/api/auth/sign-in/email"):
            body = {"email": "new@example.com", "password": PASSWORD, "rememberMe": False}
            answer = await service.client.post(path, json=body)

            session, forget = answer.headers.get_list("set-cookie")
            token = answer.headers["set-auth-token"]
            assert session == f"{COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax"
            assert forget == f"{FORGET}={quote(SIGNATURES.sign('true'), safe='')}; Path=/; HttpOnly; SameSite=Lax"

    async def test_the_session_lasts_a_day_and_is_not_extended(self, service: Service, ada: SignedUp) -> None:
        token = (await self.signed_in(service, ada)).headers["set-auth-token"]
        as_sent, decoded = (
            {"Cookie": f"{COOKIE}={token}; {FORGET}={value}"}
            for value in (quote(SIGNATURES.sign("true"), safe=""), SIGNATURES.sign("true"))
        )
        for headers in (as_sent, decoded):
            for path in ("/api/auth/get-session", f"/api/proxy/{ada.id}/tasks", "/api/auth/list-sessions"):
                answer = await service.client.get(path, headers=headers)
                assert answer.status_code == 200
                assert "set-cookie" not in answer.headers

        service.clock.turn(DAY)
        over = await service.client.get("/api/auth/get-session", headers=as_sent)
        assert over.json() is None
        assert over.headers.get_list("set-cookie") == CLEARED

    @pytest.mark.parametrize("forget", ["", f"; {FORGET}=true", f"; {FORGET}=true.x", f"; {FORGET}=x"])
    async def test_it_is_extended_when_nothing_says_otherwise(
        self, service: Service, ada: SignedUp, forget: str
    ) -> None:
        token = (await self.signed_in(service, ada)).headers["set-auth-token"]

        answer = await service.client.get("/api/auth/get-session", headers={"Cookie": f"{COOKIE}={token}{forget}"})

        assert answer.json()["session"]["expiresAt"] == "2026-12-01T12:00:00.000Z"
        assert cookie_value(answer) == answer.headers["set-auth-token"]

    async def test_signing_in_to_be_remembered_takes_it_back(self, service: Service, ada: SignedUp) -> None:
        forget = quote(SIGNATURES.sign("true"), safe="")
        answer = await service.client.post(
            "/api/auth/sign-in/email",
            json={"email": ada.email, "password": PASSWORD},
            headers={"Cookie": f"{FORGET}={forget}"},
        )

        session, taken_back = answer.headers.get_list("set-cookie")
        assert "Max-Age=604800" in session
        assert taken_back == f"{FORGET}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"


class TestPeopleWhoHaveMovedIn:
    """They come with what Better Auth put into their cookies."""

    @pytest.mark.parametrize("encoded", [False, True])
    @pytest.mark.parametrize("name", [COOKIE, f"__Secure-{COOKIE}"])
    async def test_their_cookie_signs_in_and_is_replaced(
        self, service: Service, ada: SignedUp, *, encoded: bool, name: str
    ) -> None:
        signed = SIGNATURES.sign(await handle_of(service, ada))
        value = quote(signed, safe="") if encoded else signed
        headers = {"Cookie": f"{name}={value}"}

        current = await service.client.get("/api/auth/get-session", headers=headers)
        proxied = await service.client.get(ada.proxied, headers=headers)

        assert current.json()["user"]["id"] == ada.id
        assert proxied.json() == []
        for answer in (current, proxied):
            token = cookie_value(answer)
            assert jwt.decode(token, options={"verify_signature": False})["sub"] == ada.id
            again = await service.client.get("/api/auth/get-session", headers={"Cookie": f"{COOKIE}={token}"})
            assert again.json()["session"] == current.json()["session"]
            assert "set-cookie" not in again.headers

    @pytest.mark.parametrize("encoded", [False, True])
    async def test_their_bearer_token_signs_in(self, service: Service, ada: SignedUp, *, encoded: bool) -> None:
        signed = SIGNATURES.sign(await handle_of(service, ada))
        headers = {"Authorization": f"Bearer {quote(signed, safe='') if encoded else signed}"}

        current = await service.client.get("/api/auth/get-session", headers=headers)
        tasks = await service.client.get(ada.tasks, headers=headers)

        assert current.json()["user"]["id"] == ada.id
        assert "set-auth-token" in current.headers
        assert tasks.json() == []

    async def test_they_sign_out(self, service: Service, ada: SignedUp) -> None:
        signed = SIGNATURES.sign(await handle_of(service, ada))

        answer = await service.client.post(
            "/api/auth/sign-out", headers={"Cookie": f"{COOKIE}={quote(signed, safe='')}"}
        )

        assert answer.headers.get_list("set-cookie") == CLEARED
        assert not await service.is_signed_in(ada)

    async def test_what_somebody_else_has_signed_is_ignored_and_clears_nothing(
        self, service: Service, ada: SignedUp
    ) -> None:
        handle = await handle_of(service, ada)
        good = SIGNATURES.sign(handle)

        for forged in (HmacSignatures(SECRET[::-1]).sign(handle), good[:-1], f"{handle}."):
            cookie = {"Cookie": f"{COOKIE}={quote(forged, safe='')}"}
            bearer = {"Authorization": f"Bearer {forged}"}
            for headers in (cookie, bearer):
                answer = await service.client.get("/api/auth/get-session", headers=headers)
                assert answer.json() is None
                assert "set-cookie" not in answer.headers
            beside = await service.client.get("/api/auth/get-session", headers=bearer | ada.cookie)
            assert beside.json()["user"]["id"] == ada.id
            assert_refused(await service.client.get(ada.tasks, headers=bearer), 401, "Invalid token")

    async def test_a_bare_handle_is_never_a_credential(self, service: Service, ada: SignedUp) -> None:
        handle = await handle_of(service, ada)

        for headers in ({"Cookie": f"{COOKIE}={handle}"}, {"Authorization": f"Bearer {handle}"}):
            assert (await service.client.get("/api/auth/get-session", headers=headers)).json() is None
            await service.client.post("/api/auth/sign-out", headers=headers)
            assert await service.is_signed_in(ada)
        assert_refused(
            await service.client.get(ada.tasks, headers={"Authorization": f"Bearer {handle}"}), 401, "Invalid token"
        )

    async def test_one_whose_session_is_over_loses_the_cookies(self, service: Service, ada: SignedUp) -> None:
        signed = SIGNATURES.sign(await handle_of(service, ada))
        async with service.store.begin() as work:
            await work.remove_sessions_of(UserId(ada.id))
            await work.commit()

        answer = await service.client.get(
            "/api/auth/get-session", headers={"Cookie": f"{COOKIE}={quote(signed, safe='')}"}
        )

        assert answer.json() is None
        assert answer.headers.get_list("set-cookie") == CLEARED
