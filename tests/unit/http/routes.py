"""Every route of the application, looked up in it."""

from typing import Final

from litestar.routes import HTTPRoute

from tests.builders import SECRET
from todo.adapters.memory import MemoryStore
from todo.bootstrap import assemble
from todo.config import Settings


def routes() -> list[HTTPRoute]:
    app = assemble(Settings(secret=SECRET), store=MemoryStore())
    found = [route for route in app.routes if isinstance(route, HTTPRoute)]
    assert len(found) == len(app.routes), "a kind of route that no sweep knows"
    return found


def template(route: HTTPRoute) -> str:
    return route.path.rstrip("/") or "/"


ROUTES: Final = sorted(
    {(method, template(route)) for route in routes() for method in route.methods if method != "OPTIONS"}
)
"""Method and path, with `{user_id:str}` and the like where a value belongs."""
