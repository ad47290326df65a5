"""What Schemathesis cannot know from the schema. Runs in its environment, without the packages of the service."""

import hashlib
import os
import re
import uuid
from typing import Any

import requests
import schemathesis

KEY = "Idempotency-Key"
REPLAYED = "idempotency-replayed"
COOKIE = "better-auth.session_token"
COSTS_THE_SESSION = re.compile(
    r"/api/auth/(logout|sign-out|revoke-|change-|update-|delete-|reset-)",
)
"""Whoever calls these may be signed out, or gone, afterwards."""


@schemathesis.auth(refresh_interval=None)
class Credentials:
    """The user's token, by header or by cookie. A call that may cost the session gets that of somebody new."""

    def get(self, case: Any, _: Any) -> str:
        return somebody_new() if COSTS_THE_SESSION.match(case.path) else os.environ["FUZZ_TOKEN"]

    def set(self, case: Any, token: str, _: Any) -> None:
        if case.path.startswith("/api/proxy/"):
            case.cookies[COOKIE] = token
        else:
            case.headers["Authorization"] = f"Bearer {token}"


def somebody_new() -> str:
    """The token of a user who has just signed up."""
    person = {"email": f"{uuid.uuid4().hex}@example.com", "password": "correct horse battery"}
    answer = requests.post(os.environ["FUZZ_URL"] + "/api/auth/signup", json=person, timeout=10)
    return answer.headers["set-auth-token"]


@schemathesis.hook
def before_call(_: Any, case: Any, __: Any) -> None:
    """A client makes a new key for each change: the tool would take `0` for many, and be refused, as it should be.

    The same request still finds the same key, so repetitions are tried too; but not of what creates, for the answer of
    then tells of a task that may have been deleted since, and the tool takes it for a new one.
    """
    key = (case.headers or {}).get(KEY)
    if isinstance(key, str) and re.fullmatch(r"[!-~]{1,255}", key):
        asked = repr((case.method, case.formatted_path, case.query, case.body)).encode()
        known_by = uuid.uuid4().hex if case.method == "POST" else hashlib.sha256(asked).hexdigest()[:32]
        case.headers[KEY] = f"{key[:200]}-{known_by}"


TASK = re.compile(r"/api/(?:proxy/)?[^/]+/tasks(?:/(\d+)(?:/complete)?)?")
alive: set[int] = set()
"""Tasks that were added in this run, and not deleted."""


@schemathesis.check
def a_task_is_there_until_it_is_deleted(_: Any, response: Any, case: Any) -> None:
    """The tool's own check knows one door: it takes a task for lost that was deleted by the other."""
    place = TASK.fullmatch(case.formatted_path)
    if place is None or REPLAYED in {name.lower() for name in response.headers}:
        return  # what was answered before may have become untrue since
    number = int(place[1] or 0)
    if case.method == "POST" and response.status_code == 201:
        alive.add(response.json()["id"])
    elif case.method == "DELETE" and response.status_code == 200:
        alive.discard(number)
    elif response.status_code == 404:
        assert number not in alive, f"task {number} was added, is not deleted, and is not found"
    elif response.status_code == 200 and number:
        assert number in alive, f"task {number} was deleted, and is found"
