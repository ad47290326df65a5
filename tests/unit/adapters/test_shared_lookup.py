import asyncio
import gc
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from todo.adapters.postgres.shared_lookup import AT_ONCE, SharedLookup
from todo.domain.errors import StoreUnavailable

Result = TypeVar("Result")


class World:
    """What is looked up: everything has the number of the present moment as its value. Statements wait to be answered.

    A statement sees the world as it is when it is sent.
    """

    def __init__(self) -> None:
        self.moment = 0
        self.sent: list[list[str]] = []
        self._open: list[tuple[asyncio.Future[None], int]] = []
        self.lookup = SharedLookup(self._find_several)

    @property
    def under_way(self) -> int:
        return len(self._open)

    async def _find_several(self, keys: list[str]) -> dict[str, int]:
        self.sent.append(keys)
        seen = self.moment
        answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._open.append((answered, seen))
        await answered
        return {key: seen for key in keys if not key.startswith("unknown")}

    def answer(self, which: int = 0) -> None:
        self._open.pop(which)[0].set_result(None)

    def fail(self, which: int = 0, error: Exception | None = None) -> None:
        self._open.pop(which)[0].set_exception(error or ConnectionError("away"))

    def ask(self, key: str) -> "asyncio.Task[int | None]":
        return asyncio.ensure_future(self.lookup.find(key))


