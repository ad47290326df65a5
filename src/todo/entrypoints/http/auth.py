"""Signing up, in and out, `/api/auth`. Each call has two paths: the one of Better Auth's client, and a plain one."""

from contextlib import suppress
from typing import Annotated, Any, Self

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import BodyKwarg
from msgspec import Meta, Struct

from todo.domain.errors import (
    CharacterForbidden,
    EmailMalformed,
    NameTooLong,
    NotSignedIn,
    TokenExpired,
    TokenInvalid,
    Unauthenticated,
    UserNotFound,
)
from todo.domain.model.session import Device, Session
from todo.domain.model.user import Email, Name, Password, User
from todo.domain.services.accounts import AccountService, SignedIn
from todo.domain.services.authentication import Authentication
from todo.entrypoints.http import cookies
from todo.entrypoints.http.authentication import bearer_token
from todo.entrypoints.http.moments import Moment, moment
from todo.entrypoints.http.openapi import coded
from todo.entrypoints.http.reading import BadBody, Fault

LONGEST_AGENT = 512

EmailText = Annotated[str, Meta(extra_json_schema={"extra": {"format": "email"}, "examples": ["ada@example.com"]})]
PasswordText = Annotated[
    str,
    Meta(
        extra_json_schema={
            "extra": {"format": "password"},
            "description": "8 to 128 characters.",
            "examples": ["correct horse battery"],
        }
    ),
]


class SignUpIn(Struct):
    email: EmailText
    password: PasswordText
    name: Annotated[str, Meta(examples=["Ada"])] | None = None


class SignInIn(Struct):
    email: EmailText
    password: PasswordText


class UserOut(Struct):
    id: Annotated[str, Meta(examples=["usr_cm5x8y9z0000"])]
    email: EmailText
    name: Annotated[str, Meta(examples=["Ada"])]
    emailVerified: bool  # noqa: N815  the wire's spelling
    image: str | None
    createdAt: Moment  # noqa: N815
    updatedAt: Moment  # noqa: N815

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(
            id=user.id,
            email=str(user.email),
            name=str(user.name),
            emailVerified=user.email_verified,
            image=user.image,
            createdAt=moment(user.created_at),
            updatedAt=moment(user.updated_at),
        )


class SessionOut(Struct):
    id: str
    token: Annotated[str, Meta(description="Names the session, to end it by. It opens nothing.")]
    userId: str  # noqa: N815
    expiresAt: Moment  # noqa: N815
    createdAt: Moment  # noqa: N815
    updatedAt: Moment  # noqa: N815
    ipAddress: str | None  # noqa: N815
    userAgent: str | None  # noqa: N815

    @classmethod
    def of(cls, session: Session) -> Self:
        return cls(
            id=session.id,
            token=session.handle,
            userId=session.user,
            expiresAt=moment(session.expires_at),
            createdAt=moment(session.created_at),
            updatedAt=moment(session.updated_at),
            ipAddress=session.device.address,
            userAgent=session.device.agent,
        )


class SignedUpOut(Struct):
    token: str
    user: UserOut


class SignedInOut(Struct):
    redirect: bool
    token: str
    user: UserOut


class CurrentOut(Struct):
    session: SessionOut
    user: UserOut


class SignedOutOut(Struct):
    success: bool = True


Asked = Request[Any, Any, Any]
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
FAULTY = ("VALIDATION_ERROR", "[body.email] Invalid email address")
BUSY = coded(503, ("SERVICE_UNAVAILABLE", "The service is busy. Please try again in a moment."))
FOREIGN = coded(403, ("INVALID_ORIGIN", "Invalid origin"))
UNREADABLE = {
    **coded(413, ("REQUEST_ENTITY_TOO_LARGE", "Request Entity Too Large")),
    **coded(
        415, ("UNSUPPORTED_MEDIA_TYPE", 'Content-Type "text/plain" is not allowed. Allowed types: application/json')
    ),
}
JSON = BodyKwarg(media_type="application/json")


