from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import quote

import httpx
import pytest

from tests.builders import SECRET
from tests.unit.http.service import FRIEND, Service, SignedUp, assert_coded, cookie_value
from todo.adapters.jwt_email_proofs import JwtEmailProofs
from todo.domain.model.letter import Purpose
from todo.domain.model.ticket import EmailProof
from todo.domain.model.user import Email

HOUR = timedelta(hours=1)
STRING = "Invalid input: expected string, received"
PROOFS = JwtEmailProofs(SECRET)


@pytest.fixture(scope="session")
async def service_without_mail() -> AsyncIterator[Service]:
    async with Service(mail=False) as service:
        yield service


def proof(service: Service, email: str, new_email: str | None = None) -> str:
    """What a letter would carry."""
    new = None if new_email is None else Email(new_email)
    expires = int((service.clock.now() + HOUR).timestamp())
    return PROOFS.issue(EmailProof(email=Email(email), new_email=new, expires=expires))


async def send(service: Service, email: str, person: SignedUp | None = None, **body: object) -> httpx.Response:
    headers = person.cookie if person else {}
    return await service.client.post("/api/auth/send-verification-email", headers=headers, json={"email": email} | body)


async def follow(service: Service, token: str, callback: str | None = None, **headers: str) -> httpx.Response:
    query = {"token": token} | ({} if callback is None else {"callbackURL": callback})
    return await service.client.get("/api/auth/verify-email", params=query, headers=headers)


class TestSendingALink:
    async def test_who_is_not_signed_in_gets_the_same_answer_for_every_address(
        self, service: Service, ada: SignedUp
    ) -> None:
        known = await send(service, ada.email.upper(), callbackURL="/done")
        letter = service.mail.take()
        unknown = await send(service, "nobody@example.com")

        assert (known.status_code, known.json()) == (200, {"status": True})
        assert (unknown.status_code, unknown.content, unknown.headers) == (200, known.content, known.headers)
        assert (letter.purpose, letter.to, letter.callback) == (Purpose.VERIFY_EMAIL, ada.email, "/done")
        assert service.mail.letters == []

    async def test_who_is_signed_in_asks_for_their_own_address_until_it_is_verified(
        self, service: Service, ada: SignedUp, bob: SignedUp
    ) -> None:
        own = await send(service, ada.email, ada)
        letter = service.mail.take()
        others = await send(service, bob.email, ada)
        await service.verified(ada)
        verified = await send(service, ada.email, ada)

        assert own.json() == {"status": True}
        assert letter.to == ada.email
        assert_coded(others, 400, "EMAIL_MISMATCH", "Email mismatch")
        assert_coded(verified, 400, "EMAIL_ALREADY_VERIFIED", "Email is already verified")
        assert service.mail.letters == []

    async def test_it_is_refused_where_no_letters_are_sent(self, service_without_mail: Service) -> None:
        answer = await send(service_without_mail, "nobody@example.com")

        assert_coded(answer, 400, "VERIFICATION_EMAIL_NOT_ENABLED", "Verification email isn't enabled")

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ({}, f"[body.email] {STRING} undefined"),
            ({"email": "x"}, "[body.email] Invalid email address"),
            ({"email": []}, f"[body.email] {STRING} array"),
        ],
        ids=str,
    )
    async def test_what_is_no_address_is_told(self, client: httpx.AsyncClient, body: object, message: str) -> None:
        answer = await client.post("/api/auth/send-verification-email", json=body)

        assert_coded(answer, 400, "VALIDATION_ERROR", message)


