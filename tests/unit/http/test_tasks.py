import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.unit.http.service import MOMENT, Service, SignedUp, assert_refused, fault

FIELDS = {"id", "user_id", "title", "description", "completed"}
SMILE = "😀"
NO_NUMBERS = [
    "+1",
    " 1",
    "1 ",
    "1.0",
    "1_000",
    "\uff19",
    "\u0663",
    "abc",
    "--1",
    "1e3",
    "-",
    "0x1",
    "1,0",
    "½",
    "true",
    "null",
]
NO_ONES_NUMBERS = [
    "0",
    "-1",
    "-0",
    str(2**31),
    str(2**63),
    str(2**63 - 1),
    str(-(2**63) - 1),
    "9" * 5001,
    "1" + "0" * 5000,
]

NOT_JSON: Mapping[str, bytes] = {
    "cut off": b'{"title":"a',
    "single quotes": b"{'title':'a'}",
    "a trailing comma": b'{"title":"a",}',
    "two documents": b'{"title":"a"}{"title":"b"}',
    "words": b"title=a",
    "white space": b"  \n ",
    "a BOM": b'\xef\xbb\xbf{"title":"a"}',
    "UTF-16": '{"title":"a"}'.encode("utf-16"),
    "NaN": b'{"title":"a","description":NaN}',
    "infinity": b'{"title":"a","other":-Infinity}',
    "a raw control character": b'{"title":"a\nb"}',
    "a bad escape": rb'{"title":"\x41"}',
    "invalid UTF-8 in a known field": b'{"title":"\xff"}',
    "invalid UTF-8 in an unknown field": b'{"title":"a","other":"\xff"}',
    "invalid UTF-8 in an unknown name": b'{"title":"a","\xff":1}',
    "overlong UTF-8": b'{"title":"\xc0\xaf"}',
    "a surrogate in UTF-8": b'{"title":"\xed\xa0\x80"}',
    "100,000 brackets in an unknown field": b'{"title":"a","other":' + b"[" * 100_000,
}
NO_OBJECTS = ["null", "[]", '[{"title":"a"}]', '"title"', "1", "1.5", "true"]
ENDLESS: Mapping[str, bytes] = {
    "100,000 brackets": b"[" * 100_000,
    "100,000 braces": b'{"a":' * 40_000,
    "a number of 60,000 digits": b"9" * 60_000,
    "a string without an end": b'"' + b"x" * 100_000,
}

WRONG_VALUES: list[tuple[str, str, str]] = [
    *(("title", value, "string_type") for value in ("1", "1.5", "true", "null", "[]", '["a"]', "{}")),
    *(("description", value, "string_type") for value in ("1", "1.5", "false", "[]", "{}")),
]
WRONG_CHANGES = [
    *WRONG_VALUES,
    *(("completed", value, "bool_type") for value in ("null", "0", "1", '"true"', '"yes"', "[]", "{}", "1.0")),
]

JSON_TYPES = [
    "application/json",
    "application/json; charset=utf-8",
    'application/json;charset="UTF-8"',
    "Application/JSON",
    "application/vnd.api+json",
    "application/merge-patch+json",
    "application/problem+json; charset=utf-8",
    None,
]
OTHER_TYPES = [
    "text/plain",
    "text/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json; charset=latin-1",
    "application/json; charset=utf-16",
    "application/jsonx",
    "application/xml",
    "application/octet-stream",
    "text/x+json",
    "json",
    "*/*",
]


async def send(
    client: httpx.AsyncClient,
    method: str,
    path: str,
    person: SignedUp,
    content: bytes | str,
    content_type: str | None = "application/json",
) -> httpx.Response:
    """A body exactly as written, which httpx would not make of `json=`."""
    headers = person.headers | ({} if content_type is None else {"Content-Type": content_type})
    return await client.request(method, path, headers=headers, content=content)


async def in_parts(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 65_536):
        yield content[start : start + 65_536]


@pytest.fixture
async def task(service: Service, ada: SignedUp) -> dict[str, Any]:
    return await service.add_task(ada, "Buy milk", description="Two bottles")


