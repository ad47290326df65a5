"""Who is looking at a page, and where those go who are not signed in."""

from dataclasses import dataclass
from urllib.parse import quote

from litestar.di import NamedDependency

from todo.domain.model.principal import Principal
from todo.entrypoints.http import cookies
from todo.entrypoints.http.auth.reception import Reception, Visitor
from todo.entrypoints.http.pacing import UserPace
from todo.entrypoints.web.pages import Asked
from todo.entrypoints.web.words import SESSION_EXPIRED


@dataclass
class LoginNeeded(Exception):
    """This page is for somebody who is signed in. Says where to come back to."""

    then: str
    message: str = ""


async def signed_in(request: Asked, reception: NamedDependency[Reception], pace: NamedDependency[UserPace]) -> Visitor:
    """Raises `LoginNeeded`; with the message about it when a session is over that the browser still had.

    Raises `TooManyAttempts`: what a page costs counts as a request of the API does.
    """
    visitor = await reception.find(request)
    if visitor is None:
        had_one = cookies.session_token(request.scope["headers"]) is not None
        raise LoginNeeded(_here(request), SESSION_EXPIRED if had_one else "")
    pace.take(visitor.user.id)
    return visitor


def principal_of(visitor: Visitor) -> Principal:
    return Principal(user=visitor.user.id, session=visitor.session)


def _here(request: Asked) -> str:
    """The page that was asked for; after a form has been sent, the page that it stands on."""
    path = request.scope["path"]
    if request.method != "GET":
        return "/account" if path.startswith("/account") else "/tasks"
    query = request.scope["query_string"].decode("latin-1")
    return quote(path) + (f"?{query}" if query else "")
