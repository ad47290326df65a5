"""For who has forgotten a password: asking for a letter, and choosing a new one by its link."""

from collections.abc import Mapping

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect, Template

from todo.domain.errors import DomainError, TicketInvalid
from todo.domain.model.user import Email, Password
from todo.domain.services.passwords import PasswordService
from todo.entrypoints.http.auth.reception import network_of, same_for_all
from todo.entrypoints.web.forms import Fault, fields_of
from todo.entrypoints.web.pages import Asked, Site, page, see_other
from todo.entrypoints.web.places import login

RESET_PAGE = "/reset-password"
"""Where the link of a letter ends."""

LINK_HEADERS: Mapping[str, str] = {"Referrer-Policy": "strict-origin"}
"""The address holds the token of a letter: it is told to nobody, our own files included."""


class PasswordPages(Controller):
    include_in_schema = False

    @get("/forgot-password")
    async def ask_page(self, request: Asked, site: NamedDependency[Site]) -> Template:
        return _ask(request, site, sent="sent" in request.query_params)

    @post("/forgot-password", status_code=303)
    async def ask(
        self, request: Asked, site: NamedDependency[Site], passwords: NamedDependency[PasswordService]
    ) -> Template | Redirect:
        """The answer is the same for every address, and takes as long."""
        email = (await fields_of(request)).get("email", "")
        try:
            async with same_for_all():
                await passwords.request_reset(Email(email), RESET_PAGE, source=network_of(request))
        except DomainError as error:
            return _ask(request, site, email=email, fault=Fault.of(error))
        return see_other("/forgot-password?sent")

    @get(RESET_PAGE)
    async def choose_page(self, request: Asked, site: NamedDependency[Site]) -> Template:
        return _choose(request, site, token=request.query_params.get("token", ""))

    @post(RESET_PAGE, status_code=303)
    async def choose(
        self, request: Asked, site: NamedDependency[Site], passwords: NamedDependency[PasswordService]
    ) -> Template | Redirect:
        form = await fields_of(request)
        token = form.get("token", "")
        try:
            await passwords.reset(token, Password(form.get("password", "")))
        except TicketInvalid:
            return _choose(request, site, token="")
        except DomainError as error:
            return _choose(request, site, token=token, fault=Fault.of(error))
        return see_other(login(message="password-changed"))


def _ask(request: Asked, site: Site, *, email: str = "", sent: bool = False, fault: Fault | None = None) -> Template:
    status, headers = (fault.status, fault.headers) if fault else (200, {})
    return page(
        request, "forgot_password", status=status, headers=headers, site=site, email=email, sent=sent, fault=fault
    )


def _choose(request: Asked, site: Site, *, token: str, fault: Fault | None = None) -> Template:
    """Without a token the page says that the link is of no use any more."""
    status = fault.status if fault else 200 if token else 400
    headers = {**LINK_HEADERS, **(fault.headers if fault else {})}
    return page(request, "reset_password", status=status, headers=headers, site=site, token=token, fault=fault)
