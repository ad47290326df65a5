from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import unquote, urlencode

import httpx
import pytest

from tests.unit.http.service import (
    CLEARED,
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

DAY = timedelta(days=1)
MOMENT = timedelta(milliseconds=1)
STRING = "Invalid input: expected string, received"
SIGN_UP = ["/api/auth/signup", "/api/auth/sign-up/email"]
SIGN_IN = ["/api/auth/login", "/api/auth/sign-in/email"]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

TRUSTED = [
    "",
    "/",
    "/done",
    "/done?x=1&y=%20#z",
    "/déjà",
    "/\N{GRINNING FACE}",
    "/.//done",
    FRIEND,
    f"{FRIEND}/done",
    f"{FRIEND}?x=1",
    f"{OWN_ORIGIN}/done",
]
UNTRUSTED = [
    "https://evil.example.com",
    "https://evil.example.com/done",
    "//evil.example.com",
    "///evil.example.com",
    "/\\evil.example.com",
    "\\\\evil.example.com",
    "/\t/evil.example.com",
    "\t//evil.example.com",
    "/ /evil.example.com",
    "/done\r\nSet-Cookie: x=y",
    "/%2f/evil.example.com",
    "/%5Cevil.example.com",
    "evil.example.com",
    "done",
    "javascript:alert(1)",
    "data:text/html,x",
    f"{FRIEND}.evil.example.com",
    f"{FRIEND}@evil.example.com",
    f"{FRIEND}0/",
    "http://localhost",
    "https://localhost:3000/",
    " /done",
    "?next=/done",
]


async def post(service: Service, path: str, who: SignedUp | None = None, /, **body: object) -> httpx.Response:
    headers = who.cookie if who else {}
    return await service.client.post(f"/api/auth/{path}", headers=headers, json=body)


@pytest.fixture(scope="session")
async def verifying_service() -> AsyncIterator[Service]:
    async with Service(require_email_verification=True) as service:
        yield service


@pytest.fixture
def verifying(verifying_service: Service) -> Service:
    """Where one signs in with a verified address only."""
    verifying_service.begin_anew()
    return verifying_service


CLOSED: Any = [
    ("POST", "update-user", {"name": "Ada"}),
    ("POST", "change-email", {"newEmail": "else@example.com"}),
    ("POST", "delete-user", {"password": PASSWORD}),
    ("GET", "list-accounts", None),
]


class TestNobody:
    @pytest.mark.parametrize(("method", "path", "body"), CLOSED)
    async def test_is_let_in_without_a_session(
        self, service: Service, method: str, path: str, body: dict[str, str] | None
    ) -> None:
        visitor = service.vouched_for("visitor")
        for headers in ({}, {"Cookie": f"{COOKIE}=x"}, {"Authorization": "Bearer x"}, visitor.cookie, visitor.headers):
            answer = await service.client.request(method, f"/api/auth/{path}", json=body, headers=headers)

            assert_coded(answer, 401, "UNAUTHORIZED", "Unauthorized")

    async def test_makes_a_visitor_write_from_another_site(self, client: httpx.AsyncClient, ada: SignedUp) -> None:
        for method, path, body in CLOSED:
            if method == "POST":
                headers = ada.cookie | {"Origin": "https://evil.example.com"}
                answer = await client.post(f"/api/auth/{path}", json=body, headers=headers)
                assert_coded(answer, 403, "INVALID_ORIGIN", "Invalid origin")


class TestChangingTheUser:
    async def test_what_is_sent_is_set_and_the_cookie_sent_again(self, service: Service, ada: SignedUp) -> None:
        answer = await post(service, "update-user", ada, name="Ada L.", image="/ada.png")

        user = await service.user(ada)
        assert (answer.status_code, answer.json()) == (200, {"status": True})
        assert (user.name, user.image) == ("Ada L.", "/ada.png")
        assert await service.is_signed_in(SignedUp(id=ada.id, email=ada.email, token=cookie_value(answer)))

    async def test_what_is_not_sent_stays_and_null_clears_the_image(self, service: Service, ada: SignedUp) -> None:
        await post(service, "update-user", ada, name="Ada", image="/ada.png")

        await post(service, "update-user", ada, name="")
        assert ((await service.user(ada)).name, (await service.user(ada)).image) == ("", "/ada.png")
        await post(service, "update-user", ada, image=None)
        assert ((await service.user(ada)).name, (await service.user(ada)).image) == ("", None)

    async def test_what_else_is_sent_is_ignored(self, service: Service, ada: SignedUp) -> None:
        before = await service.user(ada)

        await post(service, "update-user", ada, name=str(before.name), id="x", emailVerified=True, role="admin")

        assert await service.user(ada) == before

    @pytest.mark.parametrize(
        ("body", "code", "message"),
        [
            ({}, None, "No fields to update"),
            ({"role": "admin"}, None, "No fields to update"),
            (
                {"email": "else@example.com", "name": "x"},
                "EMAIL_CAN_NOT_BE_UPDATED",
                "Email can not be updated",
            ),
            ({"name": None}, "VALIDATION_ERROR", f"[body.name] {STRING} null"),
            (
                {"name": 42, "image": []},
                "VALIDATION_ERROR",
                f"[body.name] {STRING} number; [body.image] {STRING} array",
            ),
            ({"name": "x" * 256}, "VALIDATION_ERROR", "[body.name] Too big: expected string to have <=255 characters"),
            ({"name": "\0"}, "VALIDATION_ERROR", None),
            ({"image": "\0"}, "VALIDATION_ERROR", None),
            ([], "VALIDATION_ERROR", "[body] Invalid input: expected record, received array"),
        ],
        ids=lambda value: f"{value!r:.24}",
    )
    async def test_what_cannot_be_set_is_told(
        self, service: Service, ada: SignedUp, body: object, code: str | None, message: str | None
    ) -> None:
        before = await service.user(ada)

        answer = await service.client.post("/api/auth/update-user", headers=ada.cookie, json=body)

        assert_coded(answer, 400, code, message)
        assert await service.user(ada) == before


class TestChangingTheAddress:
    async def test_an_unverified_one_changes_at_once_and_the_cookie_is_sent_again(
        self, service: Service, ada: SignedUp
    ) -> None:
        answer = await post(service, "change-email", ada, newEmail="Else@Example.com", callbackURL="/done")

        user = await service.user(ada)
        letter = service.mail.take()
        assert (answer.status_code, answer.json()) == (200, {"status": True})
        assert cookie_value(answer)
        assert (user.email, user.email_verified) == ("else@example.com", False)
        assert (letter.purpose, letter.to, letter.callback) == (Purpose.VERIFY_EMAIL, "else@example.com", "/done")

    async def test_a_verified_one_changes_when_the_new_one_has_answered(self, service: Service, ada: SignedUp) -> None:
        await service.verified(ada)

        answer = await post(service, "change-email", ada, newEmail="else@example.com", callbackURL="/done")

        letter = service.mail.take()
        assert (answer.status_code, answer.json()) == (200, {"status": True})
        assert (await service.user(ada)).email == ada.email
        assert (letter.purpose, letter.to, letter.callback) == (Purpose.CHANGE_EMAIL, "else@example.com", "/done")
        followed = await service.client.get(f"/api/auth/verify-email?token={letter.token}", headers=ada.cookie)
        assert followed.json()["user"]["email"] == "else@example.com"
        assert followed.json()["user"]["emailVerified"] is True
        assert cookie_value(followed)

    async def test_it_is_not_told_that_an_address_is_taken(
        self, service: Service, ada: SignedUp, bob: SignedUp
    ) -> None:
        await service.verified(ada)
        free = await post(service, "change-email", ada, newEmail="else@example.com")
        service.mail.take()

        taken = await post(service, "change-email", ada, newEmail=bob.email.upper())

        assert (taken.status_code, taken.content, taken.headers.raw) == (
            free.status_code,
            free.content,
            free.headers.raw,
        )
        assert service.mail.letters == []
        assert (await service.user(ada)).email == ada.email

    @pytest.mark.parametrize(
        ("body", "code", "message"),
        [
            ({}, "VALIDATION_ERROR", f"[body.newEmail] {STRING} undefined"),
            ({"newEmail": "x"}, "VALIDATION_ERROR", "[body.newEmail] Invalid email address"),
            ({"newEmail": 1, "callbackURL": "//evil.example.com"}, "INVALID_CALLBACK_URL", "Invalid callbackURL"),
            ({"callbackURL": 1}, None, "Invalid callbackURL: expected a string"),
        ],
        ids=str,
    )
    async def test_what_is_no_address_is_told_before_it_is_asked_who_sends_it(
        self, service: Service, ada: SignedUp, body: object, code: str | None, message: str
    ) -> None:
        status = 403 if code == "INVALID_CALLBACK_URL" else 400
        for headers in ({}, ada.cookie):
            answer = await service.client.post("/api/auth/change-email", headers=headers, json=body)

            assert_coded(answer, status, code, message)

    async def test_the_same_address_is_no_change(self, service: Service, ada: SignedUp) -> None:
        assert_coded(
            await post(service, "change-email", ada, newEmail=ada.email.upper()), 400, None, "Email is the same"
        )


class TestDeleting:
    @pytest.mark.parametrize("body", [{"password": PASSWORD}, {}, {"callbackURL": "/bye"}], ids=str)
    async def test_everything_goes(self, service: Service, ada: SignedUp, body: dict[str, str]) -> None:
        elsewhere = await service.logged_in(ada)

        answer = await post(service, "delete-user", ada, **body)

        assert (answer.status_code, answer.json()) == (200, {"success": True, "message": "User deleted"})
        assert answer.headers.get_list("set-cookie") == CLEARED
        assert not await service.can_sign_in(ada)
        assert not await service.is_signed_in(elsewhere)

    async def test_it_needs_no_body(self, service: Service, ada: SignedUp) -> None:
        answer = await service.client.post("/api/auth/delete-user", headers=ada.cookie)

        assert answer.json() == {"success": True, "message": "User deleted"}

    async def test_it_takes_the_password_a_day_after_signing_in(self, service: Service, ada: SignedUp) -> None:
        service.clock.turn(DAY)

        without = await post(service, "delete-user", ada)
        wrong = await post(service, "delete-user", ada, password="wrong")
        right = await post(service, "delete-user", ada, password=PASSWORD)

        assert (without.status_code, without.json()) == (
            400,
            {"message": "Session expired. Re-authenticate to perform this action.", "code": "SESSION_EXPIRED"},
        )
        assert (wrong.status_code, wrong.json()["code"]) == (400, "INVALID_PASSWORD")
        assert right.status_code == 200

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"password": "wrong"}, 400, "INVALID_PASSWORD"),
            ({"password": ""}, 400, "INVALID_PASSWORD"),
            ({"password": "x" * 129}, 400, "PASSWORD_TOO_LONG"),
            ({"password": 1}, 400, "VALIDATION_ERROR"),
            ({"password": None}, 400, "VALIDATION_ERROR"),
            ({"token": "x"}, 404, "INVALID_TOKEN"),
            ({"callbackURL": "//evil.example.com"}, 403, "INVALID_CALLBACK_URL"),
            ({"callbackURL": None}, 400, None),
        ],
        ids=str,
    )
    async def test_what_is_refused_deletes_nothing(
        self, service: Service, ada: SignedUp, body: dict[str, object], status: int, code: str | None
    ) -> None:
        assert_coded(await post(service, "delete-user", ada, **body), status, code)
        assert await service.is_signed_in(ada)

    async def test_no_link_deletes_anything(self, service: Service, ada: SignedUp) -> None:
        path = "/api/auth/delete-user/callback?token=x&callbackURL=/bye"

        assert_coded(await service.client.get(path), 404, "FAILED_TO_GET_USER_INFO")
        assert_coded(await service.client.get(path, headers=ada.cookie), 404, "INVALID_TOKEN", "Invalid token")
        assert await service.is_signed_in(ada)


