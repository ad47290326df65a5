"""Signing up, in and out. Each call has two paths: the one of Better Auth's client, and a plain one."""
# ruff: noqa: N815  the wire's spelling

from typing import Annotated, ClassVar

from litestar import Controller, Response, post
from litestar.di import NamedDependency
from litestar.params import BodyKwarg
from msgspec import UNSET, Meta, Struct, UnsetType

from todo.domain.model.user import Email, Password
from todo.domain.services.accounts import AccountService
from todo.entrypoints.http.auth.reception import (
    COMMON,
    FAULTY,
    LIMITED,
    NO_STORE,
    WRITES,
    Asked,
    Reception,
    device_of,
    image_of,
    name_of,
)
from todo.entrypoints.http.auth.redirects import as_location
from todo.entrypoints.http.auth.shapes import UserOut
from todo.entrypoints.http.fields import FILLED, AuthBody, CallbackText, EmailText, NewPasswordText, PasswordText
from todo.entrypoints.http.openapi import coded


class SignUpIn(AuthBody, kw_only=True):  # faults are told in the order of the fields, which is Better Auth's
    also_form: ClassVar[bool] = True
    kinds: ClassVar[tuple[str, ...]] = ("object", "record")

    name: Annotated[str, Meta(extra_json_schema={"examples": ["Ada"]})] | UnsetType = UNSET
    email: EmailText
    password: Annotated[NewPasswordText, Meta(extra={"form": FILLED})]
    image: str | UnsetType = UNSET
    callbackURL: CallbackText | UnsetType = UNSET
    rememberMe: bool | UnsetType = UNSET


class SignInIn(AuthBody):
    also_form: ClassVar[bool] = True

    email: Annotated[str, Meta(extra_json_schema={"extra": {"format": "email"}, "examples": ["ada@example.com"]})]
    password: PasswordText
    callbackURL: CallbackText | UnsetType = UNSET
    rememberMe: bool | UnsetType = UNSET


class SignedUpOut(Struct):
    token: Annotated[str, Meta(description="Names the session; null when the address is to be verified first.")] | None
    user: UserOut


class SignedInOut(Struct, omit_defaults=True):
    redirect: bool
    token: str
    user: UserOut
    url: str | UnsetType = UNSET


class SignedOutOut(Struct):
    success: bool = True


JSON = BodyKwarg(media_type="application/json")


class SignInController(Controller):
    path = "/api/auth"
    tags = ("Sign-in",)

    @post(
        ["/signup", "/sign-up/email"],
        status_code=200,
        summary="Sign up",
        responses={
            **coded(
                400,
                FAULTY,
                ("PASSWORD_TOO_SHORT", "Password too short"),
                ("PASSWORD_TOO_LONG", "Password too long"),
                COMMON,
                ("EMAIL_PASSWORD_SIGN_UP_DISABLED", "Email and password sign up is not enabled"),
            ),
            **coded(422, ("USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", "User already exists. Use another email.")),
            **LIMITED,
            **WRITES,
        },
    )
    async def sign_up(
        self,
        data: Annotated[SignUpIn, JSON],
        request: Asked,
        accounts: NamedDependency[AccountService],
        reception: NamedDependency[Reception],
    ) -> Response[SignedUpOut]:
        """Makes an account, signs in to it and sets the session cookie. The name is optional."""
        remembered = data.rememberMe is not False
        made = await accounts.sign_up(
            Email(data.email),
            Password(data.password),
            None if data.name is UNSET else name_of(data.name),
            image=None if data.image is UNSET else image_of(data.image),
            remembered=remembered,
            callback=data.callbackURL or "",
            device=device_of(request),
            replacing=await reception.replaced(request),
        )
        user = UserOut.of(made.user)
        if made.session is None:
            return Response(SignedUpOut(token=None, user=user), headers=NO_STORE)
        headers = reception.keep(request, made.session, remembered=remembered)
        return Response(SignedUpOut(token=made.session.handle, user=user), headers=headers)

    @post(
        ["/login", "/sign-in/email"],
        status_code=200,
        summary="Sign in",
        responses={
            **WRITES,
            **coded(400, ("INVALID_EMAIL", "Invalid email"), FAULTY, ("PASSWORD_TOO_LONG", "Password too long")),
            **coded(401, ("INVALID_EMAIL_OR_PASSWORD", "Invalid email or password")),
            **coded(403, ("INVALID_ORIGIN", "Invalid origin"), ("EMAIL_NOT_VERIFIED", "Email not verified")),
            **LIMITED,
        },
    )
    async def sign_in(
        self,
        data: Annotated[SignInIn, JSON],
        request: Asked,
        accounts: NamedDependency[AccountService],
        reception: NamedDependency[Reception],
    ) -> Response[SignedInOut]:
        """Starts a session and sets its cookie. An unknown address and a wrong password get the same answer."""
        remembered = data.rememberMe is not False
        callback = data.callbackURL or ""
        begun = await accounts.sign_in(
            Email(data.email),
            Password.attempt(data.password),
            remembered=remembered,
            callback=callback,
            device=device_of(request),
            replacing=await reception.replaced(request),
        )
        body = SignedInOut(
            redirect=bool(callback), token=begun.session.handle, user=UserOut.of(begun.user), url=callback or UNSET
        )
        headers = reception.keep(request, begun.session, remembered=remembered)
        return Response(body, headers=headers | ({"Location": as_location(callback)} if callback else {}))

    @post(["/logout", "/sign-out"], status_code=200, summary="Sign out", responses=WRITES)
    async def sign_out(self, request: Asked, reception: NamedDependency[Reception]) -> Response[SignedOutOut]:
        """Ends the session at once, everywhere, and clears its cookies. Without a session the answer is the same."""
        await reception.end(request)
        return Response(SignedOutOut(), headers=NO_STORE)