async def turn() -> None:
    """Lets everybody go on as far as they can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_key_is_looked_up_at_once_when_nobody_else_asks() -> None:
    world = World()
    asked = world.ask("a")
    await turn()

    world.answer()

    assert await asked == 0
    assert world.sent == [["a"]]


async def test_what_is_not_there_is_none() -> None:
    world = World()
    asked = [world.ask("unknown"), world.ask("a")]
    await turn()

    world.answer()

    assert await asyncio.gather(*asked) == [None, 0]


async def test_who_asks_at_the_same_moment_shares_one_statement() -> None:
    world = World()
    asked = [world.ask(key) for key in "abcabc"]
    await turn()

    world.answer()

    assert await asyncio.gather(*asked) == [0] * 6
    assert world.sent == [["a", "b", "c"]]


async def test_who_comes_while_statements_are_under_way_shares_the_next() -> None:
    world = World()
    asked = []
    for key in "abcdefg":
        asked.append(world.ask(key))
        await turn()
    assert (world.sent, world.under_way) == ([["a"], ["b"]], AT_ONCE)

    world.answer()
    await turn()
    world.answer()
    world.answer()

    await asyncio.gather(*asked)
    assert world.sent == [["a"], ["b"], ["c", "d", "e", "f", "g"]]


async def test_no_answer_is_older_than_its_question() -> None:
    world = World()
    early = world.ask("a")
    await turn()
    world.moment = 1
    late = world.ask("a")
    await turn()

    world.answer()
    world.answer()

    assert (await early, await late) == (0, 1)
    assert world.sent == [["a"], ["a"]]


async def test_a_key_that_waits_is_joined_by_those_who_ask_for_it() -> None:
    world = World()
    first = [world.ask(key) for key in "ab"]
    await turn()
    second = world.ask("c")
    await turn()
    third = [world.ask("d"), world.ask("d")]
    await turn()
    third.append(world.ask("d"))
    await turn()

    for _ in range(3):
        world.answer()
        await turn()

    await asyncio.gather(*first, second, *third)
    assert world.sent == [["a", "b"], ["c"], ["d"]]


async def test_a_failure_reaches_all_who_share_it_and_nobody_else() -> None:
    world = World()
    first = [world.ask(key) for key in "aab"]
    await turn()
    second = world.ask("c")
    await turn()

    world.fail()
    world.answer()

    outcomes = await asyncio.gather(*first, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ConnectionError] * 3
    assert await second == 0


async def test_after_a_failure_a_key_is_looked_up_anew() -> None:
    world = World()
    for _ in range(2 * AT_ONCE):
        failing = world.ask("a")
        await turn()
        world.fail()
        with pytest.raises(ConnectionError):
            await failing

    asked = world.ask("a")
    await turn()
    world.answer()

    assert await asked == 0


async def test_a_failure_does_not_strand_those_who_wait_for_the_next_statement() -> None:
    world = World()
    asked = []
    for key in "abc":
        asked.append(world.ask(key))
        await turn()

    world.fail()
    await turn()
    world.answer()
    world.answer()

    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ConnectionError, int, int]


async def test_nobody_waits_twice_for_a_store_that_is_away() -> None:
    """Who asks for the same key while a statement is under way included."""
    world = World()
    asked = []
    for key in ["a", "b", "a", "a", "c"]:
        asked.append(world.ask(key))
        await turn()

    world.fail(error=StoreUnavailable())
    await turn()
    under_way = world.under_way
    world.answer()

    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert under_way == 1
    assert [type(outcome) for outcome in outcomes] == [StoreUnavailable, int, *[StoreUnavailable] * 3]


async def test_who_gives_up_takes_nothing_from_the_others() -> None:
    world = World()
    impatient, patient = world.ask("a"), world.ask("a")
    await turn()

    impatient.cancel()
    await turn()
    world.answer()

    assert await patient == 0
    assert impatient.cancelled()


async def test_who_gives_up_alone_leaves_nothing_behind() -> None:
    world = World()
    for fate in (world.answer, world.fail):
        impatient = world.ask("a")
        await turn()
        impatient.cancel()
        await turn()
        fate()
        await turn()

    asked = world.ask("a")
    await turn()
    world.answer()

    assert await asked == 0
    assert world.under_way == 0


async def test_a_failure_that_nobody_waits_for_disturbs_nobody() -> None:
    complaints: list[object] = []
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    try:
        world = World()
        impatient = world.ask("a")
        await turn()
        impatient.cancel()
        await turn()
        world.fail()
        await turn()
        del world, impatient
        gc.collect()  # an error and the frames it has come through hold each other
    finally:
        loop.set_exception_handler(before)

    assert complaints == []


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.sampled_from(["a", "b", "c", "unknown"])),
        st.tuples(st.just("give up"), st.integers(0, 30)),
        st.tuples(st.just("answer"), st.integers(0, 1)),
        st.tuples(st.just("fail"), st.integers(0, 1)),
        st.tuples(st.just("turn"), st.just(0)),
        st.tuples(st.just("time goes on"), st.just(0)),
    ),
    max_size=40,
)


async def follow(steps: list[tuple[str, int | str]]) -> None:
    """Takes the steps, then answers everybody, and looks whether each got what they may expect."""
    world = World()
    asked: list[tuple[int, str, asyncio.Task[int | None]]] = []
    for step, what in steps:
        match step, what:
            case "ask", str(key):
                asked.append((world.moment, key, world.ask(key)))
            case "give up", int(which) if asked:
                asked[which % len(asked)][2].cancel()
            case "answer", int(which) if which < world.under_way:
                world.answer(which)
            case "fail", int(which) if which < world.under_way:
                world.fail(which)
            case "turn", _:
                await turn()
            case "time goes on", _:
                world.moment += 1
        assert world.under_way <= AT_ONCE
    await turn()
    while world.under_way:
        world.answer()
        await turn()

    for moment, key, task in asked:
        assert task.done(), f"nobody answered {key}"
        with suppress(asyncio.CancelledError, ConnectionError):
            answer = task.result()
            assert (answer is None) == (key == "unknown")
            assert answer is None or answer >= moment, "an answer older than its question"
    again = [world.ask(key) for key in ("x", "y")]
    await turn()
    assert world.sent[-1] == ["x", "y"]
    world.answer()
    await asyncio.gather(*again)


def in_a_loop_of_its_own(work: Callable[[], Awaitable[Result]]) -> Result:
    async def working() -> Result:
        return await work()

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(working())


@settings(max_examples=150)
@given(STEPS)
def test_everybody_is_answered_in_whatever_order_things_happen(steps: list[tuple[str, int | str]]) -> None:
    in_a_loop_of_its_own(lambda: follow(steps))
