import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import suppress

import pytest

from tests.builders import PASSWORD, PlainHasher
from tests.contracts.hasher import UNREADABLE, HasherContract
from todo.adapters.argon2_hasher import Argon2Cost, Argon2Hasher
from todo.domain.errors import Busy
from todo.domain.model.user import Password, PasswordHash
from todo.domain.ports.password_hasher import PasswordHasher

CHEAP = Argon2Cost(memory_kib=8, passes=1)
LONGER = Argon2Cost(memory_kib=1024, passes=2)
"""About two milliseconds: long enough for others to arrive meanwhile."""


class TestArgon2Hasher(HasherContract):
    @pytest.fixture
    async def hasher(self) -> AsyncIterator[PasswordHasher]:
        async with Argon2Hasher(cost=CHEAP) as hasher:
            yield hasher


class TestPlainHasher(HasherContract):
    """The one that other tests use."""

    @pytest.fixture
    def hasher(self) -> PasswordHasher:
        return PlainHasher()


class TestTheCost:
    async def test_stands_in_the_hash(self) -> None:
        async with Argon2Hasher(cost=Argon2Cost(memory_kib=16, passes=3, lanes=2)) as hasher:
            assert (await hasher.hash(PASSWORD)).startswith("$argon2id$v=19$m=16,t=3,p=2$")

    async def test_is_by_default_above_what_owasp_asks_for(self) -> None:
        async with Argon2Hasher() as hasher:
            hashed = await hasher.hash(PASSWORD)

        assert hashed.startswith("$argon2id$v=19$m=31744,t=2,p=1$")

    @pytest.mark.parametrize(
        "former",
        [
            Argon2Cost(memory_kib=8, passes=2),
            Argon2Cost(memory_kib=16, passes=1),
            Argon2Cost(memory_kib=16, passes=1, lanes=2),
        ],
    )
    async def test_makes_hashes_of_another_cost_outdated_but_not_unreadable(self, former: Argon2Cost) -> None:
        async with Argon2Hasher(cost=former) as before, Argon2Hasher(cost=CHEAP) as now:
            hashed = await before.hash(PASSWORD)

            assert now.is_outdated(hashed)
            assert await now.verify(PASSWORD, hashed)

    async def test_of_another_kind_of_argon2_makes_a_hash_outdated(self) -> None:
        argon2i = PasswordHash(
            "$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$wLKLZzeKVYuXDKRY6IAsIIRGp9HOnPzRdlxxsqvAdLU"
        )

        async with Argon2Hasher(cost=CHEAP) as hasher:
            assert hasher.is_outdated(argon2i)

    @pytest.mark.parametrize("expected", [None, *(PasswordHash(text) for text in UNREADABLE)])
    async def test_is_the_same_when_there_is_no_hash_to_compare_with(self, expected: PasswordHash | None) -> None:
        async with Argon2Hasher(cost=Argon2Cost(memory_kib=2048, passes=3)) as hasher:
            hashed = await hasher.hash(PASSWORD)

            usual = min([await cost_of(hasher.verify(PASSWORD, hashed)) for _ in range(3)])

            assert await cost_of(hasher.verify(PASSWORD, expected)) > usual / 2


async def cost_of(work: Awaitable[object]) -> float:
    """Seconds of computing, in whatever thread; those that other programs take do not count."""
    begun = time.process_time()
    await work
    return time.process_time() - begun


class TestTheQueue:
    async def test_who_finds_it_full_is_told_at_once(self) -> None:
        async with Argon2Hasher(cost=LONGER, slots=1, queue=2) as hasher:
            crowd = [asyncio.ensure_future(hasher.hash(PASSWORD)) for _ in range(10)]

            await asyncio.wait(crowd, return_when=asyncio.FIRST_COMPLETED)
            refused = [one for one in crowd if one.done() and one.exception()]
            outcomes = await asyncio.gather(*crowd, return_exceptions=True)

        assert len(refused) == 7
        assert sum(isinstance(outcome, Busy) for outcome in outcomes) == 7
        assert sum(isinstance(outcome, str) for outcome in outcomes) == 3

    async def test_there_is_room_again_when_it_has_emptied(self) -> None:
        async with Argon2Hasher(cost=CHEAP, slots=1, queue=1) as hasher:
            for _ in range(3):
                outcomes = await asyncio.gather(*(hasher.hash(PASSWORD) for _ in range(5)), return_exceptions=True)

                assert sum(isinstance(outcome, str) for outcome in outcomes) == 2

    async def test_there_is_room_again_when_the_waiting_have_left(self) -> None:
        async with Argon2Hasher(cost=LONGER, slots=1, queue=2) as hasher:
            crowd = [asyncio.ensure_future(hasher.hash(PASSWORD)) for _ in range(3)]
            await asyncio.sleep(0)
            for one in crowd:
                one.cancel()
            await asyncio.wait(crowd)

            assert await hasher.hash(PASSWORD)

    async def test_what_fails_leaves_room_too(self) -> None:
        async with Argon2Hasher(cost=CHEAP, slots=1, queue=0) as hasher:
            for unreadable in UNREADABLE:
                with suppress(ValueError):
                    await hasher.verify(PASSWORD, PasswordHash(unreadable))

            assert await hasher.hash(PASSWORD)

    @pytest.mark.parametrize("slots", [1, 2])
    async def test_no_more_threads_work_than_there_are_slots(self, slots: int) -> None:
        before = set(threading.enumerate())

        async with Argon2Hasher(cost=CHEAP, slots=slots, queue=100) as hasher:
            await asyncio.gather(*(hasher.hash(PASSWORD) for _ in range(20)))
            made = set(threading.enumerate()) - before

        assert 1 <= len(made) <= slots

    async def test_others_are_served_while_a_hash_is_made(self) -> None:
        async with Argon2Hasher(slots=1) as hasher:
            hashing = asyncio.ensure_future(hasher.hash(PASSWORD))
            turns = 0
            while not hashing.done():
                await asyncio.sleep(0)
                turns += 1

        assert turns > 3

    async def test_what_is_being_hashed_is_finished_when_it_closes(self) -> None:
        hasher = Argon2Hasher(cost=LONGER, slots=1)
        hashing = asyncio.ensure_future(hasher.hash(PASSWORD))
        await asyncio.sleep(0)

        hasher.close()

        assert await hashing


class TestOddPasswords:
    async def test_a_password_that_utf_8_cannot_hold_belongs_to_no_hash(self) -> None:
        async with Argon2Hasher(cost=CHEAP) as hasher:
            hashed = await hasher.hash(PASSWORD)

            assert not await hasher.verify(str.__new__(Password, "\ud800" * 8), hashed)