class TestFollowingALink:
    async def test_the_address_is_verified(self, service: Service, ada: SignedUp) -> None:
        answer = await follow(service, proof(service, ada.email))

        assert (answer.status_code, answer.json()) == (200, {"status": True, "user": None})
        assert "set-cookie" not in answer.headers
        assert (await service.user(ada)).email_verified

    async def test_it_may_be_followed_again(self, service: Service, ada: SignedUp) -> None:
        token = proof(service, ada.email)

        answers = [await follow(service, token) for _ in range(2)]

        assert [answer.json() for answer in answers] == [{"status": True, "user": None}] * 2

    @pytest.mark.parametrize(
        ("callback", "target"),
        [
            ("/done", "/done"),
            ("/done?a=1", "/done?a=1"),
            (f"{FRIEND}/done", f"{FRIEND}/done"),
            ("/\N{GRINNING FACE}", f"/{quote(chr(0x1F600))}"),
        ],
    )
    async def test_it_leads_on(self, service: Service, ada: SignedUp, callback: str, target: str) -> None:
        good = await follow(service, proof(service, ada.email), callback)
        bad = await follow(service, "x", callback)

        assert (good.status_code, good.headers["location"]) == (302, target)
        joint = "&" if "?" in target else "?"
        assert (bad.status_code, bad.headers["location"]) == (302, f"{target}{joint}error=INVALID_TOKEN")

    async def test_what_is_wrong_is_told_or_led_on_with(self, service: Service, ada: SignedUp, bob: SignedUp) -> None:
        expired = proof(service, ada.email)
        service.clock.turn(HOUR)
        cases = [
            ("x", "INVALID_TOKEN", "Invalid token"),
            ("", "INVALID_TOKEN", "Invalid token"),
            ("\0", "INVALID_TOKEN", "Invalid token"),
            (ada.token, "INVALID_TOKEN", "Invalid token"),
            (expired, "TOKEN_EXPIRED", "Token expired"),
            (proof(service, "nobody@example.com"), "USER_NOT_FOUND", "User not found"),
            (proof(service, "nobody@example.com", "else@example.com"), "INVALID_TOKEN", "Invalid token"),
            (proof(service, ada.email, bob.email), "INVALID_TOKEN", "Invalid token"),
            (proof(service, ada.email, ada.email), "INVALID_TOKEN", "Invalid token"),
        ]

        for token, code, message in cases:
            assert_coded(await follow(service, token), 401, code, message)
            led = await follow(service, token, "/done")
            assert (led.status_code, led.headers["location"]) == (302, f"/done?error={code}")
        assert not (await service.user(ada)).email_verified

    async def test_it_takes_a_token(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/api/auth/verify-email")

        assert_coded(answer, 400, "VALIDATION_ERROR", f"[query.token] {STRING} undefined")

    async def test_a_proof_signs_nobody_in(self, service: Service, ada: SignedUp) -> None:
        forged = SignedUp(id=ada.id, email=ada.email, token=proof(service, ada.email))

        assert not await service.is_signed_in(forged)
        assert (await service.client.get(ada.tasks, headers=forged.headers)).status_code == 401
        assert (await service.client.get(ada.proxied, headers=forged.cookie)).status_code == 401


class TestFollowingALinkToANewAddress:
    async def test_the_address_changes_and_is_verified(self, service: Service, ada: SignedUp) -> None:
        answer = await follow(service, proof(service, ada.email, "else@example.com"))

        user = await service.user(ada)
        assert answer.json()["status"] is True
        assert answer.json()["user"]["email"] == "else@example.com"
        assert (user.email, user.email_verified) == ("else@example.com", True)
        assert "set-cookie" not in answer.headers

    async def test_who_is_signed_in_gets_the_cookie_again_and_nobody_else_does(
        self, service: Service, ada: SignedUp, bob: SignedUp
    ) -> None:
        own = await follow(service, proof(service, ada.email, "else@example.com"), **ada.cookie)
        others = await follow(service, proof(service, "else@example.com", ada.email), **bob.cookie)

        assert await service.is_signed_in(SignedUp(id=ada.id, email="", token=cookie_value(own)))
        assert "set-cookie" not in others.headers

    async def test_it_works_once(self, service: Service, ada: SignedUp) -> None:
        token = proof(service, ada.email, "else@example.com")
        await follow(service, token)

        assert_coded(await follow(service, token), 401, "INVALID_TOKEN", "Invalid token")
