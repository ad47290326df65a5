"""Where one request ends and the next begins: what two readers could understand differently is refused."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from tests.integration.databases import beside, fresh_database
from tests.integration.service import Person, Service, serving, signed_up

BODY = b'{"title":"Smuggled"}'
LENGTH = b"Content-Length: 20\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"14\r\n" + BODY + b"\r\n0\r\n\r\n"

UNCLEAR = {
    "length and chunks": (LENGTH + CHUNKED, CHUNKS),
    "chunks and length": (CHUNKED + LENGTH, CHUNKS),
    "two lengths": (LENGTH + b"Content-Length: 21\r\n", BODY + b" "),
    "one length twice": (LENGTH + LENGTH, BODY),
    "a negative length": (b"Content-Length: -20\r\n", BODY),
    "a length with a sign": (b"Content-Length: +20\r\n", BODY),
    "a length that is no number": (b"Content-Length: 0x14\r\n", BODY),
    "a length beyond all numbers": (b"Content-Length: 99999999999999999999999\r\n", BODY),
    "chunks and more": (b"Transfer-Encoding: chunked, identity\r\n", CHUNKS),
    "something else than chunks": (b"Transfer-Encoding: xchunked\r\n", CHUNKS),
    "a space before the colon": (b"Content-Length : 20\r\n", BODY),
    "a line that goes on": (LENGTH + b"X: a\r\n b\r\n" + CHUNKED, CHUNKS),
    "a bare line feed in a header": (b"X: a\nContent-Length: 20\r\n" + LENGTH, BODY),
    "a chunk of a negative size": (CHUNKED, b"-14\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "a chunk of no size": (CHUNKED, b"zz\r\n" + BODY + b"\r\n0\r\n\r\n"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(database_server: str, migrated_template: str, way_in: str) -> AsyncIterator[Service]:
    async with (
        fresh_database(database_server, template=migrated_template) as name,
        serving(beside(way_in, name)) as service,
    ):
        yield service


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def me(service: Service) -> Person:
    async with service.client() as client:
        return await signed_up(client)


async def answered(service: Service, words: bytes) -> bytes:
    """All that comes back until the service hangs up, which it does at the end of the request that follows."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(words + b"GET /second HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    try:
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()


def adding(me: Person, headers: bytes, body: bytes) -> bytes:
    return (
        f"POST {me.tasks} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {me.token}\r\n".encode()
        + b"Content-Type: application/json\r\n"
        + headers
        + b"\r\n"
        + body
    )


@pytest.mark.parametrize("unclear", UNCLEAR)
async def test_what_is_unclear_is_refused_and_nothing_after_it_is_read(
    service: Service, me: Person, unclear: str
) -> None:
    said = await answered(service, adding(me, *UNCLEAR[unclear]))

    assert said.startswith(b"HTTP/1.1 400 ")
    assert said.count(b"HTTP/1.1 ") == 1
    async with service.client() as client:
        assert (await client.get(me.tasks, headers=me.bearer)).json() == []


@pytest.mark.parametrize(("headers", "body"), [(LENGTH, BODY), (CHUNKED, CHUNKS)], ids=["length", "chunks"])
async def test_what_is_clear_is_two_requests(service: Service, headers: bytes, body: bytes) -> None:
    async with service.client() as client:
        somebody = await signed_up(client)

    said = await answered(service, adding(somebody, headers, body))

    assert said.startswith(b"HTTP/1.1 201 ")
    assert said.count(b"HTTP/1.1 ") == 2
    assert b"HTTP/1.1 404 " in said


async def test_nobody_is_asked_for_a_body_before_the_token_was_looked_at(service: Service, me: Person) -> None:
    asking = b"Expect: 100-continue\r\nContent-Length: 1000000000\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(adding(replace(me, token=f"{me.token}x"), asking, b""))
    said = await asyncio.wait_for(reader.read(), 10)
    writer.close()

    assert said.startswith(b"HTTP/1.1 401 ")
    assert b"100 Continue" not in said


async def test_the_answer_of_a_process_names_no_server(service: Service) -> None:
    said = await answered(service, b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n")

    assert said.startswith(b"HTTP/1.1 405 ")
    assert b"\r\nserver:" not in said.lower()
    assert b"uvicorn" not in said.lower()