class AuthController(Controller):
    path = "/api/auth"
    tags = ("Sign-in",)

    @post(
        ["/signup", "/sign-up/email"],
        status_code=200,
        summary="Sign up",
        responses={
            **coded(
                400, FAULTY, ("PASSWORD_TOO_SHORT", "Password too short"), ("PASSWORD_TOO_LONG", "Password too long")
            ),
            **FOREIGN,
            **UNREADABLE,
            **coded(422, ("USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", "User already exists. Use another email.")),
            **BUSY,
        },
    )
    async def sign_up(
        self,
        data: Annotated[SignUpIn, JSON],
        request: Asked,
        accounts: NamedDependency[AccountService],
        authentication: NamedDependency[Authentication],
        secure: NamedDependency[bool],
    ) -> Response[SignedUpOut]:
        """Makes an account, signs in to it and sets the session cookie. The name is optional."""
        try:
            email = Email(data.email)
        except EmailMalformed as error:
            raise BadBody(fault=Fault.NOT_AN_EMAIL, field="email") from error
        begun = await accounts.sign_up(email, Password(data.password), _name(data.name), device=_device(request))
        token = authentication.token_for(begun.session)
        body = SignedUpOut(token=begun.session.handle, user=UserOut.of(begun.user))
        return Response(body, headers=_keeping(token, secure=secure))

    @post(
        ["/login", "/sign-in/email"],
        status_code=200,
        summary="Sign in",
        responses={
            **coded(400, ("INVALID_EMAIL", "Invalid email"), FAULTY),
            **coded(401, ("INVALID_EMAIL_OR_PASSWORD", "Invalid email or password")),
            **FOREIGN,
            **UNREADABLE,
            **BUSY,
        },
    )
    async def sign_in(
        self,
        data: Annotated[SignInIn, JSON],
        request: Asked,
        accounts: NamedDependency[AccountService],
        authentication: NamedDependency[Authentication],
        secure: NamedDependency[bool],
    ) -> Response[SignedInOut]:
        """Starts a session and sets its cookie. An unknown address and a wrong password get the same answer."""
        begun = await accounts.sign_in(Email(data.email), Password.attempt(data.password), device=_device(request))
        token = authentication.token_for(begun.session)
        body = SignedInOut(redirect=False, token=begun.session.handle, user=UserOut.of(begun.user))
        return Response(body, headers=_keeping(token, secure=secure))

    @post(["/logout", "/sign-out"], status_code=200, summary="Sign out", responses={**FOREIGN, **BUSY})
    async def sign_out(
        self, request: Asked, authentication: NamedDependency[Authentication], secure: NamedDependency[bool]
    ) -> Response[SignedOutOut]:
        """Ends the session at once, everywhere, and clears its cookie. Without a session the answer is the same."""
        for token in _credentials(request):
            with suppress(Unauthenticated):
                await authentication.end(token)
        return Response(SignedOutOut(), headers=_clearing(secure=secure))

    @get(["/session", "/get-session"], summary="The current session", responses=BUSY)
    async def session(
        self,
        request: Asked,
        accounts: NamedDependency[AccountService],
        authentication: NamedDependency[Authentication],
        secure: NamedDependency[bool],
    ) -> Response[CurrentOut | None]:
        """Who is signed in; `null` when nobody is. After a day the session is extended and its cookie renewed."""
        over = False
        for token in _credentials(request):
            try:
                current, renewed = await _current(token, authentication, accounts)
            except (TokenExpired, TokenInvalid):
                over = True
                continue
            except Unauthenticated:
                continue
            body = CurrentOut(session=SessionOut.of(current.session), user=UserOut.of(current.user))
            return Response(body, headers=_keeping(renewed, secure=secure) if renewed else NO_STORE)
        return Response(None, headers=_clearing(secure=secure) if over else NO_STORE)


async def _current(token: str, authentication: Authentication, accounts: AccountService) -> tuple[SignedIn, str | None]:
    """The session of a token, with the next token when it was due. A token of another issuer has no session."""
    principal = await authentication.principal(token)
    if principal.session is None:
        raise NotSignedIn
    slid = await authentication.slide(principal)
    try:
        return await accounts.signed_in(slid[0] if slid else principal.session), slid[1] if slid else None
    except UserNotFound as error:
        raise NotSignedIn from error


def _credentials(request: Asked) -> list[str]:
    """The tokens a request shows, the bearer's before the cookie's."""
    found = []
    with suppress(Unauthenticated):
        found.append(bearer_token(request.scope["headers"]))
    if token := cookies.session_token(request.scope["headers"]):
        found.append(token)
    return found


def _name(text: str | None) -> Name | None:
    try:
        return None if text is None else Name(text)
    except NameTooLong as error:
        raise BadBody(fault=Fault.TOO_LONG, field="name", limit=Name.LONGEST) from error
    except CharacterForbidden as error:
        raise BadBody(fault=Fault.FORBIDDEN_TEXT, field="name") from error


def _device(request: Asked) -> Device:
    agent = request.headers.get("user-agent", "").replace("\0", "")[:LONGEST_AGENT]
    return Device(address=request.client.host if request.client else None, agent=agent)


def _keeping(token: str, *, secure: bool) -> dict[str, str]:
    return {**NO_STORE, "Set-Cookie": cookies.kept(token, secure=secure)}


def _clearing(*, secure: bool) -> dict[str, str]:
    return {**NO_STORE, "Set-Cookie": cookies.cleared(secure=secure)}
