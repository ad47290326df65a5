import asyncio
import json
import re
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest

from tests.builders import NOON, SECRET
from tests.unit.http.service import (
    CLEARED,
    COOKIE,
    JWT_SHAPE,
    MOMENT,
    PASSWORD,
    Service,
    SignedUp,
    Unread,
    assert_coded,
    assert_nothing,
    assert_refused,
    cookie_value,
)

NOW = int(NOON.timestamp())
WEEK = 604_800
USER = {"id", "email", "name", "emailVerified", "image", "createdAt", "updatedAt"}
SESSION = {"id", "token", "userId", "expiresAt", "createdAt", "updatedAt", "ipAddress", "userAgent"}
UNTIMED: Any = {"verify_exp": False, "verify_iat": False}
"""The machine's clock is not the service's."""

SIGN_UP = ["/api/auth/signup", "/api/auth/sign-up/email"]
SIGN_IN = ["/api/auth/login", "/api/auth/sign-in/email"]
SIGN_OUT = ["/api/auth/logout", "/api/auth/sign-out"]
CURRENT = ["/api/auth/session", "/api/auth/get-session"]

WRONG_EMAILS = [
    "",
    "x",
    "@",
    "a@b",
    "a@b.c",
    "@example.com",
    "a@example.com ",
    " a@example.com",
    "a@@example.com",
    "a..b@example.com",
    ".a@example.com",
    "a.@example.com",
    "ü@example.com",
    '"q"@example.com',
    "a@[127.0.0.1]",
    "a@example.com\n",
    "a@exam ple.com",
    "a@-example.com",
    "a@example.com\0",
    "a" * 250 + "@example.com",
]


async def sign_up(service: Service, path: str = SIGN_UP[0], **fields: object) -> httpx.Response:
    body = {"email": service.new_email(), "password": PASSWORD} | fields
    return await service.client.post(path, json=body)


