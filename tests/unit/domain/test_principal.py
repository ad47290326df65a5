import pytest

from tests.builders import ADA, BOB, NOON, a_session, claims, principal
from todo.domain.errors import NotYourAccount, TokenExpired, TokenInvalid, TokenWithoutSubject
from todo.domain.model.principal import Claims
from todo.domain.model.user import UserId

NOW = NOON.timestamp()


def test_one_acts_under_ones_own_id() -> None:
    principal(ADA).require_account(ADA)


@pytest.mark.parametrize("account", [BOB, "", ADA.upper(), f"{ADA} ", f" {ADA}", ADA[:-1], f"{ADA}\0", "%"])
def test_one_acts_under_no_other_id(account: str) -> None:
    with pytest.raises(NotYourAccount):
        principal(ADA).require_account(account)


def test_the_claims_of_a_session_are_good_for_as_long_as_the_session() -> None:
    session = a_session(ADA, at=NOON)

    made = Claims.of(session, at=NOON)

    assert (made.subject, made.session) == (ADA, session.id)
    assert (made.issued, made.expires) == (NOW, NOW + 604_800)


def test_the_claims_of_a_session_tell_whole_seconds_and_never_too_late_ones() -> None:
    begun = NOON.replace(microsecond=999_000)

    made = Claims.of(a_session(ADA, at=begun), at=begun)

    assert (made.issued, made.expires) == (NOW, NOW + 604_800)
    made.require_valid(at=begun)


@pytest.mark.parametrize("expires", [NOW + 0.001, NOW + 1, NOW + 1e12])
def test_claims_are_valid_before_they_expire(expires: float) -> None:
    claims(expires=expires).require_valid(at=NOON)


@pytest.mark.parametrize("expires", [NOW, NOW - 0.001, NOW - 1, 0, -1e12])
def test_claims_that_expire_now_have_expired(expires: float) -> None:
    with pytest.raises(TokenExpired):
        claims(expires=expires, issued=NOW - 100).require_valid(at=NOON)


@pytest.mark.parametrize("issued", [NOW, NOW - 0.001, 0, -1e12])
def test_claims_may_have_been_issued_at_any_time_until_now(issued: float) -> None:
    claims(issued=issued).require_valid(at=NOON)


@pytest.mark.parametrize("issued", [NOW + 0.001, NOW + 1, NOW + 1e12])
def test_claims_issued_in_the_future_are_invalid(issued: float) -> None:
    with pytest.raises(TokenInvalid):
        claims(issued=issued).require_valid(at=NOON)


@pytest.mark.parametrize("not_before", [None, NOW, NOW - 1, 0])
def test_claims_are_valid_from_their_time_on(not_before: float | None) -> None:
    claims(not_before=not_before).require_valid(at=NOON)


@pytest.mark.parametrize("not_before", [NOW + 0.001, NOW + 1, NOW + 1e12])
def test_claims_are_invalid_before_their_time(not_before: float) -> None:
    with pytest.raises(TokenInvalid):
        claims(not_before=not_before).require_valid(at=NOON)


def test_what_is_not_valid_yet_is_invalid_rather_than_expired() -> None:
    with pytest.raises(TokenInvalid):
        claims(issued=NOW + 1, expires=NOW - 1).require_valid(at=NOON)


def test_claims_that_name_nobody_are_told_apart() -> None:
    with pytest.raises(TokenWithoutSubject):
        claims(UserId("")).require_valid(at=NOON)


def test_claims_that_name_nobody_expire_as_any() -> None:
    with pytest.raises(TokenExpired):
        claims(UserId(""), expires=NOW).require_valid(at=NOON)
    with pytest.raises(TokenInvalid):
        claims(UserId(""), issued=NOW + 1).require_valid(at=NOON)