@pytest.fixture
def path(ada: SignedUp, task: dict[str, Any]) -> str:
    return f"{ada.tasks}/{task['id']}"


class TestWhatIsAnswered:
    @pytest.mark.parametrize("slash", ["", "/"])
    async def test_a_new_list_is_an_empty_array(self, client: httpx.AsyncClient, ada: SignedUp, slash: str) -> None:
        answer = await client.get(ada.tasks + slash, headers=ada.headers)

        assert (answer.status_code, answer.content) == (200, b"[]")
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "private, no-cache"

    @pytest.mark.parametrize("slash", ["", "/"])
    async def test_adding_gives_the_whole_task(self, client: httpx.AsyncClient, ada: SignedUp, slash: str) -> None:
        answer = await client.post(ada.tasks + slash, headers=ada.headers, json={"title": "Buy milk"})

        task = answer.json()
        assert answer.status_code == 201
        assert answer.headers["content-type"] == "application/json"
        assert set(task) >= FIELDS
        assert isinstance(task["id"], int)
        assert task["id"] >= 1
        assert (task["user_id"], task["title"], task["description"], task["completed"]) == (
            ada.id,
            "Buy milk",
            None,
            False,
        )

    @pytest.mark.parametrize("slash", ["", "/"])
    async def test_each_call_about_one_task_answers_under_both_spellings_and_redirects_under_none(
        self, client: httpx.AsyncClient, ada: SignedUp, task: dict[str, Any], path: str, slash: str
    ) -> None:
        got = await client.get(path + slash, headers=ada.headers)
        put = await client.put(path + slash, headers=ada.headers, json={"title": "Buy bread"})
        completed = await client.patch(f"{path}/complete{slash}", headers=ada.headers)
        deleted = await client.delete(path + slash, headers=ada.headers)

        assert [answer.status_code for answer in (got, put, completed, deleted)] == [200] * 4
        assert got.json() == task
        assert put.json()["title"] == "Buy bread"
        assert completed.json()["completed"] is True
        assert deleted.content == b'{"success":true,"message":"Task deleted successfully"}'

    async def test_every_answer_tells_a_task_alike(
        self, client: httpx.AsyncClient, ada: SignedUp, task: dict[str, Any], path: str
    ) -> None:
        got = (await client.get(path, headers=ada.headers)).json()
        (listed,) = (await client.get(ada.tasks, headers=ada.headers)).json()
        put = (await client.put(path, headers=ada.headers, json={"title": task["title"]})).json()

        assert task == got == listed == put

    async def test_times_have_three_fraction_digits(self, task: dict[str, Any]) -> None:
        for name in ("created_at", "updated_at"):
            assert re.fullmatch(MOMENT, task[name])

    async def test_the_oldest_comes_first(self, service: Service, ada: SignedUp, bob: SignedUp) -> None:
        for title in ("one", "two", "three"):
            await service.add_task(ada, title)
            await service.add_task(bob, f"not {title}")
        listed = (await service.client.get(ada.tasks, headers=ada.headers)).json()
        await service.client.put(f"{ada.tasks}/{listed[0]['id']}", headers=ada.headers, json={"completed": True})

        titles = [task["title"] for task in (await service.client.get(ada.tasks, headers=ada.headers)).json()]

        assert titles == ["one", "two", "three"]

    async def test_a_long_list_is_never_cut_off(self, service: Service, ada: SignedUp) -> None:
        for number in range(120):
            await service.add_task(ada, f"task {number}")

        assert len((await service.client.get(ada.tasks, headers=ada.headers)).json()) == 120

    async def test_a_query_that_means_nothing_changes_nothing(
        self, client: httpx.AsyncClient, ada: SignedUp, task: dict[str, Any], path: str
    ) -> None:
        answer = await client.get(f"{path}?x=%00&y=%ff&access_token=1&", headers=ada.headers)

        assert (answer.status_code, answer.json()) == (200, task)

    async def test_a_number_is_never_given_twice(self, service: Service, ada: SignedUp) -> None:
        first = await service.add_task(ada)
        await service.client.delete(f"{ada.tasks}/{first['id']}", headers=ada.headers)

        assert (await service.add_task(ada))["id"] > first["id"]


