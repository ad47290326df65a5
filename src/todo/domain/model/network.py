"""Where a request comes from."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """An address, as far as it tells people apart.

    Who has an IPv6 address has a whole /64 of them. An address that cannot be read is as good as any other such.
    """

    host: str
    """One IPv4 address, or the /64 of an IPv6 address."""
    area: str
    """What stays the same while a person stays at one place: the /24 of an IPv4 address, or the /64."""

    @classmethod
    def of(cls, address: str | None) -> Self:
        match _parsed(address or ""):
            case IPv4Address() as found:
                return cls(host=str(found), area=str(ip_network(f"{found}/24", strict=False)))
            case IPv6Address() as found:
                area = str(ip_network((int(found) >> 64 << 64, 64)))
                return cls(host=area, area=area)
        return cls(host="", area="")


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    """An IPv4 address that is written as IPv6 (RFC 4291, 2.5.5.2) is the IPv4 address."""
    try:
        found = ip_address(address)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
