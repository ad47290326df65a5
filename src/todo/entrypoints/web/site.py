"""All pages together, as the application takes them in."""

from litestar import Router
from litestar.connection import Request
from litestar.di import Provide

from todo.entrypoints.http.app import LARGEST_SIGN_IN_BODY, LARGEST_TASK_BODY, Pages
from todo.entrypoints.web.account import AccountPages
from todo.entrypoints.web.errors import answer_in_kind
from todo.entrypoints.web.pages import Site, favicon, static_file, templates
from todo.entrypoints.web.passwords import PasswordPages
from todo.entrypoints.web.sign_in import SignInPages
from todo.entrypoints.web.tasks import TaskPages
from todo.entrypoints.web.visitors import signed_in


def pages(site: Site) -> Pages:
    """Forms are small; the one for a task may hold as much as a task."""
    given = {
        "site": Provide(lambda: site, sync_to_thread=False, use_cache=True),
        "visitor": Provide(signed_in),
    }
    small = Router(
        "/",
        route_handlers=[SignInPages, PasswordPages, AccountPages],
        request_max_body_size=LARGEST_SIGN_IN_BODY,
        request_class=Request,
        dependencies=given,
    )
    large = Router(
        "/",
        route_handlers=[TaskPages],
        request_max_body_size=LARGEST_TASK_BODY,
        request_class=Request,
        dependencies=given,
    )
    return Pages(visited=(small, large), files=(static_file, favicon), templates=templates(), answer=answer_in_kind)
