"""The port to people's mailboxes."""

from typing import Protocol

from todo.domain.model.letter import Letter


class Mailer(Protocol):
    @property
    def enabled(self) -> bool:
        """Whether letters are sent at all. What needs them is refused when they are not."""
        ...

    def post(self, letter: Letter) -> None:
        """Takes the letter and returns at once: it is sent in the background, and tried a few times.

        Call it after the commit. A letter that cannot be sent is told in the log, without its token.
        """
        ...
