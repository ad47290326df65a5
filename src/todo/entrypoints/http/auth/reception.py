"""What the handlers of the sign-in side share: who is asking, and the cookies of the answer."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from litestar import Request

from todo.domain.errors import (
    CharacterForbidden,
    NameTooLong,
    NotSignedIn,
    SessionEnded,
    TokenExpired,
    Unauthenticated,
    UserNotFound,
)
from todo.domain.model.network import Network
from todo.domain.model.principal import Principal
from todo.domain.model.session import Device, Session, SessionId
from todo.domain.model.user import Image, Name, User
from todo.domain.ports.audit_trail import AuditTrail
from todo.domain.services.accounts import AccountService
from todo.domain.services.authentication import Authentication
from todo.entrypoints.http import cookies
from todo.entrypoints.http.audit import record_refusal
from todo.entrypoints.http.authentication import bearer_token
from todo.entrypoints.http.cookies import SessionCookies
from todo.entrypoints.http.edge.client import NOWHERE, client_of
from todo.entrypoints.http.openapi import coded
from todo.entrypoints.http.reading import BadBody, Fault

Asked = Request[Any, Any, Any]

LONGEST_AGENT = 512
SAME_FOR_ALL = 0.25
"""Seconds that an answer takes which must not tell, by its time, whether an address is known."""

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
BUSY = coded(503, ("SERVICE_UNAVAILABLE", "The service is busy. Please try again in a moment."))
FOREIGN = coded(403, ("INVALID_ORIGIN", "Invalid origin"), ("INVALID_CALLBACK_URL", "Invalid callbackURL"))
FAULTY = ("VALIDATION_ERROR", "[body.email] Invalid email address")
UNREADABLE = {
    **coded(413, ("REQUEST_ENTITY_TOO_LARGE", "Request Entity Too Large")),
    **coded(415, ("UNSUPPORTED_MEDIA_TYPE", 'Content-Type "text/plain" is not allowed.')),
}
LIMITED = coded(429, ("TOO_MANY_REQUESTS", "Too many requests. Please try again later."))
COMMON = ("PASSWORD_TOO_COMMON", "Password too common: many people have it, and it would be guessed early")
CLOSED = coded(401, ("UNAUTHORIZED", "Unauthorized"))
WRITES = {**FOREIGN, **UNREADABLE, **BUSY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody who is signed in."""

    user: User
    session: Session


