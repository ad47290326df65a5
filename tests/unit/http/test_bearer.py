import asyncio
import base64
import hmac
import json
from datetime import timedelta
from hashlib import sha256
from typing import Any

import httpx
import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import NOON, SECRET
from tests.unit.http.service import (
    PASSWORD,
    Service,
    SignedUp,
    Unread,
    assert_refused,
    fault,
)
from todo.domain.model.user import User, UserId

NOW = int(NOON.timestamp())
OTHER_SECRET = SECRET[::-1]
ABSENT = object()
BAD_CLAIMS: dict[str, list[object]] = {
    "iss": [ABSENT, None, "", "other", "Better-Auth", 1, ["better-auth"], {}],
    "aud": [ABSENT, None, "", "other", 1, [], ["other"], [1], {"fastapi-backend": 1}],
    "exp": [ABSENT, None, str(NOW + 60), True, [NOW + 60], {}, "never"],
    "iat": [NOW + 1, NOW + 0.5, 10**12, str(NOW), True, [NOW], {}],
    "nbf": [NOW + 1, 10**12, str(NOW), True, None, [NOW]],
    "sub": [1, 0, True, ["usr_foreign"], {}, "u" * 256, "a\0b", "\0", "\ud800"],
    "sid": ["unknown", "", "\0", 1, None, ["x"], True],
}


def base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def signed(header: bytes | dict[str, Any], payload: bytes, *, secret: str = SECRET) -> str:
    """A token made by hand, for what no library would sign."""
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    message = f"{base64url(head)}.{base64url(payload)}"
    return f"{message}.{base64url(hmac.digest(secret.encode(), message.encode(), sha256))}"


def with_claim(service: Service, name: str, value: object) -> str:
    """A token that is good but for one claim, or with one claim more."""
    claims = service.claims("usr_foreign")
    if value is ABSENT:
        claims.pop(name)
    else:
        claims[name] = value
    return signed({"alg": "HS256", "typ": "JWT"}, json.dumps(claims).encode())


async def listed_by(service: Service, authorization: str | bytes, user: str = "usr_foreign") -> httpx.Response:
    return await service.client.get(f"/api/{user}/tasks", headers=[(b"Authorization", _bytes(authorization))])


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1")


async def user_of(service: Service, subject: str) -> User:
    return await service.store.users.get(UserId(subject))


class TestTheHeader:
    @pytest.mark.parametrize(
        "authorization",
        [
            "",
            " ",
            "Bearer",
            "Bearer ",
            "bearer   ",
            "Basic dTpw",
            "Token {}",
            "{}",
            "Bearer{}",
            "Digest Bearer {}",
            ":",
        ],
    )
    async def test_without_a_bearer_token_nobody_is_authenticated(
        self, service: Service, ada: SignedUp, authorization: str
    ) -> None:
        answer = await listed_by(service, authorization.format(ada.token), ada.id)

        assert_refused(answer, 401, "Not authenticated")

    async def test_without_the_header_nobody_is_authenticated(self, client: httpx.AsyncClient, ada: SignedUp) -> None:
        assert_refused(await client.get(ada.tasks), 401, "Not authenticated")

    async def test_a_cookie_alone_does_not_sign_in_here(self, client: httpx.AsyncClient, ada: SignedUp) -> None:
        assert_refused(await client.get(ada.tasks, headers=ada.cookie), 401, "Not authenticated")

    @pytest.mark.parametrize("name", ["access_token", "token", "authorization"])
    async def test_a_token_in_the_query_does_not_sign_in(
        self, client: httpx.AsyncClient, ada: SignedUp, name: str
    ) -> None:
        assert_refused(await client.get(f"{ada.tasks}?{name}={ada.token}"), 401, "Not authenticated")

    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR", "Bearer "])
    async def test_the_case_of_the_scheme_is_free(self, service: Service, ada: SignedUp, scheme: str) -> None:
        assert (await listed_by(service, f"{scheme} {ada.token}", ada.id)).status_code == 200

    async def test_two_headers_are_as_good_as_none(self, client: httpx.AsyncClient, ada: SignedUp) -> None:
        for other in (ada.headers["Authorization"], "Bearer x", "Basic dTpw"):
            headers = [("Authorization", ada.headers["Authorization"]), ("Authorization", other)]
            answer = await client.get(ada.tasks, headers=headers)

            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"

    async def test_anothers_cookie_beside_it_changes_nothing(
        self, client: httpx.AsyncClient, ada: SignedUp, bob: SignedUp
    ) -> None:
        answer = await client.get(ada.tasks, headers=ada.headers | bob.cookie)

        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers


