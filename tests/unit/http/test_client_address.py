"""Who the client is: no header of a stranger's decides."""

import json
from ipaddress import ip_network

import pytest

from tests.unit.http.service import PASSWORD, Service, SignedUp
from todo.entrypoints.http.edge.client import NOWHERE, TrustedProxies, client_address

PROXY, INNER = "10.0.0.5", "192.168.7.7"
TRUSTED = TrustedProxies([ip_network("10.0.0.0/8"), ip_network("192.168.7.7"), ip_network("fd00::/8")])


def seen(peer: str | None, *forwarded: str, proxies: TrustedProxies = TRUSTED) -> str:
    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]
    client = None if peer is None else (peer, 4711)
    return proxies.client({"client": client, "headers": headers})  # type: ignore[typeddict-item]


class TestAStranger:
    @pytest.mark.parametrize("peer", ["198.51.100.9", "127.0.0.1", "::1", "2001:db8::9", "10.0.0.5"])
    def test_is_where_the_connection_comes_from(self, peer: str) -> None:
        assert seen(peer, "203.0.113.7", proxies=TrustedProxies([])) == peer

    def test_is_not_believed_where_others_are(self) -> None:
        assert seen("198.51.100.9", "203.0.113.7", "10.0.0.5") == "198.51.100.9"

    async def test_changes_nothing_by_any_header(self, service: Service, ada: SignedUp) -> None:
        for name in (b"x-forwarded-for", b"forwarded", b"x-real-ip", b"x-client-ip", b"cf-connecting-ip"):
            value = b"for=203.0.113.7" if name == b"forwarded" else b"203.0.113.7"
            assert await address_kept(service, ada, [(name, value)]) == "127.0.0.1"

    def test_without_an_address_is_nowhere(self) -> None:
        assert seen(None, "203.0.113.7") == NOWHERE


class TestBehindProxies:
    @pytest.mark.parametrize(
        ("forwarded", "client"),
        [
            (["203.0.113.7"], "203.0.113.7"),
            (["198.51.100.1, 203.0.113.7"], "203.0.113.7"),  # the first was made up
            (["203.0.113.7, 10.1.2.3"], "203.0.113.7"),
            (["203.0.113.7", "192.168.7.7"], "203.0.113.7"),  # two headers are one list
            (["203.0.113.7,10.1.2.3, 10.9.9.9"], "203.0.113.7"),
            (["203.0.113.7:51234"], "203.0.113.7"),
            (["[2001:db8::7]:51234"], "2001:db8::7"),
            (["2001:db8::7"], "2001:db8::7"),
            (["::ffff:203.0.113.7"], "203.0.113.7"),
            (["10.1.2.3, 10.1.2.4"], "10.1.2.3"),  # nobody but our own
            ([], PROXY),
            ([""], PROXY),
            (["unknown"], PROXY),
            (["203.0.113.7, <script>"], PROXY),
            (["203.0.113.7, nonsense, 10.1.2.3"], "10.1.2.3"),
            (["\xff"], PROXY),
        ],
    )
    def test_the_client_is_the_last_one_that_is_none_of_them(self, forwarded: list[str], client: str) -> None:
        assert seen(PROXY, *forwarded) == client

    def test_a_proxy_may_come_by_ipv6_or_be_one_machine(self) -> None:
        assert seen("fd00::1", "203.0.113.7") == seen(INNER, "203.0.113.7") == "203.0.113.7"
        assert seen("192.168.7.8", "203.0.113.7") == "192.168.7.8"
        assert seen("::ffff:10.0.0.5", "203.0.113.7") == "203.0.113.7"

    async def test_sessions_are_kept_with_the_clients_address(self) -> None:
        async with Service(trusted_proxies=(ip_network("127.0.0.1"),)) as service:
            ada = await service.signed_up()
            kept = await address_kept(service, ada, [(b"x-forwarded-for", b"198.51.100.1, 203.0.113.7")])

        assert kept == "203.0.113.7"


class TestHowItIsShown:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("203.0.113.7", "203.0.113.7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6"),
            ("2001:DB8:1:2::", "2001:db8:1:2::"),
            ("fe80::1%eth0", "fe80::1"),
            ("testclient", "testclient"),
        ],
    )
    def test_every_address_has_one_form(self, text: str, shown: str) -> None:
        assert client_address(text) == shown


async def address_kept(service: Service, person: SignedUp, headers: list[tuple[bytes, bytes]]) -> str | None:
    """What stands with the session of a sign-in with these headers."""
    content = json.dumps({"email": person.email, "password": PASSWORD}).encode()
    answer = await service.client.post(
        "/api/auth/login", content=content, headers=[(b"content-type", b"application/json"), *headers]
    )
    assert answer.status_code == 200
    sessions = await service.store.sessions.of((await service.user(person)).id)
    (begun,) = [session for session in sessions if session.handle == answer.json()["token"]]
    return begun.device.address