class TestSigningUp:
    @pytest.mark.parametrize("path", SIGN_UP)
    async def test_it_gives_the_user_and_signs_in_at_once(self, service: Service, path: str) -> None:
        answer = await sign_up(service, path, email=(email := service.new_email()), name="Ada Lovelace")

        user = answer.json()["user"]
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        assert set(answer.json()) == {"token", "user"}
        assert set(user) == USER
        assert re.fullmatch(r"usr_[a-z0-9]{8,}", user["id"])
        assert (user["email"], user["name"], user["emailVerified"], user["image"]) == (
            email,
            "Ada Lovelace",
            False,
            None,
        )
        tasks = await service.client.get(
            f"/api/proxy/{user['id']}/tasks", headers={"Cookie": f"{COOKIE}={cookie_value(answer)}"}
        )
        assert tasks.json() == []

    async def test_the_name_is_the_first_part_of_the_address_when_none_is_given(self, service: Service) -> None:
        answer = await sign_up(service, email="grace.hopper+navy@example.com")

        assert answer.json()["user"]["name"] == "grace.hopper+navy"

    @pytest.mark.parametrize("name", ["", " ", "x" * 255, "😀" * 255, '"quoted"', "O'Brien <b>"])
    async def test_any_name_is_kept_exactly(self, service: Service, name: str) -> None:
        assert (await sign_up(service, name=name)).json()["user"]["name"] == name

    @pytest.mark.parametrize("name", ["x" * 256, "a\0b", 1, True, ["x"], {}], ids=lambda name: f"{name!r:.12}")
    async def test_what_is_no_name_is_refused(self, service: Service, name: object) -> None:
        answer = await sign_up(service, name=name)

        assert_coded(answer, 400, "VALIDATION_ERROR")
        assert answer.json()["message"].startswith("[body.name] ")

    async def test_fields_of_the_server_cannot_be_set(self, service: Service) -> None:
        answer = await sign_up(service, id="usr_mine", emailVerified=True, role="admin", createdAt="1970-01-01")

        user = answer.json()["user"]
        assert user["id"] != "usr_mine"
        assert user["emailVerified"] is False
        assert set(user) == USER

    @pytest.mark.parametrize("email", WRONG_EMAILS, ids=lambda email: f"{email!r:.20}")
    async def test_a_malformed_address_is_refused(self, service: Service, email: str) -> None:
        for path in SIGN_UP:
            answer = await sign_up(service, path, email=email)

            assert_coded(answer, 400, "VALIDATION_ERROR", "[body.email] Invalid email address")

    @pytest.mark.parametrize("password", ["1234567", "😀" * 7, " " * 7, "a"])
    async def test_a_password_of_fewer_than_8_characters_is_refused(self, service: Service, password: str) -> None:
        for path in SIGN_UP:
            assert_coded(
                await sign_up(service, path, password=password), 400, "PASSWORD_TOO_SHORT", "Password too short"
            )

    @pytest.mark.parametrize("password", ["x" * 129, "😀" * 129, "x" * 5_000], ids=len)
    async def test_a_password_of_more_than_128_characters_is_refused(self, service: Service, password: str) -> None:
        for path in SIGN_UP:
            answer = await sign_up(service, path, password=password)

            assert_coded(answer, 400, "PASSWORD_TOO_LONG", "Password too long")
            assert password not in answer.text

    @pytest.mark.parametrize(
        "password",
        [
            " " * 8,
            "12345678",
            "x" * 128,
            "😀" * 8,
            "😀" * 128,
            "pass\0word",
            "  padded  ",
            "e\u0301ééééééé",
            '"\\"\\"\\"\\"',
        ],
        ids=lambda password: f"{password!r:.12}",
    )
    async def test_any_password_of_8_to_128_characters_is_taken_exactly(self, service: Service, password: str) -> None:
        email = service.new_email()
        await sign_up(service, email=email, password=password)

        async def status(attempt: str) -> int:
            body = {"email": email, "password": attempt}
            return (await service.client.post("/api/auth/login", json=body)).status_code

        assert await status(password) == 200
        for other in (password.strip(), password[:-1], password + " ", password.swapcase()):
            assert await status(other) == (200 if other == password else 400 if len(other) > 128 else 401)

    @pytest.mark.parametrize("path", SIGN_UP)
    async def test_a_taken_address_is_told_whatever_its_case(self, service: Service, ada: SignedUp, path: str) -> None:
        for email in (ada.email, ada.email.upper(), ada.email.title()):
            answer = await sign_up(service, path, email=email)

            assert_coded(
                answer, 422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", "User already exists. Use another email."
            )

    async def test_of_several_who_take_one_address_at_once_one_gets_it(self, service: Service) -> None:
        email = service.new_email()

        answers = await asyncio.gather(*(sign_up(service, email=email) for _ in range(4)))

        assert sorted(answer.status_code for answer in answers) == [200, 422, 422, 422]

    async def test_a_refused_sign_up_makes_no_account(self, service: Service) -> None:
        email = service.new_email()
        await sign_up(service, email=email, password="short")

        assert (await sign_up(service, email=email)).status_code == 200


