"""From the `User-Agent` of a session to words that its user knows the device by."""

import re
from typing import Final

PROGRAMS: Final = (
    ("Edg(?:e|A|iOS)?/", "Edge"),
    ("OPR/|Opera", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/|FxiOS/", "Firefox"),
    ("Chrome/|CriOS/|Chromium/", "Chrome"),
    ("Safari/", "Safari"),
    ("^curl/", "curl"),
    ("^node|undici", "Node.js"),
    ("python|httpx", "Python"),
)
"""The first that fits counts: most browsers name those before them, too."""

SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X|Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux|X11", "Linux"),
)
LONGEST: Final = 60


def device_name(agent: str) -> str:
    """Like *Firefox on Windows*; for what nobody knows, the beginning of what it said."""
    program = _first(PROGRAMS, agent)
    system = _first(SYSTEMS, agent)
    if program and system:
        return f"{program} on {system}"
    return program or system or agent[:LONGEST].strip() or "Unknown device"


def _first(known: tuple[tuple[str, str], ...], agent: str) -> str:
    return next((name for form, name in known if re.search(form, agent, re.IGNORECASE)), "")
