"""Verifying addresses."""
# ruff: noqa: N815, N803  the wire's spelling

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import BodyKwarg, QueryParameter
from litestar.response import Redirect
from msgspec import UNSET, Struct, UnsetType

from todo.domain.errors import DomainError, EmailUnchanged, TokenExpired, TokenInvalid, UserNotFound
from todo.domain.model.user import Email
from todo.domain.services.verification import VerificationService, Verified
from todo.entrypoints.http.auth.reception import (
    BUSY,
    FAULTY,
    LIMITED,
    NO_STORE,
    WRITES,
    Asked,
    Reception,
    network_of,
    renewed_headers,
    same_for_all,
)
from todo.entrypoints.http.auth.redirects import with_parameter
from todo.entrypoints.http.auth.shapes import StatusOut, UserOut
from todo.entrypoints.http.errors import Refused
from todo.entrypoints.http.fields import AuthBody, BadFields, CallbackText, EmailText, require_trusted
from todo.entrypoints.http.openapi import coded

REASONS: dict[type[DomainError], tuple[str, str]] = {
    TokenExpired: ("TOKEN_EXPIRED", "Token expired"),
    TokenInvalid: ("INVALID_TOKEN", "Invalid token"),
    UserNotFound: ("USER_NOT_FOUND", "User not found"),
    EmailUnchanged: ("INVALID_TOKEN", "Invalid token"),
}


FOLLOWED = {
    **coded(400, ("VALIDATION_ERROR", "[query.token] Invalid input: expected string, received undefined")),
    **coded(401, *REASONS.values()),
    **coded(403, ("INVALID_CALLBACK_URL", "Invalid callbackURL")),
    **BUSY,
    302: ResponseSpec(None, description="To `callbackURL`, with `?error=CODE` when it did not work"),
}


class SendIn(AuthBody):
    email: EmailText
    callbackURL: CallbackText | UnsetType = UNSET


class VerifiedOut(Struct):
    status: bool
    user: UserOut | None


class VerificationController(Controller):
    path = "/api/auth"
    tags = ("Account",)

    @post(
        "/send-verification-email",
        status_code=200,
        summary="Send the verification link again",
        responses={
            **coded(
                400,
                FAULTY,
                ("VERIFICATION_EMAIL_NOT_ENABLED", "Verification email isn't enabled"),
                ("EMAIL_MISMATCH", "Email mismatch"),
                ("EMAIL_ALREADY_VERIFIED", "Email is already verified"),
            ),
            **LIMITED,
            **WRITES,
        },
    )
    async def send_verification_email(
        self,
        data: Annotated[SendIn, BodyKwarg(media_type="application/json")],
        request: Asked,
        reception: NamedDependency[Reception],
        verification: NamedDependency[VerificationService],
    ) -> Response[StatusOut]:
        """To one's own address. For who is not signed in the answer is the same for every address."""
        async with same_for_all():
            visitor = await reception.find(request)
            callback = "" if data.callbackURL is UNSET else data.callbackURL
            await verification.send(
                Email(data.email), callback, by=visitor.user if visitor else None, source=network_of(request)
            )
        return Response(StatusOut(), headers=NO_STORE)

    @get("/verify-email", summary="Follow a verification link", responses=FOLLOWED)
    async def verify_email(
        self,
        request: Asked,
        reception: NamedDependency[Reception],
        verification: NamedDependency[VerificationService],
        token: Annotated[str | None, QueryParameter(description="From the letter.")] = None,
        callbackURL: Annotated[str | None, QueryParameter(description="Where to go then.")] = None,
    ) -> Response[VerifiedOut]:
        """Verifies the address, or makes the new one the user's; then leads on to `callbackURL`."""
        if token is None:
            raise BadFields("[query.token] Invalid input: expected string, received undefined")
        if callbackURL is not None:
            require_trusted("callbackURL", callbackURL, request.scope["state"]["trusted_origins"])
        try:
            done = await verification.verify(token)
        except tuple(REASONS) as error:
            code, message = REASONS[next(kind for kind in type(error).__mro__ if kind in REASONS)]
            if callbackURL:
                return _to(with_parameter(callbackURL, error=code))
            raise Refused(401, code, message) from error
        headers = await _refresh(request, reception, done)
        if callbackURL:
            return _to(callbackURL, headers)
        body = VerifiedOut(status=True, user=UserOut.of(done.user) if done.changed else None)
        return Response(body, headers=headers)


async def _refresh(request: Asked, reception: Reception, done: Verified) -> dict[str, str]:
    """Sends the cookie again to whoever has changed their own address."""
    visitor = await reception.find(request)
    if visitor is not None and done.changed and visitor.user.id == done.user.id:
        return reception.keep(request, visitor.session, remembered=reception.is_remembered(request))
    return renewed_headers(request)


def _to(target: str, headers: dict[str, str] = NO_STORE) -> Response[VerifiedOut]:
    return Redirect(target, status_code=302, headers=headers)
