"""Moving in: a real Better Auth server fills a database, stops, and this service takes over where it stood."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import jwt
import pytest
import pytest_asyncio

from tests.integration.better_auth.node import Client, Node, better_auth_server, letter, using_the_client
from tests.integration.databases import beside, fresh_database
from tests.integration.old_databases import TASKS_WITH_TIMES, fill, rows_of
from tests.integration.service import COOKIE, SECRET, Service, run_todo, serving


@dataclass(frozen=True)
class Known:
    """Somebody who has signed up at the old server."""

    name: str
    email: str
    password: str


ADA: Final = Known("Ada Lovelace", "Ada@Example.com", "correct horse battery")
ZOE: Final = Known("Zoë Ångström 🎺", "zoe@example.com", "ﬁancé-Å-①")
PEOPLE: Final = (ADA, ZOE, Known("李小龍", "li@example.com", "пароль 日本語 🎺🎺"))
CHLOE: Final = Known("Chloé", "chloe@example.com", "ﬁancé-Å-①")
"""Has two keyboards, and has not signed in yet."""

GRACE: Final = Known("Grace", "grace@example.com", "never used here")
"""Has only ever signed in with Google."""

everybody: Final = pytest.mark.parametrize("known", PEOPLE, ids=lambda known: known.name)


@dataclass(frozen=True)
class Left:
    """What the old server has left behind of somebody."""

    browser: Client
    """With the old cookie in it, and never used since."""
    another_browser: Client
    cookie: str
    session: dict[str, Any]
    """As the old server has answered it: the session and the user."""


@dataclass(frozen=True)
class Move:
    service: Service
    database: str
    node: Node
    left: dict[Known, Left]

    async def somebody(self) -> Client:
        """A browser without cookies."""
        return await self.node.somebody("somebody new", url=self.service.url)


@asynccontextmanager
async def moved_in(scripts: Path, server: str, *, tasks_of: Known | None = None) -> AsyncIterator[Move]:
    """The service, at the address of the old server and over its database; perhaps with a table of tasks in it."""
    async with fresh_database(server) as name, using_the_client(scripts) as node:
        database = beside(server, name)
        async with better_auth_server(scripts, database, secret=SECRET) as old:
            left = {known: await at_the_old_server(node, known, old.url) for known in (*PEOPLE, CHLOE, GRACE)}
        await fill(database, without_a_password(left[GRACE].session["user"]["id"]))
        if tasks_of is not None:
            await fill(database, TASKS_WITH_TIMES, tasks(owner=left[tasks_of].session["user"]["id"]))
        await adopt(database)
        async with serving(database, port=old.port) as service:
            yield Move(service, database, node, left)


async def at_the_old_server(node: Node, known: Known, url: str) -> Left:
    """Signs up with one browser, and in with another."""
    browser = await node.somebody(known.name, url=url)
    another = await node.somebody(f"{known.name}, on the way", url=url)
    made = await browser("signUp.email", name=known.name, email=known.email, password=known.password)
    assert made.error is None
    assert (await another("signIn.email", email=known.email, password=known.password)).error is None
    session = (await browser("getSession")).data
    return Left(browser, another, (await browser.its("cookies"))[COOKIE], session)


def tasks(*, owner: str) -> str:
    """As SQLModel has stored them: in zone-less UTC."""
    return f"""
        INSERT INTO tasks (user_id, title, description, completed, created_at, updated_at) VALUES
        ('{owner}', 'Write the first program', 'Note G', true, '2026-03-29 02:30:00.123456', '2026-03-30 08:00:00'),
        ('{owner}', 'Buy milk', NULL, false, '2026-10-25 01:30:00.5', '2026-10-25 01:30:00.5');
    """  # noqa: S608  an id


def without_a_password(user: str) -> str:
    return f"""
        UPDATE account SET "providerId" = 'google', "accountId" = '10809', password = NULL WHERE "userId" = '{user}'
    """  # noqa: S608  an id


async def adopt(database: str) -> None:
    settings = {"DATABASE_URL": database}
    looked = await run_todo("db", "adopt", "--dry-run", "--json", settings=settings)
    assert looked.code == 0, looked.err
    assert json.loads(looked.out)["rows"]["user"] == len(PEOPLE) + 2
    assert (await run_todo("db", "check", settings=settings)).code == 1

    done = await run_todo("db", "adopt", "--yes", settings=settings)
    assert done.code == 0, done.err
    assert (await run_todo("db", "check", settings=settings)).code == 0


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def move(better_auth: Path, database_server: str) -> AsyncIterator[Move]:
    """One for all tests here: none of them takes anything away from another."""
    async with moved_in(better_auth, database_server, tasks_of=ADA) as move:
        yield move


async def hash_of(known: Known, move: Move) -> str:
    asked = 'SELECT password FROM account WHERE "userId" = $1'
    [row] = await rows_of(move.database, asked, move.left[known].session["user"]["id"])
    password: str = row["password"]
    return password


@everybody
async def test_the_old_cookie_still_opens_and_becomes_a_token(move: Move, known: Known) -> None:
    left = move.left[known]
    token, _, signature = left.cookie.rpartition(".")
    assert token.isalnum()
    assert "%" in signature

    answer = await left.browser("getSession")

    assert answer.error is None
    assert answer.data["user"] == left.session["user"]
    assert answer.data["session"] == left.session["session"]
    cookie = (await left.browser.its("cookies"))[COOKIE]
    claims = jwt.decode(cookie, SECRET, algorithms=["HS256"], audience="fastapi-backend", issuer="better-auth")
    assert claims["sub"] == left.session["user"]["id"]
    assert (await left.browser("getSession")).data == answer.data


@everybody
async def test_the_password_still_counts_and_is_hashed_anew(move: Move, known: Known) -> None:
    somebody = await move.somebody()

    answer = await somebody("signIn.email", email=known.email, password=known.password)

    assert answer.error is None
    assert answer.data["user"] == move.left[known].session["user"]
    assert (await hash_of(known, move)).startswith("$argon2id$")
    again = await (await move.somebody())("signIn.email", email=known.email.lower(), password=known.password)
    assert again.error is None


@everybody
async def test_another_password_does_not_count(move: Move, known: Known) -> None:
    somebody = await move.somebody()

    for wrong in (known.password + "!", known.password.upper(), "correct horse", next_to(known).password):
        answer = await somebody("signIn.email", email=known.email, password=wrong)

        assert answer.refusal == (401, "INVALID_EMAIL_OR_PASSWORD")
    assert await somebody.its("cookies") == {}


@everybody
async def test_who_has_moved_in_adds_a_task(move: Move, known: Known) -> None:
    somebody = await move.somebody()
    user = (await somebody("signIn.email", email=known.email, password=known.password)).data["user"]

    async with move.service.client(cookies=await somebody.its("cookies")) as client:
        path = f"/api/proxy/{user['id']}/tasks"
        added = await client.post(path, json={"title": "Unpack"})

        assert added.status_code == 201
        assert added.json() in (await client.get(path)).json()


@everybody
async def test_names_and_dates_are_as_they_were(move: Move, known: Known) -> None:
    left = move.left[known].session

    [row] = await rows_of(move.database, 'SELECT * FROM "user" WHERE id = $1', left["user"]["id"])

    assert (row["name"], row["email"]) == (known.name, known.email.lower())
    assert (row["createdAt"], row["updatedAt"]) == (left["user"]["createdAt"], left["user"]["updatedAt"])
    asked = 'SELECT "createdAt", "expiresAt" FROM session WHERE id = $1'
    [row] = await rows_of(move.database, asked, left["session"]["id"])
    assert row == {name: left["session"][name] for name in ("createdAt", "expiresAt")}


async def test_an_old_password_may_be_typed_in_another_unicode_form(move: Move) -> None:
    """As it could be at the old server. From the first sign-in on it counts as it was typed then."""
    somebody, in_pieces = await move.somebody(), "fiance\u0301-A\u030a-1"
    assert not (await hash_of(CHLOE, move)).startswith("$")

    answer = await somebody("signIn.email", email=CHLOE.email, password=in_pieces)

    assert answer.error is None
    assert (await hash_of(CHLOE, move)).startswith("$argon2id$")
    assert (await somebody("signIn.email", email=CHLOE.email, password=in_pieces)).error is None


async def test_the_old_cookie_can_sign_out(move: Move) -> None:
    browser = move.left[ADA].another_browser
    cookie = (await browser.its("cookies"))[COOKIE]

    assert (await browser("signOut")).data == {"success": True}

    assert await browser.its("cookies") == {}
    async with move.service.client(headers={"Cookie": f"{COOKIE}={cookie}"}) as client:
        answer = await client.get("/api/auth/get-session")
        assert (answer.status_code, answer.json()) == (200, None)


async def test_the_old_cookie_opens_under_its_name_of_https(move: Move) -> None:
    cookie = f"__Secure-{COOKIE}={move.left[ZOE].cookie}"

    async with move.service.client(headers={"Cookie": cookie}) as client:
        assert (await client.get("/api/auth/get-session")).json()["user"]["name"] == ZOE.name


async def test_who_had_no_password_sets_one_by_letter(move: Move) -> None:
    grace = await move.somebody()
    given = {"email": GRACE.email, "password": GRACE.password}
    assert (await grace("signIn.email", **given)).refusal == (401, "INVALID_EMAIL_OR_PASSWORD")

    await grace("requestPasswordReset", email=GRACE.email)
    token = await letter(move.service, "reset password", GRACE.email)
    assert (await grace("resetPassword", newPassword=GRACE.password, token=token)).data == {"status": True}

    assert (await grace("signIn.email", **given)).data["user"] == move.left[GRACE].session["user"]
    assert {account["providerId"] for account in (await grace("listAccounts")).data} == {"credential", "google"}


async def test_a_forged_old_cookie_opens_nothing(move: Move) -> None:
    token = move.left[ADA].cookie.partition(".")[0]
    signature = quote("A" * 43 + "=", safe="")

    for forged in (token, f"{token}.{signature}"):
        async with move.service.client(headers={"Cookie": f"{COOKIE}={forged}"}) as client:
            assert (await client.get("/api/auth/get-session")).json() is None


async def test_with_another_secret_only_the_passwords_count(move: Move) -> None:
    async with serving(move.database, settings={"BETTER_AUTH_SECRET": SECRET[::-1]}) as service:
        async with service.client(headers={"Cookie": f"{COOKIE}={move.left[ZOE].cookie}"}) as client:
            assert (await client.get("/api/auth/get-session")).json() is None
        somebody = await move.node.somebody("somebody new", url=service.url)

        answer = await somebody("signIn.email", email=ZOE.email, password=ZOE.password)

        assert answer.data["user"] == move.left[ZOE].session["user"]


async def test_the_old_tasks_are_their_owners(move: Move) -> None:
    somebody = await move.somebody()
    user = (await somebody("signIn.email", email=ADA.email, password=ADA.password)).data["user"]

    async with move.service.client(cookies=await somebody.its("cookies")) as client:
        first = (await client.get(f"/api/proxy/{user['id']}/tasks/1")).json()
        second = (await client.get(f"/api/proxy/{user['id']}/tasks/2")).json()

    assert (first["title"], first["description"], first["completed"]) == ("Write the first program", "Note G", True)
    assert (second["title"], second["completed"]) == ("Buy milk", False)
    assert datetime.fromisoformat(first["created_at"]) == datetime(2026, 3, 29, 2, 30, 0, 123_000, UTC)
    assert datetime.fromisoformat(second["created_at"]) == datetime(2026, 10, 25, 1, 30, 0, 500_000, UTC)


async def test_without_any_tasks_it_works_as_well(better_auth: Path, database_server: str) -> None:
    async with moved_in(better_auth, database_server) as move:
        for known in PEOPLE:
            left = move.left[known]
            assert (await left.browser("getSession")).data == left.session
            somebody = await move.somebody()
            user = (await somebody("signIn.email", email=known.email, password=known.password)).data["user"]
            assert user == left.session["user"]

            async with move.service.client(cookies=await somebody.its("cookies")) as client:
                assert (await client.get(f"/api/proxy/{user['id']}/tasks")).json() == []
                added = await client.post(f"/api/proxy/{user['id']}/tasks", json={"title": "Unpack"})
                assert added.status_code == 201


def next_to(known: Known) -> Known:
    return PEOPLE[(PEOPLE.index(known) + 1) % len(PEOPLE)]
