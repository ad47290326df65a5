"""The official client of Better Auth, as npm has it, against the real service: every call that it has for passwords."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import jwt
import pytest
import pytest_asyncio

from tests.integration.better_auth.node import Client, Node, letter, using_the_client
from tests.integration.databases import beside, connect, fresh_database
from tests.integration.service import COOKIE, PASSWORD, SECRET, Service, serving

ANOTHER_PASSWORD = "Tr0mbone & déjà vu 🎺"
USER = {"id", "name", "email", "emailVerified", "image", "createdAt", "updatedAt"}
SESSION = {"id", "token", "userId", "expiresAt", "createdAt", "updatedAt", "ipAddress", "userAgent"}
ACCOUNT = {"id", "providerId", "accountId", "userId", "createdAt", "updatedAt", "scopes"}

UNAUTHORIZED = (401, "UNAUTHORIZED")

Somebody = Callable[..., Awaitable[Client]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(database_server: str, migrated_template: str, way_in: str) -> AsyncIterator[str]:
    async with fresh_database(database_server, template=migrated_template) as name:
        yield beside(way_in, name)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(better_auth: Path, database: str) -> AsyncIterator[Service]:
    """One for all tests here: each signs up its own people."""
    async with serving(database, settings={"TODO_CORS_ORIGINS": "https://app.example"}) as service:
        yield service


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def node(better_auth: Path) -> AsyncIterator[Node]:
    async with using_the_client(better_auth) as node:
        yield node


@pytest.fixture
def somebody(node: Node, service: Service) -> Somebody:
    """Makes people who use the client."""

    async def make(**options: Any) -> Client:
        return await node.somebody(uuid4().hex, url=service.url, **options)

    return make


@pytest_asyncio.fixture(loop_scope="session")
async def rows(database: str) -> AsyncIterator[asyncpg.Connection]:
    """A look into the database."""
    connection = await connect(database)
    yield connection
    await connection.close()


def an_address() -> str:
    return f"{uuid4().hex}@example.com"


async def signed_up(client: Client, *, name: str = "Ada Lovelace", password: str = PASSWORD) -> dict[str, Any]:
    """The user."""
    answer = await client("signUp.email", name=name, email=an_address(), password=password)
    assert answer.error is None
    user: dict[str, Any] = answer.data["user"]
    return user


def to_the_millisecond(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def dates(row: asyncpg.Record | dict[str, Any]) -> dict[str, datetime]:
    return {name: to_the_millisecond(row[name]) for name in ("createdAt", "updatedAt", "expiresAt") if name in row}


class TestSigningUpAndIn:
    async def test_somebody_new_signs_up_and_is_signed_in(self, somebody: Somebody) -> None:
        ada, address = await somebody(), an_address()

        answer = await ada("signUp.email", name="Ada", email=address.upper(), password=PASSWORD, image="/ada.png")

        assert answer.error is None
        assert answer.data.keys() == {"token", "user"}
        assert answer.data["user"].keys() == USER
        assert answer.data["user"]["email"] == address
        assert (answer.data["user"]["name"], answer.data["user"]["image"]) == ("Ada", "/ada.png")
        assert answer.data["user"]["emailVerified"] is False
        session = (await ada("getSession")).data
        assert session["user"] == answer.data["user"]
        assert session["session"].keys() == SESSION
        assert session["session"]["token"] == answer.data["token"]

    async def test_somebody_known_signs_in_on_another_device(self, somebody: Somebody) -> None:
        laptop, phone = await somebody(), await somebody()
        user = await signed_up(laptop)

        answer = await phone("signIn.email", email=user["email"], password=PASSWORD)

        assert answer.error is None
        assert answer.data["redirect"] is False
        assert answer.data["user"] == user
        assert (await phone("getSession")).data["user"] == user

    async def test_the_cookie_is_a_token_for_everybody_with_the_secret(self, somebody: Somebody) -> None:
        ada = await somebody()
        user = await signed_up(ada)

        token = (await ada.its("cookies"))[COOKIE]

        claims = jwt.decode(token, SECRET, algorithms=["HS256"], audience="fastapi-backend", issuer="better-auth")
        assert claims["sub"] == user["id"]

    async def test_who_is_not_to_be_remembered_is_forgotten_with_the_browser(self, somebody: Somebody) -> None:
        ada, user = await somebody(), await signed_up(await somebody())

        await ada("signIn.email", email=user["email"], password=PASSWORD, rememberMe=False)

        session = (await ada("getSession")).data["session"]
        assert session["expiresAt"] - session["createdAt"] == timedelta(days=1)
        assert "better-auth.dont_remember" in await ada.its("cookies")

    async def test_signing_out_ends_the_session_and_leaves_no_cookie(self, somebody: Somebody) -> None:
        ada = await somebody()
        await signed_up(ada)

        assert (await ada("signOut")).data == {"success": True}

        assert await ada.its("cookies") == {}
        assert await ada("getSession") == await (await somebody())("getSession")
        assert (await ada("getSession")).data is None
        assert (await ada("getSession")).error is None
        assert (await ada("signOut")).data == {"success": True}

    async def test_node_itself_may_sign_in_without_an_origin(self, somebody: Somebody) -> None:
        user = await signed_up(await somebody(kind="plain"))

        answer = await (await somebody(kind="plain"))("signIn.email", email=user["email"], password=PASSWORD)

        assert answer.error is None
        assert answer.data["user"] == user

    async def test_who_keeps_no_cookies_shows_a_bearer_token(self, somebody: Somebody) -> None:
        script = await somebody(kind="bearer")
        user = await signed_up(script)

        assert (await script("getSession")).data["user"] == user
        assert (await script("updateUser", name="Script")).data == {"status": True}
        assert (await script("listSessions")).error is None
        assert (await script("token")).data["token"] == await script.its("token")
        assert (await script("signOut")).data == {"success": True}
        assert (await script("listSessions")).refusal == UNAUTHORIZED

    async def test_a_page_of_a_trusted_origin_signs_in_and_another_does_not(self, somebody: Somebody) -> None:
        user = await signed_up(await somebody())
        given = {"email": user["email"], "password": PASSWORD}

        trusted = await (await somebody(page="https://app.example"))("signIn.email", **given)
        foreign = await (await somebody(page="https://elsewhere.example"))("signIn.email", **given)

        assert trusted.data["user"] == user
        assert foreign.refusal == (403, "INVALID_ORIGIN")


class TestSessions:
    async def test_a_session_of_the_list_is_ended_by_its_token(self, somebody: Somebody) -> None:
        laptop, phone = await somebody(), await somebody()
        user = await signed_up(laptop)
        handle = (await phone("signIn.email", email=user["email"], password=PASSWORD)).data["token"]

        sessions = (await laptop("listSessions")).data
        assert [session.keys() for session in sessions] == [SESSION, SESSION]
        assert handle in {session["token"] for session in sessions}
        assert (await laptop("revokeSession", token=handle)).data == {"status": True}

        assert (await phone("getSession")).data is None
        assert len((await laptop("listSessions")).data) == 1

    async def test_all_other_sessions_are_ended(self, somebody: Somebody) -> None:
        laptop, phone = await somebody(), await somebody()
        user = await signed_up(laptop)
        await phone("signIn.email", email=user["email"], password=PASSWORD)

        assert (await laptop("revokeOtherSessions")).data == {"status": True}

        assert (await phone("getSession")).data is None
        assert (await laptop("getSession")).data["user"] == user

    async def test_all_sessions_are_ended(self, somebody: Somebody) -> None:
        laptop, phone = await somebody(), await somebody()
        user = await signed_up(laptop)
        await phone("signIn.email", email=user["email"], password=PASSWORD)

        assert (await laptop("revokeSessions")).data == {"status": True}

        assert (await phone("getSession")).data is None
        assert (await laptop("getSession")).data is None
        assert await laptop.its("cookies") == {}

    async def test_the_token_opens_the_tasks(self, somebody: Somebody, service: Service) -> None:
        ada = await somebody()
        user = await signed_up(ada)

        token = (await ada("token")).data["token"]

        async with service.client(headers={"Authorization": f"Bearer {token}"}) as client:
            added = await client.post(f"/api/{user['id']}/tasks", json={"title": "Buy milk"})
            assert added.status_code == 201
            assert [task["title"] for task in (await client.get(f"/api/{user['id']}/tasks")).json()] == ["Buy milk"]
        assert (await ada("jwks")).data == {"keys": []}


class TestTheAccount:
    async def test_name_and_image_are_changed(self, somebody: Somebody) -> None:
        ada = await somebody()
        before = await signed_up(ada)

        assert (await ada("updateUser", name="Ada, Countess", image="/countess.png")).data == {"status": True}
        user = (await ada("getSession")).data["user"]
        assert (user["name"], user["image"]) == ("Ada, Countess", "/countess.png")
        assert user["updatedAt"] > before["updatedAt"]
        assert user["createdAt"] == before["createdAt"]

        assert (await ada("updateUser", image=None)).data == {"status": True}
        assert (await ada("getSession")).data["user"]["image"] is None

    async def test_a_new_password_counts_from_now_on(self, somebody: Somebody) -> None:
        ada = await somebody()
        user = await signed_up(ada)

        answer = await ada("changePassword", currentPassword=PASSWORD, newPassword=ANOTHER_PASSWORD)

        assert answer.data["token"] is None
        assert answer.data["user"] == user
        old = await (await somebody())("signIn.email", email=user["email"], password=PASSWORD)
        new = await (await somebody())("signIn.email", email=user["email"], password=ANOTHER_PASSWORD)
        assert old.refusal == (401, "INVALID_EMAIL_OR_PASSWORD")
        assert new.error is None

    async def test_a_new_password_can_begin_a_new_session(self, somebody: Somebody) -> None:
        ada = await somebody()
        user = await signed_up(ada)
        before = (await ada("getSession")).data["session"]
        given = {"currentPassword": PASSWORD, "newPassword": ANOTHER_PASSWORD, "revokeOtherSessions": True}

        answer = await ada("changePassword", **given)

        assert answer.data["user"] == user
        session = (await ada("getSession")).data["session"]
        assert session["token"] == answer.data["token"] != before["token"]
        assert session["id"] != before["id"]

    async def test_the_address_is_changed(self, somebody: Somebody) -> None:
        ada, address = await somebody(), an_address()
        user = await signed_up(ada)

        assert (await ada("changeEmail", newEmail=address)).data == {"status": True}

        changed = (await ada("getSession")).data["user"]
        assert (changed["id"], changed["email"]) == (user["id"], address)
        assert (await (await somebody())("signIn.email", email=address, password=PASSWORD)).error is None

    async def test_a_verified_address_is_changed_by_the_link_in_the_letter(
        self, somebody: Somebody, service: Service
    ) -> None:
        ada, address = await somebody(), an_address()
        user = await signed_up(ada)
        await ada("sendVerificationEmail", email=user["email"])
        await ada("verifyEmail", query={"token": await letter(service, "verify e-mail", user["email"])})

        assert (await ada("changeEmail", newEmail=address)).data == {"status": True}
        assert (await ada("getSession")).data["user"]["email"] == user["email"]
        answer = await ada("verifyEmail", query={"token": await letter(service, "change e-mail", address)})

        assert answer.data["status"] is True
        assert answer.data["user"]["email"] == address
        assert (await ada("getSession")).data["user"] == answer.data["user"]

    async def test_the_ways_to_sign_in_are_listed(self, somebody: Somebody) -> None:
        ada = await somebody()
        user = await signed_up(ada)

        [account] = (await ada("listAccounts")).data

        assert account.keys() == ACCOUNT
        assert (account["providerId"], account["accountId"]) == ("credential", user["id"])
        assert (account["userId"], account["scopes"]) == (user["id"], [])

    async def test_who_deletes_the_account_is_gone(self, somebody: Somebody) -> None:
        ada = await somebody()
        user = await signed_up(ada)

        answer = await ada("deleteUser", password=PASSWORD)

        assert answer.data == {"success": True, "message": "User deleted"}
        assert await ada.its("cookies") == {}
        again = await ada("signIn.email", email=user["email"], password=PASSWORD)
        assert again.refusal == (401, "INVALID_EMAIL_OR_PASSWORD")

    async def test_a_fresh_session_deletes_the_account_without_a_password(self, somebody: Somebody) -> None:
        ada = await somebody()
        await signed_up(ada)

        assert (await ada("deleteUser")).data["success"] is True
        assert (await ada("getSession")).data is None


class TestLetters:
    async def test_a_password_is_reset_by_the_link_in_the_letter(self, somebody: Somebody, service: Service) -> None:
        ada = await somebody()
        user = await signed_up(ada)
        await ada("signOut")

        asked = await ada("requestPasswordReset", email=user["email"], redirectTo="/reset")
        unknown = await ada("requestPasswordReset", email=an_address(), redirectTo="/reset")
        token = await letter(service, "reset password", user["email"])
        assert (await ada("resetPassword", newPassword="short", token=token)).refusal == (400, "PASSWORD_TOO_SHORT")
        done = await ada("resetPassword", newPassword=ANOTHER_PASSWORD, token=token)

        assert asked.data["status"] is True
        assert unknown == asked
        assert done.data == {"status": True}
        assert (await ada("resetPassword", newPassword=PASSWORD, token=token)).refusal == (400, "INVALID_TOKEN")
        assert (await ada("signIn.email", email=user["email"], password=ANOTHER_PASSWORD)).error is None

    async def test_the_link_leads_to_the_page_of_the_client(self, somebody: Somebody, service: Service) -> None:
        ada = await somebody()
        user = await signed_up(ada)
        await ada("requestPasswordReset", email=user["email"], redirectTo="https://app.example/reset")

        token = await letter(service, "reset password", user["email"])

        async with service.client() as client:
            path = f"/api/auth/reset-password/{token}"
            followed = await client.get(path, params={"callbackURL": "https://app.example/reset"})
        assert followed.status_code == 302
        assert followed.headers["location"] == f"https://app.example/reset?token={token}"

    async def test_an_address_is_verified_by_the_link_in_the_letter(self, somebody: Somebody, service: Service) -> None:
        ada = await somebody()
        user = await signed_up(ada)

        assert (await ada("sendVerificationEmail", email=user["email"])).data == {"status": True}
        token = await letter(service, "verify e-mail", user["email"])
        answer = await ada("verifyEmail", query={"token": token})

        assert answer.data == {"status": True, "user": None}
        assert (await ada("getSession")).data["user"]["emailVerified"] is True
        again = await ada("sendVerificationEmail", email=user["email"])
        assert again.refusal == (400, "EMAIL_ALREADY_VERIFIED")


class TestErrors:
    @pytest.mark.parametrize(
        ("given", "refusal"),
        [
            ({"email": "nobody"}, (400, "VALIDATION_ERROR")),
            ({"password": "short"}, (400, "PASSWORD_TOO_SHORT")),
            ({"password": "x" * 129}, (400, "PASSWORD_TOO_LONG")),
            ({"name": 7}, (400, "VALIDATION_ERROR")),
            ({"callbackURL": "https://elsewhere.example"}, (403, "INVALID_CALLBACK_URL")),
        ],
    )
    async def test_of_signing_up(self, somebody: Somebody, given: dict[str, Any], refusal: tuple[int, str]) -> None:
        body = {"name": "Ada", "email": an_address(), "password": PASSWORD}

        answer = await (await somebody())("signUp.email", **(body | given))

        assert answer.refusal == refusal
        assert answer.error is not None
        assert answer.error["message"]
        assert answer.data is None

    async def test_of_a_taken_address(self, somebody: Somebody) -> None:
        user = await signed_up(await somebody())

        answer = await (await somebody())("signUp.email", name="Eve", email=user["email"], password=PASSWORD)

        assert answer.refusal == (422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL")

    @pytest.mark.parametrize(
        ("call", "given", "refusal"),
        [
            ("signIn.email", {"email": "nobody", "password": PASSWORD}, (400, "INVALID_EMAIL")),
            ("signIn.email", {"email": "n@example.com", "password": PASSWORD}, (401, "INVALID_EMAIL_OR_PASSWORD")),
            ("resetPassword", {"newPassword": PASSWORD, "token": "none"}, (400, "INVALID_TOKEN")),
            ("verifyEmail", {"query": {"token": "none"}}, (401, "INVALID_TOKEN")),
            ("requestPasswordReset", {"email": "nobody"}, (400, "VALIDATION_ERROR")),
            ("listSessions", {}, UNAUTHORIZED),
            ("listAccounts", {}, UNAUTHORIZED),
            ("token", {}, UNAUTHORIZED),
            ("revokeSession", {"token": "x"}, UNAUTHORIZED),
            ("revokeSessions", {}, UNAUTHORIZED),
            ("revokeOtherSessions", {}, UNAUTHORIZED),
            ("updateUser", {"name": "Eve"}, UNAUTHORIZED),
            ("changePassword", {"currentPassword": PASSWORD, "newPassword": PASSWORD}, UNAUTHORIZED),
            ("changeEmail", {"newEmail": "eve@example.com"}, UNAUTHORIZED),
            ("deleteUser", {}, UNAUTHORIZED),
        ],
    )
    async def test_of_who_is_not_signed_in(
        self, somebody: Somebody, call: str, given: dict[str, Any], refusal: tuple[int, str]
    ) -> None:
        assert (await (await somebody())(call, **given)).refusal == refusal

    @pytest.mark.parametrize(
        ("call", "given", "refusal"),
        [
            ("changePassword", {"currentPassword": "wrong one", "newPassword": PASSWORD}, (400, "INVALID_PASSWORD")),
            ("changePassword", {"currentPassword": PASSWORD, "newPassword": "short"}, (400, "PASSWORD_TOO_SHORT")),
            ("deleteUser", {"password": "wrong one"}, (400, "INVALID_PASSWORD")),
            ("deleteUser", {"token": "none"}, (404, "INVALID_TOKEN")),
            ("updateUser", {"email": "eve@example.com"}, (400, "EMAIL_CAN_NOT_BE_UPDATED")),
            ("sendVerificationEmail", {"email": "eve@example.com"}, (400, "EMAIL_MISMATCH")),
            ("changeEmail", {"newEmail": "nobody"}, (400, "VALIDATION_ERROR")),
        ],
    )
    async def test_of_who_is(
        self, somebody: Somebody, call: str, given: dict[str, Any], refusal: tuple[int, str]
    ) -> None:
        ada = await somebody()
        user = await signed_up(ada)

        assert (await ada(call, **given)).refusal == refusal
        assert (await ada("getSession")).data["user"] == user


class TestDates:
    """The client takes the fraction of a second as a number of milliseconds: with six digits it is minutes off."""

    async def test_are_those_of_the_database(self, somebody: Somebody, rows: asyncpg.Connection) -> None:
        ada = await somebody()
        user = await signed_up(ada)

        session = (await ada("getSession")).data["session"]
        [account] = (await ada("listAccounts")).data
        [listed] = (await ada("listSessions")).data

        stored = {
            table: await rows.fetchrow(f'SELECT * FROM "{table}" WHERE id = $1', held["id"])  # noqa: S608
            for table, held in (("user", user), ("session", session), ("account", account))
        }
        assert dates(user) == dates(stored["user"] or {})
        assert dates(session) == dates(listed) == dates(stored["session"] or {})
        assert dates(account) == dates(stored["account"] or {})
        assert {len(dates(user)), len(dates(session)), len(dates(account))} == {2, 3}

    async def test_are_those_of_the_database_after_changes(self, somebody: Somebody, rows: asyncpg.Connection) -> None:
        ada = await somebody()
        user = await signed_up(ada)
        await ada("updateUser", name="Ada, Countess")

        user = (await ada("getSession")).data["user"]

        stored = await rows.fetchrow('SELECT * FROM "user" WHERE id = $1', user["id"])
        assert dates(user) == dates(stored or {})


class TestTheSessionStore:
    async def test_follows_every_call_by_itself(self, somebody: Somebody) -> None:
        ada = await somebody()
        user = await signed_up(ada)
        state = await ada.state(signed_in=True)
        assert state["data"]["user"] == user

        await ada("updateUser", name="Ada, Countess")
        await ada.state(signed_in=True, name="Ada, Countess")

        await ada("signOut")
        state = await ada.state(signed_in=False)
        assert state["error"] is None

        await ada("signIn.email", email=user["email"], password=PASSWORD)
        await ada.state(signed_in=True)
        await ada("revokeSessions")
        await ada.state(signed_in=False)

    async def test_of_react_says_who_is_signed_in(self, somebody: Somebody) -> None:
        ada = await somebody(kind="react")
        state = await ada.state(signed_in=False)
        assert state["error"] is None
        assert await ada.its("shown") == "Please sign in"

        user = await signed_up(ada, name="Ada")
        state = await ada.state(signed_in=True)
        assert state["data"]["user"] == user
        assert isinstance(state["data"]["session"]["expiresAt"], datetime)
        assert await ada.its("shown") == "Hello Ada"

        await ada("updateUser", name="Countess")
        await ada.state(signed_in=True, name="Countess")
        assert await ada.its("shown") == "Hello Countess"

        await ada("signOut")
        await ada.state(signed_in=False)
        assert await ada.its("shown") == "Please sign in"
        assert (await ada.its("states"))[0]["isPending"] is True

    async def test_of_react_learns_on_asking_again_that_the_session_was_ended(self, somebody: Somebody) -> None:
        laptop, page = await somebody(), await somebody(kind="react")
        user = await signed_up(laptop)
        await page("signIn.email", email=user["email"], password=PASSWORD)
        await page.state(signed_in=True)

        await laptop("revokeOtherSessions")
        await page.refetch()

        await page.state(signed_in=False)
        assert await page.its("shown") == "Please sign in"
