"""When nobody need count."""

from todo.adapters.postgres.headroom import GOOD_FOR, Headroom, margin
from todo.domain.model.user import UserId

ADA, BOB, CY = UserId("usr_ada"), UserId("usr_bob"), UserId("usr_cy")


class Watch:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def free(headroom: Headroom, owner: UserId) -> int:
    taken = 0
    while headroom.take(owner):
        taken += 1
    return taken


def test_after_a_count_fifty_are_free_below_ten_thousand() -> None:
    headroom = Headroom(clock=Watch())
    assert free(headroom, ADA) == 0

    headroom.counted(ADA, quota=10_000)

    assert (free(headroom, ADA), free(headroom, BOB)) == (50, 0)


def test_what_was_free_is_not_for_long() -> None:
    watch = Watch()
    headroom = Headroom(clock=watch)
    headroom.counted(ADA, quota=10_000)
    assert headroom.take(ADA)

    watch.now += GOOD_FOR + 0.1

    assert not headroom.take(ADA)


def test_what_many_workers_have_free_and_under_way_is_less_than_the_margin() -> None:
    for quota in (1_000, 10_000, 10**9):
        headroom = Headroom(clock=Watch())
        headroom.counted(ADA, quota=quota)
        assert 16 * (free(headroom, ADA) + 10) <= margin(quota)


def test_who_was_not_heard_of_for_long_is_counted_anew() -> None:
    headroom = Headroom(owners=2, clock=Watch())
    for owner in (ADA, BOB, ADA, CY):
        headroom.counted(owner, quota=10_000)

    assert [headroom.take(owner) for owner in (ADA, BOB, CY)] == [True, False, True]
