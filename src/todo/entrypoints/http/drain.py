"""Whether the service is about to stop: who asks if it is ready is told no, before connections are refused."""

import asyncio
from typing import Final

from litestar.types import Scope

DRAIN: Final = "drain"
"""Where `todo serve` keeps, in the state of the lifespan (ASGI, lifespan state), an `asyncio.Event` set at the stop."""


def draining(scope: Scope) -> bool:
    """Another server may know nothing of it: then never."""
    event = scope.get("state", {}).get(DRAIN)
    return isinstance(event, asyncio.Event) and event.is_set()
