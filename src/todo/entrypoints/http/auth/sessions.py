"""The current session, and the user's others."""

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import BodyKwarg, QueryParameter
from msgspec import Meta, Struct

from todo.domain.model.session import SessionHandle
from todo.domain.services.authentication import Authentication
from todo.domain.services.profile import ProfileService
from todo.entrypoints.http.auth.reception import (
    BUSY,
    CLOSED,
    FAULTY,
    NO_STORE,
    WRITES,
    Asked,
    Reception,
    renewed_headers,
)
from todo.entrypoints.http.auth.shapes import SessionOut, StatusOut, UserOut
from todo.entrypoints.http.errors import Refused
from todo.entrypoints.http.fields import AuthBody
from todo.entrypoints.http.openapi import coded

Flag = Annotated[str | None, QueryParameter(description="`true` to leave the session's end as it is.")]


class CurrentOut(Struct):
    session: SessionOut
    user: UserOut


class HandleIn(AuthBody):
    token: Annotated[
        str,
        Meta(
            extra_json_schema={
                "description": "The `token` of a session in the list.",
                "examples": ["gRzRslJgjyBEfKWmzCpY7Avt1bszG1DE"],
            }
        ),
    ]


class TokenOut(Struct):
    token: Annotated[str, Meta(examples=["eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.…"])]


class KeysOut(Struct):
    keys: Annotated[list[str], Meta(examples=[[]])]


class SessionController(Controller):
    path = "/api/auth"
    tags = ("Sessions",)

    @get(["/session", "/get-session"], summary="The current session", responses=BUSY)
    async def session(
        self,
        request: Asked,
        reception: NamedDependency[Reception],
        disableRefresh: Flag = None,  # noqa: N803
    ) -> Response[CurrentOut | None]:
        """Who is signed in; `null` when nobody is. After a day the session is extended and its cookie renewed."""
        visitor = await reception.find(request, refresh=disableRefresh != "true")
        if visitor is None:
            return Response(None, headers=NO_STORE)
        reception.drop_cache(request)
        body = CurrentOut(session=SessionOut.of(visitor.session), user=UserOut.of(visitor.user))
        return Response(body, headers=renewed_headers(request))

    @post("/get-session", include_in_schema=False)
    async def post_session(self) -> None:
        message = "POST method requires deferSessionRefresh to be enabled in session config"
        raise Refused(405, "METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED", message)

    @get(
        "/list-sessions",
        summary="The user's sessions",
        responses={**CLOSED, **coded(403, ("SESSION_NOT_FRESH", "Session is not fresh")), **BUSY},
    )
    async def list_sessions(
        self, request: Asked, reception: NamedDependency[Reception], profile: NamedDependency[ProfileService]
    ) -> Response[list[SessionOut]]:
        """All live sessions of the user, with the device each was opened on. Only within a day of signing in."""
        visitor = await reception.require(request)
        sessions = await profile.sessions(by=visitor.user, session=visitor.session)
        return Response([SessionOut.of(session) for session in sessions], headers=renewed_headers(request))

    @post(
        "/revoke-session",
        status_code=200,
        summary="End a session",
        responses={**coded(400, FAULTY), **CLOSED, **WRITES},
    )
    async def revoke_session(
        self,
        data: Annotated[HandleIn, BodyKwarg(media_type="application/json")],
        request: Asked,
        reception: NamedDependency[Reception],
        profile: NamedDependency[ProfileService],
    ) -> Response[StatusOut]:
        """Ends one of the user's own sessions at once. Says the same of unknown ones."""
        visitor = await reception.require(request)
        ended = await profile.end_session(SessionHandle(data.token), by=visitor.user)
        if ended is not None and ended.id == visitor.session.id:
            reception.forget(request)
            return Response(StatusOut(), headers=NO_STORE)
        return Response(StatusOut(), headers=renewed_headers(request))

    @post("/revoke-sessions", status_code=200, summary="End all sessions", responses={**CLOSED, **WRITES})
    async def revoke_sessions(
        self, request: Asked, reception: NamedDependency[Reception], profile: NamedDependency[ProfileService]
    ) -> Response[StatusOut]:
        """Ends every session of the user, this one too."""
        visitor = await reception.require(request)
        await profile.end_sessions(by=visitor.user)
        reception.forget(request)
        return Response(StatusOut(), headers=NO_STORE)

    @post("/revoke-other-sessions", status_code=200, summary="End the other sessions", responses={**CLOSED, **WRITES})
    async def revoke_other_sessions(
        self, request: Asked, reception: NamedDependency[Reception], profile: NamedDependency[ProfileService]
    ) -> Response[StatusOut]:
        """Ends every session of the user but this one."""
        visitor = await reception.require(request)
        await profile.end_sessions(by=visitor.user, keep=visitor.session)
        return Response(StatusOut(), headers=renewed_headers(request))

    @get("/token", summary="A bearer token", responses={**CLOSED, **BUSY})
    async def token(
        self,
        request: Asked,
        reception: NamedDependency[Reception],
        authentication: NamedDependency[Authentication],
    ) -> Response[TokenOut]:
        """The session's token, for clients that cannot read the cookie: HS256, and over when the session is."""
        visitor = await reception.require(request)
        return Response(TokenOut(authentication.token_for(visitor.session)), headers=renewed_headers(request))

    @get("/jwks", summary="Public keys")
    async def jwks(self) -> KeysOut:
        """None: tokens are signed with a shared secret, and who verifies them holds it."""
        return KeysOut([])