class Reception:
    """Knows who comes by bearer token or by cookie, and hands out the next cookie when that is due."""

    def __init__(
        self, *, authentication: Authentication, accounts: AccountService, jar: SessionCookies, trail: AuditTrail
    ) -> None:
        self._trail = trail
        self._authentication = authentication
        self._accounts = accounts
        self._jar = jar

    async def find(self, request: Asked, *, refresh: bool = True) -> Visitor | None:
        """`None` when nobody is signed in; the cookies of a session that is over are then cleared."""
        over = False
        for credential in self.credentials(request):
            try:
                return await self._visitor(request, credential, refresh=refresh)
            except (SessionEnded, TokenExpired, UserNotFound) as error:
                over = True
                record_refusal(self._trail, request.scope, error)
            except Unauthenticated as error:
                record_refusal(self._trail, request.scope, error)
        if over:
            self.forget(request)
        return None

    async def require(self, request: Asked) -> Visitor:
        """Raises `NotSignedIn`."""
        visitor = await self.find(request)
        if visitor is None:
            raise NotSignedIn
        return visitor

    def keep(self, request: Asked, session: Session, *, remembered: bool = True) -> dict[str, str]:
        """Sets the session's cookie. The headers are for clients that keep none."""
        request.scope["user"] = Principal(user=session.user, session=session)
        return self._hand_over(request, self._authentication.token_for(session), remembered=remembered)

    def forget(self, request: Asked) -> None:
        """Clears the cookies, and takes back a token that has just been handed out."""
        request.scope["state"].pop("renewed", None)
        request.scope["state"]["cookies"][:] = self._jar.clear()

    async def end(self, request: Asked) -> None:
        """Ends every session that the request shows a token of, and clears the cookies."""
        for credential in self.credentials(request):
            with suppress(Unauthenticated):
                await self._authentication.end(credential)
        self.forget(request)

    def drop_cache(self, request: Asked) -> None:
        """Clears what the session cache of a former server has left in the browser."""
        if cookies.read(request.scope["headers"], cookies.DATA) is not None:
            request.scope["state"]["cookies"] += self._jar.drop_cache()

    def is_remembered(self, request: Asked) -> bool:
        return not self._jar.is_forgotten(request.scope["headers"])

    def credentials(self, request: Asked) -> list[str]:
        """The tokens a request shows, the bearer's before the cookie's."""
        found = []
        with suppress(Unauthenticated):
            found.append(bearer_token(request.scope["headers"]))
        if token := cookies.session_token(request.scope["headers"]):
            found.append(token)
        return found

    async def replaced(self, request: Asked) -> SessionId | None:
        """The session that signing in puts an end to: the one of the cookie that came along."""
        if token := cookies.session_token(request.scope["headers"]):
            with suppress(Unauthenticated):
                return await self._authentication.session_of(token)
        return None

    async def _visitor(self, request: Asked, credential: str, *, refresh: bool) -> Visitor:
        """A token of another issuer has no session: whoever shows it is nobody here."""
        principal = await self._authentication.principal(credential)
        request.scope["user"] = principal
        session = principal.session
        if session is None:
            raise NotSignedIn
        if refresh and self.is_remembered(request):
            renewed = await self._authentication.renew(principal)
            if renewed is not None:
                session, token = renewed
                request.scope["state"]["renewed"] = self._hand_over(request, token)
        signed_in = await self._accounts.signed_in(session)
        return Visitor(user=signed_in.user, session=signed_in.session)

    def _hand_over(self, request: Asked, token: str, *, remembered: bool = True) -> dict[str, str]:
        kept = self._jar.keep(token, remembered=remembered)
        if remembered and not self.is_remembered(request):
            kept += self._jar.remember()
        request.scope["state"]["cookies"][:] = kept
        return {**NO_STORE, "set-auth-token": token, "Access-Control-Expose-Headers": "set-auth-token"}


def renewed_headers(request: Asked) -> dict[str, str]:
    """What stands in the headers when the session has just been extended."""
    return dict(request.scope["state"].get("renewed", NO_STORE))


def address_of(request: Asked) -> str | None:
    """Of the client, as far as the connection and the proxies we trust tell it. It is asked for nowhere else."""
    client = client_of(request.scope)
    return None if client == NOWHERE else client


def network_of(request: Asked) -> Network:
    return Network.of(address_of(request))


def device_of(request: Asked) -> Device:
    agent = request.headers.get("user-agent", "").replace("\0", "")[:LONGEST_AGENT]
    return Device(address=address_of(request), agent=agent)


def name_of(text: str) -> Name:
    with _naming("name", Name.LONGEST):
        return Name(text)


def image_of(text: str) -> Image:
    with _naming("image", Image.LONGEST):
        return Image(text)


@asynccontextmanager
async def same_for_all() -> AsyncIterator[None]:
    """Ends no sooner than after `SAME_FOR_ALL`, whatever happens inside."""
    until = asyncio.get_running_loop().time() + SAME_FOR_ALL
    try:
        yield
    finally:
        await asyncio.sleep(max(0.0, until - asyncio.get_running_loop().time()))


@contextmanager
def _naming(field: str, longest: int) -> Iterator[None]:
    """Tells which field a rule of the model was broken by."""
    try:
        yield
    except NameTooLong as error:
        raise BadBody(fault=Fault.TOO_LONG, field=field, limit=longest) from error
    except CharacterForbidden as error:
        raise BadBody(fault=Fault.FORBIDDEN_TEXT, field=field) from error