class TestWaysToSignIn:
    async def test_a_password_is_one(self, service: Service, ada: SignedUp, bob: SignedUp) -> None:
        answer = await service.client.get("/api/auth/list-accounts", headers=ada.cookie)

        (account,) = answer.json()
        assert set(account) == {"id", "providerId", "accountId", "userId", "createdAt", "updatedAt", "scopes"}
        assert (account["providerId"], account["accountId"], account["userId"], account["scopes"]) == (
            "credential",
            ada.id,
            ada.id,
            [],
        )
        assert answer.headers["cache-control"] == "no-store"


class TestSigningUp:
    @pytest.mark.parametrize(
        ("body", "message"),
        [
            (
                {},
                f"[body.name] {STRING} undefined; [body.email] {STRING} undefined; [body.password] {STRING} undefined",
            ),
            ({"email": 1, "password": None}, f"[body.email] {STRING} number; [body.password] {STRING} null"),
            (
                {"email": "x", "password": ""},
                "[body.email] Invalid email address; [body.password] Too small: expected string to have >=1 characters",
            ),
            (
                {"email": "a@example.com", "password": PASSWORD, "image": None, "rememberMe": "no"},
                f"[body.image] {STRING} null; [body.rememberMe] Invalid input: expected boolean, received string",
            ),
            (
                [],
                "; ".join(f"[body] Invalid input: expected {kind}, received array" for kind in ("object", "record")),
            ),
        ],
        ids=lambda value: f"{value!r:.32}",
    )
    async def test_every_fault_is_told_at_once(self, service: Service, body: object, message: str) -> None:
        message = message.removeprefix(f"[body.name] {STRING} undefined; ")  # the name may be left out here
        for path in SIGN_UP:
            assert_coded(await service.client.post(path, json=body), 400, "VALIDATION_ERROR", message)

    @pytest.mark.parametrize("path", SIGN_UP)
    async def test_a_form_is_taken_too(self, service: Service, path: str) -> None:
        fields = {"email": service.new_email(), "password": PASSWORD, "name": "Ada & Bob", "callbackURL": "/done"}

        answer = await service.client.post(path, headers=FORM, content=urlencode(fields))

        assert answer.status_code == 200
        assert answer.json()["user"]["name"] == "Ada & Bob"

    async def test_in_a_form_everything_is_a_string(self, service: Service) -> None:
        fields = {"email": service.new_email(), "password": PASSWORD, "rememberMe": "false"}

        for path in (*SIGN_UP, *SIGN_IN):
            answer = await service.client.post(path, headers=FORM, content=urlencode(fields))
            message = "[body.rememberMe] Invalid input: expected boolean, received string"
            assert_coded(answer, 400, "VALIDATION_ERROR", message)

    async def test_an_image_is_kept(self, service: Service) -> None:
        answer = await post(
            service, "sign-up/email", email="a@example.com", password=PASSWORD, image="https://example.com/a.png"
        )

        assert answer.json()["user"]["image"] == "https://example.com/a.png"

    async def test_where_it_is_closed_nobody_does(self) -> None:
        async with Service(signup_open=False) as service:
            for path in SIGN_UP:
                answer = await service.client.post(path, json={"email": "a@example.com", "password": PASSWORD})
                assert_coded(
                    answer, 400, "EMAIL_PASSWORD_SIGN_UP_DISABLED", "Email and password sign up is not enabled"
                )