class TestSigningIn:
    @pytest.mark.parametrize("path", SIGN_IN)
    async def test_it_gives_the_user_and_a_cookie(self, service: Service, ada: SignedUp, path: str) -> None:
        answer = await service.client.post(path, json={"email": ada.email, "password": PASSWORD})

        assert answer.status_code == 200
        assert set(answer.json()) == {"redirect", "token", "user"}
        assert answer.json()["redirect"] is False
        assert set(answer.json()["user"]) == USER
        assert answer.json()["user"]["id"] == ada.id
        assert cookie_value(answer) != ada.token

    async def test_addresses_are_compared_without_case(self, service: Service) -> None:
        await sign_up(service, email="Mixed.Case@Example.COM")

        answer = await service.client.post(
            "/api/auth/login", json={"email": "mIXED.cASE@eXAMPLE.com", "password": PASSWORD}
        )

        assert answer.json()["user"]["email"] == "mixed.case@example.com"

    @pytest.mark.parametrize("path", SIGN_IN)
    async def test_an_unknown_address_and_a_wrong_password_get_the_same_bytes(
        self, service: Service, ada: SignedUp, path: str
    ) -> None:
        unknown = await service.client.post(path, json={"email": "nobody@example.com", "password": PASSWORD})
        wrong = await service.client.post(path, json={"email": ada.email, "password": PASSWORD + "!"})

        assert_coded(unknown, 401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password")
        assert unknown.content == wrong.content
        assert unknown.headers.raw == wrong.headers.raw

    @pytest.mark.parametrize("password", ["", "1234567", "😀"])
    async def test_a_short_password_is_merely_wrong(self, service: Service, password: str) -> None:
        for path in SIGN_IN:
            answer = await service.client.post(path, json={"email": "nobody@example.com", "password": password})

            assert_coded(answer, 401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password")

    @pytest.mark.parametrize("path", SIGN_IN)
    async def test_a_long_password_is_too_long(self, service: Service, path: str) -> None:
        answer = await service.client.post(path, json={"email": "nobody@example.com", "password": "x" * 129})

        assert_coded(answer, 400, "PASSWORD_TOO_LONG", "Password too long")

    @pytest.mark.parametrize("email", WRONG_EMAILS, ids=lambda email: f"{email!r:.20}")
    async def test_a_malformed_address_is_invalid(self, service: Service, email: str) -> None:
        for path in SIGN_IN:
            answer = await service.client.post(path, json={"email": email, "password": PASSWORD})

            assert_coded(answer, 400, "INVALID_EMAIL", "Invalid email")

    async def test_earlier_sessions_stay(self, service: Service, ada: SignedUp) -> None:
        await service.logged_in(ada)

        assert (await service.client.get(ada.tasks, headers=ada.headers)).status_code == 200


class TestBodies:
    """Signing up and signing in read their bodies alike."""

    @pytest.mark.parametrize(
        "content",
        [
            b"{",
            b"email=a",
            b'{"email":"\xff","password":"12345678"}',
            b'{"email":"a@example.com","password":"1234567\xff"}',
            b"\xef\xbb\xbf{}",
            b"{} {}",
            b'{"email":NaN}',
            rb'{"email":"\ud800","password":"12345678"}',
            rb'{"email":"a@example.com","password":"12345678\udfff"}',
            b'{"password":' + b"[" * 5_000,
        ],
        ids=lambda content: f"{content!r:.40}",
    )
    async def test_what_is_no_json_is_refused(self, client: httpx.AsyncClient, content: bytes) -> None:
        for path in [*SIGN_UP, *SIGN_IN]:
            answer = await client.post(path, headers={"Content-Type": "application/json"}, content=content)

            assert answer.status_code == 400
            assert_coded(answer, 400, answer.json()["code"])

    async def test_broken_json_has_its_own_code(self, client: httpx.AsyncClient) -> None:
        for path in [*SIGN_UP, *SIGN_IN]:
            answer = await client.post(path, headers={"Content-Type": "application/json"}, content=b"{")

            assert_coded(answer, 400, "BAD_REQUEST", "Invalid JSON in request body")

    @pytest.mark.parametrize(
        ("content", "received"),
        [("[]", "array"), ("null", "null"), ('"x"', "string"), ("1", "number"), ("1.5", "number"), ("true", "boolean")],
    )
    async def test_a_body_that_is_no_object_is_refused(
        self, client: httpx.AsyncClient, content: str, received: str
    ) -> None:
        for path in [*SIGN_UP, *SIGN_IN]:
            answer = await client.post(path, headers={"Content-Type": "application/json"}, content=content)

            assert_coded(answer, 400, "VALIDATION_ERROR")
            assert answer.json()["message"].startswith(f"[body] Invalid input: expected object, received {received}")

    @pytest.mark.parametrize("content_type", ["application/json", None])
    async def test_no_body_is_refused(self, client: httpx.AsyncClient, content_type: str | None) -> None:
        for path in [*SIGN_UP, *SIGN_IN]:
            answer = await client.post(path, headers={"Content-Type": content_type} if content_type else {})

            assert_coded(answer, 400, "VALIDATION_ERROR")

    @pytest.mark.parametrize("missing", ["email", "password"])
    async def test_a_missing_field_is_named(self, client: httpx.AsyncClient, missing: str) -> None:
        for path in [*SIGN_UP, *SIGN_IN]:
            body = {"email": "a@example.com", "password": PASSWORD, "name": "A"}
            del body[missing]

            answer = await client.post(path, json=body)

            message = f"[body.{missing}] Invalid input: expected string, received undefined"
            assert_coded(answer, 400, "VALIDATION_ERROR", message)

    @pytest.mark.parametrize("field", ["email", "password"])
    @pytest.mark.parametrize(
        ("value", "received"),
        [(None, "null"), (1, "number"), (1.5, "number"), (True, "boolean"), ([], "array"), ({}, "object")],
        ids=str,
    )
    async def test_a_field_of_another_type_is_named(
        self, client: httpx.AsyncClient, field: str, value: object, received: str
    ) -> None:
        for path in [*SIGN_UP, *SIGN_IN]:
            body = {"email": "a@example.com", "password": PASSWORD, "name": "A"} | {field: value}

            answer = await client.post(path, json=body)

            message = f"[body.{field}] Invalid input: expected string, received {received}"
            assert_coded(answer, 400, "VALIDATION_ERROR", message)

    @pytest.mark.parametrize(
        "content_type", ["text/plain", "application/xml", "multipart/form-data", "application/jsonx"]
    )
    async def test_another_content_type_is_not_taken(self, client: httpx.AsyncClient, content_type: str) -> None:
        for path in [*SIGN_UP, *SIGN_IN]:
            body = json.dumps({"email": "a@example.com", "password": PASSWORD})

            answer = await client.post(path, headers={"Content-Type": content_type}, content=body)

            assert_coded(
                answer,
                415,
                "UNSUPPORTED_MEDIA_TYPE",
                f'Content-Type "{content_type}" is not allowed. '
                "Allowed types: application/x-www-form-urlencoded, application/json",
            )

    async def test_parameters_of_the_content_type_are_fine(self, client: httpx.AsyncClient) -> None:
        for path in [*SIGN_UP, *SIGN_IN]:
            headers = {"Content-Type": "application/json; charset=UTF-8"}

            answer = await client.post(path, headers=headers, content=b'{"email":"x","password":"12345678","name":"x"}')

            assert answer.json()["code"] in {"INVALID_EMAIL", "VALIDATION_ERROR"}

    @pytest.mark.parametrize("chunked", [False, True])
    async def test_a_large_body_is_too_large(self, client: httpx.AsyncClient, *, chunked: bool) -> None:
        body = json.dumps({"email": "a@example.com", "password": "x" * 10_000, "name": ""}).encode()
        for path in [*SIGN_UP, *SIGN_IN]:
            content = Unread(body) if chunked else body
            answer = await client.post(path, content=content, headers={"Content-Type": "application/json"})

            assert_coded(answer, 413, answer.json()["code"])

    async def test_no_refusal_repeats_what_was_sent(self, client: httpx.AsyncClient) -> None:
        for path in [*SIGN_UP, *SIGN_IN]:
            for password in ("hunter2", ["hunter2"], {"hunter2": "hunter2"}, "hunter2" * 50):
                answer = await client.post(path, json={"email": "a@example.com", "password": password, "name": 1})

                assert "hunter2" not in answer.text


class TestTheCookie:
    @pytest.mark.parametrize("secure", [False, True])
    async def test_it_is_exactly_this(self, *, secure: bool) -> None:
        async with Service(base_url="https://todo.example.com" if secure else "http://127.0.0.1:8000") as service:
            end = "; Secure" if secure else ""
            signed_up = await sign_up(service)
            token = cookie_value(signed_up)
            signed_out = await service.client.post("/api/auth/logout", headers={"Cookie": f"{COOKIE}={token}"})

            assert signed_up.headers.get_list("set-cookie") == [
                f"{COOKIE}={token}; Max-Age={WEEK}; Path=/; HttpOnly; SameSite=Lax{end}"
            ]
            assert signed_out.headers.get_list("set-cookie") == [line + end for line in CLEARED]

    async def test_its_value_is_a_token_with_these_claims(self, service: Service, ada: SignedUp) -> None:
        header = jwt.get_unverified_header(ada.token)
        claims = jwt.decode(ada.token, SECRET, ["HS256"], audience="fastapi-backend", options=UNTIMED)

        session = claims.pop("sid")
        assert header["alg"] == "HS256"
        assert claims == {
            "iss": "better-auth",
            "aud": "fastapi-backend",
            "sub": ada.id,
            "iat": NOW,
            "exp": NOW + WEEK,
        }
        assert isinstance(session, str)
        assert len(session) >= 26

    async def test_its_value_works_as_a_bearer_token(self, client: httpx.AsyncClient, ada: SignedUp) -> None:
        assert (await client.get(ada.tasks, headers=ada.headers)).status_code == 200

    async def test_its_value_stands_in_no_body_and_the_token_in_bodies_opens_nothing(self, service: Service) -> None:
        email = service.new_email()
        body = {"email": email, "password": PASSWORD}
        signed_up = await service.client.post("/api/auth/signup", json=body)
        signed_in = await service.client.post("/api/auth/login", json=body)
        cookie = {"Cookie": f"{COOKIE}={cookie_value(signed_in)}"}
        current = await service.client.get("/api/auth/session", headers=cookie)
        signed_out = await service.client.post("/api/auth/logout", headers=cookie)

        for answer in (signed_up, signed_in, current, signed_out):
            assert not re.search(JWT_SHAPE, answer.text)
            assert cookie_value(signed_up) not in answer.text
        handle = current.json()["session"]["token"]
        tasks = f"/api/{current.json()['user']['id']}/tasks"
        assert handle == signed_in.json()["token"] != signed_up.json()["token"]
        assert_refused(
            await service.client.get(tasks, headers={"Authorization": f"Bearer {handle}"}), 401, "Invalid token"
        )
        as_cookie = await service.client.get("/api/auth/session", headers={"Cookie": f"{COOKIE}={handle}"})
        assert as_cookie.json() is None

    async def test_a_cookie_is_small(self, ada: SignedUp) -> None:
        assert len(f"{COOKIE}={ada.token}") < 1_000


class TestTheSession:
    @pytest.mark.parametrize("path", CURRENT)
    async def test_it_is_told_with_its_user(self, client: httpx.AsyncClient, ada: SignedUp, path: str) -> None:
        answer = await client.get(path, headers=ada.cookie | {"User-Agent": "a browser"})

        body = answer.json()
        assert answer.status_code == 200
        assert set(body) == {"session", "user"}
        assert set(body["session"]) == SESSION
        assert set(body["user"]) == USER
        assert body["session"]["userId"] == body["user"]["id"] == ada.id
        assert body["session"]["expiresAt"] == "2026-12-01T12:00:00.000Z"
        assert body["user"]["email"] == ada.email
        assert "set-cookie" not in answer.headers

    async def test_every_time_has_three_fraction_digits(self, client: httpx.AsyncClient, ada: SignedUp) -> None:
        body = (await client.get("/api/auth/session", headers=ada.cookie)).json()

        times = [value for part in body.values() for name, value in part.items() if name.endswith("At")]
        assert len(times) == 5
        assert all(re.fullmatch(MOMENT, time) for time in times)

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Cookie": ""},
            {"Cookie": f"{COOKIE}="},
            {"Cookie": f"{COOKIE}=x"},
            {"Cookie": "session_token=x; other=y"},
            {"Authorization": "Bearer x"},
            {"Authorization": "Basic dTpw"},
        ],
        ids=str,
    )
    async def test_it_is_null_when_nobody_is_signed_in(
        self, client: httpx.AsyncClient, headers: dict[str, str]
    ) -> None:
        for path in CURRENT:
            answer = await client.get(path, headers=headers)

            assert (answer.status_code, answer.content) == (200, b"null")
            assert answer.headers["content-type"] == "application/json"

    async def test_a_bearer_token_tells_it_too(self, client: httpx.AsyncClient, ada: SignedUp) -> None:
        assert (await client.get("/api/auth/session", headers=ada.headers)).json()["user"]["id"] == ada.id

    @pytest.mark.parametrize("path", CURRENT)
    async def test_it_slides_once_a_day_of_use(self, service: Service, path: str) -> None:
        ada = await service.signed_up()
        service.clock.turn(timedelta(days=1, milliseconds=-1))
        too_early = await service.client.get(path, headers=ada.cookie)
        service.clock.turn(timedelta(milliseconds=1))
        due = await service.client.get(path, headers=ada.cookie)
        again = await service.client.get(path, headers=ada.cookie)

        token = cookie_value(due)
        claims = jwt.decode(token, options={"verify_signature": False})
        before = jwt.decode(ada.token, options={"verify_signature": False})
        assert "set-cookie" not in too_early.headers
        assert "set-cookie" not in again.headers
        assert due.headers["set-cookie"].endswith(f"; Max-Age={WEEK}; Path=/; HttpOnly; SameSite=Lax")
        assert due.json()["session"]["expiresAt"] == again.json()["session"]["expiresAt"] == "2026-12-02T12:00:00.000Z"
        assert due.json()["session"]["createdAt"] == "2026-11-24T12:00:00.000Z"
        assert claims == before | {"iat": NOW + 86_400, "exp": NOW + 86_400 + WEEK}
        for good in (token, ada.token):
            answer = await service.client.get(ada.tasks, headers={"Authorization": f"Bearer {good}"})
            assert answer.status_code == 200

    async def test_one_that_is_used_every_day_does_not_end(self, service: Service) -> None:
        ada = await service.signed_up()
        token = ada.token
        for _ in range(30):
            service.clock.turn(timedelta(days=1))
            answer = await service.client.get("/api/auth/session", headers={"Cookie": f"{COOKIE}={token}"})
            token = cookie_value(answer)

        tasks = await service.client.get(ada.tasks, headers={"Authorization": f"Bearer {token}"})
        assert tasks.status_code == 200

    async def test_of_several_calls_at_once_one_slides_it(self, service: Service) -> None:
        ada = await service.signed_up()
        service.clock.turn(timedelta(days=2))

        answers = await asyncio.gather(*(service.client.get("/api/auth/session", headers=ada.cookie) for _ in range(5)))

        assert [answer.json()["user"]["id"] for answer in answers] == [ada.id] * 5
        assert sum("set-cookie" in answer.headers for answer in answers) == 1

    async def test_it_is_over_after_seven_days(self, service: Service) -> None:
        ada = await service.signed_up()
        service.clock.turn(timedelta(days=7))

        answer = await service.client.get("/api/auth/session", headers=ada.cookie)

        assert (answer.status_code, answer.content) == (200, b"null")
        assert answer.headers.get_list("set-cookie") == CLEARED

    async def test_a_deleted_account_has_none(self, service: Service, ada: SignedUp) -> None:
        await service.delete_account(ada)

        answer = await service.client.get("/api/auth/session", headers=ada.cookie)
        again = await service.client.post("/api/auth/login", json={"email": ada.email, "password": PASSWORD})

        assert (answer.status_code, answer.content) == (200, b"null")
        assert answer.headers.get_list("set-cookie") == CLEARED
        assert_coded(again, 401, "INVALID_EMAIL_OR_PASSWORD")


