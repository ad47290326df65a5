"""The service in memory, as its clients reach it: over ASGI, with a clock turned by hand."""

import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Self, cast
from urllib.parse import quote

import httpx
import jwt

from tests.builders import NOON, SECRET, HandClock
from tests.mailboxes import OutboxMailer
from todo.adapters.argon2_hasher import Argon2Cost, Argon2Hasher
from todo.adapters.logs import Logs
from todo.adapters.memory import MemoryStore
from todo.bootstrap import build
from todo.config import Settings
from todo.domain.model.ticket import Ticket
from todo.domain.model.user import User, UserId
from todo.domain.ports.store import (
    AccountRepository,
    LeftoverRepository,
    NetworkRepository,
    PasswordRepository,
    SessionRepository,
    Store,
    TaskRepository,
    TicketRepository,
    UnitOfWork,
    UserRepository,
)
from todo.domain.ports.throttle import Throttle

PASSWORD: Final = "correct horse battery"
COOKIE: Final = "better-auth.session_token"
OWN_ORIGIN: Final = "http://127.0.0.1:8000"
FRIEND: Final = "http://localhost:3000"
"""The origin that CORS lets in by default."""

DATA: Final = "better-auth.session_data"
FORGET: Final = "better-auth.dont_remember"
CLEARED: Final = [f"{name}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax" for name in (COOKIE, DATA, FORGET)]
"""What takes every cookie of a session away."""

JWT_SHAPE: Final = r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+"
MOMENT: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"

NAMED: Final = {"X-Request-Id": "test"}
"""All requests have one name, so that whole answers can be compared."""

Headers = list[tuple[str | bytes, str | bytes]]
"""As httpx sends them: in order, with repetitions."""


@dataclass(frozen=True, kw_only=True)
class SignedUp:
    """Somebody with an account and a token."""

    id: str
    email: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def cookie(self) -> dict[str, str]:
        return {"Cookie": f"{COOKIE}={self.token}"}

    @property
    def tasks(self) -> str:
        return f"/api/{quote(self.id, safe='')}/tasks"

    @property
    def proxied(self) -> str:
        return f"/api/proxy/{quote(self.id, safe='')}/tasks"


class Trouble:
    """What every call of a store meets with, once a test has set it."""

    error: Callable[[], Exception] | None = None

    def strike(self) -> None:
        if self.error is not None:
            raise self.error()


class Troubled:
    """Stands before a repository, and fails in its place while there is trouble."""

    def __init__(self, repository: Callable[[], object], trouble: Trouble) -> None:
        self._repository = repository
        self._trouble = trouble

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def method(*args: object, **kwargs: object) -> object:
            self._trouble.strike()
            return await getattr(self._repository(), name)(*args, **kwargs)

        return method


class FickleStore(Store):
    """A memory store that can be emptied, and made to fail, whole."""

    def __init__(self) -> None:
        self.trouble = Trouble()
        self._store = MemoryStore()

    def empty(self) -> None:
        self.trouble.error = None
        self._store = MemoryStore()

    def content(self) -> dict[str, object]:
        """A copy of every table, to be compared with a later one."""
        tables = self._store._tables
        return {name: dict(rows) for name in tables.__slots__ if isinstance(rows := getattr(tables, name), dict)}

    @property
    def tasks(self) -> TaskRepository:
        return cast(TaskRepository, Troubled(lambda: self._store.tasks, self.trouble))

    @property
    def users(self) -> UserRepository:
        return cast(UserRepository, Troubled(lambda: self._store.users, self.trouble))

    @property
    def passwords(self) -> PasswordRepository:
        return cast(PasswordRepository, Troubled(lambda: self._store.passwords, self.trouble))

    @property
    def accounts(self) -> AccountRepository:
        return cast(AccountRepository, Troubled(lambda: self._store.accounts, self.trouble))

    @property
    def tickets(self) -> TicketRepository:
        return cast(TicketRepository, Troubled(lambda: self._store.tickets, self.trouble))

    @property
    def sessions(self) -> SessionRepository:
        return cast(SessionRepository, Troubled(lambda: self._store.sessions, self.trouble))

    @property
    def networks(self) -> NetworkRepository:
        return cast(NetworkRepository, Troubled(lambda: self._store.networks, self.trouble))

    @property
    def throttle(self) -> Throttle:
        return cast(Throttle, Troubled(lambda: self._store.throttle, self.trouble))

    @property
    def leftovers(self) -> LeftoverRepository:
        return cast(LeftoverRepository, Troubled(lambda: self._store.leftovers, self.trouble))

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[UnitOfWork]:
        self.trouble.strike()
        async with self._store.begin() as work:
            yield work

    async def require_ready(self) -> None:
        self.trouble.strike()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        pass


