from datetime import datetime, timedelta
from math import log2

import pytest

from tests.builders import ADA, BOB, NOON, a_session
from todo.domain.errors import SessionEnded, SessionStale
from todo.domain.model.session import Device

MOMENT = timedelta(milliseconds=1)
DAY = timedelta(days=1)


def test_a_session_begins_now_and_lasts_seven_days() -> None:
    device = Device(address="203.0.113.7", agent="curl")

    session = a_session(ADA, device=device, at=NOON)

    assert (session.user, session.device) == (ADA, device)
    assert session.created_at == session.updated_at == NOON
    assert session.expires_at == NOON + 7 * DAY


def test_ids_and_handles_are_long_and_never_the_same() -> None:
    sessions = [a_session() for _ in range(500)]

    assert len({session.id for session in sessions} | {session.handle for session in sessions}) == 1000
    assert min(len(session.id) for session in sessions) >= 26
    assert min(len(session.handle) for session in sessions) >= 32


def test_an_id_has_more_than_128_bits_of_chance() -> None:
    """Every character is one of all that there may be, and any of them may stand anywhere."""
    ids = [a_session().id for _ in range(2_000)]
    places = [set(characters) for characters in zip(*ids, strict=True)]

    assert all(place == set("abcdefghijklmnopqrstuvwxyz234567") for place in places)
    assert len(places) * log2(32) >= 128


@pytest.mark.parametrize("at", [NOON, NOON + DAY, NOON + 7 * DAY - MOMENT])
def test_a_session_is_live_until_its_end(at: datetime) -> None:
    a_session(ADA, at=NOON).require_live(of=ADA, at=at)


@pytest.mark.parametrize("at", [NOON + 7 * DAY, NOON + 7 * DAY + MOMENT, NOON + 100 * DAY])
def test_a_session_has_ended_at_the_moment_of_its_end(at: datetime) -> None:
    with pytest.raises(SessionEnded):
        a_session(ADA, at=NOON).require_live(of=ADA, at=at)


def test_a_session_is_nobody_elses() -> None:
    with pytest.raises(SessionEnded):
        a_session(ADA, at=NOON).require_live(of=BOB, at=NOON)


def test_a_session_is_due_to_slide_after_a_day_and_not_a_moment_earlier() -> None:
    session = a_session(at=NOON)

    assert not session.is_due_to_slide(at=NOON)
    assert not session.is_due_to_slide(at=NOON + DAY - MOMENT)
    assert session.is_due_to_slide(at=NOON + DAY)
    assert session.is_due_to_slide(at=NOON + 6 * DAY)


def test_sliding_begins_the_seven_days_anew_and_changes_nothing_else() -> None:
    session = a_session(ADA, device=Device(agent="curl"), at=NOON)

    slid = session.slide(at=NOON + 2 * DAY)

    assert slid.expires_at == NOON + 9 * DAY
    assert slid.updated_at == NOON + 2 * DAY
    assert (slid.id, slid.handle, slid.user, slid.device) == (session.id, session.handle, ADA, session.device)
    assert slid.created_at == NOON


def test_a_slid_session_is_due_again_a_day_later() -> None:
    slid = a_session(at=NOON).slide(at=NOON + 2 * DAY)

    assert not slid.is_due_to_slide(at=NOON + 3 * DAY - MOMENT)
    assert slid.is_due_to_slide(at=NOON + 3 * DAY)


def test_a_session_that_is_not_to_be_remembered_lasts_a_day() -> None:
    session = a_session(at=NOON, remembered=False)

    assert session.expires_at == NOON + DAY
    session.require_live(of=ADA, at=NOON + DAY - MOMENT)
    with pytest.raises(SessionEnded):
        session.require_live(of=ADA, at=NOON + DAY)


def test_a_session_is_fresh_for_a_day_after_it_began_whatever_it_slides() -> None:
    session = a_session(at=NOON)

    for one in (session, session.slide(at=NOON + DAY)):
        one.require_fresh(at=NOON + DAY - MOMENT)
        with pytest.raises(SessionStale):
            one.require_fresh(at=NOON + DAY)