class TestSigningIn:
    @pytest.mark.parametrize("path", SIGN_IN)
    async def test_a_form_is_taken_too(self, service: Service, ada: SignedUp, path: str) -> None:
        fields = {"email": ada.email, "password": PASSWORD}

        answer = await service.client.post(path, headers=FORM, content=urlencode(fields))

        assert answer.json()["user"]["id"] == ada.id

    @pytest.mark.parametrize("callback", TRUSTED)
    async def test_a_callback_is_told_and_not_followed(self, service: Service, ada: SignedUp, callback: str) -> None:
        answer = await post(service, "sign-in/email", email=ada.email, password=PASSWORD, callbackURL=callback)

        assert answer.status_code == 200
        assert answer.json()["redirect"] is bool(callback)
        assert answer.json().get("url", "") == callback
        assert unquote(answer.headers.get("location", "")) == unquote(callback)
        assert answer.headers.get("location", "").isascii()
        assert cookie_value(answer)


class TestCallbacks:
    @pytest.mark.parametrize("callback", UNTRUSTED, ids=ascii)
    async def test_nobody_is_sent_elsewhere(self, service: Service, ada: SignedUp, callback: str) -> None:
        for path in (*SIGN_UP, *SIGN_IN, "/api/auth/send-verification-email", "/api/auth/change-email"):
            body = {"email": ada.email, "password": PASSWORD, "callbackURL": callback}
            answer = await service.client.post(path, json=body)
            assert_coded(answer, 403, "INVALID_CALLBACK_URL", "Invalid callbackURL")
        reset = await post(service, "request-password-reset", email=ada.email, redirectTo=callback)
        assert_coded(reset, 403, "INVALID_REDIRECT_URL", "Invalid redirectURL")
        for path in ("verify-email?token=x", "reset-password/x?"):
            answer = await service.client.get(f"/api/auth/{path}&{urlencode({'callbackURL': callback})}")
            assert_coded(answer, 403, "INVALID_CALLBACK_URL", "Invalid callbackURL")
        assert service.mail.letters == []

    @pytest.mark.parametrize("callback", [None, 1, True, [], {}], ids=str)
    async def test_what_is_no_text_is_no_place(self, service: Service, ada: SignedUp, callback: object) -> None:
        for path in (*SIGN_UP, *SIGN_IN):
            body = {"email": ada.email, "password": PASSWORD, "callbackURL": callback}
            answer = await service.client.post(path, json=body)
            assert_coded(answer, 400, None, "Invalid callbackURL: expected a string")
        answer = await post(service, "request-password-reset", redirectTo=callback)
        assert_coded(answer, 400, None, "Invalid redirectURL: expected a string")


