"""From bytes to values: one JSON decoder and one integer parser for every route."""

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, ClassVar
from urllib.parse import parse_qsl

import msgspec
from litestar import Request
from litestar.exceptions import HTTPException, InternalServerException

from todo.domain.errors import TaskNotFound
from todo.domain.model.principal import Principal
from todo.domain.model.task import TaskId
from todo.entrypoints.http.fields import AuthBody

FORM = "application/x-www-form-urlencoded"


class Fault(Enum):
    """What can be wrong with what a client sent."""

    CONTENT_TYPE = "content type"
    ABSENT = "absent"
    NOT_JSON = "not JSON"
    WRONG_TYPE = "wrong type"
    TOO_SHORT = "too short"
    TOO_LONG = "too long"
    FORBIDDEN_TEXT = "forbidden text"
    NOT_AN_EMAIL = "not an e-mail address"


@dataclass(kw_only=True)
class BadBody(Exception):
    """The first fault found in a request's body. Each side of the API tells it in its own form."""

    fault: Fault
    field: str | None = None
    """`None` when it is the body as a whole."""
    expected: str = ""
    """In the words of JSON Schema: string, boolean, object."""
    received: str = ""
    """Likewise; `undefined` for what is missing."""
    limit: int = 0
    offset: int = 0
    """Where the JSON stops making sense, in bytes."""


@dataclass
class BadNumber(Exception):
    """A path segment that should be an integer and is none."""

    parameter: str


class ClientGone(HTTPException):
    """Whoever asked has gone before the end of the body: no fault of ours, and nobody reads the answer."""

    status_code = 400


class ApiRequest(Request[Principal, Any, Any]):
    """Litestar asks this for the body of a handler that takes `data`."""

    __slots__ = ()
    JSON_TYPE: ClassVar = re.compile(r"application/(?:json|[\w.!#$&^-]+\+json)", re.ASCII)

    async def raw_body(self) -> bytes:
        """What was sent, be it nothing. Raises `ClientGone`."""
        try:
            return await super().body()
        except InternalServerException as error:
            raise ClientGone from error

    async def body(self) -> bytes:
        body = await self.raw_body()
        if body:
            return body
        kind = self._kind()
        if not (isinstance(kind, type) and issubclass(kind, AuthBody)):
            raise BadBody(fault=Fault.ABSENT, expected="object", received="undefined")
        if kind.may_be_absent():
            return b"{}"
        raise kind.not_an_object("undefined")

    async def json(self) -> Any:
        kind = self._kind()
        if not (isinstance(kind, type) and issubclass(kind, AuthBody)):
            self._require_json("application/json")
            return decode(await self.body(), kind)
        if kind.also_form and self.content_type[0].lower() == FORM:
            body: object = dict(parse_qsl((await self.body()).decode(errors="replace"), keep_blank_values=True))
        else:
            self._require_json(f"{FORM}, application/json" if kind.also_form else "application/json")
            body = decode(await self.body(), Any)
        return kind.of(body, trusted=self.scope["state"]["trusted_origins"])

    def _require_json(self, allowed: str) -> None:
        content_type, options = self.content_type
        if content_type and not (
            self.JSON_TYPE.fullmatch(content_type.lower())
            and options.get("charset", "utf-8").lower().strip('"') in {"utf-8", "utf8"}
        ):
            raise BadBody(fault=Fault.CONTENT_TYPE, expected=allowed, received=content_type)

    def _kind(self) -> Any:
        """What the handler takes as `data`."""
        field = self.route_handler.parsed_data_field
        return field.annotation if field else Any


def decode(body: bytes, kind: Any) -> Any:
    """Raises `BadBody`. msgspec has four ways to say no; two of them are outside its own errors."""
    try:
        if not body.isascii():
            body.decode()  # msgspec passes over what stands in unknown fields
        return _decoder(kind).decode(body)
    except msgspec.ValidationError as error:
        raise _told(str(error)) from error
    except msgspec.DecodeError as error:
        position = re.search(r"\(byte (\d+)\)", str(error))
        raise BadBody(fault=Fault.NOT_JSON, offset=int(position[1]) if position else len(body)) from error
    except UnicodeDecodeError as error:
        raise BadBody(fault=Fault.NOT_JSON, offset=error.start) from error
    except RecursionError as error:
        raise BadBody(fault=Fault.NOT_JSON) from error


@lru_cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


MISSING = re.compile(r"Object missing required field `(\w+)`")
LENGTH = re.compile(r"Expected `\w+` of length (>=|<=) (\d+) - at `\$\.(\w+)`")
KIND = re.compile(r"Expected `([\w ]+)(?: \| null)?`, got `(\w+)`(?: - at `\$\.(\w+)`)?")
WORDS = {"str": "string", "bool": "boolean", "int": "number", "float": "number"}


def _told(complaint: str) -> BadBody:
    """What msgspec complains of, taken apart."""
    if found := MISSING.match(complaint):
        return BadBody(fault=Fault.ABSENT, field=found[1], expected="string", received="undefined")
    if found := LENGTH.match(complaint):
        fault = Fault.TOO_SHORT if found[1] == ">=" else Fault.TOO_LONG
        return BadBody(fault=fault, field=found[3], limit=int(found[2]))
    if found := KIND.match(complaint):
        expected, received = (WORDS.get(word, word) for word in found.group(1, 2))
        return BadBody(fault=Fault.WRONG_TYPE, field=found[3], expected=expected.strip(), received=received)
    return BadBody(fault=Fault.NOT_JSON)


NUMBER = re.compile(r"-?[0-9]+", re.ASCII)
LONGEST_NUMBER = 20
"""Characters: a sign and the 19 digits of 2⁶³. Longer ones are not even converted."""


def task_number(segment: str) -> TaskId:
    """Digits with an optional minus, nothing else. Raises `BadNumber`, or `TaskNotFound` for what no task is called."""
    if not NUMBER.fullmatch(segment):
        raise BadNumber("task_id")
    if len(segment) > LONGEST_NUMBER:
        raise TaskNotFound
    return TaskId(int(segment))
