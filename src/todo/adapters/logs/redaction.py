"""Takes secrets out of what is about to be written: by the name they stand under, and by what they look like."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

GONE: Final = "[redacted]"

TELLING: Final = re.compile(r"passw|pwd|secret|token|authorization|cookie|dsn|credential|api_?key", re.IGNORECASE)
"""Parts of names under which secrets stand."""

HARMLESS: Final = frozenset({"event", "logger", "level", "ts", "request_id"})
"""Names of ours that hold none, but for what the patterns find."""

NAMED: Final = r"(?:\w*(?:passw(?:or)?d|passwd|pwd|secret|token|dsn))"
PATTERNS: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"\b([a-z][a-z0-9+.-]*://[^\s/:@]*):[^\s/@]+@", re.IGNORECASE), rf"\1:{GONE}@"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]*(?:\.[\w-]*)*"), GONE),
    (re.compile(r"\b[\w-]{20,}\.[A-Za-z0-9+/_-]{42,}(?:=|%3D){0,2}", re.IGNORECASE), GONE),  # token.signature
    (
        re.compile(r"\b((?:proxy-)?authorization|(?:set-)?cookie)(['\"]?\s*[:=]\s*)[^\r\n]+", re.IGNORECASE),
        rf"\1\2{GONE}",
    ),
    (re.compile(rf"\b({NAMED}['\"]?\s*[=:]\s*)(?:\"[^\"]*\"|'[^']*'|[^\s,;&)}}\]]+)", re.IGNORECASE), rf"\1{GONE}"),
)


class Redaction:
    """`known` are secrets of our own, such as the signing key: they never stand in a line, wherever they come from."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._known = sorted({secret for secret in known if secret}, key=len, reverse=True)

    def fields(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: GONE if name not in HARMLESS and TELLING.search(name) else self.value(value)
            for name, value in fields.items()
        }

    def value(self, value: Any) -> Any:
        match value:
            case str():
                return self.text(value)
            case Mapping():
                return self.fields({str(name): inner for name, inner in value.items()})
            case list() | tuple() | set() | frozenset():
                return [self.value(inner) for inner in value]
            case None | bool() | int() | float():
                return value
        return self.text(str(value))

    def text(self, text: str) -> str:
        for secret in self._known:
            text = text.replace(secret, GONE)
        for pattern, replacement in PATTERNS:
            text = pattern.sub(replacement, text)
        return text
