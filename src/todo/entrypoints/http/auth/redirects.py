"""Where letters lead, and where the client is sent after."""

from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from todo.domain.model.letter import Letter, Purpose


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """The public address of the service: scheme, host and port."""

    url: str

    def of(self, target: str) -> str:
        """A path as a URL; a URL as it is."""
        return f"{self.url}{target}" if target.startswith("/") else target

    def link(self, letter: Letter) -> str:
        """What a person clicks on in a letter."""
        if letter.purpose == Purpose.RESET_PASSWORD:
            callback = quote(letter.callback, safe="")
            return f"{self.url}/api/auth/reset-password/{letter.token}?callbackURL={callback}"
        callback = quote(letter.callback or "/", safe="")
        return f"{self.url}/api/auth/verify-email?token={letter.token}&callbackURL={callback}"


def as_location(url: str) -> str:
    """As it can stand in a header: what is not ASCII is escaped, and nothing is escaped twice."""
    return quote(url, safe="/#%[]=:;$&()+,!?*@'~")


def with_parameter(url: str, **parameter: str) -> str:
    """The URL with one parameter more in its query."""
    parts = urlsplit(url)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *parameter.items()])
    return urlunsplit(parts._replace(query=query))
