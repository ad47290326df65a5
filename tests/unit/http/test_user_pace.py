"""How fast one user may ask for tasks: the rule by a clock that is turned, and what a client sees of it."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta

import httpx
import pytest
from litestar.types import Send

from tests.unit.http.service import Service, SignedUp
from todo.domain.errors import TooManyAttempts
from todo.domain.model.pace import Limits, Pace
from todo.domain.model.user import UserId
from todo.entrypoints.http.pacing import ONE_MORE, UserPace

ADA, BOB = UserId("usr_ada"), UserId("usr_bob")
ENOUGH = 2_000
"""Requests of which some are refused, however slow the machine."""


class Watch:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def pace(watch: Watch) -> UserPace:
    return UserPace(Limits(requests=Pace(burst=3, every=timedelta(seconds=2)), requests_under_way=2), clock=watch)


def taken(pace: UserPace, user: UserId) -> int:
    """How many are let through now."""
    for number in range(100):
        try:
            pace.take(user)
        except TooManyAttempts:
            return number
    raise AssertionError("nothing was refused")


class TestTheRule:
    def test_lets_a_burst_through_and_then_one_at_a_time(self, pace: UserPace, watch: Watch) -> None:
        assert taken(pace, ADA) == 3
        watch.now += 2
        assert taken(pace, ADA) == 1
        watch.now += 60
        assert taken(pace, ADA) == 3

    def test_tells_a_wait_after_which_one_is_let_through(self, pace: UserPace, watch: Watch) -> None:
        taken(pace, ADA)
        watch.now += 0.5
        with pytest.raises(TooManyAttempts) as refused:
            pace.take(ADA)

        watch.now += refused.value.retry_after

        assert taken(pace, ADA) == 1

    def test_what_is_refused_does_not_count(self, pace: UserPace, watch: Watch) -> None:
        for _ in range(50):
            taken(pace, ADA)
        watch.now += 2

        assert taken(pace, ADA) == 1

    def test_counts_each_user_alone(self, pace: UserPace) -> None:
        taken(pace, ADA)

        assert taken(pace, BOB) == 3

    def test_forgets_who_has_not_asked_for_long(self, pace: UserPace, watch: Watch) -> None:
        for number in range(1000):
            pace.take(UserId(f"usr_{number}"))
        watch.now += 5
        taken(pace, BOB)
        watch.now += 4

        pace.take(ADA)

        assert len(pace) == 2, "Ada, and Bob who has not paid for everything yet"

    def test_a_long_answer_counts_as_several_requests_afterwards(self, pace: UserPace, watch: Watch) -> None:
        pace.take(ADA)
        pace.charge(ADA, ONE_MORE - 1)
        pace.charge(ADA, 5 * ONE_MORE + 1)

        assert taken(pace, ADA) == 0
        watch.now += 2 * 3
        assert taken(pace, ADA) == 0
        watch.now += 2
        assert taken(pace, ADA) == 1

    async def test_few_of_one_user_are_under_way_at_once(self, pace: UserPace, watch: Watch) -> None:
        going_on = asyncio.Event()

        async def app(_scope: object, _receive: object, send: Send) -> None:
            await going_on.wait()
            await send({"type": "http.response.body", "body": b"x" * ONE_MORE, "more_body": False})

        async def nobody(*_: object) -> None: ...

        def ask(user: UserId) -> Awaitable[None]:
            return pace.answer(user, app, {}, nobody, nobody)  # type: ignore[arg-type]  # nothing looks at them

        first = [asyncio.ensure_future(ask(ADA)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(TooManyAttempts):
            await ask(ADA)
        others = asyncio.ensure_future(ask(BOB))
        going_on.set()
        await asyncio.gather(*first, others)

        assert taken(pace, ADA) == 0, "three and their answers have been counted"
        watch.now += 60
        await ask(ADA)

    def test_without_a_pace_nobody_asks_too_often(self, watch: Watch) -> None:
        pace = UserPace(None, clock=watch)

        for _ in range(ENOUGH):
            pace.take(ADA)

        assert len(pace) == 0

    def test_is_two_hundred_at_once_and_fifty_a_second(self) -> None:
        assert Limits().requests == Pace(burst=200, every=timedelta(seconds=1 / 50))
        assert Limits().requests_under_way == 10


async def until_refused(client: httpx.AsyncClient, path: str, headers: dict[str, str]) -> tuple[int, httpx.Response]:
    for number in range(ENOUGH):
        answer = await client.get(path, headers=headers)
        if answer.status_code == 429:
            return number, answer
    raise AssertionError("nothing was refused")


class TestInProduction:
    @pytest.mark.parametrize("door", ["bearer", "cookie"])
    async def test_whoever_asks_too_fast_is_told_to_wait_and_nobody_else_is(self, door: str) -> None:
        async with Service(base_url="https://todo.example.com") as service:
            ada, bob = await service.signed_up(), await service.signed_up()

            number, refused = await until_refused(service.client, *_way(ada, door))

            assert number >= 200
            assert refused.json() == {
                "detail": "Too many requests. Please try again later.",
                "code": "TOO_MANY_REQUESTS",
            }
            assert refused.headers["retry-after"] == "1"
            path, headers = _way(bob, door)
            assert (await service.client.get(path, headers=headers)).status_code == 200

    async def test_a_change_that_is_refused_changes_nothing(self) -> None:
        async with Service(base_url="https://todo.example.com") as service:
            ada = await service.signed_up()
            path, headers = _way(ada, "bearer")
            await until_refused(service.client, path, headers)

            answers = [await service.client.post(path, headers=headers, json={"title": "x"}) for _ in range(50)]

            added = [answer for answer in answers if answer.status_code == 201]
            assert {answer.status_code for answer in answers} <= {201, 429}
            assert len(await service.store.tasks.of(UserId(ada.id))) == len(added) < 50

    async def test_pages_count_as_the_api_does(self) -> None:
        async with Service(base_url="https://todo.example.com") as service:
            ada = await service.signed_up()
            await until_refused(service.client, *_way(ada, "bearer"))

            _, refused = await until_refused(service.client, "/tasks", ada.cookie | {"Accept": "text/html"})

            assert refused.headers["content-type"].startswith("text/html")
            assert refused.headers["retry-after"] == "1"
            assert "Wait a little" in refused.text

    async def test_a_page_full_of_tasks_counts_as_several(self) -> None:
        async with Service(base_url="https://todo.example.com") as service:
            ada = await service.signed_up()
            for _ in range(150):
                await service.add_task(ada)

            number, _ = await until_refused(service.client, "/tasks", ada.cookie | {"Accept": "text/html"})

            assert number < 100

    async def test_signing_out_is_always_possible(self) -> None:
        async with Service(base_url="https://todo.example.com") as service:
            ada = await service.signed_up()
            await until_refused(service.client, *_way(ada, "bearer"))

            assert (await service.client.post("/api/auth/logout", headers=ada.cookie)).status_code == 200


async def test_in_development_and_where_it_is_switched_off_nothing_is_counted() -> None:
    for service in (Service(), Service(throttle=False, base_url="https://todo.example.com")):
        async with service:
            ada = await service.signed_up()
            path, headers = _way(ada, "bearer")
            statuses = {(await service.client.get(path, headers=headers)).status_code for _ in range(400)}
            assert statuses == {200}


def _way(person: SignedUp, door: str) -> tuple[str, dict[str, str]]:
    return (person.tasks, person.headers) if door == "bearer" else (person.proxied, person.cookie)
