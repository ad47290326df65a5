"""How often something may be tried."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NewType

Pseudonym = NewType("Pseudonym", bytes)
"""Stands for a text that it does not tell: 16 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """So many at once, then one more every so often.

    Kept as one moment, at which everything taken so far will have been paid for (the "theoretical arrival time" of
    GCRA, ITU-T I.371). A moment in the past is as good as none.
    """

    burst: int
    every: timedelta

    def taken(self, due: datetime, *, at: datetime) -> datetime:
        """The moment after one more has been taken."""
        return max(due, at) + self.every

    def wait(self, due: datetime, *, at: datetime) -> timedelta:
        """How long until one more may be taken; nothing, or less, when it may be now."""
        return self.taken(due, at=at) - self.every * self.burst - at


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """What is counted under one name."""

    name: Pseudonym
    pace: Pace


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How often one may try what guessers and floods try. Each is there for a reason of its own."""

    network: Pace = Pace(burst=30, every=timedelta(seconds=20))
    """Wrong passwords from one address, for whichever accounts."""
    account_here: Pace = Pace(burst=10, every=timedelta(minutes=15))
    """Wrong passwords for one account from one address."""
    account_elsewhere: Pace = Pace(burst=30, every=timedelta(minutes=60))
    """Wrong passwords for one account from all the places together that the account does not know."""
    confirmation: Pace = Pace(burst=5, every=timedelta(minutes=15))
    """Wrong passwords of somebody who is signed in, and is to confirm that."""
    sign_up: Pace = Pace(burst=5, every=timedelta(minutes=6))
    """Accounts made from one address."""
    letters_here: Pace = Pace(burst=5, every=timedelta(minutes=6))
    """Letters caused from one address."""
    letters_to: Pace = Pace(burst=30, every=timedelta(minutes=60))
    """Letters to one mailbox, whoever causes them. Nobody is locked out by it: a letter that works is in there."""
    requests: Pace | None = Pace(burst=200, every=timedelta(milliseconds=20))
    """What one user asks of one worker about tasks; a long answer counts as several. `None`: as much as it can do."""
    requests_under_way: int = 10
    """Of one user in one worker, where they are counted: one user's slow ones are not to keep all others waiting."""

    @classmethod
    def where_many_share_an_address(cls) -> "Limits":
        """For development and tests: what counts by address alone is very wide, and nobody asks too much."""
        wide = Pace(burst=1000, every=timedelta(seconds=1))
        return cls(network=wide, sign_up=wide, letters_here=wide, requests=None)
