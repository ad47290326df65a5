"""One's own account: name, password, sessions, and the way out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect, Template

from todo.domain.errors import DomainError, Invalid, SessionStale
from todo.domain.model.session import Session, SessionHandle
from todo.domain.model.user import Name, Password
from todo.domain.services.passwords import PasswordService
from todo.domain.services.profile import ProfileService
from todo.entrypoints.http.auth.reception import Reception, Visitor, device_of
from todo.entrypoints.web.devices import device_name
from todo.entrypoints.web.forms import Fault, fields_of
from todo.entrypoints.web.pages import Asked, page, see_other
from todo.entrypoints.web.places import login
from todo.entrypoints.web.words import NAME_REFUSED

DONE = {
    "name": "Your name has been saved.",
    "password": "Your password has been changed. Your other sessions have ended.",
    "session": "That session has ended.",
    "sessions": "Your other sessions have ended.",
}
"""What `/account?done=` may ask for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLine:
    """A session as its user knows it."""

    handle: str
    device: str
    address: str
    began: datetime
    used: datetime
    """To within a day: a session is extended once a day."""
    is_this: bool

    @classmethod
    def of(cls, session: Session, *, this: Session) -> Self:
        return cls(
            handle=session.handle,
            device=device_name(session.device.agent),
            address=session.device.address or "unknown address",
            began=session.created_at,
            used=session.updated_at,
            is_this=session.id == this.id,
        )


class AccountPages(Controller):
    path = "/account"
    include_in_schema = False

    @get()
    async def account_page(
        self, request: Asked, visitor: NamedDependency[Visitor], profile: NamedDependency[ProfileService]
    ) -> Template:
        return await _page(request, visitor, profile, done=DONE.get(request.query_params.get("done", "")))

    @post("/name", status_code=303)
    async def rename(
        self, request: Asked, visitor: NamedDependency[Visitor], profile: NamedDependency[ProfileService]
    ) -> Template | Redirect:
        name = (await fields_of(request)).get("name", "")
        try:
            await profile.describe(name=Name(name.strip()), by=visitor.user)
        except Invalid:
            fault = Fault(status=400, text=NAME_REFUSED.text, field=NAME_REFUSED.field, headers={})
            return await _page(request, visitor, profile, form="name", fault=fault, name=name)
        return see_other("/account?done=name")

    @post("/password", status_code=303)
    async def change_password(
        self,
        request: Asked,
        visitor: NamedDependency[Visitor],
        reception: NamedDependency[Reception],
        profile: NamedDependency[ProfileService],
        passwords: NamedDependency[PasswordService],
    ) -> Template | Redirect:
        """The other sessions end, and this one goes on as a new one."""
        form = await fields_of(request)
        try:
            begun = await passwords.change(
                Password.attempt(form.get("current", "")),
                Password(form.get("password", "")),
                by=visitor.user,
                session=visitor.session,
                anew=device_of(request),
            )
        except DomainError as error:
            return await _page(request, visitor, profile, form="password", fault=Fault.of(error))
        if begun is not None:
            reception.keep(request, begun, remembered=reception.is_remembered(request))
        return see_other("/account?done=password")

    @post("/session", status_code=303)
    async def end_session(
        self,
        request: Asked,
        visitor: NamedDependency[Visitor],
        reception: NamedDependency[Reception],
        profile: NamedDependency[ProfileService],
    ) -> Redirect:
        """Ending one's own session is logging out."""
        handle = SessionHandle((await fields_of(request)).get("session", ""))
        await profile.end_session(handle, by=visitor.user)
        if handle == visitor.session.handle:
            reception.forget(request)
            return see_other("/login")
        return see_other("/account?done=session")

    @post("/sessions", status_code=303)
    async def end_other_sessions(
        self, visitor: NamedDependency[Visitor], profile: NamedDependency[ProfileService]
    ) -> Redirect:
        await profile.end_sessions(by=visitor.user, keep=visitor.session)
        return see_other("/account?done=sessions")

    @post("/delete", status_code=303)
    async def delete(
        self,
        request: Asked,
        visitor: NamedDependency[Visitor],
        reception: NamedDependency[Reception],
        profile: NamedDependency[ProfileService],
    ) -> Template | Redirect:
        """Always asks for the password, however short a time ago somebody has logged in."""
        password = (await fields_of(request)).get("current", "")
        try:
            await profile.delete(Password.attempt(password), by=visitor.user, session=visitor.session)
        except DomainError as error:
            return await _page(request, visitor, profile, form="delete", fault=Fault.of(error))
        reception.forget(request)
        return see_other(login(message="account-deleted"))


async def _page(
    request: Asked,
    visitor: Visitor,
    profile: ProfileService,
    *,
    form: str = "",
    fault: Fault | None = None,
    **shown: Any,
) -> Template:
    """With the form that was not accepted, and why. Somebody who logged in long ago is asked to do so again first."""
    try:
        sessions = await profile.sessions(by=visitor.user, session=visitor.session)
        lines = [SessionLine.of(session, this=visitor.session) for session in reversed(sessions)]
        lines.sort(key=lambda line: not line.is_this)
    except SessionStale:
        lines = None
    status, headers = (fault.status, fault.headers) if fault else (200, {})
    return page(
        request,
        "account",
        status=status,
        headers=headers,
        user=visitor.user,
        sessions=lines,
        form=form,
        fault=fault,
        **{"name": str(visitor.user.name), "done": None, **shown},
    )
