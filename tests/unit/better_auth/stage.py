"""This service in place of one recorded server, and what it has handed out in place of the recorded tokens.

What a recorded server handed out (session tokens, cookies, links in letters) is nobody's here. So each is learned
together with what this service hands out instead, and that is shown from then on.
"""

import base64
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any, Final, cast
from urllib.parse import parse_qs, unquote, urlsplit

import httpx

from tests.builders import HandClock
from tests.mailboxes import OutboxMailer
from tests.unit.better_auth.comparison import NAMES
from tests.unit.better_auth.recording import ABSENT, BY_NAME, SECRET, Exchange
from todo.adapters.argon2_hasher import Argon2Cost, Argon2Hasher
from todo.adapters.hmac_signatures import HmacSignatures
from todo.adapters.memory import MemoryStore
from todo.bootstrap import build
from todo.config import Settings
from todo.domain.errors import TokenInvalid
from todo.domain.model.letter import Purpose
from todo.domain.model.session import Session
from todo.domain.model.user import Email, PasswordHash, User, UserId

BEGINNING: Final = datetime(2026, 11, 22, 18, 20, tzinfo=UTC)
"""When the recording began."""

TICK: Final = timedelta(milliseconds=10)
OWN: Final = "http://127.0.0.1:3911"
COOKIE: Final = "better-auth.session_token"
PASSWORD: Final = "password123"

SETTINGS: Final[dict[str, dict[str, Any]]] = {
    "verify": {"require_email_verification": True},
    "nosignup": {"signup_open": False},
    "disabled": {"signup_open": False},
    "https": {"base_url": "https://todo.example", "password_blocklist": "warn"},
    "crosssub": {"base_url": "https://auth.example.com", "password_blocklist": "warn"},
}
"""What comes closest here to the configuration of a recorded server; where nothing is named, the defaults do."""

WITHOUT_MAIL: Final = {"minimal"}
TABLES: Final = ("users", "passwords", "sessions", "accounts", "tickets")


