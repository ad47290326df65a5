"""Who is asking: bearer tokens, the session cookie, and the origin of writes."""

from collections.abc import Iterable
from urllib.parse import unquote

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from todo.domain.errors import NotFound, NotSignedIn, TokenInvalid
from todo.domain.model.principal import Principal
from todo.domain.services.authentication import Authentication
from todo.entrypoints.http import cookies
from todo.entrypoints.http.cookies import SessionCookies
from todo.entrypoints.http.errors import OriginRefused, ProxyUnauthorized
from todo.entrypoints.http.pacing import UserPace

Headers = Iterable[tuple[bytes, bytes]]

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
FIRST_SEGMENTS = {"auth", "proxy"}
"""What stands where a user id could stand. No user is called so."""


def bearer_token(headers: Headers) -> str:
    """The token of the `Authorization` header. Raises `NotSignedIn`; `TokenInvalid` when there are two such headers."""
    given = [value for name, value in headers if name == b"authorization"]
    if not given:
        raise NotSignedIn
    if len(given) > 1:
        raise TokenInvalid
    scheme, _, token = given[0].decode("latin-1").strip().partition(" ")
    if scheme.lower() != "bearer" or not (token := token.strip()):
        raise NotSignedIn
    return unquote(token, errors="replace") if "%" in token else token


class BearerAuthentication:
    """Lets a request in that shows a good token in its `Authorization` header. A cookie alone does not sign in here."""

    def __init__(self, app: ASGIApp, authentication: Authentication, *, pace: UserPace) -> None:
        self._app = app
        self._authentication = authentication
        self._pace = pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _require_user_path(scope)
        principal = await self._authentication.principal(bearer_token(scope["headers"]))
        _admit(scope, principal)
        await self._pace.answer(principal.user, self._app, scope, receive, send)


class CookieAuthentication:
    """Lets a request in that shows a good token in its cookie, and sets the next one when that is due.

    What else a request shows, an `Authorization` header above all, does not count here.
    """

    def __init__(
        self,
        app: ASGIApp,
        authentication: Authentication,
        *,
        origins: frozenset[str],
        jar: SessionCookies,
        pace: UserPace,
    ) -> None:
        self._app = app
        self._authentication = authentication
        self._pace = pace
        self._origins = origins
        self._jar = jar

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _require_user_path(scope)
        require_own_origin(scope, self._origins)
        token = cookies.session_token(scope["headers"])
        if token is None:
            raise ProxyUnauthorized
        principal = await self._authentication.principal(token)
        _admit(scope, principal)
        if not self._jar.is_forgotten(scope["headers"]):
            renewed = await self._authentication.renew(principal)
            if renewed is not None:
                send = with_cookies(send, self._jar.keep(renewed[1]))
        await self._pace.answer(principal.user, self._app, scope, receive, send)


class SignInSide:
    """Keeps out writes that pages of other sites have caused; lets handlers set as many cookies as they like."""

    def __init__(self, app: ASGIApp, *, origins: frozenset[str]) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        require_own_origin(scope, self._origins)
        state = scope["state"]
        state["trusted_origins"] = self._origins
        state["cookies"] = []
        await self._app(scope, receive, with_cookies(send, state["cookies"]))


def require_own_origin(scope: Scope, trusted: frozenset[str]) -> None:
    """Raises `OriginRefused` for a write that a page of another site has caused.

    The browser's word counts: an `Origin` we trust, or a `Sec-Fetch-Site` that is ours (W3C Fetch Metadata).
    Who sends neither is no browser and cannot be made to write by a foreign page.
    """
    if scope.get("method") in SAFE_METHODS:
        return
    headers = dict(scope["headers"])
    origin = headers.get(b"origin", b"").decode("latin-1").lower()
    site = headers.get(b"sec-fetch-site", b"").decode("latin-1").lower()
    if origin in trusted or site in {"same-origin", "none"} or not (origin or site):
        return
    raise OriginRefused(origin_told=origin not in {"", "null"})


def _require_user_path(scope: Scope) -> None:
    """Raises `NotFound` where a word of our own paths stands in the place of a user id."""
    if scope["path_params"]["user_id"] in FIRST_SEGMENTS:
        raise NotFound


def _admit(scope: Scope, principal: Principal) -> None:
    """Everything below `{user_id}` is that user's alone: the domain decides.

    Here rather than in a guard, since Litestar copies the route handler for each guard, which takes 3 % of a request.
    """
    scope["user"] = principal
    principal.require_account(scope["path_params"]["user_id"])


def with_cookies(send: Send, cookies: list[str]) -> Send:
    """Sets what the list holds by the time the answer begins."""

    async def send_with_cookies(message: Message) -> None:
        if message["type"] == "http.response.start":
            added = [(b"set-cookie", cookie.encode("latin-1")) for cookie in cookies]
            message["headers"] = [*message["headers"], *added]
        await send(message)

    return send_with_cookies
