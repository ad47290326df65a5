"""The user's own account."""
# ruff: noqa: N815  the wire's spelling

from typing import Annotated, ClassVar

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import BodyKwarg, QueryParameter
from msgspec import UNSET, Meta, Struct, UnsetType

from todo.domain.model.keep import KEEP
from todo.domain.model.user import Email, Password
from todo.domain.services.profile import ProfileService
from todo.domain.services.verification import VerificationService
from todo.entrypoints.http.auth.reception import (
    BUSY,
    CLOSED,
    FAULTY,
    LIMITED,
    NO_STORE,
    WRITES,
    Asked,
    Reception,
    image_of,
    name_of,
    network_of,
    renewed_headers,
)
from todo.entrypoints.http.auth.shapes import AccountOut, StatusOut
from todo.entrypoints.http.errors import Refused
from todo.entrypoints.http.fields import AuthBody, CallbackText, EmailText, PasswordText
from todo.entrypoints.http.openapi import coded

JSON = BodyKwarg(media_type="application/json")


class UserChanges(AuthBody):
    kinds: ClassVar[tuple[str, ...]] = ("record",)

    name: Annotated[str, Meta(extra_json_schema={"examples": ["Ada"]})] | UnsetType = UNSET
    image: str | UnsetType | None = UNSET
    email: str | UnsetType = UNSET


class NewEmailIn(AuthBody):
    newEmail: EmailText
    callbackURL: CallbackText | UnsetType = UNSET


class DeleteIn(AuthBody):
    password: PasswordText | UnsetType = UNSET
    token: str | UnsetType = UNSET
    callbackURL: CallbackText | UnsetType = UNSET


class DeletedOut(Struct):
    success: bool = True
    message: str = "User deleted"


class AccountController(Controller):
    path = "/api/auth"
    tags = ("Account",)

    @post(
        "/update-user",
        status_code=200,
        summary="Change name or image",
        responses={
            **coded(400, ("EMAIL_CAN_NOT_BE_UPDATED", "Email can not be updated")),
            **CLOSED,
            **WRITES,
        },
    )
    async def update_user(
        self,
        data: Annotated[UserChanges, JSON],
        request: Asked,
        reception: NamedDependency[Reception],
        profile: NamedDependency[ProfileService],
    ) -> Response[StatusOut]:
        """Sets what is sent. `"image": null` clears it."""
        visitor = await reception.require(request)
        if data.email is not UNSET:
            raise Refused(400, "EMAIL_CAN_NOT_BE_UPDATED", "Email can not be updated")
        if data.name is UNSET and data.image is UNSET:
            raise Refused(400, None, "No fields to update")
        name = KEEP if data.name is UNSET else name_of(data.name)
        image = KEEP if data.image is UNSET else None if data.image is None else image_of(data.image)
        await profile.describe(name=name, image=image, by=visitor.user)
        headers = reception.keep(request, visitor.session, remembered=reception.is_remembered(request))
        return Response(StatusOut(), headers=headers)

    @post(
        "/change-email",
        status_code=200,
        summary="Change the address",
        responses={**coded(400, FAULTY), **CLOSED, **LIMITED, **WRITES},
    )
    async def change_email(
        self,
        data: Annotated[NewEmailIn, JSON],
        request: Asked,
        reception: NamedDependency[Reception],
        verification: NamedDependency[VerificationService],
    ) -> Response[StatusOut]:
        """Changes an unverified address at once; for a verified one a link goes to the new address first."""
        visitor = await reception.require(request)
        changed = await verification.request_change(
            visitor.user, Email(data.newEmail), data.callbackURL or "", source=network_of(request)
        )
        if changed is None:
            return Response(StatusOut(), headers=renewed_headers(request))
        headers = reception.keep(request, visitor.session, remembered=reception.is_remembered(request))
        return Response(StatusOut(), headers=headers)

    @post(
        "/delete-user",
        status_code=200,
        summary="Delete the account",
        responses={
            **coded(
                400,
                ("INVALID_PASSWORD", "Invalid password"),
                ("SESSION_EXPIRED", "Session expired. Re-authenticate to perform this action."),
            ),
            **coded(404, ("INVALID_TOKEN", "Invalid token")),
            **CLOSED,
            **LIMITED,
            **WRITES,
        },
    )
    async def delete_user(
        self,
        data: Annotated[DeleteIn, JSON],
        request: Asked,
        reception: NamedDependency[Reception],
        profile: NamedDependency[ProfileService],
    ) -> Response[DeletedOut]:
        """Deletes the account with all tasks and sessions: with the password, or within a day of signing in."""
        visitor = await reception.require(request)
        if data.token is not UNSET:
            raise Refused(404, "INVALID_TOKEN", "Invalid token")
        password = None if data.password is UNSET else Password.attempt(data.password)
        await profile.delete(password, by=visitor.user, session=visitor.session)
        reception.forget(request)
        return Response(DeletedOut(), headers=NO_STORE)

    @get("/delete-user/callback", include_in_schema=False)
    async def delete_user_callback(
        self,
        request: Asked,
        reception: NamedDependency[Reception],
        token: Annotated[str | None, QueryParameter()] = None,
    ) -> None:
        """Accounts are deleted without a letter, so no token of one is ever good."""
        if await reception.find(request) is None:
            raise Refused(404, "FAILED_TO_GET_USER_INFO", "Failed to get user info")
        raise Refused(404, "INVALID_TOKEN", "Invalid token")

    @get("/list-accounts", summary="Ways to sign in", responses={**CLOSED, **BUSY})
    async def list_accounts(
        self, request: Asked, reception: NamedDependency[Reception], profile: NamedDependency[ProfileService]
    ) -> Response[list[AccountOut]]:
        """How the user can sign in: by password, and by what an earlier server has left."""
        visitor = await reception.require(request)
        accounts = await profile.accounts(by=visitor.user)
        return Response([AccountOut.of(account) for account in accounts], headers=renewed_headers(request))