class TestAdding:
    async def test_a_new_task_is_open_whatever_the_body_says(self, service: Service, ada: SignedUp) -> None:
        assert (await service.add_task(ada, completed=True))["completed"] is False

    async def test_unknown_names_and_those_of_the_server_are_ignored(self, service: Service, ada: SignedUp) -> None:
        before = await service.add_task(ada)

        task = await service.add_task(
            ada,
            "Mine",
            id=before["id"],
            user_id="usr_somebody_else",
            created_at="1970-01-01T00:00:00.000Z",
            updated_at=0,
            completed_at=[],
            version="x",
            owner=None,
            whatever={"deep": [1, None]},
        )

        assert task["id"] > before["id"]
        assert task["user_id"] == ada.id
        assert set(task) == set(before)
        assert task["created_at"] == before["created_at"]

    @pytest.mark.parametrize(
        "title",
        [
            'say "hello"',
            '"quoted"',
            "  white space around  ",
            "tab\tand\nnew line",
            "\\ / \u2028 \u0001 \x7f",
            "é and e\u0301",
            "\ufeffwith a BOM",
            "مرحبا 你好 👩‍👩‍👧‍👦",
            "<b>&amp;</b>",
            "1",
            "null",
            "a" * 500,
            SMILE * 500,
        ],
    )
    async def test_a_title_is_kept_exactly_as_sent(self, service: Service, ada: SignedUp, title: str) -> None:
        task = await service.add_task(ada, title)

        got = await service.client.get(f"{ada.tasks}/{task['id']}", headers=ada.headers)

        assert got.json()["title"] == task["title"] == title

    @pytest.mark.parametrize("description", ["", " ", "\n", "x" * 16_384, SMILE * 16_384, '"', None])
    async def test_a_description_is_kept_exactly_as_sent(
        self, service: Service, ada: SignedUp, description: str | None
    ) -> None:
        assert (await service.add_task(ada, description=description))["description"] == description

    async def test_of_two_values_for_one_name_the_last_counts(self, client: httpx.AsyncClient, ada: SignedUp) -> None:
        answer = await send(client, "POST", ada.tasks, ada, b'{"title":"first","title":"last"}')

        assert answer.json()["title"] == "last"

    async def test_escaped_names_and_pairs_of_surrogates_are_understood(
        self, client: httpx.AsyncClient, ada: SignedUp
    ) -> None:
        answer = await send(client, "POST", ada.tasks, ada, rb'{"\u0074itle":"\ud83d\ude00"}')

        assert answer.json()["title"] == SMILE

    async def test_thousands_of_unknown_names_are_ignored(self, client: httpx.AsyncClient, ada: SignedUp) -> None:
        body = json.dumps({f"{number:x}": 0 for number in range(20_000)} | {"title": "found"})

        answer = await send(client, "POST", ada.tasks, ada, body)

        assert (answer.status_code, answer.json()["title"]) == (201, "found")

    async def test_60_000_names_are_too_much_or_ignored_and_never_a_fault_of_ours(
        self, client: httpx.AsyncClient, ada: SignedUp
    ) -> None:
        body = json.dumps({f"{number:x}": 0 for number in range(60_000)} | {"title": "found"})

        assert (await send(client, "POST", ada.tasks, ada, body)).status_code in {201, 413}

    @pytest.mark.parametrize("number", ["9" * 60_000, "-" + "9" * 60_000, "1e400", "0." + "1" * 60_000, "1e-999999"])
    async def test_huge_numbers_in_unknown_fields_are_never_a_fault_of_ours(
        self, client: httpx.AsyncClient, ada: SignedUp, number: str
    ) -> None:
        answer = await send(client, "POST", ada.tasks, ada, f'{{"title":"a","other":{number}}}')

        assert answer.status_code in {201, 422}

    async def test_a_refused_body_adds_nothing(self, client: httpx.AsyncClient, ada: SignedUp) -> None:
        await send(client, "POST", ada.tasks, ada, b'{"title":"a","description":1}')

        assert (await client.get(ada.tasks, headers=ada.headers)).json() == []


