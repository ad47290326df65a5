"""The port to what counts attempts, for all workers together."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from todo.domain.model.pace import Bucket, Pseudonym


class Throttle(Protocol):
    """Every method is whole by itself, and may raise `StoreUnavailable`: then nobody has been let through."""

    async def charge(self, buckets: Sequence[Bucket], *, at: datetime) -> None:
        """Takes one from each bucket, or from none when one of them is empty: raises `TooManyAttempts`.

        However many come at once, no more are let through than a bucket has. May raise `Busy`.
        """
        ...

    async def give_back(self, buckets: Sequence[Bucket], *, filling: Sequence[Bucket] = ()) -> None:
        """Gives back one of what was taken from each bucket, and everything to those in `filling`."""
        ...


class Pseudonyms(Protocol):
    def of(self, *words: str) -> Pseudonym:
        """The same for the same words, always; who does not hold the secret cannot tell the words from it."""
        ...