class TestTokensThatAreNotGood:
    @pytest.mark.parametrize(
        "token",
        [
            "x",
            ".",
            "..",
            "a.b.c",
            "a.b.c.d",
            "null",
            "é",
            "\x00",
            "x" * 100_000,
            "e30.e30.e30",
            "eyJhbGciOiJIUzI1NiJ9.e30.",
            "two words",
            "Bearer",
        ],
        ids=lambda token: f"{token!r:.20}",
    )
    async def test_what_is_no_token_is_invalid(self, service: Service, token: str) -> None:
        assert_refused(await listed_by(service, f"Bearer {token}"), 401, "Invalid token")

    @pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
    async def test_another_algorithm_is_invalid(self, service: Service, algorithm: str) -> None:
        claims = service.claims("usr_foreign")
        token = jwt.PyJWT({"enforce_minimum_key_length": False}).encode(claims, SECRET.encode(), algorithm=algorithm)

        assert_refused(await listed_by(service, f"Bearer {token}"), 401, "Invalid token")

    @pytest.mark.parametrize(
        "header",
        [
            {"alg": "none"},
            {"alg": "None"},
            {"alg": "hs256"},
            {"alg": ["HS256"]},
            {"alg": None},
            {"alg": "RS256"},
            {"typ": "JWT"},
            {"alg": "HS256", "crit": ["exp"], "exp": 1},
            b"[]",
            b"null",
            b"\xff",
            b"{",
            b"[" * 5_000,
        ],
        ids=lambda header: f"{header!s:.40}",
    )
    async def test_another_header_is_invalid(self, service: Service, header: bytes | dict[str, Any]) -> None:
        payload = json.dumps(service.claims("usr_foreign")).encode()

        for token in (signed(header, payload), signed(header, payload).rpartition(".")[0] + "."):
            assert_refused(await listed_by(service, f"Bearer {token}"), 401, "Invalid token")

    @pytest.mark.parametrize("payload", [b"[]", b"null", b'"x"', b"1", b"{", b"\xff", b"", b"[" * 2_000])
    async def test_a_payload_without_claims_is_invalid(self, service: Service, payload: bytes) -> None:
        token = signed({"alg": "HS256"}, payload)

        assert_refused(await listed_by(service, f"Bearer {token}"), 401, "Invalid token")

    async def test_another_secret_is_invalid(self, service: Service, ada: SignedUp) -> None:
        mine = signed({"alg": "HS256"}, json.dumps(service.claims(ada.id)).encode(), secret=OTHER_SECRET)
        of_the_bytes = jwt.encode(service.claims(ada.id), bytes.fromhex(SECRET), algorithm="HS256")

        for token in (mine, of_the_bytes):
            assert_refused(await listed_by(service, f"Bearer {token}", ada.id), 401, "Invalid token")

    @pytest.mark.parametrize(
        ("name", "value"),
        [(name, value) for name, values in BAD_CLAIMS.items() for value in values],
        ids=lambda value: "absent" if value is ABSENT else ascii(value)[:24],
    )
    async def test_a_bad_claim_is_invalid(self, service: Service, name: str, value: object) -> None:
        token = with_claim(service, name, value)

        assert_refused(await listed_by(service, f"Bearer {token}"), 401, "Invalid token")

    @pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
    @pytest.mark.parametrize("number", [10**400, -(10**400), 1e308, -1e308, 10**18, -1, float("inf"), float("nan")])
    async def test_times_beyond_all_calendars_are_never_a_fault_of_ours(
        self, service: Service, name: str, number: float
    ) -> None:
        answer = await listed_by(service, f"Bearer {with_claim(service, name, number)}")

        assert answer.status_code in {200, 401}

    @pytest.mark.parametrize("expires", [NOW, NOW - 1, NOW - 0.5, 0, -1])
    async def test_a_token_whose_time_is_over_has_expired(self, service: Service, expires: float) -> None:
        token = with_claim(service, "exp", expires)

        assert_refused(await listed_by(service, f"Bearer {token}"), 401, "Token has expired")

    @pytest.mark.parametrize("subject", [ABSENT, ""])
    async def test_a_good_token_that_names_nobody_has_no_credentials(self, service: Service, subject: object) -> None:
        token = with_claim(service, "sub", subject)

        assert_refused(await listed_by(service, f"Bearer {token}"), 401, "Invalid authentication credentials")

    async def test_an_expired_token_that_names_nobody_has_expired(self, service: Service) -> None:
        claims = service.claims("", exp=NOW - 1)
        del claims["sub"]
        token = jwt.encode(claims, SECRET.encode(), algorithm="HS256")

        assert_refused(await listed_by(service, f"Bearer {token}"), 401, "Token has expired")

    @settings(max_examples=200, database=None, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    async def test_whatever_becomes_of_a_token_it_is_good_or_refused(
        self, service: Service, data: st.DataObject
    ) -> None:
        token = service.vouched_for("usr_foreign").token
        for _ in range(data.draw(st.integers(1, 3))):
            begin = data.draw(st.integers(0, len(token)))
            end = data.draw(st.integers(begin, min(len(token), begin + 8)))
            token = token[:begin] + data.draw(st.text(st.characters(max_codepoint=255), max_size=6)) + token[end:]

        answer = await listed_by(service, f"Bearer {token}")

        assert answer.status_code in {200, 401}


class TestGoodTokens:
    async def test_our_own_is_good_until_its_very_end_and_not_longer(self, service: Service) -> None:
        ada = await service.signed_up()
        service.clock.turn(timedelta(days=7, milliseconds=-1))
        before = await service.client.get(ada.tasks, headers=ada.headers)
        service.clock.turn(timedelta(milliseconds=1))
        after = await service.client.get(ada.tasks, headers=ada.headers)

        assert before.status_code == 200
        assert_refused(after, 401, "Token has expired")

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("aud", ["fastapi-backend"]),
            ("aud", ["other", "fastapi-backend"]),
            ("exp", NOW + 1),
            ("exp", NOW + 0.5),
            ("exp", 10**15),
            ("iat", NOW),
            ("iat", 0),
            ("iat", NOW - 0.5),
            ("nbf", NOW),
            ("email", "somebody@example.com"),
            ("jti", "x"),
            ("role", "admin"),
        ],
        ids=str,
    )
    async def test_one_of_another_holder_of_the_secret_is_good(
        self, service: Service, name: str, value: object
    ) -> None:
        answer = await listed_by(service, f"Bearer {with_claim(service, name, value)}")

        assert (answer.status_code, answer.content) == (200, b"[]")

    @pytest.mark.parametrize(
        "header", [{"alg": "HS256"}, {"alg": "HS256", "kid": "../x", "jku": "https://example.com"}]
    )
    async def test_what_the_header_says_besides_does_not_count(self, service: Service, header: dict[str, Any]) -> None:
        token = signed(header, json.dumps(service.claims("usr_foreign")).encode())

        assert (await listed_by(service, f"Bearer {token}")).status_code == 200

    async def test_one_of_another_holder_lives_until_it_expires(self, service: Service) -> None:
        somebody = service.vouched_for("usr_foreign", exp=NOW + 365 * 24 * 3600)
        service.clock.turn(timedelta(days=365, seconds=-1))
        before = await service.client.get(somebody.tasks, headers=somebody.headers)
        service.clock.turn(timedelta(seconds=1))
        after = await service.client.get(somebody.tasks, headers=somebody.headers)

        assert before.status_code == 200
        assert_refused(after, 401, "Token has expired")

    async def test_one_of_another_holder_is_good_for_a_person_of_ours(self, service: Service, ada: SignedUp) -> None:
        task = await service.add_task(ada)
        same = service.vouched_for(ada.id)

        answer = await service.client.get(ada.tasks, headers=same.headers)

        assert answer.json() == [task]

    async def test_the_session_of_one_person_does_not_open_anothers_account(
        self, service: Service, ada: SignedUp, bob: SignedUp
    ) -> None:
        session = jwt.decode(ada.token, options={"verify_signature": False})["sid"]
        mixed = service.vouched_for(bob.id, sid=session)

        assert_refused(await service.client.get(bob.tasks, headers=mixed.headers), 401, "Invalid token")


