"""Where an answer of ours differs from the recorded one."""

import re
from collections.abc import Mapping
from http.cookies import SimpleCookie
from typing import Any, Final

import httpx

from tests.unit.better_auth.recording import Exchange

NAMES: Final = {"token", "id", "userId", "accountId"}
"""Fields whose values are each server's own. What was the same before must be the same again."""

ANY_TEXT: Final = {"ipAddress", "userAgent"}

MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
MUST_BE_THERE: Final = ("cache-control", "set-auth-token", "x-retry-after")


def differences(
    exchange: Exchange, answer: httpx.Response, *, location: str | None, names: Mapping[str, str]
) -> dict[str, tuple[Any, Any]]:
    """What differs: the recorded, and ours. `location` is the recorded one in our terms, `names` has ours for theirs.

    - `status`
    - `words`: `code` and `message`
    - `body`: names and kinds of all fields, and the values that every server must give alike
    - `cookies`: which are set and cleared, for how long, and with which attributes
    - `type`: that an empty answer has no content type, and a JSON answer is said to be one
    - `location`: where the client is sent
    - `headers`: the others that clients of the recorded server may count on
    - `cors`: whether a page of another origin may read the answer
    """
    recorded, ours = exchange.answer, _body(answer)
    theirs = exchange.answer_headers
    pairs: dict[str, tuple[Any, Any]] = {
        "status": (exchange.status, answer.status_code),
        "words": (_words(recorded), _words(ours)),
        "body": (_shape(recorded, names), _shape(ours, {name: name for name in names.values()})),
        "cookies": (_cookies(theirs.get("set-cookie", [])), _cookies(answer.headers.get_list("set-cookie"))),
        "type": (theirs.get("content-type"), _type(answer)),
        "location": (location, answer.headers.get("location")),
        "headers": (_counted_on(theirs), _counted_on(answer.headers)),
        "cors": (None, answer.headers.get("access-control-allow-origin")),
    }
    if 300 <= exchange.status < 400 or (recorded == "" and pairs["type"][0]):  # nothing is there to have a type
        del pairs["type"]
    if missing := {
        name: value for name, value in pairs["headers"][0].items() if pairs["headers"][1].get(name) != value
    }:
        pairs["headers"] = (missing, {name: pairs["headers"][1].get(name) for name in missing})
    else:
        del pairs["headers"]
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _body(answer: httpx.Response) -> Any:
    if _type(answer) == "application/json" and answer.content:
        return answer.json()
    return "(an HTML document)" if _type(answer) == "text/html" and answer.content else answer.text


def _type(answer: httpx.Response) -> str | None:
    kind = answer.headers.get("content-type")
    return None if kind is None else str(kind).partition(";")[0]


def _words(body: Any) -> tuple[Any, Any]:
    return (body.get("code"), body.get("message")) if isinstance(body, dict) else (None, None)


def _shape(value: Any, names: Mapping[str, str], field: str = "") -> Any:
    match value:
        case dict():
            return {key: _shape(item, names, key) for key, item in value.items() if key not in {"code", "message"}}
        case list():
            return [_shape(item, names) for item in value]
        case str() if MOMENT.fullmatch(value):
            return "(a moment)"
        case str() if field in NAMES:
            return names.get(value, "(a new name)")
        case str() if field in ANY_TEXT:
            return "(a text)"
    return value


def _cookies(lines: list[str]) -> dict[str, Any]:
    """By name, all but the value. Of two lines for one name the browser keeps the last."""
    found: dict[str, Any] = {}
    for line in lines:
        for name, morsel in SimpleCookie(line).items():
            attributes = {key: value for key, value in morsel.items() if value}
            found[name] = attributes | {"is": "set" if morsel.value else "cleared"}
    return found


def _counted_on(headers: Any) -> dict[str, str]:
    found = {name: headers.get(name) for name in MUST_BE_THERE if headers.get(name)}
    if "set-auth-token" in found:
        found["set-auth-token"] = "(there)"
        exposed = "set-auth-token" in headers.get("access-control-expose-headers", "")
        found["access-control-expose-headers"] = "(names it)" if exposed else "(does not name it)"
    return {name: str(value) for name, value in found.items()}
