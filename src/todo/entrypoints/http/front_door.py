"""`GET /`: says what this is, and shows people in."""

from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.response import Redirect
from msgspec import Meta, Struct

from todo.entrypoints.http import openapi


class Greeting(Struct):
    message: Annotated[str, Meta(examples=[openapi.TITLE])] = openapi.TITLE


@get("/", tags=["Service"], summary="What this is", sync_to_thread=False)
def front_door(request: Request[Any, Any, Any]) -> Response[Greeting]:
    """The name of the service: a sign that it runs. A browser, which prefers HTML, is sent to the pages."""
    if prefers_html(request):
        return Redirect("/tasks", status_code=303, headers={"Vary": "Accept"})
    return Response(Greeting(), headers={"Vary": "Accept"})


def prefers_html(request: Request[Any, Any, Any]) -> bool:
    """Whether a person is likely to look at the answer. Programs that take anything get JSON."""
    return request.accept.best_match(["application/json", "text/html"]) == "text/html"
