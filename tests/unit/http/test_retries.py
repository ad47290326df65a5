"""`Idempotency-Key`: a change of tasks that is sent again is made once."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.builders import a_new_task
from tests.unit.http.service import Service, SignedUp, fault
from todo.domain.errors import StoreUnavailable
from todo.domain.model.retry import KEPT
from todo.domain.model.user import UserId

MILK = {"title": "Buy milk"}
KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
REPLAYED = "idempotency-replayed"

Doors = [("tasks", "headers"), ("proxied", "cookie")]


class Caller:
    """Somebody's way to their tasks, by one of the two doors."""

    def __init__(self, service: Service, person: SignedUp, door: tuple[str, str]) -> None:
        self._service = service
        self.base: str = getattr(person, door[0])
        self.headers: dict[str, str] = getattr(person, door[1])

    async def send(self, method: str, path: str = "", *, key: str | None = KEY, **body: Any) -> httpx.Response:
        keyed = {} if key is None else {"Idempotency-Key": key}
        return await self._service.client.request(method, self.base + path, headers=self.headers | keyed, **body)

    async def titles(self) -> list[str]:
        return [task["title"] for task in (await self.send("GET", key=None)).json()]


@pytest.fixture(params=Doors, ids=["API", "proxy"])
def caller(service: Service, ada: SignedUp, request: pytest.FixtureRequest) -> Caller:
    return Caller(service, ada, request.param)


@pytest.fixture
async def task(service: Service, ada: SignedUp) -> dict[str, Any]:
    return await service.add_task(ada, "There before")


def assert_repeated(first: httpx.Response, again: httpx.Response) -> None:
    """The same answer, but for the header that says so."""
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert REPLAYED not in first.headers
    assert again.headers[REPLAYED] == "true"
    assert dict(again.headers) | {REPLAYED: "true"} == dict(first.headers) | {REPLAYED: "true"}


class TestTheSameRequestAgain:
    async def test_adds_one_task(self, caller: Caller) -> None:
        first = await caller.send("POST", json=MILK)
        again = await caller.send("POST", json=MILK)

        assert first.status_code == 201
        assert_repeated(first, again)
        assert await caller.titles() == ["Buy milk"]

    async def test_answers_as_without_a_key(self, caller: Caller) -> None:
        without = await caller.send("POST", key=None, json=MILK)
        keyed = await caller.send("POST", json=MILK)

        assert keyed.status_code == without.status_code
        assert keyed.json() == without.json() | {"id": keyed.json()["id"]}
        assert set(keyed.headers) == set(without.headers)
        assert keyed.headers["content-type"] == without.headers["content-type"]
        assert keyed.headers["cache-control"] == without.headers["cache-control"]

    async def test_flips_once(self, caller: Caller, task: dict[str, Any]) -> None:
        first = await caller.send("PATCH", f"/{task['id']}/complete")
        again = await caller.send("PATCH", f"/{task['id']}/complete")

        assert first.json()["completed"] is True
        assert_repeated(first, again)
        assert (await caller.send("GET", f"/{task['id']}")).json()["completed"] is True

    async def test_changes_once_and_repeats_the_answer_of_then(self, caller: Caller, task: dict[str, Any]) -> None:
        first = await caller.send("PUT", f"/{task['id']}", json={"title": "First"})
        await caller.send("PUT", f"/{task['id']}", key="other", json={"title": "Second"})
        again = await caller.send("PUT", f"/{task['id']}", json={"title": "First"})

        assert_repeated(first, again)
        assert await caller.titles() == ["Second"]

    async def test_deletes_once_and_is_no_404(self, caller: Caller, task: dict[str, Any]) -> None:
        first = await caller.send("DELETE", f"/{task['id']}")
        again = await caller.send("DELETE", f"/{task['id']}")

        assert first.json() == {"success": True, "message": "Task deleted successfully"}
        assert_repeated(first, again)

    async def test_may_spell_the_path_with_a_slash_at_the_end(self, caller: Caller) -> None:
        first = await caller.send("POST", json=MILK)

        assert_repeated(first, await caller.send("POST", "/", json=MILK))

    async def test_may_come_through_the_other_door(self, service: Service, ada: SignedUp) -> None:
        first = await Caller(service, ada, Doors[0]).send("POST", json=MILK)
        again = await Caller(service, ada, Doors[1]).send("POST", json=MILK)

        assert_repeated(first, again)

    async def test_may_come_many_times_at_once(self, caller: Caller) -> None:
        answers = await asyncio.gather(*(caller.send("POST", json=MILK) for _ in range(20)))

        assert {(answer.status_code, answer.content) for answer in answers} == {(201, answers[0].content)}
        assert sorted(REPLAYED in answer.headers for answer in answers) == [False] + [True] * 19
        assert await caller.titles() == ["Buy milk"]

    async def test_is_known_for_a_day(self, service: Service, caller: Caller) -> None:
        first = await caller.send("POST", json=MILK)
        service.clock.turn(KEPT - timedelta(seconds=1))

        assert_repeated(first, await caller.send("POST", json=MILK))

        service.clock.turn(timedelta(seconds=1))
        assert REPLAYED not in (await caller.send("POST", json=MILK)).headers
        assert await caller.titles() == ["Buy milk"] * 2

    async def test_adds_the_first_task_of_another_issuers_user_once(self, service: Service) -> None:
        visitor = Caller(service, service.vouched_for("usr_visitor"), Doors[0])

        first = await visitor.send("POST", json=MILK)

        assert first.status_code == 201
        assert_repeated(first, await visitor.send("POST", json=MILK))
        assert await visitor.titles() == ["Buy milk"]


