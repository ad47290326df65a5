"""Mail for development: the link stands in the log, to be followed from there."""

import logging
from collections.abc import Callable

from todo.domain.model.letter import Letter
from todo.domain.ports.mailer import Mailer

log = logging.getLogger("todo.letters")
"""A name of its own: what it says is written as it is, though it looks like a secret."""


class LogMailer(Mailer):
    """Writes the token into the log, so it is for one's own machine only.

    It warns, because a warning is seen without setting anything.
    """

    def __init__(self, *, link_of: Callable[[Letter], str]) -> None:
        self._link_of = link_of

    @property
    def enabled(self) -> bool:
        return True

    def post(self, letter: Letter) -> None:
        log.warning("would send %s to %s: %s", letter.purpose.value, letter.to, self._link_of(letter))
