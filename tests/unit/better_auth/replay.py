"""Says to this service what was said to a real Better Auth server, in the recorded order, and compares the answers."""

import asyncio
from typing import Any

from tests.unit.better_auth.comparison import differences
from tests.unit.better_auth.hidden_state import HIDDEN_STATE
from tests.unit.better_auth.recording import EXCHANGES, Exchange
from tests.unit.better_auth.stage import Stage

Differences = dict[str, tuple[Any, Any]]


async def replay() -> dict[str, Differences]:
    """What differs in each exchange, by its name. The recorded servers take turns: none knows another."""
    servers = dict.fromkeys(exchange.server for exchange in EXCHANGES)
    played = await asyncio.gather(*(_play(server) for server in servers))
    return {name: found for of_server in played for name, found in of_server.items()}


async def _play(server: str) -> dict[str, Differences]:
    stage = Stage(server)
    try:
        return {exchange.name: await _compare(stage, exchange) for exchange in EXCHANGES if exchange.server == server}
    finally:
        stage.close()


async def _compare(stage: Stage, exchange: Exchange) -> Differences:
    if exchange.name in HIDDEN_STATE:
        await HIDDEN_STATE[exchange.name](stage, exchange.name)
    answer = await stage.play(exchange)
    location = exchange.answer_headers.get("location")
    return differences(exchange, answer, location=location and stage.translated(location), names=stage.names)
