"""What a real Better Auth 1.7.25 server has answered, exchange by exchange, as `transcripts.json` keeps it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

SECRET: Final = "reference-secret-0123456789-abcdefghijklmnopqrstuvwxyz"
"""What the recorded servers signed with."""

ABSENT: Final = object()


@dataclass(frozen=True)
class Exchange:
    """One request and its recorded answer."""

    name: str
    server: str
    """Which of the recorded servers: each was configured in another way."""
    method: str
    path: str
    headers: dict[str, str]
    body: Any
    """A text as it was sent, an object as JSON; `ABSENT` when nothing was sent."""
    status: int
    answer_headers: dict[str, Any]
    answer: Any

    @property
    def session(self) -> str:
        """The recorded session token in the cookie, or as the bearer."""
        cookie = self.headers.get("cookie", "").partition("session_token=")[2].partition(";")[0]
        bearer = self.headers.get("authorization", "").removeprefix("Bearer ")
        return unquote(cookie or bearer).strip('"').partition(".")[0]


def _exchange(item: dict[str, Any]) -> Exchange:
    request, response = item["request"], item["response"]
    by_client = {"user-agent": "node", "sec-fetch-mode": "cors"} if item["name"].startswith("client: ") else {}
    return Exchange(
        name=item["name"],
        server=item["server"],
        method=request["method"],
        path=request["path"],
        headers=by_client | {name.lower(): value for name, value in request["headers"].items()},
        body=request.get("body", ABSENT),
        status=response["status"],
        answer_headers=response["headers"],
        answer=response["body"],
    )


EXCHANGES: Final = tuple(
    _exchange(item) for item in json.loads(Path(__file__).with_name("transcripts.json").read_text(encoding="utf-8"))
)
BY_NAME: Final = {exchange.name: exchange for exchange in EXCHANGES}
