"""From a template to an answer: what every page has in common."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request, Response, get
from litestar.params import FromPath
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Redirect, Template
from litestar.template import TemplateConfig
from msgspec.structs import asdict

from todo.domain.model.user import Password
from todo.entrypoints.http.assets import Shelf
from todo.entrypoints.web import words

Asked = Request[Any, Any, Any]
HERE: Final = Path(__file__).parent

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

PAGE_HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    # `no-referrer` would have browsers send `Origin: null` with our own forms (Fetch standard, append a request Origin)
    "Referrer-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What an operator has decided, as far as pages show it."""

    base_url: str
    signup_open: bool = True
    mail: bool = False
    """Whether letters are sent: without them nobody can be helped who has forgotten a password."""


@cache
def shelf() -> Shelf:
    """Style sheet, scripts and icon."""
    names = tuple(sorted(path.name for path in (HERE / "static").iterdir() if path.is_file()))
    return Shelf(files(__package__) / "static", names, prefix="/static/")


# In a thread: the first request reads and compresses all of them.
@get("/static/{name:str}", include_in_schema=False, sync_to_thread=True)
def static_file(name: FromPath[str], request: Asked) -> Response[bytes | None]:
    return shelf().answer(name, request)


@get("/favicon.ico", include_in_schema=False, status_code=308)
async def favicon() -> Redirect:
    """For who asks without having been told of the icon."""
    return Redirect(shelf().address("icon.svg"), status_code=308)


def templates() -> TemplateConfig[JinjaTemplateEngine]:
    """Everything that is shown is escaped; a name that a template knows and nobody gives is an error."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.globals.update(
        asset=lambda name: shelf().address(name),
        shortest_password=Password.SHORTEST,
        longest_password=Password.LONGEST,
        sayings={code: asdict(saying) for code, saying in words.REFUSALS.items()},
        name_sayings={"VALIDATION_ERROR": asdict(words.NAME_REFUSED)},
    )
    return TemplateConfig(instance=JinjaTemplateEngine.from_environment(environment))


def page(
    request: Asked, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **shown: Any
) -> Template:
    """A page that nobody keeps a copy of."""
    theme = request.cookies.get("theme")
    return Template(
        f"{template}.html.jinja",
        context={"theme": theme if theme in {"light", "dark"} else "", **shown},
        status_code=status,
        headers={**PAGE_HEADERS, **(headers or {})},
        media_type="text/html",
    )


def see_other(path: str) -> Redirect:
    """Where a form leads when it has worked. Its answer is never kept, and never sent again by reloading."""
    return Redirect(path, status_code=303, headers={"Cache-Control": "no-store"})
