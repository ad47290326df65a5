"""Files for browsers: kept in memory, and named by a hash of their content, so that they may be cached for good."""

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Any, Final, Self

from litestar import Request, Response
from litestar.exceptions import NotFoundException

COMMON: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Encoding",
}
ASSET_HEADERS: Final[Mapping[str, str]] = {**COMMON, "Cache-Control": "public, max-age=31536000, immutable"}

MEDIA_TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
PLAIN: Final = "text/plain"

IMPORTED: Final = re.compile(r"""(?<=(?:from|port)\s["']\./)[\w-]+\.js(?=["'])""")
"""What a module imports from beside it: `from "./api.js"`, `import "./theme.js"`."""


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


class Shelf:
    """The files of one folder, by the names in their addresses.

    A module names the modules it imports by their addresses too: when one changes, so does the address of each that
    needs it. They must not import one another in a circle.
    """

    def __init__(self, folder: Traversable, paths: tuple[str, ...], *, prefix: str) -> None:
        self._folder = folder
        self._paths = {path.rpartition("/")[2]: path for path in paths}
        self._prefix = prefix
        self._names: dict[str, str] = {}
        self._served: dict[str, Served] = {}
        for name in self._paths:
            self._place(name)

    def address(self, name: str) -> str:
        """Where a browser finds the file. Raises `KeyError` for one that is not here."""
        return self._prefix + self._names[name]

    def answer(self, name: str, request: Request[Any, Any, Any]) -> Response[bytes | None]:
        """The file of an address's last part. Raises `NotFoundException`."""
        if name not in self._served:
            raise NotFoundException
        return self._served[name].answer(request.headers)

    def _place(self, name: str) -> str:
        if name not in self._names:
            content = (self._folder / self._paths[name]).read_bytes()
            suffix = name[name.rfind(".") :] if "." in name else ""
            if suffix == ".js" and "/" not in self._paths[name]:  # in folders below stands what others have built
                content = IMPORTED.sub(lambda found: self._place(found[0]), content.decode()).encode()
            served = Served.of(content, MEDIA_TYPES.get(suffix, PLAIN), ASSET_HEADERS)
            self._names[name] = f"{served.fingerprint}-{name}"
            self._served[self._names[name]] = served
        return self._names[name]


def accepts_gzip(accept_encoding: str) -> bool:
    """Also for `*`, and not for `gzip;q=0`."""
    weights = {
        coding.strip().lower(): weight.strip() or "q=1"
        for coding, _, weight in (part.partition(";") for part in accept_encoding.split(","))
    }
    weight = weights.get("gzip", weights.get("*", "q=0"))
    return not re.fullmatch(r"q\s*=\s*0(\.0*)?", weight, re.IGNORECASE)
