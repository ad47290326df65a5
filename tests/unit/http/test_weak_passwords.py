"""Passwords that are easy to guess, as clients meet with them."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.unit.http.service import PASSWORD, Service, assert_coded

CODE = "PASSWORD_TOO_COMMON"
WEAK = {
    "Password123": "Password too common: many people have it, and it would be guessed early",
    "lovelace1": "Password too easy to guess: it is the email address",
    "todotodo": "Password too easy to guess: it is the name of the service",
    "aaaaaaaa": "Password too easy to guess: it is one character again and again, or characters in a row",
}
EMAIL = "lovelace@example.com"


@pytest.fixture(scope="module")
async def strict_service() -> AsyncIterator[Service]:
    async with Service(password_blocklist="enforce") as service:
        yield service


@pytest.fixture
def strict(strict_service: Service) -> Service:
    strict_service.begin_anew()
    return strict_service


async def signing_up(service: Service, password: str) -> httpx.Response:
    return await service.client.post("/api/auth/signup", json={"email": EMAIL, "password": password})


@pytest.mark.parametrize("password", WEAK)
async def test_signing_up_is_refused_with_a_reason(strict: Service, password: str) -> None:
    assert_coded(await signing_up(strict, password), 400, CODE, WEAK[password])


@pytest.mark.parametrize("password", WEAK)
async def test_so_is_a_new_password(strict: Service, password: str) -> None:
    ada = await strict.signed_up(EMAIL)

    answer = await strict.client.post(
        "/api/auth/change-password",
        headers=ada.cookie,
        json={"currentPassword": PASSWORD, "newPassword": password},
    )

    assert_coded(answer, 400, CODE, WEAK[password])
    assert await strict.can_sign_in(ada)


async def test_so_is_one_that_is_set_by_letter_and_the_letter_stays_good(strict: Service) -> None:
    ada = await strict.signed_up(EMAIL)
    token = await strict.reset_token(ada)

    for password, message in WEAK.items():
        body = {"token": token, "newPassword": password}
        assert_coded(await strict.client.post("/api/auth/reset-password", json=body), 400, CODE, message)
    body = {"token": token, "newPassword": "another good password"}
    answer = await strict.client.post("/api/auth/reset-password", json=body)

    assert answer.status_code == 200


async def test_who_has_such_a_password_already_signs_in_with_it() -> None:
    async with Service() as lenient, Service(password_blocklist="enforce") as strict:
        strict.store._store = lenient.store._store
        answer = await signing_up(lenient, "iloveyou")
        assert answer.status_code == 200

        answer = await strict.client.post("/api/auth/login", json={"email": EMAIL, "password": "iloveyou"})

        assert answer.status_code == 200


@pytest.mark.parametrize(
    ("base_url", "word", "status"),
    [
        ("http://127.0.0.1:8000", "", 200),
        ("http://127.0.0.1:8000", "warn", 200),
        ("http://127.0.0.1:8000", "enforce", 400),
        ("https://todo.example.com", "", 400),
        ("https://todo.example.com", "warn", 200),
        ("https://todo.example.com", "enforce", 400),
    ],
)
async def test_it_is_refused_in_production_unless_the_settings_say_otherwise(
    base_url: str, word: str, status: int
) -> None:
    async with Service(base_url=base_url, password_blocklist=word) as service:
        assert (await signing_up(service, "iloveyou")).status_code == status
