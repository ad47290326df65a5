import pytest

from todo.domain.model.network import Network


@pytest.mark.parametrize(
    ("address", "host", "area"),
    [
        ("203.0.113.7", "203.0.113.7", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64", "fe80::/64"),
        ("::1", "::/64", "::/64"),
    ],
)
def test_an_address_stands_for_what_one_person_has(address: str, host: str, area: str) -> None:
    assert Network.of(address) == Network(host=host, area=area)


@pytest.mark.parametrize("address", [None, "", "unix:", "localhost", "203.0.113.7:80", "203.0.113.07", "300.1.1.1"])
def test_addresses_that_cannot_be_read_are_one_network(address: str | None) -> None:
    assert Network.of(address) == Network(host="", area="")