class TestAnotherRequestWithTheKey:
    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("POST", "", b'{"title":"Buy bread"}'),
            ("POST", "", b'{"title": "Buy milk"}'),
            ("POST", "?a=1", b'{"title":"Buy milk"}'),
            ("PUT", "/{id}", b'{"title":"Buy milk"}'),
            ("PATCH", "/{id}/complete", b'{"title":"Buy milk"}'),
            ("DELETE", "/{id}", b'{"title":"Buy milk"}'),
        ],
    )
    async def test_is_refused_and_changes_nothing(
        self, caller: Caller, task: dict[str, Any], method: str, path: str, body: bytes
    ) -> None:
        await caller.send("POST", content=b'{"title":"Buy milk"}')
        before = (await caller.send("GET")).json()

        answer = await caller.send(method, path.format(id=task["id"]), content=body)

        assert fault(answer) == ("idempotency_key_reused", ["header", "idempotency-key"])
        assert answer.json()["code"] == "IDEMPOTENCY_KEY_REUSED"
        assert (await caller.send("GET")).json() == before

    async def test_on_another_task_is_refused(self, caller: Caller, service: Service, ada: SignedUp) -> None:
        one, other = await service.add_task(ada), await service.add_task(ada)
        await caller.send("PATCH", f"/{one['id']}/complete")

        answer = await caller.send("PATCH", f"/{other['id']}/complete")

        assert answer.json()["code"] == "IDEMPOTENCY_KEY_REUSED"

    async def test_by_another_user_is_nobodys_business(self, service: Service, ada: SignedUp, bob: SignedUp) -> None:
        await Caller(service, ada, Doors[0]).send("POST", json={"title": "Ada's"})
        bobs = Caller(service, bob, Doors[0])

        answer = await bobs.send("POST", json={"title": "Bob's"})

        assert answer.status_code == 201
        assert REPLAYED not in answer.headers
        assert await bobs.titles() == ["Bob's"]

    async def test_is_no_matter_when_it_only_reads(self, caller: Caller) -> None:
        await caller.send("POST", json=MILK)

        answer = await caller.send("GET")

        assert answer.status_code == 200
        assert REPLAYED not in answer.headers


