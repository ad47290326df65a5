"""Signing up, logging in and out."""

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect, Template

from todo.domain.errors import DomainError
from todo.domain.model.user import Email, Password
from todo.domain.services.accounts import AccountService
from todo.entrypoints.http.auth.reception import Reception, device_of
from todo.entrypoints.web import places
from todo.entrypoints.web.forms import Fault, fields_of
from todo.entrypoints.web.pages import Asked, Site, page, see_other
from todo.entrypoints.web.words import LINK_REFUSED, NOTICES


class SignInPages(Controller):
    include_in_schema = False

    @get("/signup")
    async def sign_up_page(
        self, request: Asked, reception: NamedDependency[Reception], site: NamedDependency[Site]
    ) -> Template | Redirect:
        then = places.local_path(request.query_params.get("next"))
        if await reception.find(request):
            return see_other(then)
        return _sign_up(request, site, then=then)

    @post("/signup", status_code=303)
    async def sign_up(
        self,
        request: Asked,
        accounts: NamedDependency[AccountService],
        reception: NamedDependency[Reception],
        site: NamedDependency[Site],
    ) -> Template | Redirect:
        """Makes an account; then to the tasks, or, where addresses are verified first, to a page that says so."""
        form = await fields_of(request)
        email, then = form.get("email", ""), places.local_path(form.get("next"))
        try:
            made = await accounts.sign_up(
                Email(email),
                Password(form.get("password", "")),
                None,
                callback=_verified(then),
                device=device_of(request),
                replacing=await reception.replaced(request),
            )
        except DomainError as error:
            return _sign_up(request, site, then=then, email=email, fault=Fault.of(error))
        if made.session is None:
            return see_other("/signup?verify")
        reception.keep(request, made.session)
        return see_other(then)

    @get("/login")
    async def log_in_page(
        self, request: Asked, reception: NamedDependency[Reception], site: NamedDependency[Site]
    ) -> Template | Redirect:
        """What `message` asks for is looked up among our own messages: a link cannot speak in our name.

        With `again` it is for somebody, too, who is logged in: some things want that it was a short time ago.
        """
        then = places.local_path(request.query_params.get("next"))
        if "again" not in request.query_params and await reception.find(request):
            return see_other(then)
        notice = NOTICES.get(request.query_params.get("message", ""))
        if "error" in request.query_params:
            notice = LINK_REFUSED
        return _log_in(request, site, then=then, notice=notice)

    @post("/login", status_code=303)
    async def log_in(
        self,
        request: Asked,
        accounts: NamedDependency[AccountService],
        reception: NamedDependency[Reception],
        site: NamedDependency[Site],
    ) -> Template | Redirect:
        form = await fields_of(request)
        email, then = form.get("email", ""), places.local_path(form.get("next"))
        try:
            begun = await accounts.sign_in(
                Email(email),
                Password.attempt(form.get("password", "")),
                callback=_verified(then),
                device=device_of(request),
                replacing=await reception.replaced(request),
            )
        except DomainError as error:
            return _log_in(request, site, then=then, email=email, fault=Fault.of(error))
        reception.keep(request, begun.session)
        return see_other(then)

    @post("/logout", status_code=303)
    async def log_out(self, request: Asked, reception: NamedDependency[Reception]) -> Redirect:
        """Ends the session at once, everywhere."""
        await reception.end(request)
        return see_other("/login")


def _verified(then: str) -> str:
    """Where the link leads that verifies an address."""
    return places.login(message="verified", then=then)


def _sign_up(request: Asked, site: Site, *, then: str, email: str = "", fault: Fault | None = None) -> Template:
    to_verify = request.method == "GET" and "verify" in request.query_params
    return _page(
        request, "signup", site=site, then=then, callback=_verified(then), email=email, fault=fault, to_verify=to_verify
    )


def _log_in(
    request: Asked, site: Site, *, then: str, email: str = "", notice: str | None = None, fault: Fault | None = None
) -> Template:
    return _page(
        request, "login", site=site, then=then, callback=_verified(then), email=email, notice=notice, fault=fault
    )


def _page(request: Asked, name: str, *, fault: Fault | None, **shown: object) -> Template:
    status, headers = (fault.status, fault.headers) if fault else (200, {})
    return page(request, name, status=status, headers=headers, fault=fault, **shown)
