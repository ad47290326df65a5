"""Where a request comes from: an address that no client can make up."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from litestar.types import HTTPScope, Scope

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

HOUSEHOLD: Final = 64
"""Bits of an IPv6 address that say which network it is in. Whoever has one address there has them all."""

REMEMBERED: Final = 4096


@dataclass(frozen=True, slots=True)
class ClientAddress:
    text: str
    """The address itself, to be shown; IPv4 also where it came wrapped in IPv6."""
    network: str
    """What to count by: the address of IPv4, and of IPv6 the first 64 bits, as in `2001:db8::/64`."""


NOWHERE: Final = ClientAddress("unknown", "unknown")
"""Of a connection without an address, such as a Unix socket."""


@lru_cache(REMEMBERED)
def client_address(text: str) -> ClientAddress:
    """Text that is no address stands for itself."""
    address = _parsed(text)
    if address is None:
        return ClientAddress(text, text)
    if isinstance(address, ipaddress.IPv4Address):
        return ClientAddress(str(address), str(address))
    return ClientAddress(str(address), str(ipaddress.IPv6Network((int(address), HOUSEHOLD), strict=False)))


def client_of(scope: Scope) -> ClientAddress:
    """Who sent the request, as `Edge` has left it in the scope's state under `client`."""
    client: ClientAddress = scope["state"]["client"]
    return client


class TrustedProxies:
    """Networks whose word about the client counts. Each proxy adds to `X-Forwarded-For`, at the end, whom it heard."""

    def __init__(self, networks: Iterable[Network]) -> None:
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
