"""Too many attempts, as clients meet with them."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.unit.http.service import PASSWORD, Service, SignedUp, assert_coded
from todo.domain.errors import StoreUnavailable

SIGN_IN = ["/api/auth/login", "/api/auth/sign-in/email"]
SIGN_UP = ["/api/auth/signup", "/api/auth/sign-up/email"]
GUESS = "a wrong guess"
ADDRESS = "203.0.113.7"


@pytest.fixture(scope="module")
async def secure_service() -> AsyncIterator[Service]:
    async with Service(base_url="https://todo.example.com") as service:
        yield service


@pytest.fixture
def secure(secure_service: Service) -> Service:
    """In production: by https, where networks are counted strictly."""
    secure_service.begin_anew()
    return secure_service


async def sign_in(
    client: httpx.AsyncClient, email: str, password: str = GUESS, *, path: str = SIGN_IN[0]
) -> httpx.Response:
    return await client.post(path, json={"email": email, "password": password})


async def used_up(client: httpx.AsyncClient, email: str) -> httpx.Response:
    """The first answer that is not about the password."""
    while (answer := await sign_in(client, email)).status_code == 401:
        pass
    return answer


def assert_too_many(answer: httpx.Response) -> int:
    """In the form of the sign-in side; gives the wait."""
    assert_coded(answer, 429, "TOO_MANY_REQUESTS", "Too many requests. Please try again later.")
    assert answer.headers["retry-after"] == answer.headers["x-retry-after"]
    return int(answer.headers["retry-after"])


class TestSigningIn:
    async def test_is_refused_after_ten_wrong_passwords_whatever_the_next_one_is(
        self, client: httpx.AsyncClient, ada: SignedUp
    ) -> None:
        answers = [await sign_in(client, ada.email) for _ in range(11)]

        assert [answer.status_code for answer in answers] == [401] * 10 + [429]
        assert_too_many(await sign_in(client, ada.email, PASSWORD))

    async def test_is_possible_again_after_the_time_that_was_told_and_not_a_second_earlier(
        self, service: Service, client: httpx.AsyncClient, ada: SignedUp
    ) -> None:
        service.clock.turn(timedelta(milliseconds=1))
        wait = timedelta(seconds=assert_too_many(await used_up(client, ada.email)))

        service.clock.turn(wait - timedelta(seconds=1))
        assert_too_many(await sign_in(client, ada.email, PASSWORD))
        service.clock.turn(timedelta(seconds=1))
        assert (await sign_in(client, ada.email, PASSWORD)).status_code == 200

    async def test_counts_the_same_by_each_path_and_spelling(self, client: httpx.AsyncClient, ada: SignedUp) -> None:
        for number in range(10):
            spelled = ada.email.upper() if number % 3 else ada.email
            assert (await sign_in(client, spelled, path=SIGN_IN[number % 2])).status_code == 401

        for path in SIGN_IN:
            assert_too_many(await sign_in(client, ada.email, path=path))

    async def test_says_the_same_of_an_address_that_is_nobodys(self, client: httpx.AsyncClient, ada: SignedUp) -> None:
        known, unknown = await used_up(client, ada.email), await used_up(client, "nobody@example.com")

        assert unknown.json() == known.json()
        assert unknown.headers == known.headers

    async def test_from_another_network_is_possible_for_who_has_been_there(
        self, service: Service, client: httpx.AsyncClient, ada: SignedUp
    ) -> None:
        async with service.client_at(ADDRESS) as home:
            assert (await sign_in(home, ada.email, PASSWORD)).status_code == 200
            for number in range(40):
                async with service.client_at(f"198.51.{number}.1") as stranger:
                    await used_up(stranger, ada.email)

            assert (await sign_in(home, ada.email, PASSWORD)).status_code == 200
            assert await service.is_signed_in(ada)

    async def test_cannot_be_done_oftener_by_naming_other_addresses(
        self, client: httpx.AsyncClient, ada: SignedUp
    ) -> None:
        await used_up(client, ada.email)

        for header in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP"):
            answer = await client.post(
                SIGN_IN[0], json={"email": ada.email, "password": PASSWORD}, headers={header: "192.0.2.1"}
            )
            assert_too_many(answer)

    async def test_is_not_possible_while_nobody_can_count(
        self, service: Service, client: httpx.AsyncClient, ada: SignedUp
    ) -> None:
        service.trouble.error = StoreUnavailable

        answer = await sign_in(client, ada.email, PASSWORD)

        assert_coded(answer, 503, "SERVICE_UNAVAILABLE")
        assert "retry-after" in answer.headers

    async def test_a_malformed_address_costs_nothing(self, client: httpx.AsyncClient) -> None:
        answers = [await sign_in(client, "nonsense") for _ in range(50)]

        assert {answer.status_code for answer in answers} == {400}


class TestOneNetwork:
    async def test_makes_five_accounts_in_production(self, secure: Service) -> None:
        answers = [
            await secure.client.post(
                SIGN_UP[number % 2], json={"email": f"new{number}@example.com", "password": PASSWORD}
            )
            for number in range(6)
        ]

        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        assert assert_too_many(answers[-1]) == 360

    async def test_tries_thirty_accounts_in_production(self, secure: Service) -> None:
        answers = [await sign_in(secure.client, f"person{number}@example.com") for number in range(31)]

        assert [answer.status_code for answer in answers] == [401] * 30 + [429]
        assert assert_too_many(answers[-1]) == 20

    async def test_makes_and_tries_many_by_plain_http(self, client: httpx.AsyncClient) -> None:
        for number in range(60):
            body = {"email": f"new{number}@example.com", "password": PASSWORD}
            assert (await client.post(SIGN_UP[0], json=body)).status_code == 200
            assert (await sign_in(client, f"new{number}@example.com")).status_code == 401


CONFIRMED: dict[str, dict[str, Any]] = {
    "change-password": {"currentPassword": GUESS, "newPassword": "another good password"},
    "verify-password": {"password": GUESS},
    "delete-user": {"password": GUESS},
}


class TestWhoIsSignedIn:
    @pytest.mark.parametrize("call", CONFIRMED)
    async def test_confirms_five_times_wrongly(self, client: httpx.AsyncClient, ada: SignedUp, call: str) -> None:
        answers = [await client.post(f"/api/auth/{call}", headers=ada.cookie, json=CONFIRMED[call]) for _ in range(6)]

        assert [answer.status_code for answer in answers] == [400] * 5 + [429]
        assert assert_too_many(answers[-1]) == 900

    async def test_all_these_calls_count_as_one(self, client: httpx.AsyncClient, ada: SignedUp) -> None:
        for _ in range(5):
            await client.post("/api/auth/verify-password", headers=ada.cookie, json={"password": GUESS})

        for call, body in CONFIRMED.items():
            assert_too_many(await client.post(f"/api/auth/{call}", headers=ada.cookie, json=body))

    async def test_goes_on_using_the_tasks(self, client: httpx.AsyncClient, ada: SignedUp) -> None:
        for _ in range(6):
            await client.post("/api/auth/verify-password", headers=ada.cookie, json={"password": GUESS})
        await used_up(client, ada.email)

        assert (await client.get(ada.tasks, headers=ada.headers)).status_code == 200
        assert (await client.get(ada.proxied, headers=ada.cookie)).status_code == 200


LETTERS: dict[str, tuple[str, bool]] = {
    "request-password-reset": ("email", False),
    "send-verification-email": ("email", False),
    "change-email": ("newEmail", True),
}


class TestLetters:
    @pytest.mark.parametrize("call", LETTERS)
    async def test_five_can_be_asked_for_from_one_network_in_production(self, secure: Service, call: str) -> None:
        ada = await secure.signed_up()
        field, signed_in = LETTERS[call]

        answers = [
            await secure.client.post(
                f"/api/auth/{call}",
                headers=ada.cookie if signed_in else {},
                json={field: f"else{number}@example.com"},
            )
            for number in range(6)
        ]

        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        assert assert_too_many(answers[-1]) == 360


async def test_where_it_is_switched_off_nothing_is_counted() -> None:
    async with Service(throttle=False, base_url="https://todo.example.com") as service:
        ada = await service.signed_up()

        for _ in range(40):
            assert (await sign_in(service.client, ada.email)).status_code == 401
        for number in range(20):
            await service.signed_up(f"new{number}@example.com")
