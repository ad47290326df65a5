"""The application: routers, layers, what is injected."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from litestar import Litestar, Request, Response, Router
from litestar.di import Provide
from litestar.template import TemplateConfig
from litestar.types import ASGIApp, ControllerRouterHandler

from todo.domain.ports.audit_trail import AuditTrail
from todo.domain.services.accounts import AccountService
from todo.domain.services.authentication import Authentication
from todo.domain.services.passwords import PasswordService
from todo.domain.services.profile import ProfileService
from todo.domain.services.tasks import TaskService
from todo.domain.services.verification import VerificationService
from todo.entrypoints.http import openapi
from todo.entrypoints.http.audit import record_refusal
from todo.entrypoints.http.auth import AUTH_CONTROLLERS
from todo.entrypoints.http.auth.reception import Reception
from todo.entrypoints.http.auth.redirects import BaseUrl
from todo.entrypoints.http.authentication import BearerAuthentication, CookieAuthentication, SignInSide
from todo.entrypoints.http.cookies import SessionCookies
from todo.entrypoints.http.docs import docs_handlers
from todo.entrypoints.http.front_door import front_door
from todo.entrypoints.http.pacing import UserPace
from todo.entrypoints.http.reading import ApiRequest
from todo.entrypoints.http.tasks import TaskController

LARGEST_TASK_BODY = 256 * 1024
LARGEST_SIGN_IN_BODY = 8 * 1024

TASK_HEADERS = {"Cache-Control": "private, no-cache"}

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the HTTP side drives."""

    accounts: AccountService
    authentication: Authentication
    passwords: PasswordService
    profile: ProfileService
    verification: VerificationService
    tasks: TaskService


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """What people see in a browser, beside the API."""

    visited: Sequence[ControllerRouterHandler]
    """Pages that know who is looking, and forms: the rules of the sign-in side for cookies and origins hold here."""
    files: Sequence[ControllerRouterHandler]
    templates: TemplateConfig[Any]
    answer: Callable[[Request[Any, Any, Any], Exception], Response[Any]]
    """Any error as an answer: a page where somebody looks at it."""


def create_app(
    services: Services,
    pages: Pages,
    *,
    version: str,
    trusted_origins: frozenset[str],
    base_url: BaseUrl,
    jar: SessionCookies,
    trail: AuditTrail,
    pace: UserPace,
    lifespan: Sequence[Lifespan] = (),
) -> Litestar:
    """The whole of it, behind `Edge`.

    Layers are handed over as closures: Litestar copies the routers it is given, and the objects in them too.
    """

    def bearer(app: ASGIApp) -> ASGIApp:
        return BearerAuthentication(app, services.authentication, pace=pace)

    def cookie(app: ASGIApp) -> ASGIApp:
        return CookieAuthentication(app, services.authentication, origins=trusted_origins, jar=jar, pace=pace)

    def sign_in_side(app: ASGIApp) -> ASGIApp:
        return SignInSide(app, origins=trusted_origins)

    reception = Reception(authentication=services.authentication, accounts=services.accounts, jar=jar, trail=trail)

    def answer_and_record(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        record_refusal(trail, request.scope, error)
        return pages.answer(request, error)

    task_api: dict[str, Any] = {
        "route_handlers": [TaskController],
        "response_headers": TASK_HEADERS,
        "request_max_body_size": LARGEST_TASK_BODY,
    }
    return Litestar(
        [
            front_door,
            openapi.schema,
            Router(
                "/",
                route_handlers=AUTH_CONTROLLERS,
                middleware=[sign_in_side],
                request_max_body_size=LARGEST_SIGN_IN_BODY,
            ),
            Router("/", route_handlers=pages.visited, middleware=[sign_in_side]),
            *pages.files,
            Router("/api", **task_api, middleware=[bearer], security=openapi.BY_BEARER),
            Router("/api/proxy", **task_api, middleware=[cookie], security=openapi.BY_COOKIE, tags=["Proxy"]),
            *docs_handlers,
        ],
        dependencies={
            "accounts": _given(services.accounts),
            "authentication": _given(services.authentication),
            "passwords": _given(services.passwords),
            "profile": _given(services.profile),
            "verification": _given(services.verification),
            "tasks": _given(services.tasks),
            "reception": _given(reception),
            "pace": _given(pace),
            "base_url": _given(base_url),
            "secure": _given(base_url.url.startswith("https://")),
        },
        request_class=ApiRequest,
        exception_handlers={Exception: answer_and_record},
        template_config=pages.templates,
        openapi_config=openapi.config(version),
        lifespan=list(lifespan),
        logging_config=None,
        debug=False,
    )


def _given(value: object) -> Provide:
    return Provide(lambda: value, sync_to_thread=False, use_cache=True)