class TestChanging:
    @pytest.mark.parametrize(
        "changes",
        [
            {"title": "New"},
            {"description": "New"},
            {"description": None},
            {"description": ""},
            {"completed": True},
            {"completed": False},
            {"title": "New", "completed": True},
            {"title": "New", "description": None, "completed": False},
        ],
        ids=str,
    )
    async def test_what_is_sent_is_set_and_the_rest_stays(
        self, client: httpx.AsyncClient, ada: SignedUp, task: dict[str, Any], path: str, changes: dict[str, Any]
    ) -> None:
        answer = await client.put(path, headers=ada.headers, json=changes)

        told = {name: answer.json()[name] for name in FIELDS}
        assert answer.status_code == 200
        assert told == {name: task[name] for name in FIELDS} | changes
        assert (await client.get(path, headers=ada.headers)).json() == answer.json()

    async def test_what_get_gave_can_be_sent_back(
        self, client: httpx.AsyncClient, ada: SignedUp, task: dict[str, Any], path: str
    ) -> None:
        got = (await client.get(path, headers=ada.headers)).json()

        answer = await client.put(path, headers=ada.headers, json=got)

        assert (answer.status_code, answer.json()) == (200, task)

    async def test_the_fields_of_the_server_cannot_be_set(
        self, client: httpx.AsyncClient, ada: SignedUp, bob: SignedUp, task: dict[str, Any], path: str
    ) -> None:
        body = task | {"id": 1_000_000, "user_id": bob.id, "created_at": "1970-01-01T00:00:00.000Z", "version": 99}

        answer = await client.put(path, headers=ada.headers, json=body)

        assert answer.json() == task
        assert (await client.get(bob.tasks, headers=bob.headers)).json() == []

    async def test_a_completed_task_can_be_reopened_by_put(
        self, client: httpx.AsyncClient, ada: SignedUp, task: dict[str, Any], path: str
    ) -> None:
        await client.put(path, headers=ada.headers, json={"completed": True})

        answer = await client.put(path, headers=ada.headers, json={"completed": False})

        assert answer.json() == task

    async def test_completing_a_completed_task_does_not_move_the_time_of_completion(self, service: Service) -> None:
        ada = await service.signed_up()
        task = await service.add_task(ada)
        address = f"{ada.tasks}/{task['id']}"
        first = await service.client.put(address, headers=ada.headers, json={"completed": True})
        service.clock.turn(timedelta(hours=1))

        second = await service.client.put(address, headers=ada.headers, json={"completed": True})

        assert second.json()["completed_at"] == first.json()["completed_at"]

    @pytest.mark.parametrize("body", [{}, {"id": 1}, {"user_id": "x", "unknown": None}], ids=str)
    async def test_a_put_with_none_of_the_fields_is_refused(
        self, client: httpx.AsyncClient, ada: SignedUp, path: str, body: dict[str, Any]
    ) -> None:
        answer = await client.put(path, headers=ada.headers, json=body)

        assert fault(answer) == ("missing", ["body", "title"])

    async def test_a_refused_body_changes_nothing(
        self, client: httpx.AsyncClient, ada: SignedUp, task: dict[str, Any], path: str
    ) -> None:
        await client.put(path, headers=ada.headers, json={"title": "New", "completed": "yes"})

        assert (await client.get(path, headers=ada.headers)).json() == task


