"""Where a request comes from: an address that no client can make up."""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NewType

from litestar.types import HTTPScope, Scope

Trusted = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

REMEMBERED: Final = 4096


ClientAddress = NewType("ClientAddress", str)
"""As it is shown: IPv4 without the IPv6 that it may have come wrapped in. What is counted by is `Network`'s to say."""

NOWHERE: Final = ClientAddress("unknown")
"""Of a connection without an address, such as a Unix socket."""


@lru_cache(REMEMBERED)
def client_address(text: str) -> ClientAddress:
    """Text that is no address stands for itself."""
    address = _parsed(text)
    return ClientAddress(text if address is None else str(address))


def client_of(scope: Scope) -> ClientAddress:
    """Who sent the request, as `Edge` has left it in the scope's state under `client`."""
    client: ClientAddress = scope["state"]["client"]
    return client


class TrustedProxies:
    """Networks whose word about the client counts. Each proxy adds to `X-Forwarded-For`, at the end, whom it heard."""

    def __init__(self, networks: Iterable[Trusted]) -> None:
        self._networks = tuple(networks)
        self._trusts = lru_cache(REMEMBERED)(self._look_up)

    def client(self, scope: HTTPScope) -> ClientAddress:
        """The peer; behind trusted proxies the last one in the chain that is none of them."""
        peer = scope["client"]
        if peer is None:
            return NOWHERE
        client = peer[0]
        if self._networks and self._trusts(client):
            for entry in reversed(_forwarded(scope)):
                heard = _without_port(entry)
                if _parsed(heard) is None:
                    break
                client = heard
                if not self._trusts(client):
                    break
        return client_address(client)

    def _look_up(self, text: str) -> bool:
        address = _parsed(text)
        return address is not None and any(address in network for network in self._networks)


def _parsed(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped) or address


def _forwarded(scope: HTTPScope) -> list[str]:
    values = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return ",".join(values).split(",") if values else []


def _without_port(entry: str) -> str:
    """`192.0.2.1:4711` and `[2001:db8::1]:4711` are how some proxies write it."""
    entry = entry.strip()
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    host, colon, _ = entry.partition(":")
    return host if colon and entry.count(":") == 1 else entry
