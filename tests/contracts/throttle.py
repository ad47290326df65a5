"""What every store promises about counting attempts, and about the networks that users have signed in from."""

import asyncio
from datetime import datetime, timedelta

import pytest

from tests.builders import ADA, BOB, LATER, NOON, a_user, drop, keep
from todo.domain.errors import Busy, TooManyAttempts, UserNotFound
from todo.domain.model.pace import Bucket, Pace, Pseudonym
from todo.domain.model.user import UserId
from todo.domain.ports.store import Store

MINUTE = timedelta(minutes=1)
MOMENT = timedelta(milliseconds=1)
HOUR = timedelta(hours=1)

CAFE = Pseudonym(b"0123456789abcdef")
PORT = Pseudonym(b"\x00" * 16)


def a_bucket(name: str = "bucket", *, burst: int = 3, every: timedelta = MINUTE) -> Bucket:
    return Bucket(name=Pseudonym(name.encode().ljust(16, b".")), pace=Pace(burst=burst, every=every))


async def is_let_through(store: Store, *buckets: Bucket, at: datetime = NOON) -> bool:
    try:
        await store.throttle.charge(buckets, at=at)
    except TooManyAttempts:
        return False
    return True


async def passes(store: Store, *buckets: Bucket, times: int = 20, at: datetime = NOON) -> int:
    """How many of so many, one after the other, are let through."""
    return sum([await is_let_through(store, *buckets, at=at) for _ in range(times)])


async def wait_of(store: Store, *buckets: Bucket, at: datetime = NOON) -> int:
    with pytest.raises(TooManyAttempts) as refusal:
        await store.throttle.charge(buckets, at=at)
    return refusal.value.retry_after


class ThrottleContract:
    """Attempts: so many at once, then one every so often."""

    async def test_as_many_as_the_burst_are_let_through_at_once(self, store: Store) -> None:
        assert await passes(store, a_bucket(burst=3)) == 3

    async def test_then_one_more_after_each_pause(self, store: Store) -> None:
        await passes(store, a_bucket())

        assert not await is_let_through(store, a_bucket(), at=NOON + MINUTE - MOMENT)
        assert await passes(store, a_bucket(), at=NOON + MINUTE) == 1
        assert await passes(store, a_bucket(), at=NOON + 3 * MINUTE) == 2

    async def test_after_a_long_time_it_is_as_if_nothing_had_been(self, store: Store) -> None:
        await passes(store, a_bucket())

        assert await passes(store, a_bucket(), at=NOON + HOUR) == 3

    @pytest.mark.parametrize("every", [timedelta(seconds=20), timedelta(milliseconds=1500), HOUR])
    @pytest.mark.parametrize("past", [timedelta(), timedelta(milliseconds=7)])
    async def test_who_waits_as_long_as_told_is_let_through(
        self, store: Store, every: timedelta, past: timedelta
    ) -> None:
        bucket = a_bucket(every=every)
        await passes(store, bucket)

        wait = await wait_of(store, bucket, at=NOON + past)

        assert every - past <= timedelta(seconds=wait) < every - past + timedelta(seconds=1)
        assert await is_let_through(store, bucket, at=NOON + past + timedelta(seconds=wait))

    async def test_who_is_told_to_wait_is_told_for_the_slowest_bucket(self, store: Store) -> None:
        slow = a_bucket("slow", every=HOUR)
        await passes(store, a_bucket(), slow)

        assert await wait_of(store, a_bucket(), slow) == 3600

    async def test_a_refusal_costs_nothing(self, store: Store) -> None:
        wide = a_bucket("wide", burst=10)
        await passes(store, a_bucket(), wide)

        assert await passes(store, wide) == 7
        assert await is_let_through(store, a_bucket(), at=NOON + MINUTE)

    async def test_buckets_are_counted_each_for_itself(self, store: Store) -> None:
        await passes(store, a_bucket("one"))

        assert await passes(store, a_bucket("other")) == 3

    async def test_without_a_bucket_everybody_is_let_through(self, store: Store) -> None:
        assert await passes(store) == 20

    async def test_what_is_given_back_can_be_taken_again(self, store: Store) -> None:
        await passes(store, a_bucket())

        await store.throttle.give_back([a_bucket()])

        assert await passes(store, a_bucket()) == 1

    async def test_a_bucket_that_is_filled_is_as_new_and_the_others_are_not(self, store: Store) -> None:
        other = a_bucket("other", burst=4)
        await passes(store, a_bucket(), other)

        await store.throttle.give_back([other], filling=[a_bucket()])

        assert await passes(store, a_bucket()) == 3
        assert await passes(store, other) == 2

    async def test_what_is_given_back_to_a_bucket_that_nobody_knows_changes_nothing(self, store: Store) -> None:
        await store.throttle.give_back([a_bucket()], filling=[a_bucket("other")])

        assert await passes(store, a_bucket()) == 3
        assert await passes(store, a_bucket("other")) == 3

    async def test_nothing_given_back_lets_more_through_than_the_burst(self, store: Store) -> None:
        await is_let_through(store, a_bucket())
        for _ in range(5):
            await store.throttle.give_back([a_bucket()])

        assert await passes(store, a_bucket()) == 3

    async def test_of_many_at_once_as_many_as_the_burst_are_let_through(self, store: Store) -> None:
        let = await asyncio.gather(*(is_let_through(store, a_bucket(burst=10)) for _ in range(100)))

        assert sum(let) == 10

    async def test_of_many_at_once_in_several_buckets_each_counts_exactly_those_it_let_through(
        self, store: Store
    ) -> None:
        buckets = [a_bucket(name, burst=20) for name in "abcd"]

        async def taken(number: int) -> list[Bucket]:
            asked = (buckets[number % 4 :] + buckets[: number % 4])[: 1 + number % 3]
            try:
                await store.throttle.charge(asked, at=NOON)
            except (TooManyAttempts, Busy):
                return []
            if number % 7 == 0:
                await store.throttle.give_back(asked)
                return []
            return asked

        let = [bucket for found in await asyncio.gather(*map(taken, range(200))) for bucket in found]

        left = [await passes(store, bucket, times=30) for bucket in buckets]
        assert [let.count(bucket) + more for bucket, more in zip(buckets, left, strict=True)] == [20, 20, 20, 20]