class TestCompleting:
    async def test_two_calls_give_back_the_first_state(
        self, client: httpx.AsyncClient, ada: SignedUp, task: dict[str, Any], path: str
    ) -> None:
        once = await client.patch(f"{path}/complete", headers=ada.headers)
        twice = await client.patch(f"{path}/complete", headers=ada.headers)

        assert (once.status_code, twice.status_code) == (200, 200)
        assert once.json()["completed"] is True
        assert twice.json() == task

    @pytest.mark.parametrize(
        ("content_type", "content"),
        [
            (None, b""),
            ("application/json", b""),
            ("application/json", b"{}"),
            ("application/json", b"null"),
            ("application/json", b'{"completed":false}'),
            ("application/json", b'{"title":1}'),
            ("application/json", b"\xff{"),
            ("text/plain", b"please"),
            ("multipart/form-data", b"--"),
            ("application/x-www-form-urlencoded", b"a=%ff"),
            ("no type at all", b"[" * 100_000),
        ],
        ids=repr,
    )
    async def test_a_body_that_comes_along_is_ignored(
        self, client: httpx.AsyncClient, ada: SignedUp, path: str, content_type: str | None, content: bytes
    ) -> None:
        answer = await send(client, "PATCH", f"{path}/complete", ada, content, content_type)

        assert (answer.status_code, answer.json()["completed"]) == (200, True)

    async def test_many_at_once_are_as_many_flips(self, client: httpx.AsyncClient, ada: SignedUp, path: str) -> None:
        answers = await asyncio.gather(*(client.patch(f"{path}/complete", headers=ada.headers) for _ in range(7)))

        assert sorted(answer.json()["completed"] for answer in answers) == [False] * 3 + [True] * 4
        assert (await client.get(path, headers=ada.headers)).json()["completed"] is True


class TestDeleting:
    async def test_a_second_time_it_is_not_there(self, client: httpx.AsyncClient, ada: SignedUp, path: str) -> None:
        first = await client.delete(path, headers=ada.headers)
        second = await client.delete(path, headers=ada.headers)

        assert first.json() == {"success": True, "message": "Task deleted successfully"}
        assert_refused(second, 404, "Task not found")

    async def test_a_body_that_comes_along_is_ignored(
        self, client: httpx.AsyncClient, ada: SignedUp, path: str
    ) -> None:
        assert (await send(client, "DELETE", path, ada, b"\xff{")).status_code == 200


async def each_about(client: httpx.AsyncClient, person: SignedUp, path: str) -> list[httpx.Response]:
    """Every call about one task."""
    return [
        await client.get(path, headers=person.headers),
        await client.put(path, headers=person.headers, json={"title": "Seized"}),
        await client.delete(path, headers=person.headers),
        await client.patch(f"{path}/complete", headers=person.headers),
    ]


class TestTasksThatAreNotThere:
    @pytest.mark.parametrize("number", NO_ONES_NUMBERS, ids=lambda number: f"{number:.24}")
    async def test_a_number_that_is_no_ones_is_not_found(
        self, client: httpx.AsyncClient, ada: SignedUp, number: str
    ) -> None:
        for answer in await each_about(client, ada, f"{ada.tasks}/{number}"):
            assert_refused(answer, 404, "Task not found")

    async def test_a_deleted_task_is_not_found(self, client: httpx.AsyncClient, ada: SignedUp, path: str) -> None:
        await client.delete(path, headers=ada.headers)

        for answer in await each_about(client, ada, path):
            assert_refused(answer, 404, "Task not found")

    async def test_anothers_task_is_not_found_and_stays_as_it_was(
        self, client: httpx.AsyncClient, ada: SignedUp, bob: SignedUp, task: dict[str, Any], path: str
    ) -> None:
        absent = await each_about(client, bob, f"{bob.tasks}/0")
        anothers = await each_about(client, bob, f"{bob.tasks}/{task['id']}")

        for one, other in zip(absent, anothers, strict=True):
            assert_refused(other, 404, "Task not found")
            assert (one.content, one.headers) == (other.content, other.headers)
        assert (await client.get(path, headers=ada.headers)).json() == task

    @pytest.mark.parametrize("number", NO_NUMBERS)
    async def test_what_is_no_integer_is_refused(self, client: httpx.AsyncClient, ada: SignedUp, number: str) -> None:
        for answer in await each_about(client, ada, f"{ada.tasks}/{number}"):
            assert fault(answer) == ("int_parsing", ["path", "task_id"])
            assert answer.json()["detail"][0]["msg"] == (
                "Input should be a valid integer, unable to parse string as an integer"
            )

    async def test_zeros_in_front_change_nothing(
        self, client: httpx.AsyncClient, ada: SignedUp, task: dict[str, Any]
    ) -> None:
        answer = await client.get(f"{ada.tasks}/00{task['id']}", headers=ada.headers)

        assert answer.json() == task