class TestTheFirstWriteOfSomebodyNew:
    async def test_reading_records_nobody(self, service: Service) -> None:
        somebody = service.vouched_for("usr_reader")

        assert (await service.client.get(somebody.tasks, headers=somebody.headers)).json() == []
        for method in ("GET", "DELETE"):
            answer = await service.client.request(method, f"{somebody.tasks}/1", headers=somebody.headers)
            assert_refused(answer, 404, "Task not found")
        assert "usr_reader" not in {user.id for user in await service.store.users.all()}

    @pytest.mark.parametrize(
        "subject",
        ["usr_first", "auth0|5f7c8ec7", "somebody@example.com", "Ünï çødé", "42", "a b", "%41", "x" * 255, "A"],
        ids=lambda subject: f"{subject:.20}",
    )
    async def test_the_first_write_records_whoever_the_token_names(self, service: Service, subject: str) -> None:
        somebody = service.vouched_for(subject)

        task = await service.add_task(somebody, "first")

        answer = await service.client.get(somebody.tasks, headers=somebody.headers)
        assert task["user_id"] == subject
        assert answer.json() == [task]

    async def test_the_address_is_the_one_in_the_token(self, service: Service) -> None:
        somebody = service.vouched_for("usr_with_address", email="With.Address@Example.com")
        await service.add_task(somebody)
        await service.add_task(somebody)

        user = await user_of(service, "usr_with_address")

        assert (user.email, user.email_verified) == ("with.address@example.com", False)

    @pytest.mark.parametrize("email", [None, "", 1, ["x"], "a\0b", "x" * 300], ids=lambda email: f"{email!r:.12}")
    async def test_without_an_address_one_is_made_that_nobody_can_have(self, service: Service, email: object) -> None:
        await service.add_task(service.vouched_for("usr_without", email=email))

        assert (await user_of(service, "usr_without")).email == "usr_without@users.invalid"

    async def test_a_taken_address_stays_with_who_has_it(self, service: Service, ada: SignedUp) -> None:
        somebody = service.vouched_for("usr_same_address", email=ada.email.upper())

        await service.add_task(somebody)

        assert (await user_of(service, "usr_same_address")).email == "usr_same_address@users.invalid"
        assert (await user_of(service, ada.id)).email == ada.email

    async def test_two_ids_that_differ_only_in_case_are_two_people(self, service: Service) -> None:
        lower, upper = service.vouched_for("usr_case"), service.vouched_for("USR_CASE")
        await service.add_task(lower, "lower")
        await service.add_task(upper, "upper")

        titles = [
            [task["title"] for task in (await service.client.get(person.tasks, headers=person.headers)).json()]
            for person in (lower, upper)
        ]

        assert titles == [["lower"], ["upper"]]

    async def test_several_first_writes_at_once_all_succeed(self, service: Service) -> None:
        somebody = service.vouched_for("usr_hasty")

        tasks = await asyncio.gather(*(service.add_task(somebody) for _ in range(5)))

        assert len({task["id"] for task in tasks}) == 5

    async def test_no_password_opens_an_account_made_so(self, service: Service) -> None:
        await service.add_task(service.vouched_for("usr_no_password", email="no.password@example.com"))

        for password in ("", PASSWORD):
            body = {"email": "no.password@example.com", "password": password}
            answer = await service.client.post("/api/auth/login", json=body)
            assert (answer.status_code, answer.json()["code"]) == (401, "INVALID_EMAIL_OR_PASSWORD")

    async def test_a_deleted_account_of_ours_is_not_made_anew(self, service: Service, ada: SignedUp) -> None:
        await service.delete_account(ada)

        answer = await service.client.post(ada.tasks, headers=ada.headers, json={"title": "late"})

        assert_refused(answer, 401, "Invalid token")
        assert ada.id not in {user.id for user in await service.store.users.all()}