class TestSigningOut:
    @pytest.mark.parametrize("path", SIGN_OUT)
    async def test_it_ends_the_session_at_once_and_clears_the_cookie(
        self, client: httpx.AsyncClient, ada: SignedUp, path: str
    ) -> None:
        answer = await client.post(path, headers=ada.cookie)

        assert (answer.status_code, answer.content) == (200, b'{"success":true}')
        assert answer.headers.get_list("set-cookie") == CLEARED
        assert_refused(await client.get(ada.tasks, headers=ada.headers), 401, "Invalid token")
        assert_refused(await client.get(ada.proxied, headers=ada.cookie), 401, "Invalid token")
        assert (await client.get("/api/auth/session", headers=ada.cookie)).json() is None

    @pytest.mark.parametrize("path", SIGN_OUT)
    async def test_without_a_session_the_answer_is_the_same(self, service: Service, ada: SignedUp, path: str) -> None:
        first = await service.client.post(path, headers=ada.cookie)
        expired = service.vouched_for("usr_foreign", exp=NOW - 1)

        for headers in (ada.cookie, {}, {"Cookie": f"{COOKIE}=x"}, expired.cookie, {"Authorization": "Basic x"}):
            answer = await service.client.post(path, headers=headers)
            assert (answer.status_code, answer.content) == (first.status_code, first.content)
            assert answer.headers.raw == first.headers.raw

    @pytest.mark.parametrize(
        ("content_type", "content"),
        [(None, b""), ("application/json", b"{}"), ("application/json", b"{"), ("text/plain", b"\xff")],
    )
    async def test_it_needs_no_body_and_minds_none(
        self, client: httpx.AsyncClient, ada: SignedUp, content_type: str | None, content: bytes
    ) -> None:
        for path in SIGN_OUT:
            headers = ada.cookie | ({"Content-Type": content_type} if content_type else {})

            answer = await client.post(path, headers=headers, content=content)

            assert answer.json() == {"success": True}

    async def test_other_sessions_go_on(self, service: Service, ada: SignedUp) -> None:
        elsewhere = await service.logged_in(ada)
        await service.client.post("/api/auth/logout", headers=elsewhere.cookie)

        assert (await service.client.get(ada.tasks, headers=ada.headers)).status_code == 200

    async def test_a_slid_session_ends_with_all_its_tokens(self, service: Service) -> None:
        ada = await service.signed_up()
        service.clock.turn(timedelta(days=1))
        newer = cookie_value(await service.client.get("/api/auth/session", headers=ada.cookie))
        await service.client.post("/api/auth/logout", headers=ada.cookie)

        for token in (newer, ada.token):
            answer = await service.client.get(ada.tasks, headers={"Authorization": f"Bearer {token}"})
            assert_refused(answer, 401, "Invalid token")

    async def test_a_token_that_has_expired_still_ends_its_session(self, service: Service) -> None:
        ada = await service.signed_up()
        service.clock.turn(timedelta(days=6))
        newer = cookie_value(await service.client.get("/api/auth/session", headers=ada.cookie))
        service.clock.turn(timedelta(days=2))
        await service.client.post("/api/auth/logout", headers=ada.cookie)

        answer = await service.client.get(ada.tasks, headers={"Authorization": f"Bearer {newer}"})

        assert_refused(answer, 401, "Invalid token")


class TestEveryAnswer:
    @pytest.mark.parametrize("path", [*SIGN_UP, *SIGN_IN, *SIGN_OUT, *CURRENT])
    async def test_it_is_kept_by_no_cache(self, service: Service, ada: SignedUp, path: str) -> None:
        body: dict[str, Any] = {"email": ada.email, "password": PASSWORD}
        method = "GET" if path in CURRENT else "POST"

        for answer in (
            await service.client.request(method, path, headers=ada.cookie, json=body),
            await service.client.request(method, path, json=body | {"email": "x"}),
        ):
            assert answer.headers["cache-control"] == "no-store"
        assert_nothing(await service.client.request("PATCH", path))

    @pytest.mark.parametrize("path", [*SIGN_UP, *SIGN_IN, *SIGN_OUT, *CURRENT])
    async def test_a_slash_at_the_end_changes_nothing(self, client: httpx.AsyncClient, path: str) -> None:
        method = "GET" if path in CURRENT else "POST"

        plain, slashed = [await client.request(method, path + end) for end in ("", "/")]

        assert (plain.status_code, plain.content) == (slashed.status_code, slashed.content)