class Stage:
    """Its verbs do by hand what the recorder did by hand between two exchanges."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._signatures = HmacSignatures(SECRET)
        self._hashing = Argon2Hasher(cost=Argon2Cost(memory_kib=8, passes=1))
        self.begin_anew()

    def begin_anew(self, **settings: Any) -> None:
        """Nobody and nothing is there."""
        self.clock = HandClock(BEGINNING)
        self.store = MemoryStore()
        self.mail = OutboxMailer(enabled=self._server not in WITHOUT_MAIL)
        self._ours: dict[str, str] = {}
        """Recorded names to ours: ids, handles of sessions, tokens of letters, and the JWT of `/token`."""
        self._cookies: dict[str, str] = {}
        """Recorded session tokens to the cookie that is ours."""
        self._hashes: dict[str, PasswordHash] = {}
        app = build(
            Settings(**{"secret": SECRET, "base_url": OWN, **SETTINGS.get(self._server, {}), **settings}),
            store=self.store,
            clock=self.clock,
            hashing=self._hashing,
            mail=self.mail,
        )
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(cast(Any, app)), base_url=OWN)

    def close(self) -> None:
        self._hashing.close()

    async def play(self, exchange: Exchange) -> httpx.Response:
        """Sends the recorded request, in our terms, and learns from both answers.

        What an answer with another status has done is undone: the next exchange finds what it found when recorded.
        """
        self.clock.turn(TICK)
        former = {name: dict(getattr(self.store._tables, name)) for name in TABLES}
        headers = {name: self._header(name, value) for name, value in exchange.headers.items()}
        content = None
        if exchange.body is not ABSENT:
            body = exchange.body if isinstance(exchange.body, str) else json.dumps(self._body(exchange.body))
            content = body.encode()
        url = self._path(exchange.path)
        answer = await self._client.request(exchange.method, url, headers=headers, content=content)
        self._client.cookies.clear()
        if answer.status_code == exchange.status:
            self._learn(exchange, answer)
        else:
            for name in TABLES:
                getattr(self.store._tables, name).clear()
                getattr(self.store._tables, name).update(former[name])
        return answer

    @property
    def names(self) -> Mapping[str, str]:
        """Recorded ids and tokens to ours."""
        return self._ours

    def translated(self, text: str) -> str:
        """A recorded text with our tokens in it."""
        for recorded, ours in self._ours.items():
            text = text.replace(recorded, ours)
        return text

    # What the recorder did

    async def sign_up(self, email: str, exchange: str, *, name: str = "Setup") -> None:
        """Somebody new, whose session the named exchange shows."""
        await self._sign("up", {"name": name, "email": email, "password": PASSWORD}, exchange)

    async def sign_in(
        self, email: str, exchange: str, *, password: str = PASSWORD, remember: bool | None = None
    ) -> None:
        """One more session, which the named exchange shows."""
        body = {"email": email, "password": password}
        await self._sign("in", body if remember is None else {**body, "rememberMe": remember}, exchange)

    async def _sign(self, where: str, body: dict[str, Any], exchange: str) -> None:
        self.clock.turn(TICK)
        answer = await self._client.post(f"/api/auth/sign-{where}/email", json=body)
        self._client.cookies.clear()
        assert answer.status_code == 200, answer.text
        token = BY_NAME[exchange].session
        self._ours[token] = answer.json()["token"]
        self._cookies[token] = _cookie_of(answer)

    async def ask_for_reset(self, email: str, recorded: str) -> None:
        """A letter whose token is called `recorded` in what follows."""
        await self._client.post("/api/auth/request-password-reset", json={"email": email})
        self.call_reset_token(recorded)

    def call_reset_token(self, recorded: str) -> None:
        """The newest reset letter carries what the recording knows as `recorded`."""
        letters = [letter for letter in self.mail.letters if letter.purpose == Purpose.RESET_PASSWORD]
        self._ours[recorded] = letters[-1].token

    def edit_session(self, exchange: str, change: Callable[[Session], Session]) -> None:
        """Changes the row of the session that the named exchange shows."""
        handle = self._ours[BY_NAME[exchange].session]
        sessions = self.store._tables.sessions
        session = next(session for session in sessions.values() if session.handle == handle)
        sessions[session.id] = change(session)

    def end_session(self, exchange: str) -> None:
        handle = self._ours[BY_NAME[exchange].session]
        sessions = self.store._tables.sessions
        del sessions[next(session.id for session in sessions.values() if session.handle == handle)]

    def edit_user(self, email: str, change: Callable[[User], User]) -> None:
        user = self._user(email)
        self.store._tables.users[user.id] = change(user)

    def add_user_with_odd_case(self, email: str) -> None:
        """An address as no `Email` can be: with capitals."""
        odd = replace(
            next(iter(self.store._tables.users.values())), id=UserId("usr_odd"), email=str.__new__(Email, email)
        )
        self.store._tables.users[odd.id] = odd

    def change_hash(self, email: str, hashed: PasswordHash | None) -> None:
        user = self._user(email).id
        former = self.store._tables.passwords.pop(user, None)
        if former is not None:
            self._hashes.setdefault(email, former)
        if hashed is not None:
            self.store._tables.passwords[user] = hashed

    def restore_hash(self, email: str) -> None:
        """Gives back the hash that there was before the first change."""
        self.store._tables.passwords[self._user(email).id] = self._hashes.pop(email)

    def _user(self, email: str) -> User:
        return next(user for user in self.store._tables.users.values() if user.email == email)

    # From their terms into ours

    def _header(self, name: str, value: str) -> str:
        if name == "cookie":
            pairs = (pair.partition("=") for pair in value.split("; "))
            return "; ".join(f"{key}={self._cookie(key, content)}" for key, _, content in pairs)
        if name == "authorization":
            scheme, _, token = value.partition(" ")
            signed = self._session_of(token)
            return f"{scheme} {self._cookies[signed] if signed else self._ours.get(token, token)}"
        return value

    def _cookie(self, name: str, content: str) -> str:
        if not name.endswith("session_token"):
            return content
        quotes = '"' if content.startswith('"') else ""
        signed = self._session_of(content.strip('"'))
        return f"{quotes}{self._cookies[signed]}{quotes}" if signed else self._ours.get(content, content)

    def _session_of(self, credential: str) -> str | None:
        """The recorded token in a credential of theirs whose signature is good, if we have one in its place."""
        with suppress(TokenInvalid):
            token = self._signatures.verify(unquote(credential))
            return token if token in self._cookies else None
        return None

    def _body(self, body: Any) -> Any:
        if isinstance(body, dict) and isinstance(body.get("token"), str):
            return body | {"token": self._ours.get(body["token"], body["token"])}
        return body

    def _path(self, path: str) -> str:
        given = parse_qs(urlsplit(path).query).get("token", [""])[0]
        if given not in self._ours and (mailed := self._mailed(given)):
            self._ours[given] = mailed
        return self.translated(path)

    def _mailed(self, proof: str) -> str | None:
        """The token of our newest letter that proves the same as the recorded one."""
        claims = _claims(proof)
        if "userId" not in claims:  # made by hand: never mailed
            return None
        same = ("email", "updateTo", "requestType")
        for letter in reversed(self.mail.letters):
            if all(_claims(letter.token).get(name) == claims.get(name) for name in same) and "." in letter.token:
                return letter.token
        return None

    def _learn_names(self, recorded: Any, ours: Any) -> None:
        """Which of our ids and tokens stands where theirs stood, at first sight."""
        match recorded, ours:
            case dict(), dict():
                for name in recorded.keys() & ours.keys():
                    if name in NAMES and isinstance(recorded[name], str) and isinstance(ours[name], str):
                        self._ours.setdefault(recorded[name], ours[name])
                    self._learn_names(recorded[name], ours[name])
            case list(), list():
                for one, other in zip(recorded, ours, strict=False):
                    self._learn_names(one, other)

    def _learn(self, exchange: Exchange, answer: httpx.Response) -> None:
        if answer.headers.get("content-type") == "application/json":
            self._learn_names(exchange.answer, answer.json())
        with suppress(TokenInvalid):
            signed = unquote(_cookie_in(exchange.answer_headers.get("set-cookie", [])))
            if cookie := _cookie_of(answer):
                self._cookies[self._signatures.verify(signed)] = cookie


def _cookie_of(answer: httpx.Response) -> str:
    return _cookie_in(answer.headers.get_list("set-cookie"))


def _cookie_in(lines: list[str]) -> str:
    """The value of the session cookie that is set, without quotes; empty when none is."""
    for line in lines:
        jar = SimpleCookie(line)
        for name, morsel in jar.items():
            if name.endswith("session_token"):
                return str(morsel.value)
    return ""


def _claims(token: str) -> dict[str, Any]:
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        return dict(json.loads(base64.urlsafe_b64decode(parts[1] + "==")))
    except ValueError:
        return {}