class Service:
    """One running service. Its client keeps no cookies: what a request shows stands in the test."""

    def __init__(
        self,
        *,
        base_url: str = OWN_ORIGIN,
        cors_origins: Sequence[str] = (FRIEND,),
        mail: bool = True,
        log: Logs | None = None,
        **settings: object,
    ) -> None:
        self.clock = HandClock()
        self.mail = OutboxMailer(enabled=mail)
        self._hashing = Argon2Hasher(cost=Argon2Cost(memory_kib=8, passes=1))
        self.store = FickleStore()
        self.app = build(
            Settings(secret=SECRET, base_url=base_url, cors_origins=frozenset(cors_origins), **cast(Any, settings)),
            store=self.store,
            clock=self.clock,
            hashing=self._hashing,
            mail=self.mail,
            log=log,
        )
        transport = httpx.ASGITransport(cast(Any, self.app))
        self.client = httpx.AsyncClient(
            transport=transport, base_url=base_url, event_hooks={"response": [self._forget]}, headers=NAMED
        )
        self._numbers = itertools.count(1)

    @property
    def trouble(self) -> Trouble:
        return self.store.trouble

    def begin_anew(self) -> None:
        """As if it had just been built, which takes far longer: nobody and nothing is there, and it is noon."""
        self.store.empty()
        self.clock.turn(NOON - self.clock.now())
        self._numbers = itertools.count(1)
        self.mail.letters.clear()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._hashing.close()
        await self.client.aclose()

    def client_at(self, address: str) -> httpx.AsyncClient:
        """Another client, that comes from this address."""
        transport = httpx.ASGITransport(cast(Any, self.app), client=(address, 50000))
        client = httpx.AsyncClient(transport=transport, base_url=self.client.base_url)

        async def forget(_: httpx.Response) -> None:
            client.cookies.clear()

        client.event_hooks = {"response": [forget]}
        return client

    async def _forget(self, _: httpx.Response) -> None:
        self.client.cookies.clear()

    def new_email(self) -> str:
        return f"person{next(self._numbers)}@example.com"

    async def signed_up(self, email: str | None = None) -> SignedUp:
        """Somebody new; without an address, one that nobody else has."""
        email = email or self.new_email()
        answer = await self.client.post("/api/auth/signup", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return SignedUp(id=answer.json()["user"]["id"], email=email, token=cookie_value(answer))

    async def logged_in(self, person: SignedUp) -> SignedUp:
        """The same person with one more session."""
        answer = await self.client.post("/api/auth/login", json={"email": person.email, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return SignedUp(id=person.id, email=person.email, token=cookie_value(answer))

    async def user(self, person: SignedUp) -> User:
        """As it is kept."""
        return await self.store.users.get(UserId(person.id))

    async def verified(self, person: SignedUp) -> SignedUp:
        """The same person, who has followed the link to the address."""
        user = await self.user(person)
        async with self.store.begin() as work:
            await work.save_user(user.verify_email(at=self.clock.now()))
            await work.commit()
        return person

    async def reset_token(self, person: SignedUp) -> str:
        """What a letter to this person would carry."""
        token, ticket = Ticket.for_reset(UserId(person.id), at=self.clock.now())
        async with self.store.begin() as work:
            await work.add_ticket(ticket)
            await work.commit()
        return token

    async def can_sign_in(self, person: SignedUp, password: str = PASSWORD) -> bool:
        answer = await self.client.post("/api/auth/login", json={"email": person.email, "password": password})
        return answer.status_code == 200

    async def is_signed_in(self, person: SignedUp) -> bool:
        """Whether this session goes on."""
        answer = await self.client.get("/api/auth/get-session?disableRefresh=true", headers=person.cookie)
        return answer.json() is not None

    async def add_task(self, owner: SignedUp, title: str = "Buy milk", /, **fields: object) -> dict[str, Any]:
        answer = await self.client.post(owner.tasks, headers=owner.headers, json={"title": title, **fields})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def delete_account(self, person: SignedUp) -> None:
        async with self.store.begin() as work:
            await work.remove_user(UserId(person.id))
            await work.commit()

    def claims(self, subject: str, **more: object) -> dict[str, Any]:
        """What another holder of the secret writes into a token. A claim given as `None` is left out."""
        now = int(self.clock.now().timestamp())
        claims: dict[str, Any] = {
            "iss": "better-auth",
            "aud": "fastapi-backend",
            "sub": subject,
            "iat": now,
            "exp": now + 3600,
        } | more
        return {name: value for name, value in claims.items() if value is not None}

    def vouched_for(self, subject: str, **more: object) -> SignedUp:
        """Somebody with a token that another holder of the secret has minted."""
        token = jwt.encode(self.claims(subject, **more), SECRET.encode(), algorithm="HS256")
        return SignedUp(id=subject, email=f"{subject}@users.invalid".lower(), token=token)


def cookie_value(answer: httpx.Response) -> str:
    """The token in the one cookie that an answer sets."""
    (cookie,) = answer.headers.get_list("set-cookie")
    name, _, rest = cookie.partition("=")
    assert name == COOKIE
    return str(rest.partition(";")[0])


def fault(answer: httpx.Response) -> tuple[str, list[str | int]]:
    """Type and place of the first fault that a 422 of the task side tells, the form of the answer being right."""
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/json"
    detail = answer.json()["detail"]
    assert isinstance(detail, list)
    assert detail
    for item in detail:
        assert isinstance(item["type"], str)
        assert isinstance(item["msg"], str)
        assert all(isinstance(step, str | int) for step in item["loc"])
    return detail[0]["type"], detail[0]["loc"]


def assert_refused(answer: httpx.Response, status: int, detail: str) -> None:
    """A refusal of the task side, with its text."""
    assert (answer.status_code, answer.json()["detail"]) == (status, detail)
    assert set(answer.json()) <= {"detail", "code"}
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers.get("www-authenticate") == ("Bearer" if status == 401 else None)


def assert_coded(answer: httpx.Response, status: int, code: str | None, message: str | None = None) -> None:
    """A refusal of the sign-in side: `message`, always a string, and mostly `code`; never `detail`."""
    body = answer.json()
    assert (answer.status_code, body.get("code")) == (status, code), answer.text
    assert set(body) == ({"message", "code"} if code else {"message"})
    assert isinstance(body["message"], str)
    assert message in {None, body["message"]}
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers


def assert_nothing(answer: httpx.Response) -> None:
    """What the sign-in side says of a call it does not have: 404, and not a word."""
    assert (answer.status_code, answer.content) == (404, b"")
    assert "content-type" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"


class Unread:
    """A body that tells whether anybody has begun to read it."""

    def __init__(self, content: bytes = b'{"title":"unread"}') -> None:
        self.read = False
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.read = True
        yield self._content


async def spoken(app: object, method: str, path: str, headers: Sequence[tuple[bytes, bytes]] = ()) -> list[Any]:
    """What the application says on the wire: the messages themselves, for what httpx would hide."""
    said: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1:8000"), (b"x-request-id", b"test"), *headers],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
    }
    await cast(Any, app)(scope, receive, send)
    return said
