import httpx
import pytest

from tests.unit.http.service import FRIEND, OWN_ORIGIN, Service, SignedUp, assert_coded

FOREIGN = "https://evil.example.com"
ORIGINS = {"our own": OWN_ORIGIN, "a friend's": FRIEND, "foreign": FOREIGN, "null": "null", "none": None}
SITES = ["same-origin", "same-site", "cross-site", "none", None]

LET_IN = {
    *(("our own", site) for site in SITES),
    *(("a friend's", site) for site in SITES),
    *((origin, site) for origin in ORIGINS for site in ("same-origin", "none")),
    ("none", None),
}
"""An origin that is trusted, or the browser's word that it is our own page; and who says neither is no browser."""

PROXY_WRITES = [("POST", ""), ("PUT", "/1"), ("DELETE", "/1"), ("PATCH", "/1/complete")]
AUTH_WRITES = ["signup", "sign-up/email", "login", "sign-in/email", "logout", "sign-out"]

COMBINATIONS = pytest.mark.parametrize("site", SITES, ids=lambda site: f"site {site or 'not told'}")
FROM = pytest.mark.parametrize("origin", ORIGINS, ids=lambda origin: f"{origin} origin")


def headers_of(origin: str, site: str | None) -> dict[str, str]:
    told = {"Origin": ORIGINS[origin], "Sec-Fetch-Site": site}
    return {name: value for name, value in told.items() if value is not None}


@FROM
@COMBINATIONS
class TestWhoMayWrite:
    async def test_through_the_proxy(
        self, client: httpx.AsyncClient, ada: SignedUp, origin: str, site: str | None
    ) -> None:
        for method, rest in PROXY_WRITES:
            headers = headers_of(origin, site) | ada.cookie
            answer = await client.request(method, ada.proxied + rest, headers=headers, json={"title": "a"})

            if (origin, site) in LET_IN:
                assert answer.status_code in {200, 201, 404}
            else:
                assert answer.status_code == 403
                assert answer.json() == {"error": "Forbidden", "message": "Cross-site request refused"}

    async def test_when_signing_in_and_out(
        self, client: httpx.AsyncClient, ada: SignedUp, origin: str, site: str | None
    ) -> None:
        for path in AUTH_WRITES:
            headers = headers_of(origin, site) | ada.cookie
            answer = await client.post(f"/api/auth/{path}", headers=headers, json={"email": "x", "password": "y"})

            if (origin, site) in LET_IN:
                assert answer.status_code == (200 if "out" in path else 400)
            else:
                code = "INVALID_ORIGIN" if origin == "foreign" else "MISSING_OR_NULL_ORIGIN"
                assert_coded(answer, 403, code)

    async def test_anybody_may_read(
        self, client: httpx.AsyncClient, ada: SignedUp, origin: str, site: str | None
    ) -> None:
        for path in (ada.proxied, "/api/auth/session", "/api/auth/get-session"):
            for method in ("GET", "HEAD"):
                answer = await client.request(method, path, headers=headers_of(origin, site) | ada.cookie)
                assert answer.status_code == 200

    async def test_anybody_may_write_with_a_bearer_token(
        self, client: httpx.AsyncClient, ada: SignedUp, origin: str, site: str | None
    ) -> None:
        headers = headers_of(origin, site) | ada.headers

        assert (await client.post(ada.tasks, headers=headers, json={"title": "a"})).status_code == 201


class TestWhatIsOurs:
    async def test_the_public_address_is(self) -> None:
        ours = ["https://todo.example.com", "HTTPS://TODO.example.com"]
        others = [
            "http://todo.example.com",
            "https://todo.example.com:8443",
            "https://todo.example.com.evil.example.com",
            "https://evil.todo.example.com",
            "https://todo.example.com/",
            "todo.example.com",
            OWN_ORIGIN,
            "*",
        ]

        for base_url in ("https://todo.example.com", "https://todo.example.com:443"):
            async with Service(base_url=base_url) as service:
                for origin in [*ours, *others]:
                    answer = await service.client.post("/api/auth/logout", headers={"Origin": origin})
                    assert (origin, answer.status_code) == (origin, 200 if origin in ours else 403)

    async def test_a_refused_write_does_nothing(self, service: Service, ada: SignedUp) -> None:
        headers = ada.cookie | {"Origin": FOREIGN}

        await service.client.post("/api/auth/logout", headers=headers)
        await service.client.post(ada.proxied, headers=headers, json={"title": "a"})

        assert (await service.client.get(ada.tasks, headers=ada.headers)).json() == []
