"""How many sessions somebody has, for how long, and what becomes of the one before."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from tests.builders import SECRET
from tests.unit.http.service import COOKIE, PASSWORD, Service, SignedUp, cookie_value
from todo.adapters.hmac_signatures import HmacSignatures
from todo.adapters.jwt_tokens import JwtTokens
from todo.bootstrap import build
from todo.config import Settings
from todo.domain.model.session import MOST_SESSIONS
from todo.domain.model.user import UserId

SIGN_IN = ["/api/auth/login", "/api/auth/sign-in/email"]
OLD_SECRET = SECRET[::-1]
DAY = timedelta(days=1)


async def again(
    client: httpx.AsyncClient, person: SignedUp, cookie: str, *, path: str = SIGN_IN[0], password: str = PASSWORD
) -> httpx.Response:
    """Signs in with this cookie."""
    return await client.post(
        path, json={"email": person.email, "password": password}, headers={"Cookie": f"{COOKIE}={cookie}"}
    )


class TestTheSessionOfTheCookieThatComesAlong:
    @pytest.mark.parametrize("path", SIGN_IN)
    async def test_ends_with_the_next_sign_in(
        self, service: Service, client: httpx.AsyncClient, ada: SignedUp, path: str
    ) -> None:
        answer = await again(client, ada, ada.token, path=path)

        assert not await service.is_signed_in(ada)
        assert (await client.get(ada.tasks, headers=ada.headers)).status_code == 401
        renewed = SignedUp(id=ada.id, email=ada.email, token=cookie_value(answer))
        assert await service.is_signed_in(renewed)

    async def test_ends_with_the_next_sign_up(self, service: Service, client: httpx.AsyncClient, ada: SignedUp) -> None:
        body = {"email": "new@example.com", "password": PASSWORD}

        await client.post("/api/auth/signup", json=body, headers=ada.cookie)

        assert not await service.is_signed_in(ada)

    async def test_ends_when_it_is_somebody_elses(
        self, service: Service, client: httpx.AsyncClient, ada: SignedUp, bob: SignedUp
    ) -> None:
        await again(client, bob, ada.token)

        assert not await service.is_signed_in(ada)
        assert await service.is_signed_in(bob)

    async def test_ends_when_the_cookie_is_the_signed_handle(
        self, service: Service, client: httpx.AsyncClient, ada: SignedUp
    ) -> None:
        (session,) = await service.store.sessions.of(UserId(ada.id))

        await again(client, ada, HmacSignatures(SECRET).sign(session.handle))

        assert not await service.is_signed_in(ada)

    async def test_goes_on_when_the_password_was_wrong(
        self, service: Service, client: httpx.AsyncClient, ada: SignedUp
    ) -> None:
        assert (await again(client, ada, ada.token, password="a wrong guess")).status_code == 401

        assert await service.is_signed_in(ada)

    async def test_goes_on_when_the_token_was_in_a_header(
        self, service: Service, client: httpx.AsyncClient, ada: SignedUp
    ) -> None:
        await client.post(SIGN_IN[0], json={"email": ada.email, "password": PASSWORD}, headers=ada.headers)

        assert await service.is_signed_in(ada)

    @pytest.mark.parametrize("cookie", ["nonsense", "a.b", "a.b.c", "%00", ""])
    async def test_may_be_none_at_all(self, client: httpx.AsyncClient, ada: SignedUp, cookie: str) -> None:
        assert (await again(client, ada, cookie)).status_code == 200

    async def test_the_others_go_on(self, service: Service, client: httpx.AsyncClient, ada: SignedUp) -> None:
        other = await service.logged_in(ada)

        await again(client, ada, ada.token)

        assert await service.is_signed_in(other)


class TestHowManySessions:
    async def test_the_next_after_fifty_ends_the_one_that_was_not_used_for_the_longest_time(
        self, service: Service, ada: SignedUp, bob: SignedUp
    ) -> None:
        several = [ada]
        for _ in range(MOST_SESSIONS - 1):
            service.clock.turn(timedelta(minutes=1))
            several.append(await service.logged_in(ada))
        service.clock.turn(DAY)
        await service.client.get("/api/auth/session", headers=several[0].cookie)

        several.append(await service.logged_in(ada))

        live = [await service.is_signed_in(session) for session in several]
        assert live == [True, False] + [True] * (MOST_SESSIONS - 1)
        assert await service.is_signed_in(bob)


class TestTheLongestLife:
    @pytest.fixture
    async def bounded(self) -> AsyncIterator[Service]:
        async with Service(session_max_age_days=30) as service:
            yield service

    async def test_is_thirty_days_where_it_is_thirty_days_however_often_somebody_comes(self, bounded: Service) -> None:
        ada = await bounded.signed_up()
        token = ada.token
        for _ in range(29):
            bounded.clock.turn(DAY)
            token = await self._next(bounded, token)

        bounded.clock.turn(DAY - timedelta(milliseconds=1))
        assert await self._is_live(bounded, token)
        bounded.clock.turn(timedelta(milliseconds=1))
        assert not await self._is_live(bounded, token)

    async def test_tells_its_end(self, bounded: Service) -> None:
        ada = await bounded.signed_up()
        begun = bounded.clock.now()
        token = ada.token
        for _ in range(25):
            bounded.clock.turn(DAY)
            token = await self._next(bounded, token)

        answer = await bounded.client.get("/api/auth/session", headers={"Cookie": f"{COOKIE}={token}"})

        end = (begun + 30 * DAY).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        assert answer.json()["session"]["expiresAt"] == end
        assert JwtTokens(SECRET).read(token).expires == (begun + 30 * DAY).timestamp()
        assert "set-cookie" not in answer.headers

    async def test_is_not_bounded_by_itself(self, service: Service, ada: SignedUp) -> None:
        token = ada.token
        for _ in range(100):
            service.clock.turn(DAY)
            token = await self._next(service, token)

        assert await self._is_live(service, token)

    @staticmethod
    async def _next(service: Service, token: str) -> str:
        """The token after a visit with this one."""
        answer = await service.client.get("/api/auth/session", headers={"Cookie": f"{COOKIE}={token}"})
        assert answer.json() is not None
        return cookie_value(answer) if "set-cookie" in answer.headers else token

    @staticmethod
    async def _is_live(service: Service, token: str) -> bool:
        path = "/api/auth/session?disableRefresh=true"
        answer = await service.client.get(path, headers={"Cookie": f"{COOKIE}={token}"})
        return answer.json() is not None


class TestAChangeOfTheSecret:
    @pytest.fixture
    async def rotated(self, service: Service) -> AsyncIterator[httpx.AsyncClient]:
        """The same service with another secret, which knows the one before."""
        app = build(
            Settings(secret=OLD_SECRET, previous_secret=SECRET),
            store=service.store,
            clock=service.clock,
            hashing=service._hashing,
            mail=service.mail,
        )
        transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            yield client

    async def test_signs_nobody_out(self, service: Service, rotated: httpx.AsyncClient, ada: SignedUp) -> None:
        (session,) = await service.store.sessions.of(UserId(ada.id))
        handle = HmacSignatures(SECRET).sign(session.handle)
        foreign = service.vouched_for("usr_elsewhere")

        for credential in (ada.token, handle):
            answer = await rotated.get(ada.proxied, headers={"Cookie": f"{COOKIE}={credential}"})
            assert answer.status_code == 200
        assert (await rotated.get(ada.tasks, headers=ada.headers)).status_code == 200
        assert (await rotated.get(foreign.tasks, headers=foreign.headers)).status_code == 200

    async def test_gives_new_tokens_of_the_new_secret_alone(self, rotated: httpx.AsyncClient, ada: SignedUp) -> None:
        token = (await rotated.get("/api/auth/token", headers=ada.headers)).json()["token"]

        assert JwtTokens(OLD_SECRET).read(token).subject == ada.id

    async def test_leaves_letters_on_their_way_good(
        self, service: Service, rotated: httpx.AsyncClient, ada: SignedUp
    ) -> None:
        await service.client.post("/api/auth/send-verification-email", json={"email": ada.email})

        answer = await rotated.get(f"/api/auth/verify-email?token={service.mail.take().token}")

        assert answer.status_code == 200
        assert (await service.user(ada)).email_verified
