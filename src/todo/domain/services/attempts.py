"""How often people may try what guessers and floods try."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from todo.domain.errors import CredentialsWrong, PasswordWrong, StoreUnavailable, Unavailable
from todo.domain.model.network import Network
from todo.domain.model.pace import Bucket, Limits, Pace, Pseudonym
from todo.domain.model.user import Email, User, UserId
from todo.domain.ports.clock import Clock
from todo.domain.ports.store import Store, UnitOfWork
from todo.domain.ports.throttle import Pseudonyms

KNOWN_FOR = timedelta(days=90)
"""How long an account knows a place after the last sign-in from there."""
MOST_NETWORKS = 20
"""That one account knows."""


class Attempts:
    """Says what is counted, and how fast. Every attempt is counted before it is looked at.

    Nobody can lock another out: who signs in from where they have signed in before is not touched by what others try
    elsewhere. An address that is nobody's is counted like any, so a refusal says nothing about it.
    """

    def __init__(self, *, store: Store, pseudonyms: Pseudonyms, clock: Clock, limits: Limits | None = None) -> None:
        self._store = store
        self._pseudonyms = pseudonyms
        self._clock = clock
        self._limits = limits or Limits()

    @asynccontextmanager
    async def signing_in(self, email: Email, user: User | None, *, source: Network) -> AsyncIterator[None]:
        """Around the comparison of a password with that of the address. Raises `TooManyAttempts` or `Busy`."""
        limits = self._limits
        here = self._bucket(limits.account_here, "account here", email, source.host)
        others = [self._bucket(limits.network, "network", source.host)]
        if user is None or not await self._knows(user.id, source):
            others.append(self._bucket(limits.account_elsewhere, "account elsewhere", email))
        async with self._guessing(others, filling=[here]):
            yield

    @asynccontextmanager
    async def confirming(self, user: UserId) -> AsyncIterator[None]:
        """Around the comparison of a password with that of who is signed in. Raises `TooManyAttempts` or `Busy`."""
        async with self._guessing([self._bucket(self._limits.confirmation, "confirmation", user)]):
            yield

    async def sign_up(self, *, source: Network) -> None:
        """Raises `TooManyAttempts` or `Busy`."""
        await self._charge([self._bucket(self._limits.sign_up, "sign-up", source.host)])

    async def write(self, email: Email, *, source: Network) -> None:
        """Before a letter to an address that somebody has named. Raises `TooManyAttempts` or `Busy`."""
        await self._charge(
            [
                self._bucket(self._limits.letters_here, "letters", source.host),
                self._bucket(self._limits.letters_to, "letters to", email),
            ]
        )

    async def remember(self, work: UnitOfWork, user: UserId, *, source: Network) -> None:
        """From now on the account knows this place."""
        await work.remember_network(user, self._place(source), at=self._clock.now(), most=MOST_NETWORKS)

    async def _knows(self, user: UserId, source: Network) -> bool:
        since = self._clock.now() - KNOWN_FOR
        return await self._store.networks.is_known(user, self._place(source), since=since)

    @asynccontextmanager
    async def _guessing(self, buckets: Sequence[Bucket], *, filling: Sequence[Bucket] = ()) -> AsyncIterator[None]:
        """Counts wrong guesses. A right one gives back what it took; so does one that nobody could look at.

        One that was broken off stays counted: who hangs up has used it.
        """
        await self._charge([*buckets, *filling])
        try:
            yield
        except (CredentialsWrong, PasswordWrong):
            raise
        except Unavailable:
            with suppress(StoreUnavailable):
                await self._store.throttle.give_back([*buckets, *filling])
            raise
        with suppress(StoreUnavailable):  # the attempt has succeeded, whatever is counted
            await self._store.throttle.give_back(buckets, filling=filling)

    async def _charge(self, buckets: Sequence[Bucket]) -> None:
        await self._store.throttle.charge(buckets, at=self._clock.now())

    def _bucket(self, pace: Pace, *words: str) -> Bucket:
        return Bucket(name=self._pseudonyms.of(*words), pace=pace)

    def _place(self, source: Network) -> Pseudonym:
        return self._pseudonyms.of("place", source.area)


class Unlimited(Attempts):
    """Counts nothing."""

    def __init__(self) -> None:
        pass

    @asynccontextmanager
    async def signing_in(self, email: Email, user: User | None, *, source: Network) -> AsyncIterator[None]:
        yield

    @asynccontextmanager
    async def confirming(self, user: UserId) -> AsyncIterator[None]:
        yield

    async def sign_up(self, *, source: Network) -> None: ...

    async def write(self, email: Email, *, source: Network) -> None: ...

    async def remember(self, work: UnitOfWork, user: UserId, *, source: Network) -> None: ...
