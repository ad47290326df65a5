"""Paths of this site: where a page sends somebody next."""

from typing import Final
from urllib.parse import quote, urlencode

HOME: Final = "/tasks"
LONGEST: Final = 2_000


def local_path(given: str | None) -> str:
    """A path of this site that somebody is to come back to; the list of tasks for whatever else was given.

    Browsers take a backslash for a slash, and pass over control characters: `//host` and its kin lead elsewhere.
    """
    path = given or ""
    if not path.startswith("/") or path.startswith("//") or "\\" in path or len(path) > LONGEST:
        return HOME
    return path if path.isprintable() and " " not in path else HOME


def login(*, message: str = "", then: str = HOME) -> str:
    """The page to log in on, with a message, and with where to go from there."""
    query = {name: value for name, value in (("message", message), ("next", then)) if value not in {"", HOME}}
    return "/login" + (f"?{urlencode(query, quote_via=quote)}" if query else "")
