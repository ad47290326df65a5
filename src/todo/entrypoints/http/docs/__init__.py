"""`/docs`: Swagger UI over `/openapi.json`, from files we ship ourselves; nothing on the page comes from elsewhere.

An asset's address carries a hash of its content, so a browser may keep it for good; the page names those addresses.
"""

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final, Self

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

ASSETS: Final[Mapping[str, str]] = {
    "docs.css": "text/css",
    "start.js": "text/javascript",
    "swagger-ui/LICENSE": "text/plain",
    "swagger-ui/favicon-32x32.png": "image/png",
    "swagger-ui/swagger-ui-bundle.js": "text/javascript",
    "swagger-ui/swagger-ui.css": "text/css",
}
"""Everything that is served, with its content type."""

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
COMMON: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Encoding",
}
PAGE_HEADERS: Final[Mapping[str, str]] = {**COMMON, "Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}
ASSET_HEADERS: Final[Mapping[str, str]] = {**COMMON, "Cache-Control": "public, max-age=31536000, immutable"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One file in memory, plain and gzipped."""

    content: bytes
    gzipped: bytes
    fingerprint: str
    media_type: str
    headers: Mapping[str, str]

    @classmethod
    def of(cls, content: bytes, media_type: str, headers: Mapping[str, str]) -> Self:
        return cls(
            content=content,
            gzipped=gzip.compress(content, mtime=0),
            fingerprint=hashlib.sha256(content).hexdigest()[:12],
            media_type=media_type,
            headers=headers,
        )

    def answer(self, headers: Mapping[str, str]) -> Response[bytes | None]:
        """What somebody gets who asks with these headers; 304 for who has it already."""
        zipped = len(self.gzipped) < len(self.content) and accepts_gzip(headers.get("accept-encoding", ""))
        etag = f'"{self.fingerprint}-gzip"' if zipped else f'"{self.fingerprint}"'
        known = headers.get("if-none-match", "")
        if known.strip() == "*" or etag in re.findall(r'"[^"]*"', known):
            return Response(None, status_code=304, headers={**self.headers, "ETag": etag})
        return Response(
            self.gzipped if zipped else self.content,
            media_type=self.media_type,
            headers={**self.headers, "ETag": etag} | ({"Content-Encoding": "gzip"} if zipped else {}),
        )


def accepts_gzip(accept_encoding: str) -> bool:
    """Also for `*`, and not for `gzip;q=0`."""
    weights = {
        coding.strip().lower(): weight.strip() or "q=1"
        for coding, _, weight in (part.partition(";") for part in accept_encoding.split(","))
    }
    weight = weights.get("gzip", weights.get("*", "q=0"))
    return not re.fullmatch(r"q\s*=\s*0(\.0*)?", weight, re.IGNORECASE)


@cache
def shelf() -> tuple[Served, Mapping[str, Served]]:
    """The page, and the assets by the name in their address. Read and gzipped once, at the first request."""
    here = files(__name__)
    named = {
        path.rpartition("/")[2]: Served.of((here / path).read_bytes(), media_type, ASSET_HEADERS)
        for path, media_type in ASSETS.items()
    }
    addresses = {name: f"{asset.fingerprint}-{name}" for name, asset in named.items()}
    page = re.sub(
        r"(?<=/docs/assets/)[\w.-]+",
        lambda name: addresses[name[0]],
        (here / "index.html").read_text(encoding="utf-8"),
    )
    return (
        Served.of(page.encode(), "text/html", PAGE_HEADERS),
        {addresses[name]: asset for name, asset in named.items()},
    )


# In a thread each: the first request reads and compresses two megabytes.
@get("/docs", include_in_schema=False, sync_to_thread=True)
def docs_page(request: Request[Any, Any, Any]) -> Response[bytes | None]:
    page, _ = shelf()
    return page.answer(request.headers)


@get("/docs/assets/{name:str}", include_in_schema=False, sync_to_thread=True)
def docs_asset(name: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes | None]:
    _, assets = shelf()
    if name not in assets:
        raise NotFoundException
    return assets[name].answer(request.headers)


@get("/redoc", include_in_schema=False, status_code=307)
async def redoc() -> Redirect:
    return Redirect("/docs", status_code=307)


docs_handlers: Final[list[HTTPRouteHandler]] = [docs_page, docs_asset, redoc]
