"""Paths of this site: where a page sends somebody next."""

import re
from typing import Final
from urllib.parse import quote, urlencode

HOME: Final = "/tasks"
LONGEST: Final = 2_000
HIDDEN: Final = re.compile("%(2f|5c|25)", re.IGNORECASE)
"""A slash, a backslash or a percent sign that something further on could unpack."""


def local_path(given: str | None) -> str:
    """A path of this site that somebody is to come back to; the list of tasks for whatever else was given.

    Browsers take a backslash for a slash, and pass over control characters: `//host` and its kin lead elsewhere.
    """
    path = given or ""
    if not path.startswith("/") or path.startswith("//") or "\\" in path or len(path) > LONGEST:
        return HOME
    if path.startswith("/api/") or HIDDEN.search(path.partition("?")[0]):
        return HOME  # answers for programs; and slashes that the sign-in side takes for an attempt to lead elsewhere
    return path if path.isprintable() and " " not in path else HOME


def login(*, message: str = "", then: str = HOME) -> str:
    """The page to log in on, with a message, and with where to go from there."""
    query = {name: value for name, value in (("message", message), ("next", then)) if value not in {"", HOME}}
    return "/login" + (f"?{urlencode(query, quote_via=quote)}" if query else "")