class TestBodies:
    """Adding and changing read their bodies alike."""

    @pytest.fixture
    def targets(self, ada: SignedUp, path: str) -> list[tuple[str, str]]:
        return [("POST", ada.tasks), ("PUT", path)]

    @pytest.mark.parametrize("content", NOT_JSON.values(), ids=NOT_JSON.keys())
    async def test_what_is_no_json_is_refused_with_the_place(
        self, client: httpx.AsyncClient, ada: SignedUp, targets: list[tuple[str, str]], content: bytes
    ) -> None:
        for target in targets:
            answer = await send(client, *target, ada, content)

            kind, (where, offset) = fault(answer)
            assert (kind, where) == ("json_invalid", "body")
            assert isinstance(offset, int)
            assert 0 <= offset <= len(content)
            assert answer.json()["detail"][0]["msg"] == "JSON decode error"

    @pytest.mark.parametrize("content", NO_OBJECTS, ids=lambda content: f"{content:.16}")
    async def test_json_that_is_no_object_is_refused(
        self, client: httpx.AsyncClient, ada: SignedUp, targets: list[tuple[str, str]], content: str
    ) -> None:
        for target in targets:
            answer = await send(client, *target, ada, content)

            assert fault(answer) == ("model_attributes_type", ["body"])
            assert answer.json()["detail"][0]["msg"] == (
                "Input should be a valid dictionary or object to extract fields from"
            )

    @pytest.mark.parametrize("content", ENDLESS.values(), ids=ENDLESS.keys())
    async def test_what_only_means_to_exhaust_us_is_refused(
        self, client: httpx.AsyncClient, ada: SignedUp, targets: list[tuple[str, str]], content: bytes
    ) -> None:
        for target in targets:
            assert fault(await send(client, *target, ada, content))[1][0] == "body"

    @pytest.mark.parametrize("content_type", ["application/json", None])
    async def test_no_body_is_missing(
        self, client: httpx.AsyncClient, ada: SignedUp, targets: list[tuple[str, str]], content_type: str | None
    ) -> None:
        for target in targets:
            answer = await send(client, *target, ada, b"", content_type)

            assert fault(answer) == ("missing", ["body"])
            assert answer.json()["detail"][0]["msg"] == "Field required"

    @pytest.mark.parametrize("body", [{}, {"description": "d"}, {"Title": "a"}, {"completed": True}], ids=str)
    async def test_adding_needs_a_title(self, client: httpx.AsyncClient, ada: SignedUp, body: dict[str, Any]) -> None:
        answer = await client.post(ada.tasks, headers=ada.headers, json=body)

        assert fault(answer) == ("missing", ["body", "title"])
        assert answer.json()["detail"][0]["msg"] == "Field required"

    @pytest.mark.parametrize(("field", "value", "kind"), WRONG_VALUES)
    async def test_adding_converts_no_value(
        self, client: httpx.AsyncClient, ada: SignedUp, field: str, value: str, kind: str
    ) -> None:
        body = f'{{"description":null,"title":"a","{field}":{value}}}'

        answer = await send(client, "POST", ada.tasks, ada, body)

        assert fault(answer) == (kind, ["body", field])
        assert answer.json()["detail"][0]["msg"] == "Input should be a valid string"

    @pytest.mark.parametrize(("field", "value", "kind"), WRONG_CHANGES)
    async def test_changing_converts_no_value(
        self, client: httpx.AsyncClient, ada: SignedUp, path: str, field: str, value: str, kind: str
    ) -> None:
        answer = await send(client, "PUT", path, ada, f'{{"{field}":{value}}}')

        expected = "boolean" if kind == "bool_type" else "string"
        assert fault(answer) == (kind, ["body", field])
        assert answer.json()["detail"][0]["msg"] == f"Input should be a valid {expected}"

    @pytest.mark.parametrize("title", ["", " ", "\t\n\r", "\u00a0", "\u3000\u2003", "\u2028", "\x1f"], ids=ascii)
    async def test_a_title_without_anything_to_read_is_too_short(
        self, client: httpx.AsyncClient, ada: SignedUp, targets: list[tuple[str, str]], title: str
    ) -> None:
        for target in targets:
            answer = await client.request(*target, headers=ada.headers, json={"title": title})

            assert fault(answer) == ("string_too_short", ["body", "title"])
            assert answer.json()["detail"][0]["msg"] == "String should have at least 1 character"

    @pytest.mark.parametrize(
        ("field", "value", "limit"),
        [
            ("title", "a" * 501, 500),
            ("title", SMILE * 501, 500),
            ("title", " " * 500 + "a", 500),
            ("description", "a" * 16_385, 16_384),
            ("description", SMILE * 16_385, 16_384),
        ],
        ids=lambda value: f"{value!s:.12}",
    )
    async def test_a_text_that_is_too_long_is_refused(
        self,
        client: httpx.AsyncClient,
        ada: SignedUp,
        targets: list[tuple[str, str]],
        field: str,
        value: str,
        limit: int,
    ) -> None:
        for target in targets:
            answer = await client.request(*target, headers=ada.headers, json={"title": "a"} | {field: value})

            assert fault(answer) == ("string_too_long", ["body", field])
            assert answer.json()["detail"][0]["msg"] == f"String should have at most {limit} characters"
            assert len(answer.content) < 2_000

    @pytest.mark.parametrize("value", [r"a\u0000", r"\ud800", r"a\udfffb", r"\udc00\ud800"])
    @pytest.mark.parametrize("field", ["title", "description"])
    async def test_characters_that_cannot_be_kept_are_refused(
        self, client: httpx.AsyncClient, ada: SignedUp, targets: list[tuple[str, str]], field: str, value: str
    ) -> None:
        for target in targets:
            body = json.dumps({"title": "a"} | {field: "*"}).replace("*", value)

            answer = await send(client, *target, ada, body)

            assert fault(answer)[1][0] == "body"

    @pytest.mark.parametrize("content_type", JSON_TYPES)
    async def test_json_is_read_under_all_of_its_names_and_under_none(
        self, client: httpx.AsyncClient, ada: SignedUp, targets: list[tuple[str, str]], content_type: str | None
    ) -> None:
        for target in targets:
            answer = await send(client, *target, ada, '{"title":"été"}', content_type)

            assert answer.status_code in {200, 201}
            assert answer.json()["title"] == "été"

    @pytest.mark.parametrize("content_type", OTHER_TYPES)
    async def test_other_types_are_refused(
        self, client: httpx.AsyncClient, ada: SignedUp, targets: list[tuple[str, str]], content_type: str
    ) -> None:
        for target in targets:
            answer = await send(client, *target, ada, b'{"title":"a"}', content_type)

            assert fault(answer)[1] == ["body"]

    @pytest.mark.parametrize("chunked", [False, True])
    async def test_a_body_over_256_kib_is_too_large(
        self, client: httpx.AsyncClient, ada: SignedUp, targets: list[tuple[str, str]], *, chunked: bool
    ) -> None:
        body = b'{"title":"a","other":"' + b"x" * 256 * 1024 + b'"}'

        for target in targets:
            content = in_parts(body) if chunked else body
            answer = await client.request(*target, headers=ada.headers, content=content)
            assert answer.status_code == 413
            assert isinstance(answer.json()["detail"], str)
            assert answer.headers["content-type"] == "application/json"

    async def test_a_body_of_256_kib_is_not(
        self, client: httpx.AsyncClient, ada: SignedUp, targets: list[tuple[str, str]]
    ) -> None:
        for target in targets:
            body = b'{"title":"a","other":"' + b"x" * (256 * 1024 - 24) + b'"}'

            answer = await client.request(*target, headers=ada.headers, content=body)

            assert len(body) == 256 * 1024
            assert answer.status_code in {200, 201}