class TestWhatIsRefused:
    async def test_is_not_kept_so_a_body_can_be_put_right(self, caller: Caller) -> None:
        bad = await caller.send("POST", json={"title": ""})
        good = await caller.send("POST", json=MILK)

        assert (bad.status_code, good.status_code) == (422, 201)

    async def test_is_decided_anew(self, caller: Caller, service: Service, ada: SignedUp) -> None:
        missing = await caller.send("DELETE", "/1")
        again = await caller.send("DELETE", "/1")

        assert [missing.status_code, again.status_code] == [404, 404]
        assert REPLAYED not in again.headers

    async def test_for_want_of_a_store_can_be_tried_again(self, caller: Caller, service: Service) -> None:
        service.trouble.error = StoreUnavailable
        refused = await caller.send("POST", json=MILK)
        service.trouble.error = None
        answer = await caller.send("POST", json=MILK)

        assert (refused.status_code, answer.status_code) == (503, 201)
        assert REPLAYED not in answer.headers


class TestTheKey:
    @pytest.mark.parametrize("key", ["x", "~" * 255, '"quoted"', "!#$%&'()*+,-./:;<=>?@[]^_`{|}"])
    async def test_is_any_visible_ascii(self, caller: Caller, key: str) -> None:
        first = await caller.send("POST", key=key, json=MILK)

        assert_repeated(first, await caller.send("POST", key=key, json=MILK))

    @pytest.mark.parametrize("key", [b"", b" ", b"a b", b"~" * 256, b"\xc3\xa9", b"a\tb", b"\x7f"])
    async def test_of_another_form_is_refused(self, caller: Caller, service: Service, key: bytes) -> None:
        headers: dict[bytes, bytes] = {name.encode(): value.encode() for name, value in caller.headers.items()}

        answer = await service.client.post(caller.base, headers=headers | {b"Idempotency-Key": key}, json=MILK)

        assert fault(answer) == ("idempotency_key_malformed", ["header", "idempotency-key"])
        assert answer.json()["code"] == "IDEMPOTENCY_KEY_MALFORMED"
        assert await caller.titles() == []

    async def test_is_one(self, caller: Caller, service: Service) -> None:
        headers = [*caller.headers.items(), ("Idempotency-Key", "one"), ("Idempotency-Key", "two")]

        answer = await service.client.post(caller.base, headers=headers, json=MILK)

        assert answer.json()["code"] == "IDEMPOTENCY_KEY_MALFORMED"

    async def test_opens_nothing_and_is_looked_at_last(self, service: Service, ada: SignedUp, bob: SignedUp) -> None:
        await Caller(service, ada, Doors[0]).send("POST", json=MILK)

        stranger = await service.client.post(ada.tasks, headers={"Idempotency-Key": KEY}, json=MILK)
        bobs = await service.client.post(ada.tasks, headers=bob.headers | {"Idempotency-Key": "a b"}, json=MILK)

        assert [stranger.status_code, bobs.status_code] == [401, 403]


class TestTheQuota:
    async def test_says_so_and_makes_room_for_what_is_deleted(self) -> None:
        async with Service(task_quota=2) as service:
            ada = Caller(service, await service.signed_up(), Doors[0])
            for _ in range(2):
                assert (await ada.send("POST", key=None, json=MILK)).status_code == 201

            refused = await ada.send("POST", json=MILK)
            [one, _] = (await ada.send("GET")).json()
            await ada.send("DELETE", f"/{one['id']}", key=None)
            answer = await ada.send("POST", json=MILK)

        assert (refused.status_code, refused.json()["code"]) == (409, "TASK_QUOTA_REACHED")
        assert refused.json()["detail"] == "You have as many tasks as one user may have. Delete some to make room"
        assert answer.status_code == 201

    async def test_is_ten_thousand(self, service: Service, ada: SignedUp) -> None:
        for _ in range(9_999):
            await service.store.tasks.add(a_new_task(UserId(ada.id)))

        answers = [await service.client.post(ada.tasks, headers=ada.headers, json=MILK) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [201, 409]
