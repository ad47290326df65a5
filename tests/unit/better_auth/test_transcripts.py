"""What a real Better Auth server has answered, this service answers too, but for a list of exceptions."""

from collections import Counter

import pytest

from tests.unit.better_auth.exceptions import DIFFERENCES, EXCEPTIONS
from tests.unit.better_auth.hidden_state import HIDDEN_STATE
from tests.unit.better_auth.recording import BY_NAME, EXCHANGES
from tests.unit.better_auth.replay import Differences, replay

ALIKE = [exchange.name for exchange in EXCHANGES if exchange.name not in DIFFERENCES]


@pytest.fixture(scope="session")
async def replayed() -> dict[str, Differences]:
    """All exchanges in their order, once: they depend on each other, so each test looks at its own."""
    return await replay()


@pytest.mark.parametrize("name", ALIKE)
def test_the_recorded_answer_is_given(replayed: dict[str, Differences], name: str) -> None:
    assert replayed[name] == {}


@pytest.mark.parametrize("name", DIFFERENCES)
def test_an_exception_differs_in_what_it_says_and_in_nothing_else(replayed: dict[str, Differences], name: str) -> None:
    assert replayed[name].keys() == DIFFERENCES[name]


def test_every_exception_names_a_recorded_exchange_and_only_one_reason_does() -> None:
    named = Counter(name for kind in EXCEPTIONS for names in kind.exchanges.values() for name in names)

    assert named.keys() <= BY_NAME.keys()
    assert set(named.values()) == {1}


def test_every_exception_has_a_reason_of_its_own() -> None:
    reasons = [kind.reason for kind in EXCEPTIONS]

    assert all(reasons)
    assert len(reasons) == len(set(reasons))


def test_what_is_done_by_hand_is_done_before_a_recorded_exchange() -> None:
    assert HIDDEN_STATE.keys() <= BY_NAME.keys()


def test_every_exchange_is_replayed_and_is_either_alike_or_an_exception(replayed: dict[str, Differences]) -> None:
    assert len(EXCHANGES) == 448
    assert replayed.keys() == BY_NAME.keys()
    assert len(ALIKE) + len(DIFFERENCES) == len(EXCHANGES)
