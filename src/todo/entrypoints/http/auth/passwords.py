"""Changing a password, and resetting one by letter."""
# ruff: noqa: N815, N803  the wire's spelling

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import BodyKwarg, FromPath, QueryParameter
from litestar.response import Redirect
from msgspec import UNSET, Struct, UnsetType

from todo.domain.model.user import Email, Password
from todo.domain.services.passwords import PasswordService
from todo.entrypoints.http.auth.reception import (
    CLOSED,
    COMMON,
    FAULTY,
    LIMITED,
    NO_STORE,
    WRITES,
    Asked,
    Reception,
    device_of,
    network_of,
    renewed_headers,
    same_for_all,
)
from todo.entrypoints.http.auth.redirects import BaseUrl, with_parameter
from todo.entrypoints.http.auth.shapes import StatusOut, UserOut
from todo.entrypoints.http.errors import Refused
from todo.entrypoints.http.fields import (
    AuthBody,
    BadFields,
    CallbackText,
    EmailText,
    NewPasswordText,
    PasswordText,
    require_trusted,
)
from todo.entrypoints.http.openapi import coded

JSON = BodyKwarg(media_type="application/json")
SENT = "If this email exists in our system, check your email for the reset link"
WRONG = (
    ("INVALID_PASSWORD", "Invalid password"),
    ("PASSWORD_TOO_SHORT", "Password too short"),
    ("CREDENTIAL_ACCOUNT_NOT_FOUND", "Credential account not found"),
)


class ChangePasswordIn(AuthBody):
    newPassword: NewPasswordText
    currentPassword: PasswordText
    revokeOtherSessions: bool | UnsetType = UNSET


class VerifyPasswordIn(AuthBody):
    password: PasswordText


class RequestResetIn(AuthBody):
    email: EmailText
    redirectTo: CallbackText | UnsetType = UNSET


class ResetIn(AuthBody):
    newPassword: NewPasswordText
    token: str | UnsetType = UNSET


class ChangedOut(Struct):
    token: str | None
    user: UserOut


class SentOut(Struct):
    status: bool = True
    message: str = SENT


class PasswordController(Controller):
    path = "/api/auth"
    tags = ("Passwords",)

    @post(
        "/change-password",
        status_code=200,
        summary="Change the password",
        responses={**coded(400, *WRONG, COMMON), **CLOSED, **LIMITED, **WRITES},
    )
    async def change_password(
        self,
        data: Annotated[ChangePasswordIn, JSON],
        request: Asked,
        reception: NamedDependency[Reception],
        passwords: NamedDependency[PasswordService],
    ) -> Response[ChangedOut]:
        """Ends the user's other sessions. With `revokeOtherSessions` this one is replaced by a new one as well."""
        visitor = await reception.require(request)
        begun = await passwords.change(
            Password.attempt(data.currentPassword),
            Password(data.newPassword),
            by=visitor.user,
            session=visitor.session,
            anew=device_of(request) if data.revokeOtherSessions is True else None,
        )
        user = UserOut.of(visitor.user)
        if begun is None:
            return Response(ChangedOut(token=None, user=user), headers=renewed_headers(request))
        headers = reception.keep(request, begun, remembered=reception.is_remembered(request))
        return Response(ChangedOut(token=begun.handle, user=user), headers=headers)

    @post(
        "/verify-password",
        status_code=200,
        summary="Confirm the password",
        responses={**coded(400, *WRONG), **CLOSED, **LIMITED, **WRITES},
    )
    async def verify_password(
        self,
        data: Annotated[VerifyPasswordIn, JSON],
        request: Asked,
        reception: NamedDependency[Reception],
        passwords: NamedDependency[PasswordService],
    ) -> Response[StatusOut]:
        """Says whether it is the user's password."""
        visitor = await reception.require(request)
        await passwords.confirm(Password.attempt(data.password), by=visitor.user)
        return Response(StatusOut(), headers=renewed_headers(request))

    @post(
        "/request-password-reset",
        status_code=200,
        summary="Ask for a reset link",
        responses={
            **coded(400, FAULTY, ("RESET_PASSWORD_DISABLED", "Reset password isn't enabled")),
            **LIMITED,
            **WRITES,
        },
    )
    async def request_password_reset(
        self,
        data: Annotated[RequestResetIn, JSON],
        request: Asked,
        passwords: NamedDependency[PasswordService],
    ) -> Response[SentOut]:
        """Writes to the address if it is a user's. The answer is the same for every address, and takes as long."""
        async with same_for_all():
            await passwords.request_reset(Email(data.email), data.redirectTo or "", source=network_of(request))
        return Response(SentOut(), headers=NO_STORE)

    @get("/reset-password/{token:str}", status_code=302, include_in_schema=False)
    async def follow_reset_link(
        self,
        token: FromPath[str],
        request: Asked,
        passwords: NamedDependency[PasswordService],
        base_url: NamedDependency[BaseUrl],
        callbackURL: Annotated[str | None, QueryParameter()] = None,
    ) -> Redirect:
        """Leads from the letter to the client's page, with the token if it is still good."""
        if callbackURL is None:
            raise BadFields("[query.callbackURL] Invalid input: expected string, received undefined")
        require_trusted("callbackURL", callbackURL, request.scope["state"]["trusted_origins"])
        if not callbackURL:
            return Redirect(with_parameter(base_url.of("/api/auth/error"), error="INVALID_TOKEN"), status_code=302)
        target = base_url.of(callbackURL)
        if await passwords.can_reset(token):
            return Redirect(with_parameter(target, token=token), status_code=302)
        return Redirect(with_parameter(target, error="INVALID_TOKEN"), status_code=302)

    @post(
        "/reset-password",
        status_code=200,
        summary="Set a new password by letter",
        responses={
            **coded(400, ("INVALID_TOKEN", "Invalid token"), ("PASSWORD_TOO_SHORT", "Password too short"), COMMON),
            **WRITES,
        },
    )
    async def reset_password(
        self,
        data: Annotated[ResetIn, JSON],
        passwords: NamedDependency[PasswordService],
        token: Annotated[str | None, QueryParameter(description="In place of the body's.")] = None,
    ) -> Response[StatusOut]:
        """Ends every session of the user. A token works once, for an hour."""
        ticket = data.token or token
        if not ticket:
            raise Refused(400, "INVALID_TOKEN", "Invalid token")
        await passwords.reset(ticket, Password(data.newPassword))
        return Response(StatusOut(), headers=NO_STORE)