class TestWhenAddressesAreToBeVerified:
    @pytest.mark.parametrize("path", SIGN_UP)
    async def test_a_taken_address_gets_the_answer_of_a_free_one(self, verifying: Service, path: str) -> None:
        body = {"email": "ada@example.com", "password": PASSWORD, "name": "Ada", "image": "/a.png"}

        fresh = await verifying.client.post(path, json=body)
        letters = len(verifying.mail.letters)
        taken = await verifying.client.post(path, json=body | {"email": "ADA@example.com"})

        for answer in (fresh, taken):
            assert answer.status_code == 200
            assert answer.json()["token"] is None
            assert "set-cookie" not in answer.headers
        ids = [answer.json()["user"].pop("id") for answer in (fresh, taken)]
        assert fresh.json()["user"] | {"id": ""} == taken.json()["user"] | {"id": ""}
        assert [len(text) for text in ids] == [28, 28]
        assert ids[0] != ids[1]
        assert fresh.headers == taken.headers
        assert (letters, len(verifying.mail.letters)) == (1, 1)
        assert len(await verifying.store.users.all()) == 1

    @pytest.mark.parametrize("path", SIGN_IN)
    async def test_signing_in_is_refused_until_the_link_was_followed(self, verifying: Service, path: str) -> None:
        body = {"email": "ada@example.com", "password": PASSWORD}
        await verifying.client.post("/api/auth/sign-up/email", json=body)
        verifying.mail.letters.clear()

        wrong = await verifying.client.post(path, json=body | {"password": "wrong"})
        assert_coded(wrong, 401, "INVALID_EMAIL_OR_PASSWORD")
        assert verifying.mail.letters == []
        refused = await verifying.client.post(path, json=body | {"callbackURL": "/welcome"})
        assert_coded(refused, 403, "EMAIL_NOT_VERIFIED", "Email not verified")
        letter = verifying.mail.take()
        assert letter.callback == "/welcome"
        followed = await verifying.client.get(f"/api/auth/verify-email?token={letter.token}")
        assert followed.json() == {"status": True, "user": None}
        answer = await verifying.client.post(path, json=body)
        assert answer.json()["user"]["emailVerified"] is True


class TestTheCallsAboutNobody:
    async def test_sign_in_answers(self, client: httpx.AsyncClient) -> None:
        assert (await client.get("/api/auth/ok")).json() == {"ok": True}

    async def test_a_link_that_has_gone_wrong_leads_to_a_page(self, client: httpx.AsyncClient) -> None:
        for code, shown in (("INVALID_TOKEN", "INVALID_TOKEN"), ("<script>", "UNKNOWN"), ("", "UNKNOWN")):
            answer = await client.get("/api/auth/error", params={"error": code})

            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/html")
            assert shown in answer.text
            assert "<script>" not in answer.text

    async def test_in_production_it_leads_to_the_front_door(self) -> None:
        async with Service(base_url="https://todo.example.com") as service:
            for query, target in (
                ("?error=INVALID_TOKEN", "/?error=INVALID_TOKEN"),
                ("?error=%3Cscript%3E", "/?error=UNKNOWN"),
                ("", "/?error=UNKNOWN"),
                ("?error=X&error_description=a+b", "/?error=X&error_description=a+b"),
            ):
                answer = await service.client.get(f"/api/auth/error{query}")
                assert (answer.status_code, answer.headers["location"]) == (302, target)
