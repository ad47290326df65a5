"""`/docs`: Swagger UI over `/openapi.json`, from files we ship ourselves; nothing on the page comes from elsewhere.

An asset's address carries a hash of its content, so a browser may keep it for good; the page names those addresses.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from todo.entrypoints.http.assets import COMMON, Served, Shelf

ASSETS: Final = (
    "docs.css",
    "start.js",
    "swagger-ui/LICENSE",
    "swagger-ui/favicon-32x32.png",
    "swagger-ui/swagger-ui-bundle.js",
    "swagger-ui/swagger-ui.css",
)
"""Everything that is served."""

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",  # the arrows and locks of Swagger UI's style sheet are data: addresses
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
PAGE_HEADERS: Final[Mapping[str, str]] = {**COMMON, "Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}


@cache
def shelf() -> Shelf:
    """The assets. Read and gzipped once, at the first request."""
    return Shelf(files(__name__), ASSETS, prefix="/docs/assets/")


@cache
def page() -> Served:
    """The page, with the assets' addresses in the place of their names."""
    text = (files(__name__) / "index.html").read_text(encoding="utf-8")
    text = re.sub(r"/docs/assets/([\w.-]+)", lambda found: shelf().address(found[1]), text)
    return Served.of(text.encode(), "text/html", PAGE_HEADERS)


# In a thread each: the first request reads and compresses two megabytes.
@get("/docs", include_in_schema=False, sync_to_thread=True)
def docs_page(request: Request[Any, Any, Any]) -> Response[bytes | None]:
    return page().answer(request.headers)


@get("/docs/assets/{name:str}", include_in_schema=False, sync_to_thread=True)
def docs_asset(name: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes | None]:
    return shelf().answer(name, request)


@get("/redoc", include_in_schema=False, status_code=307)
async def redoc() -> Redirect:
    return Redirect("/docs", status_code=307)


docs_handlers: Final[list[HTTPRouteHandler]] = [docs_page, docs_asset, redoc]
