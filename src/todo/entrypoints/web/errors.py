"""Refusals as pages, for who looks at them in a browser."""

from http import HTTPStatus
from typing import Any

from litestar import Request, Response

from todo.entrypoints.http.errors import answer
from todo.entrypoints.http.front_door import prefers_html
from todo.entrypoints.web.pages import page, see_other
from todo.entrypoints.web.places import login
from todo.entrypoints.web.visitors import LoginNeeded

TOLD = {
    400: ("That did not work", "The browser has sent something that this page does not understand."),
    403: (
        "Not from here",
        "This was sent from a page at another address. Open the page by its proper address and try again.",
    ),
    404: ("Nothing here", "There is no page at this address. What was here may have been deleted."),
    405: ("That did not work", "This address cannot be used in this way."),
    409: ("That did not work", "Something else has changed meanwhile. Go back, and try again."),
    413: ("That is too much", "What was sent is larger than anything this page takes."),
    415: ("That did not work", "The browser has sent something that this page does not understand."),
    422: ("That did not work", "The address or the form holds something that this page does not understand."),
    429: ("Too many attempts", "Wait a little, then try again."),
    500: (
        "Something broke here",
        "It is not your fault. Nothing of what you had saved is lost. Try again in a moment.",
    ),
    503: (
        "Not just now",
        "The service cannot reach its data at the moment. Nothing of what you had saved is lost. Try again.",
    ),
}


def answer_in_kind(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """A page for somebody with a browser, outside `/api`; the API's own answer for everybody else."""
    if isinstance(error, LoginNeeded):
        return see_other(login(message=error.message, then=error.then))
    made = answer(request, error)
    if request.scope["path"].startswith("/api/") or not prefers_html(request):
        return made
    status = made.status_code or HTTPStatus.INTERNAL_SERVER_ERROR
    title, text = TOLD.get(status, (HTTPStatus(status).phrase, "That did not work. Go back, and try again."))
    kept = {name: value for name, value in made.headers.items() if name in {"Allow", "Retry-After"}}
    return page(request, "error", status=status, headers=kept, title=title, text=text)
