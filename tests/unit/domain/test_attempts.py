"""What is counted of those who try to sign in, and that nobody can lock another out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from tests.builders import ADA, AWAY, BOB, HASH, HOME, PASSWORD, SECRET, HandClock, PlainHasher, a_session, a_user, keep
from tests.mailboxes import OutboxMailer
from todo.adapters.hmac_pseudonyms import HmacPseudonyms
from todo.adapters.memory import MemoryStore
from todo.domain.errors import (
    Busy,
    CredentialsWrong,
    EmailNotVerified,
    EmailTaken,
    PasswordWrong,
    StoreUnavailable,
    TooManyAttempts,
)
from todo.domain.model.network import Network
from todo.domain.model.pace import Bucket, Limits
from todo.domain.model.session import Device
from todo.domain.model.user import Email, Password, PasswordHash, User
from todo.domain.ports.throttle import Throttle
from todo.domain.ports.tokens import EmailProofs
from todo.domain.services.accounts import AccountService, SignUpRules
from todo.domain.services.attempts import KNOWN_FOR, Attempts, Unlimited
from todo.domain.services.passwords import PasswordService
from todo.domain.services.profile import ProfileService
from todo.domain.services.verification import VerificationService

GUESS = Password("a wrong guess")
NOBODY = Email("nobody@example.com")
HOUR = timedelta(hours=1)
MANY = 50


def device(source: Network) -> Device:
    return Device(address=source.host)


def places(number: int) -> list[Network]:
    """So many, of which no two have anything in common."""
    return [Network.of(f"10.{index}.0.1") for index in range(number)]


class World:
    """One service of each kind over one store, and the ways in which people use them."""

    def __init__(
        self,
        store: MemoryStore,
        clock: HandClock,
        proofs: EmailProofs,
        *,
        limits: Limits | None = None,
        attempts: Attempts | None = None,
    ) -> None:
        self.store = store
        self.hasher = PlainHasher()
        self.mailer = OutboxMailer()
        self.attempts = attempts or Attempts(store=store, pseudonyms=HmacPseudonyms(SECRET), clock=clock, limits=limits)
        self.verification = VerificationService(
            store=store, mailer=self.mailer, proofs=proofs, clock=clock, attempts=self.attempts
        )
        self.passwords = PasswordService(
            store=store, hasher=self.hasher, mailer=self.mailer, clock=clock, attempts=self.attempts
        )
        self.profile = ProfileService(store=store, passwords=self.passwords, clock=clock)
        self._clock = clock

    def accounts(self, *, verified_only: bool = False) -> AccountService:
        return AccountService(
            store=self.store,
            hasher=self.hasher,
            clock=self._clock,
            verification=self.verification,
            rules=SignUpRules(verified_only=verified_only),
            attempts=self.attempts,
        )

    async def has(self, user: User, password: Password = PASSWORD) -> User:
        """Somebody who has never signed in."""
        await keep(self.store, user, (user.id, await self.hasher.hash(password)))
        return user

    async def sign_in(self, email: Email, password: Password = PASSWORD, *, source: Network = HOME) -> str:
        """What came of it, in a word."""
        try:
            await self.accounts().sign_in(email, password, device=device(source))
        except (CredentialsWrong, TooManyAttempts, Busy) as error:
            return type(error).__name__
        return "in"

    async def guesses(self, email: Email, *, source: Network = HOME, times: int = MANY) -> int:
        """How many of so many wrong passwords were looked at."""
        return [await self.sign_in(email, GUESS, source=source) for _ in range(times)].count("CredentialsWrong")


@pytest.fixture
def world(store: MemoryStore, clock: HandClock, proofs: EmailProofs) -> World:
    return World(store, clock, proofs)


@pytest.fixture
async def ada(world: World) -> User:
    return await world.has(a_user(ADA))


class TestGuessing:
    async def test_ten_wrong_passwords_for_one_account_from_one_address_then_one_each_quarter_of_an_hour(
        self, world: World, ada: User, clock: HandClock
    ) -> None:
        assert await world.guesses(ada.email) == 10
        clock.turn(timedelta(minutes=15))
        assert await world.guesses(ada.email) == 1

    async def test_thirty_from_one_address_for_however_many_accounts(self, world: World) -> None:
        looked_at = [await world.sign_in(Email(f"person{n}@example.com"), GUESS) for n in range(MANY)]

        assert looked_at.count("CredentialsWrong") == 30

    async def test_thirty_for_one_account_from_however_many_addresses_then_one_an_hour(
        self, world: World, ada: User, clock: HandClock
    ) -> None:
        looked_at = [await world.sign_in(ada.email, GUESS, source=source) for source in places(MANY)]

        assert looked_at.count("CredentialsWrong") == 30
        clock.turn(HOUR)
        assert await world.guesses(ada.email, source=Network.of("192.0.2.9")) == 1

    async def test_the_right_password_is_not_looked_at_either_when_there_were_too_many(
        self, world: World, ada: User
    ) -> None:
        await world.guesses(ada.email)

        assert await world.sign_in(ada.email) == "TooManyAttempts"

    async def test_an_address_that_is_nobodys_is_counted_like_any(self, world: World, ada: User) -> None:
        assert await world.guesses(NOBODY) == await world.guesses(ada.email, source=AWAY) == 10

    async def test_an_ipv6_address_stands_for_its_network(self, world: World, ada: User) -> None:
        sources = [Network.of(f"2001:db8:0:1::{n:x}") for n in range(MANY)]

        looked_at = [await world.sign_in(ada.email, GUESS, source=source) for source in sources]

        assert looked_at.count("CredentialsWrong") == 10


class TestSigningInWithTheRightPassword:
    async def test_is_never_too_much(self, world: World, ada: User) -> None:
        assert [await world.sign_in(ada.email) for _ in range(MANY)] == ["in"] * MANY

    async def test_forgives_the_wrong_ones_before(self, world: World, ada: User) -> None:
        await world.guesses(ada.email, times=9)

        await world.sign_in(ada.email)

        assert await world.guesses(ada.email) == 10

    async def test_does_not_forgive_what_the_address_has_tried_at_others(self, world: World, ada: User) -> None:
        for n in range(29):
            await world.sign_in(Email(f"person{n}@example.com"), GUESS)
        await world.sign_in(ada.email)

        assert await world.guesses(NOBODY) == 1

    async def test_is_forgiven_when_nobody_could_look_at_it(self, world: World, ada: User) -> None:
        world.hasher.full = True
        assert [await world.sign_in(ada.email) for _ in range(MANY)] == ["Busy"] * MANY
        world.hasher.full = False

        assert await world.guesses(ada.email) == 10

    async def test_is_counted_when_it_is_broken_off(self, world: World, ada: User) -> None:
        async def break_off() -> None:
            async with world.attempts.signing_in(ada.email, ada, source=HOME):
                raise GeneratorExit

        for _ in range(10):
            with pytest.raises(GeneratorExit):
                await break_off()

        assert await world.sign_in(ada.email) == "TooManyAttempts"


class TestNobodyLocksAnotherOut:
    async def test_who_has_signed_in_from_here_before_gets_in(self, world: World, ada: User) -> None:
        await world.sign_in(ada.email, source=HOME)

        for source in places(MANY):
            await world.guesses(ada.email, source=source)

        assert await world.sign_in(ada.email, source=HOME) == "in"

    async def test_who_has_signed_up_here_gets_in_too(self, world: World) -> None:
        await world.accounts().sign_up(NOBODY, PASSWORD, None, device=device(HOME))

        for source in places(MANY):
            await world.sign_in(NOBODY, GUESS, source=source)

        assert await world.sign_in(NOBODY, source=HOME) == "in"

    async def test_a_neighbouring_address_is_the_same_place(self, world: World, ada: User) -> None:
        await world.sign_in(ada.email, source=Network.of("203.0.113.7"))

        for source in places(MANY):
            await world.sign_in(ada.email, GUESS, source=source)

        assert await world.sign_in(ada.email, source=Network.of("203.0.113.200")) == "in"

    async def test_a_new_place_waits_while_others_guess(self, world: World, ada: User) -> None:
        await world.sign_in(ada.email, source=HOME)

        for source in places(MANY):
            await world.sign_in(ada.email, GUESS, source=source)

        assert await world.sign_in(ada.email, source=AWAY) == "TooManyAttempts"

    async def test_a_place_is_known_for_ninety_days(self, world: World, ada: User, clock: HandClock) -> None:
        async def knows_home() -> bool:
            for source in places(MANY):
                await world.sign_in(ada.email, GUESS, source=source)
            return await world.sign_in(ada.email, source=HOME) == "in"

        await world.sign_in(ada.email, source=HOME)
        clock.turn(KNOWN_FOR)
        assert await knows_home()
        clock.turn(KNOWN_FOR + timedelta(milliseconds=1))
        assert not await knows_home()

    async def test_a_place_is_known_to_those_who_have_signed_in_there_and_not_to_their_neighbours(
        self, world: World, ada: User
    ) -> None:
        bob = await world.has(a_user(BOB))
        await world.sign_in(bob.email, source=HOME)

        for source in places(MANY):
            await world.sign_in(ada.email, GUESS, source=source)

        assert await world.sign_in(ada.email, source=HOME) == "TooManyAttempts"

    async def test_guesses_do_not_make_a_place_known(self, world: World, ada: User) -> None:
        await world.guesses(ada.email, source=HOME, times=5)

        for source in places(MANY):
            await world.sign_in(ada.email, GUESS, source=source)

        assert await world.sign_in(ada.email, source=HOME) == "TooManyAttempts"


class TestConfirming:
    async def test_five_wrong_passwords_of_who_is_signed_in_then_one_each_quarter_of_an_hour(
        self, world: World, ada: User, clock: HandClock
    ) -> None:
        async def looked_at() -> int:
            return [await tried(world, ada, GUESS) for _ in range(MANY)].count("PasswordWrong")

        assert await looked_at() == 5
        clock.turn(timedelta(minutes=15))
        assert await looked_at() == 1
        assert await tried(world, ada, PASSWORD) == "TooManyAttempts"

    async def test_changing_and_deleting_count_as_one(self, world: World, ada: User) -> None:
        session = a_session(ADA)
        for _ in range(5):
            with pytest.raises(PasswordWrong):
                await world.passwords.change(GUESS, PASSWORD, by=ada, session=session)

        with pytest.raises(TooManyAttempts):
            await world.profile.delete(PASSWORD, by=ada, session=session)

    async def test_the_right_one_is_never_too_much(self, world: World, ada: User) -> None:
        assert [await tried(world, ada, PASSWORD) for _ in range(MANY)] == ["right"] * MANY

    async def test_others_are_not_touched_by_it(self, world: World, ada: User) -> None:
        bob = await world.has(a_user(BOB))
        for _ in range(MANY):
            await tried(world, ada, GUESS)

        assert await tried(world, bob, PASSWORD) == "right"
        assert await world.sign_in(ada.email) == "in"


async def tried(world: World, user: User, password: Password) -> str:
    try:
        await world.passwords.confirm(password, by=user)
    except (PasswordWrong, TooManyAttempts) as error:
        return type(error).__name__
    return "right"


class TestSigningUp:
    async def test_five_from_one_address_then_one_each_six_minutes(self, world: World, clock: HandClock) -> None:
        async def made() -> int:
            return [await self._sign_up(world, n) for n in range(10)].count(True)

        assert await made() == 5
        clock.turn(timedelta(minutes=6))
        assert await made() == 1

    async def test_an_address_that_is_taken_counts_as_well(self, world: World, ada: User) -> None:
        for _ in range(5):
            with pytest.raises(EmailTaken):
                await world.accounts().sign_up(ada.email, PASSWORD, None, device=device(HOME))

        with pytest.raises(TooManyAttempts):
            await world.accounts().sign_up(ada.email, PASSWORD, None, device=device(HOME))

    async def test_others_can_sign_up_meanwhile(self, world: World) -> None:
        for n in range(10):
            await self._sign_up(world, n)

        assert await self._sign_up(world, 99, source=AWAY)

    async def test_where_many_share_an_address_a_thousand_can(
        self, store: MemoryStore, clock: HandClock, proofs: EmailProofs
    ) -> None:
        world = World(store, clock, proofs, limits=Limits.where_many_share_an_address())

        made = [await self._charged(world) for _ in range(1100)]

        assert made.count(True) == 1000

    @staticmethod
    async def _charged(world: World) -> bool:
        try:
            await world.attempts.sign_up(source=HOME)
        except TooManyAttempts:
            return False
        return True

    @staticmethod
    async def _sign_up(world: World, number: int, *, source: Network = HOME) -> bool:
        try:
            await world.accounts().sign_up(Email(f"new{number}@example.com"), PASSWORD, None, device=device(source))
        except TooManyAttempts:
            return False
        except EmailTaken:
            return True
        return True


class TestLetters:
    async def test_five_from_one_address_to_whoever_it_is(self, world: World, ada: User) -> None:
        for n in range(5):
            await world.passwords.request_reset(Email(f"person{n}@example.com"), "", source=HOME)

        with pytest.raises(TooManyAttempts):
            await world.passwords.request_reset(ada.email, "", source=HOME)
        with pytest.raises(TooManyAttempts):
            await world.verification.send(ada.email, "", by=ada, source=HOME)
        with pytest.raises(TooManyAttempts):
            await world.verification.request_change(ada, Email("new@example.com"), "", source=HOME)
        assert world.mailer.letters == []

    async def test_thirty_to_one_mailbox_wherever_they_are_asked_for(self, world: World, ada: User) -> None:
        for source in places(30):
            await world.passwords.request_reset(ada.email, "", source=source)

        with pytest.raises(TooManyAttempts):
            await world.passwords.request_reset(ada.email, "", source=HOME)
        assert len(world.mailer.letters) == 30

    async def test_who_signs_in_to_an_unverified_address_again_and_again_fills_no_mailbox(
        self, world: World, ada: User
    ) -> None:
        for _ in range(MANY):
            with pytest.raises(EmailNotVerified):
                await world.accounts(verified_only=True).sign_in(ada.email, PASSWORD, device=device(HOME))

        assert len(world.mailer.letters) == 5


class Away(Throttle):
    """Its table cannot be reached."""

    async def charge(self, buckets: Sequence[Bucket], *, at: datetime) -> None:
        raise StoreUnavailable

    async def give_back(self, buckets: Sequence[Bucket], *, filling: Sequence[Bucket] = ()) -> None:
        raise StoreUnavailable


class HalfAway(Away):
    """It goes away once somebody has been let through."""

    async def charge(self, buckets: Sequence[Bucket], *, at: datetime) -> None:
        pass


@dataclass(frozen=True, kw_only=True)
class CountedElsewhere(MemoryStore):
    """A memory store with another throttle."""

    elsewhere: Throttle

    @property
    def throttle(self) -> Throttle:
        return self.elsewhere


class TestAThrottleThatIsAway:
    async def test_lets_nobody_in(self, clock: HandClock, proofs: EmailProofs) -> None:
        world = World(CountedElsewhere(elsewhere=Away()), clock, proofs)
        ada = await world.has(a_user(ADA))

        with pytest.raises(StoreUnavailable):
            await world.sign_in(ada.email)
        with pytest.raises(StoreUnavailable):
            await world.accounts().sign_up(NOBODY, PASSWORD, None, device=device(HOME))
        with pytest.raises(StoreUnavailable):
            await world.passwords.confirm(PASSWORD, by=ada)
        with pytest.raises(StoreUnavailable):
            await world.passwords.request_reset(ada.email, "", source=HOME)
        assert await world.store.sessions.of(ADA) == []

    async def test_does_not_turn_away_who_has_been_let_through(self, clock: HandClock, proofs: EmailProofs) -> None:
        world = World(CountedElsewhere(elsewhere=HalfAway()), clock, proofs)
        ada = await world.has(a_user(ADA))

        assert await world.sign_in(ada.email) == "in"


async def test_what_is_not_counted_leaves_no_trace(store: MemoryStore, clock: HandClock, proofs: EmailProofs) -> None:
    world = World(store, clock, proofs, attempts=Unlimited())
    ada = await world.has(a_user(ADA))

    assert await world.guesses(ada.email) == MANY
    assert [await tried(world, ada, GUESS) for _ in range(MANY)] == ["PasswordWrong"] * MANY
    for number in range(MANY):
        await world.accounts().sign_up(Email(f"new{number}@example.com"), PASSWORD, None, device=device(HOME))
        await world.passwords.request_reset(ada.email, "", source=HOME)
    assert await world.sign_in(ada.email) == "in"
    assert (store._tables.taken, store._tables.networks) == ({}, {})


async def test_a_password_that_nobody_can_have_is_counted_too(world: World) -> None:
    moved_in = a_user(ADA)
    await keep(world.store, moved_in, (moved_in.id, PasswordHash(HASH)))

    assert await world.guesses(moved_in.email) == 10
