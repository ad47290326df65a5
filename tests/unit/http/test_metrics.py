"""Figures for Prometheus, where they are switched on."""

import asyncio
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.builders import HandClock
from tests.unit.http.service import PASSWORD, Service
from todo.adapters.argon2_hasher import Argon2Hasher
from todo.adapters.postgres.address import DatabaseAddress
from todo.adapters.postgres.store import PostgresStore
from todo.adapters.prometheus_metrics import PrometheusMetrics
from todo.bootstrap.figures import figures as figures_of

CANARY = "canary-7391"


@pytest.fixture
async def counting() -> AsyncIterator[Service]:
    async with Service(metrics=True) as service:
        yield service


async def figures(client: httpx.AsyncClient) -> dict[str, float]:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    return read(answer.text)


def read(text: str) -> dict[str, float]:
    """By name and labels, as `name{a=b}`."""
    return {
        sample.name
        + ("{" + ",".join(f"{a}={b}" for a, b in sorted(sample.labels.items())) + "}") * bool(sample.labels): (
            sample.value
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


class TestWhereTheyAreOff:
    async def test_there_is_no_such_page(self, client: httpx.AsyncClient) -> None:
        assert (await client.get("/metrics")).status_code == 404


class TestWhereTheyAreOn:
    async def test_requests_are_counted_by_their_route(self, counting: Service) -> None:
        ada = await counting.signed_up()
        for number in (1, 2, 3):
            await counting.client.get(f"{ada.tasks}/{number}?q={CANARY}", headers=ada.headers)
        await counting.client.get(f"/{CANARY}")
        await counting.client.request(CANARY.upper(), "/")

        told = await figures(counting.client)
        route = "route=/api/{user_id}/tasks/{task_id}"
        assert told[f"todo_requests_total{{method=GET,{route},status=404}}"] == 3
        assert told[f"todo_request_seconds_count{{method=GET,{route}}}"] == 3
        assert told[f"todo_request_seconds_bucket{{le=10.0,method=GET,{route}}}"] == 3
        assert told["todo_requests_total{method=GET,route=none,status=404}"] == 1
        assert told["todo_requests_total{method=other,route=none,status=405}"] == 1
        assert CANARY not in (await counting.client.get("/metrics")).text.lower()
        assert ada.id not in (await counting.client.get("/metrics")).text

    async def test_events_of_the_audit_trail_are_counted(self, counting: Service) -> None:
        ada = await counting.signed_up()
        for password in ("wrong password", PASSWORD):
            await counting.client.post("/api/auth/login", json={"email": ada.email, "password": password})

        told = await figures(counting.client)
        assert {
            told[f"todo_audit_events_total{{event={name}}}"] for name in ("signup", "signin_fail", "signin_ok")
        } == {1}

    async def test_they_count_themselves_and_health_not(self, counting: Service) -> None:
        for path in ("/metrics", "/healthz", "/readyz"):
            await counting.client.get(path)

        assert not any(name.startswith("todo_requests") for name in await figures(counting.client))

    async def test_what_is_in_use_is_looked_at_when_asked(self) -> None:
        in_use = 0
        metrics = PrometheusMetrics({"todo_things_in_use": ("Things in use.", lambda: in_use)})
        assert read((await metrics.text())[1].decode())["todo_things_in_use"] == 0

        in_use = 7
        assert read((await metrics.text())[1].decode())["todo_things_in_use"] == 7

    async def test_and_every_second_besides(self) -> None:
        looked = asyncio.Event()

        def count() -> int:
            looked.set()
            return 0

        async with PrometheusMetrics({"todo_things_in_use": ("Things in use.", count)}):
            looked.clear()
            await asyncio.wait_for(looked.wait(), 5)

        assert looked.is_set()

    async def test_the_hashing_queue_is_among_them(self, counting: Service) -> None:
        assert (await figures(counting.client))["todo_passwords_hashing"] == 0

    async def test_so_are_the_connections_in_use_and_how_many_there_may_be(self) -> None:
        address = DatabaseAddress.parse("postgresql://nobody@127.0.0.1:1/nowhere", pooled=False)
        store = PostgresStore(address, clock=HandClock(), pool_size=7)

        told = read((await figures_of(store, Argon2Hasher()).text())[1].decode())

        assert (told["todo_database_connections_in_use"], told["todo_database_connections_limit"]) == (0, 7)

    async def test_nothing_says_when_it_was_made(self, counting: Service) -> None:
        await counting.signed_up()

        told = await figures(counting.client)
        assert any(name.startswith("todo_request_seconds_count") for name in told)
        assert [name for name in told if "_created" in name.partition("{")[0]] == []

    async def test_it_is_the_form_that_prometheus_reads(self, counting: Service) -> None:
        answer = await counting.client.get("/metrics")

        assert re.match(r"text/plain; version=", answer.headers["content-type"])
        assert answer.headers["x-content-type-options"] == "nosniff"