async def sign_in_from(
    store: Store, *networks: Pseudonym, user: UserId = ADA, at: datetime = NOON, most: int = 3
) -> None:
    async with store.begin() as work:
        for number, network in enumerate(networks):
            await work.remember_network(user, network, at=at + number * MOMENT, most=most)
        await work.commit()


class NetworkContract:
    """Where users have signed in from."""

    async def test_a_network_is_known_once_its_user_has_signed_in_from_there(self, store: Store) -> None:
        await keep(store, a_user(ADA), a_user(BOB))

        await sign_in_from(store, CAFE)

        assert await store.networks.is_known(ADA, CAFE, since=NOON)
        assert not await store.networks.is_known(ADA, PORT, since=NOON)
        assert not await store.networks.is_known(BOB, CAFE, since=NOON)

    async def test_a_network_of_long_ago_is_not_known_until_the_next_time(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        await sign_in_from(store, CAFE)

        assert not await store.networks.is_known(ADA, CAFE, since=NOON + MOMENT)
        await sign_in_from(store, CAFE, at=LATER)
        assert await store.networks.is_known(ADA, CAFE, since=LATER)

    async def test_of_too_many_networks_those_of_the_longest_ago_are_forgotten(self, store: Store) -> None:
        await keep(store, a_user(ADA), a_user(BOB))
        several = [Pseudonym(bytes([number]) * 16) for number in range(5)]
        await sign_in_from(store, CAFE, user=BOB)

        await sign_in_from(store, *several)
        await sign_in_from(store, several[2], at=LATER)
        await sign_in_from(store, several[0], at=LATER + MOMENT)

        known = [await store.networks.is_known(ADA, network, since=NOON) for network in several]
        assert known == [True, False, True, False, True]
        assert await store.networks.is_known(BOB, CAFE, since=NOON)

    async def test_nothing_is_remembered_of_who_is_not_there(self, store: Store) -> None:
        with pytest.raises(UserNotFound):
            await sign_in_from(store, CAFE)

    async def test_what_is_not_committed_is_not_remembered(self, store: Store) -> None:
        await keep(store, a_user(ADA))

        async with store.begin() as work:
            await work.remember_network(ADA, CAFE, at=NOON, most=3)

        assert not await store.networks.is_known(ADA, CAFE, since=NOON)

    async def test_with_the_user_the_networks_go(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        await sign_in_from(store, CAFE)

        await drop(store, ADA)
        await keep(store, a_user(ADA))

        assert not await store.networks.is_known(ADA, CAFE, since=NOON)
