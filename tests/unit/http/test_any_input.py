"""What holds for any input at all, tried with more of it than anybody would think of."""

import json
import random
from string import ascii_letters, digits
from typing import Any, Final
from urllib.parse import quote, unquote_to_bytes

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.http.service import Service, spoken
from todo.domain.errors import Invalid, TaskNotFound
from todo.domain.model.task import Description, Title
from todo.entrypoints.http.reading import BadBody, BadNumber, decode, task_number
from todo.entrypoints.http.tasks import TaskChanges, TaskIn

TOKENS: Final = 10_000
KINDS = [TaskIn, TaskChanges, Any]

TEXTS = st.text(st.characters(), max_size=40)  # surrogates among them
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
FIELDS = st.sampled_from(["title", "description", "completed", "id", "ti\\u0074le"]) | TEXTS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(FIELDS, inner, max_size=4), max_leaves=12
)
OBJECTS = st.dictionaries(FIELDS, VALUES, max_size=5)


def as_json(value: object) -> bytes:
    """JSON as loose as clients write it: surrogates, NaN and endless numbers are there too."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


class TestTheDecoder:
    @settings(max_examples=400)
    @given(body=st.binary(max_size=200), kind=st.sampled_from(KINDS))
    @example(body=b"[" * 100_000, kind=TaskIn)
    @example(body=b'{"x":' * 100_000, kind=TaskIn)
    @example(body=b'{"title":"\\ud800"}', kind=TaskIn)
    @example(body=b'{"\xff":1,"title":"a"}', kind=TaskIn)
    @example(body=b"9" * 60_000, kind=Any)
    def test_reads_bytes_or_says_that_they_are_bad(self, body: bytes, kind: Any) -> None:
        found = read(body, kind)

        assert kind is Any or isinstance(found, (kind, BadBody))

    @settings(max_examples=400)
    @given(value=OBJECTS | VALUES, kind=st.sampled_from(KINDS))
    def test_reads_json_or_says_that_it_is_bad(self, value: object, kind: Any) -> None:
        found = read(as_json(value), kind)

        if kind is not Any and isinstance(found, kind):
            assert isinstance(value, dict)
            for name in ("title", "description", "completed"):
                if name in value and hasattr(found, name):
                    assert getattr(found, name) == value[name]

    @settings(max_examples=400)
    @given(value=OBJECTS, cut=st.integers(0, 300), put=st.binary(max_size=3), kind=st.sampled_from(KINDS))
    def test_reads_json_that_was_damaged_or_says_that_it_is_bad(
        self, value: object, cut: int, put: bytes, kind: Any
    ) -> None:
        body = as_json(value)
        read(body[:cut] + put + body[cut + 1 :], kind)

    @given(value=OBJECTS.map(lambda fields: fields | {"title": "Buy milk"}))
    def test_a_fault_is_told_with_a_place_in_the_body(self, value: dict[str, object]) -> None:
        body = as_json(value)
        found = read(body, TaskIn)

        assert not isinstance(found, BadBody) or 0 <= found.offset <= len(body)


def read(body: bytes, kind: Any) -> Any:
    """What is in it, or what is wrong with it."""
    try:
        return decode(body, kind)
    except BadBody as bad:
        return bad


class TestTitlesAndDescriptions:
    @given(text=TEXTS | st.text(st.sampled_from("x \t\u3000\0\ud800😀"), min_size=495, max_size=505))
    def test_a_title_is_kept_to_the_letter_or_refused(self, text: str) -> None:
        storable = "\0" not in text and text == text.encode(errors="replace").decode()
        fits = 0 < len(text) <= Title.LONGEST and not text.isspace()

        assert (made(Title, text) == text) is (storable and fits)

    @given(text=TEXTS)
    def test_a_description_is_kept_to_the_letter_or_refused(self, text: str) -> None:
        storable = "\0" not in text and text == text.encode(errors="replace").decode()

        assert (made(Description, text) == text) is storable


def made(kind: type[Title] | type[Description], text: str) -> str | None:
    try:
        return kind(text)
    except Invalid:
        return None


class TestTaskNumbers:
    @given(text=st.text() | st.from_regex(r"-?[0-9]{1,25}", fullmatch=True) | st.text("-+_0123456789 ٣９.e"))
    @example(text="-")
    @example(text="9" * 5_000)
    @example(text="1\n")
    def test_are_digits_with_an_optional_minus_and_nothing_else(self, text: str) -> None:
        bare = text.removeprefix("-")
        if bare and set(bare) <= set(digits):
            try:
                assert task_number(text) == int(text)
            except TaskNotFound:
                assert len(text) > 20
        else:
            with pytest.raises(BadNumber):
                task_number(text)


class TestTokens:
    async def test_ten_thousand_that_are_nearly_good_open_nothing_or_the_same(self, service: Service) -> None:
        ada = await service.signed_up()
        chance = random.Random(20261125)  # noqa: S311  the same ten thousand each time
        good, other = ada.token.encode(), service.vouched_for(ada.id).token.encode()

        for _ in range(TOKENS):
            token = damaged(good, other, chance)
            said = await spoken(service.app, "GET", ada.tasks, [(b"authorization", b"Bearer " + token)])
            whole = unquote_to_bytes(token).strip() in {good, other}  # nothing was changed but how it is written
            assert said[0]["status"] == (200 if whole else 401), token

    async def test_in_the_cookie_they_open_no_more(self, service: Service) -> None:
        ada = await service.signed_up()
        chance = random.Random(4711)  # noqa: S311
        good, other = ada.token.encode(), service.vouched_for(ada.id).token.encode()

        for _ in range(TOKENS // 10):
            cookie = b"better-auth.session_token=" + damaged(good, other, chance)
            said = await spoken(service.app, "GET", ada.proxied, [(b"cookie", cookie)])
            assert said[0]["status"] in {200, 401}, cookie


def damaged(token: bytes, other: bytes, chance: random.Random) -> bytes:
    """A token in which something has been changed, now and then several things."""
    for _ in range(chance.choice([1, 1, 1, 2, 5])):
        at, to = sorted(chance.randrange(len(token) + 1) for _ in range(2))
        some = bytes(
            chance.choice([chance.randrange(256), ord(chance.choice(ascii_letters + digits + "._-=%"))])
            for _ in range(3)
        )
        token = chance.choice(
            [
                token[:at] + some[:1] + token[at + 1 :],
                token[:at] + some + token[at:],
                token[:at] + token[to:],
                token[:to] + token[at:],
                token[:at] + other[at:],
                token[:at] + token[at:to].swapcase() + token[to:],
                b".".join(chance.sample(token.split(b"."), token.count(b".") + 1)),
                quote(token[:at], safe="").encode() + token[at:],
            ]
        )
    return token


@given(segment=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
@settings(max_examples=60)
async def test_whatever_stands_for_a_task_in_a_path_is_never_a_fault_of_ours(
    running_service: Service, segment: str
) -> None:
    visitor = running_service.vouched_for("usr_visitor")
    path = f"{visitor.tasks}/{segment}"
    said = await spoken(running_service.app, "GET", path, [(b"authorization", b"Bearer " + visitor.token.encode())])

    assert said[0]["status"] in {200, 404, 405, 422}
    msgspec.json.decode(said[1]["body"])
