"""Letters for the tests, and an outbox that keeps them."""

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

from todo.domain.model.letter import Letter, Purpose
from todo.domain.model.user import Email, Name
from todo.domain.ports.mailer import Mailer

TOKEN = "wQyFFb0mbNkjaRoXkGjgbwyd"


def a_letter(
    purpose: Purpose = Purpose.RESET_PASSWORD,
    *,
    to: str = "ada@example.com",
    name: str = "Ada",
    token: str = TOKEN,
    callback: str = "/after?all=1&more=2",
) -> Letter:
    return Letter(purpose=purpose, to=Email(to), name=Name(name), token=token, callback=callback)


def link_of(letter: Letter) -> str:
    """A link like the real ones, with a query that HTML has to escape."""
    path = letter.purpose.name.lower().replace("_", "-")
    return (
        f"https://todo.example.com/api/auth/{path}?token={letter.token}&callbackURL={quote(letter.callback, safe='')}"
    )


@dataclass(frozen=True)
class Arrival:
    """A letter where it was sent to: what a person could read in it, as plain text."""

    to: str
    text: str


class Mailbox(Protocol):
    async def arrivals(self) -> list[Arrival]:
        """Waits until all that is posted has arrived. Nothing more is posted after that."""
        ...


class OutboxMailer(Mailer, Mailbox):
    """Keeps letters in a list, the oldest first."""

    def __init__(self, *, enabled: bool = True) -> None:
        self._enabled = enabled
        self.letters: list[Letter] = []

    @property
    def enabled(self) -> bool:
        return self._enabled

    def post(self, letter: Letter) -> None:
        if not self._enabled:
            raise RuntimeError("no letter can be sent here: ask `enabled` first")
        self.letters.append(letter)

    def take(self) -> Letter:
        """The one letter there is. The outbox is empty then."""
        (letter,) = self.letters
        self.letters.clear()
        return letter

    async def arrivals(self) -> list[Arrival]:
        return [Arrival(to=letter.to, text=link_of(letter)) for letter in self.letters]
