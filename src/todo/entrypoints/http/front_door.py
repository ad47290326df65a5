"""`GET /`: says what this is."""

from typing import Annotated

from litestar import get
from msgspec import Meta, Struct

from todo.entrypoints.http import openapi


class Greeting(Struct):
    message: Annotated[str, Meta(examples=[openapi.TITLE])] = openapi.TITLE


@get("/", tags=["Service"], summary="What this is", sync_to_thread=False)
def front_door() -> Greeting:
    """The name of the service: a sign that it runs."""
    return Greeting()
