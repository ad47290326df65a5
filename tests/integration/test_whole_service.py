"""The service as its users meet it: a real process, a real database, HTTP over a real socket."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.integration.databases import beside, connect, fresh_database
from tests.integration.service import (
    COOKIE,
    PASSWORD,
    Person,
    Service,
    cookie_of,
    serving,
    signed_up,
    vouched_for,
)

NOT_FOUND = (404, "Task not found")
NOT_YOURS = (403, "Access denied: user_id mismatch")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(database_server: str, migrated_template: str, way_in: str) -> AsyncIterator[str]:
    async with fresh_database(database_server, template=migrated_template) as name:
        yield beside(way_in, name)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(database: str) -> AsyncIterator[Service]:
    """One for all tests here: each signs up its own people."""
    async with serving(database) as service:
        yield service


@pytest_asyncio.fixture(loop_scope="session")
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """As curl with a cookie jar: no Origin, no redirects."""
    async with service.client() as client:
        yield client


def way(person: Person, kind: str) -> tuple[str, dict[str, str]]:
    """Where the tasks are, and the headers that open them: the proxy needs none, because the jar has the cookie."""
    return (person.tasks, person.bearer) if kind == "bearer" else (person.proxied, {})


def said(answer: httpx.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json()


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["detail"]


def every_call(tasks: str) -> list[tuple[str, str, dict[str, object] | None]]:
    return [
        ("GET", tasks, None),
        ("HEAD", tasks, None),
        ("POST", tasks, {"title": "Too late"}),
        ("GET", f"{tasks}/1", None),
        ("PUT", f"{tasks}/1", {"title": "Too late"}),
        ("DELETE", f"{tasks}/1", None),
        ("PATCH", f"{tasks}/1/complete", None),
    ]


@pytest.mark.parametrize("kind", ["bearer", "proxy"])
async def test_the_walk_of_somebody_new(client: httpx.AsyncClient, kind: str) -> None:
    me = await signed_up(client)
    tasks, headers = way(me, kind)

    session = (await client.get("/api/auth/session")).json()
    assert session["session"]["userId"] == session["user"]["id"] == me.id
    assert session["user"]["email"] == me.email
    assert said(await client.get(tasks, headers=headers)) == (200, [])

    added = await client.post(tasks, headers=headers, json={"title": "Buy milk", "description": "Two bottles"})
    assert added.status_code == 201
    task = added.json()
    assert {**task, "user_id": me.id, "title": "Buy milk", "description": "Two bottles", "completed": False} == task
    assert said(await client.get(tasks, headers=headers)) == (200, [task])
    one = f"{tasks}/{task['id']}"

    toggled = await client.patch(f"{one}/complete", headers=headers)
    assert (toggled.status_code, toggled.json()["completed"]) == (200, True)

    put = await client.put(one, headers=headers, json={"title": "Buy oat milk"})
    assert put.status_code == 200
    kept = put.json()
    assert (kept["title"], kept["description"], kept["completed"]) == ("Buy oat milk", "Two bottles", True)
    assert said(await client.get(one, headers=headers)) == (200, kept)

    deleted = {"success": True, "message": "Task deleted successfully"}
    assert said(await client.delete(one, headers=headers)) == (200, deleted)
    assert refused(await client.delete(one, headers=headers)) == NOT_FOUND
    assert said(await client.get(tasks, headers=headers)) == (200, [])

    assert said(await client.post("/api/auth/logout")) == (200, {"success": True})
    assert COOKIE not in client.cookies
    assert said(await client.get("/api/auth/session")) == (200, None)

    again = await client.post("/api/auth/login", json={"email": me.email, "password": PASSWORD})
    assert (again.status_code, again.json()["user"]["id"]) == (200, me.id)
    tasks, headers = way(Person(id=me.id, email=me.email, token=cookie_of(again)), kind)
    assert said(await client.get(tasks, headers=headers)) == (200, [])


@pytest.mark.parametrize("kind", ["bearer", "proxy"])
async def test_after_a_logout_every_call_is_refused(client: httpx.AsyncClient, kind: str) -> None:
    me = await signed_up(client)
    await client.post("/api/auth/logout")
    tasks, headers = (me.tasks, me.bearer) if kind == "bearer" else (me.proxied, me.cookie)

    answers = [
        await client.request(method, path, headers=headers, json=body) for method, path, body in every_call(tasks)
    ]

    assert [answer.status_code for answer in answers] == [401] * len(answers)
    assert {refused(answer) for answer in answers if answer.request.method != "HEAD"} == {(401, "Invalid token")}
    assert said(await client.get("/api/auth/session", headers=me.cookie)) == (200, None)


async def test_a_logout_ends_this_session_and_no_other(service: Service) -> None:
    async with service.client() as laptop, service.client() as phone:
        me = await signed_up(laptop)
        login = await phone.post("/api/auth/login", json={"email": me.email, "password": PASSWORD})
        assert login.status_code == 200

        await laptop.post("/api/auth/logout")

        assert (await laptop.get(me.proxied)).status_code == 401
        assert said(await phone.get(me.proxied)) == (200, [])


async def test_head_is_get_without_the_body(client: httpx.AsyncClient) -> None:
    me = await signed_up(client)
    task = (await client.post(me.proxied, json={"title": "Buy milk"})).json()
    paths = ["/", "/docs", "/openapi.json", "/api/auth/session", "/api/nowhere"]
    paths += [me.tasks, f"{me.tasks}/{task['id']}", f"{me.tasks}/x", me.proxied, f"{me.proxied}/{task['id']}"]

    for path in paths:
        get = await client.get(path, headers=me.bearer)
        head = await client.head(path, headers=me.bearer)

        assert head.content == b"", path
        assert (head.status_code, *without_what_is_new(head)) == (get.status_code, *without_what_is_new(get)), path


def without_what_is_new(answer: httpx.Response) -> list[tuple[str, str]]:
    return [(name, value) for name, value in answer.headers.items() if name not in {"date", "x-request-id"}]


@pytest.mark.parametrize(
    ("subject", "claims", "recorded"),
    [
        ("usr_grace", {"email": "Grace@Example.com"}, "grace@example.com"),
        ("legacy|42", {}, "legacy|42@users.invalid"),
    ],
)
async def test_a_token_of_another_holder_of_the_secret_opens_an_account(
    client: httpx.AsyncClient, database: str, subject: str, claims: dict[str, str], recorded: str
) -> None:
    grace = vouched_for(subject, **claims)

    assert said(await client.get(grace.tasks, headers=grace.bearer)) == (200, [])
    assert await addresses(database, subject) == []

    added = await client.post(grace.tasks, headers=grace.bearer, json={"title": "Buy milk"})
    assert (added.status_code, added.json()["user_id"]) == (201, subject)
    assert await addresses(database, subject) == [recorded]
    assert said(await client.get(grace.proxied, headers=grace.cookie)) == (200, [added.json()])


async def addresses(database: str, user: str) -> list[str]:
    connection = await connect(database)
    try:
        return [row["email"] for row in await connection.fetch('SELECT email FROM "user" WHERE id = $1', user)]
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("token", "detail"),
    [
        (vouched_for("usr_eve", exp=1), "Token has expired"),
        (vouched_for("usr_eve", aud="someone-else"), "Invalid token"),
        (vouched_for("usr_eve", sid="no-such-session"), "Invalid token"),
        (vouched_for("usr_eve", secret="0123456789" * 4), "Invalid token"),
        (vouched_for(""), "Invalid authentication credentials"),
    ],
    ids=["expired", "for another audience", "of no session", "signed by a stranger", "of nobody"],
)
async def test_a_bad_token_opens_nothing(client: httpx.AsyncClient, token: Person, detail: str) -> None:
    answer = await client.get("/api/usr_eve/tasks", headers=token.bearer)

    assert refused(answer) == (401, detail)
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_nobody_sees_what_is_somebody_elses(service: Service) -> None:
    async with service.client() as first, service.client() as second:
        ada, bob = await signed_up(first), await signed_up(second)
        secret = (await first.post(ada.proxied, json={"title": "Ada's"})).json()
        of_ada, as_bob = f"{ada.tasks}/{secret['id']}", f"{bob.tasks}/{secret['id']}"

        assert said(await second.get(bob.proxied)) == (200, [])
        assert (await second.get(ada.tasks, headers=ada.cookie | bob.bearer)).status_code == 403
        for path, refusal in ((of_ada, NOT_YOURS), (as_bob, NOT_FOUND)):
            assert refused(await second.get(path, headers=bob.bearer)) == refusal
            assert refused(await second.put(path, headers=bob.bearer, json={"title": "Bob's"})) == refusal
            assert refused(await second.patch(f"{path}/complete", headers=bob.bearer)) == refusal
            assert refused(await second.delete(path, headers=bob.bearer)) == refusal
        assert said(await first.get(ada.proxied)) == (200, [secret])


async def test_a_restart_loses_nothing_and_signs_nobody_out(empty_database: str) -> None:
    async with serving(empty_database) as before, before.client() as client:
        me = await signed_up(client)
        left = await client.post(me.proxied, json={"title": "Läuft weiter 🏃", "description": ""})
        done = await client.post(me.proxied, json={"title": "Done"})
        ticked = await client.patch(f"{me.proxied}/{done.json()['id']}/complete")

    async with serving(empty_database) as after, after.client(cookies=client.cookies) as client:
        assert said(await client.get(me.proxied)) == (200, [left.json(), ticked.json()])
        assert said(await client.get(me.tasks, headers=me.bearer)) == (200, [left.json(), ticked.json()])
        assert (await client.get("/api/auth/session")).json()["user"]["id"] == me.id
        assert (await client.post("/api/auth/login", json={"email": me.email, "password": PASSWORD})).is_success