CALLS = [
    ("GET", ""),
    ("POST", ""),
    ("GET", "/1"),
    ("PUT", "/1"),
    ("DELETE", "/1"),
    ("PATCH", "/1/complete"),
    ("GET", "/x"),
    ("PUT", "/x"),
    ("DELETE", "/1.0"),
    ("PATCH", "/+1/complete"),
]


class TestTheOrderOfChecks:
    @pytest.mark.parametrize(("method", "rest"), CALLS)
    async def test_first_the_token_then_the_user_and_nothing_of_the_body_before(
        self, client: httpx.AsyncClient, ada: SignedUp, bob: SignedUp, method: str, rest: str
    ) -> None:
        headers = {"Content-Length": "1000000000", "Content-Type": "text/plain"}
        body = Unread(b"\xff" * 1000)

        nobody = await client.request(method, ada.tasks + rest, headers=headers, content=body)
        stranger = await client.request(method, ada.tasks + rest, headers=headers | bob.headers, content=body)

        assert_refused(nobody, 401, "Not authenticated")
        assert_refused(stranger, 403, "Access denied: user_id mismatch")
        assert not body.read

    @pytest.mark.parametrize("user", ["usr_nobody", "x", "%00", "%ff", "..%2f..", "a%2fb", " ", "'--", "x" * 3000])
    async def test_any_other_user_id_is_a_mismatch_whether_or_not_there_is_such_a_user(
        self, client: httpx.AsyncClient, ada: SignedUp, user: str
    ) -> None:
        answer = await client.get(f"/api/{user}/tasks", headers=ada.headers)

        if "%2f" in user:
            assert answer.status_code in {403, 404}
        else:
            assert_refused(answer, 403, "Access denied: user_id mismatch")

    async def test_a_user_id_is_compared_exactly(self, client: httpx.AsyncClient, ada: SignedUp) -> None:
        for user in (ada.id.upper(), ada.id[:-1], ada.id + "x", ada.id + "%20", "%20" + ada.id):
            answer = await client.get(f"/api/{user}/tasks", headers=ada.headers)
            assert_refused(answer, 403, "Access denied: user_id mismatch")

    async def test_an_expired_token_comes_before_the_wrong_user(self, service: Service, ada: SignedUp) -> None:
        expired = service.vouched_for("usr_foreign", exp=NOW - 1)

        assert_refused(await service.client.get(ada.tasks, headers=expired.headers), 401, "Token has expired")

    @pytest.mark.parametrize("number", ["0", "999999999", "9" * 30])
    @pytest.mark.parametrize("content", [b"", b"{}", b"{", b'{"title":""}', b'{"title":" "}', b'{"completed":1}'])
    async def test_a_bad_body_comes_before_a_task_that_is_not_there(
        self, client: httpx.AsyncClient, ada: SignedUp, number: str, content: bytes
    ) -> None:
        answer = await client.put(f"{ada.tasks}/{number}", headers=ada.headers, content=content)

        assert fault(answer)[1][0] == "body"

    @pytest.mark.parametrize("content", [b'{"title":"a"}', b"", b"{", b'{"title":1}'])
    async def test_a_bad_number_is_refused_whatever_the_body(
        self, client: httpx.AsyncClient, ada: SignedUp, content: bytes
    ) -> None:
        answer = await client.put(f"{ada.tasks}/x", headers=ada.headers, content=content)

        assert fault(answer)[1] in (["path", "task_id"], ["body"], ["body", "title"], ["body", 1])

    async def test_a_task_of_another_under_ones_own_path_is_not_found(
        self, service: Service, ada: SignedUp, bob: SignedUp
    ) -> None:
        task = await service.add_task(ada)

        for method, rest in (("GET", ""), ("DELETE", ""), ("PATCH", "/complete")):
            path = f"{bob.tasks}/{task['id']}{rest}"
            assert_refused(await service.client.request(method, path, headers=bob.headers), 404, "Task not found")


class TestSessionsThatAreOver:
    async def test_after_a_logout_its_token_is_invalid_and_the_others_are_not(
        self, service: Service, ada: SignedUp
    ) -> None:
        elsewhere = await service.logged_in(ada)
        await service.client.post("/api/auth/logout", headers=ada.cookie)

        assert_refused(await service.client.get(ada.tasks, headers=ada.headers), 401, "Invalid token")
        assert (await service.client.get(ada.tasks, headers=elsewhere.headers)).status_code == 200
