from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import ADA, HASH, NOON, PASSWORD, HandClock, PlainHasher, a_new_task, a_session, a_user, drop, keep
from todo.adapters.memory import MemoryStore
from todo.domain.errors import Busy, CredentialsWrong, EmailTaken, UserNotFound
from todo.domain.model.session import Device
from todo.domain.model.user import Email, Name, Password, PasswordHash
from todo.domain.services.accounts import AccountService

EMAIL = Email("ada@example.com")
OTHER_PASSWORD = Password("another password")
DEVICE = Device(address="203.0.113.7", agent="curl")


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def hasher() -> PlainHasher:
    return PlainHasher()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def accounts(store: MemoryStore, hasher: PlainHasher, clock: HandClock) -> AccountService:
    return AccountService(store=store, hasher=hasher, clock=clock)


class TestSigningUp:
    async def test_makes_a_user_with_a_password_and_a_session(
        self, accounts: AccountService, store: MemoryStore, hasher: PlainHasher
    ) -> None:
        begun = await accounts.sign_up(EMAIL, PASSWORD, Name("Ada"), device=DEVICE)

        assert await store.users.get(begun.user.id) == begun.user
        assert await store.sessions.find(begun.session.id) == begun.session
        assert await hasher.verify(PASSWORD, await store.passwords.find(begun.user.id))

    async def test_keeps_what_it_is_told_and_when(self, accounts: AccountService, clock: HandClock) -> None:
        clock.turn(timedelta(hours=1))

        begun = await accounts.sign_up(EMAIL, PASSWORD, Name("Ada"), device=DEVICE)

        assert (begun.user.email, begun.user.name, begun.user.email_verified) == (EMAIL, "Ada", False)
        assert begun.user.created_at == begun.session.created_at == NOON + timedelta(hours=1)
        assert (begun.session.user, begun.session.device) == (begun.user.id, DEVICE)

    async def test_calls_who_gives_no_name_by_the_first_part_of_the_address(self, accounts: AccountService) -> None:
        begun = await accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)

        assert begun.user.name == "ada"

    async def test_leaves_an_empty_name_empty(self, accounts: AccountService) -> None:
        begun = await accounts.sign_up(EMAIL, PASSWORD, Name(""), device=DEVICE)

        assert begun.user.name == ""

    async def test_is_refused_for_an_address_that_is_taken(self, accounts: AccountService, store: MemoryStore) -> None:
        first = await accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)

        with pytest.raises(EmailTaken):
            await accounts.sign_up(Email("ADA@example.com"), OTHER_PASSWORD, None, device=DEVICE)

        assert list(await store.users.all()) == [first.user]
        assert (await accounts.sign_in(EMAIL, PASSWORD, device=DEVICE)).user == first.user

    async def test_keeps_nothing_when_too_many_are_hashing(
        self, accounts: AccountService, store: MemoryStore, hasher: PlainHasher
    ) -> None:
        hasher.full = True

        with pytest.raises(Busy):
            await accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)

        assert list(await store.users.all()) == []


class TestSigningIn:
    async def test_begins_another_session(self, accounts: AccountService, store: MemoryStore, clock: HandClock) -> None:
        first = await accounts.sign_up(EMAIL, PASSWORD, None, device=Device())
        clock.turn(timedelta(days=1))

        second = await accounts.sign_in(EMAIL, PASSWORD, device=DEVICE)

        assert second.user == first.user
        assert second.session.id != first.session.id
        assert (second.session.device, second.session.created_at) == (DEVICE, NOON + timedelta(days=1))
        assert await store.sessions.find(second.session.id) == second.session
        assert await store.sessions.find(first.session.id) == first.session

    @pytest.mark.parametrize("wrong", ["", "wrong", PASSWORD + " ", PASSWORD.upper(), "x" * 128])
    async def test_is_refused_with_another_password(self, accounts: AccountService, wrong: str) -> None:
        await accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)

        with pytest.raises(CredentialsWrong):
            await accounts.sign_in(EMAIL, Password.attempt(wrong), device=DEVICE)

    async def test_is_refused_the_same_way_for_an_unknown_address(self, accounts: AccountService) -> None:
        with pytest.raises(CredentialsWrong):
            await accounts.sign_in(Email("nobody@example.com"), PASSWORD, device=DEVICE)

    async def test_is_refused_the_same_way_for_who_has_no_password(
        self, accounts: AccountService, store: MemoryStore
    ) -> None:
        await keep(store, a_user(ADA, email=EMAIL))

        with pytest.raises(CredentialsWrong):
            await accounts.sign_in(EMAIL, PASSWORD, device=DEVICE)

    async def test_is_refused_the_same_way_when_the_password_cannot_be_read(
        self, accounts: AccountService, store: MemoryStore
    ) -> None:
        await keep(store, a_user(ADA, email=EMAIL), (ADA, PasswordHash("unreadable")))

        with pytest.raises(CredentialsWrong):
            await accounts.sign_in(EMAIL, PASSWORD, device=DEVICE)

    async def test_hashes_for_an_unknown_address_too(self, accounts: AccountService, hasher: PlainHasher) -> None:
        hasher.full = True

        with pytest.raises(Busy):
            await accounts.sign_in(Email("nobody@example.com"), PASSWORD, device=DEVICE)

    async def test_renews_an_outdated_hash(
        self, accounts: AccountService, store: MemoryStore, hasher: PlainHasher
    ) -> None:
        begun = await accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)
        hasher.move_on()

        await accounts.sign_in(EMAIL, PASSWORD, device=DEVICE)

        renewed = await store.passwords.find(begun.user.id)
        assert renewed is not None
        assert not hasher.is_outdated(renewed)
        assert await hasher.verify(PASSWORD, renewed)

    async def test_leaves_a_hash_that_is_not_outdated(self, accounts: AccountService, store: MemoryStore) -> None:
        begun = await accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)
        kept = await store.passwords.find(begun.user.id)

        await accounts.sign_in(EMAIL, PASSWORD, device=DEVICE)

        assert await store.passwords.find(begun.user.id) == kept

    async def test_leaves_an_outdated_hash_when_the_password_is_wrong(
        self, accounts: AccountService, store: MemoryStore, hasher: PlainHasher
    ) -> None:
        begun = await accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)
        kept = await store.passwords.find(begun.user.id)
        hasher.move_on()

        with pytest.raises(CredentialsWrong):
            await accounts.sign_in(EMAIL, OTHER_PASSWORD, device=DEVICE)

        assert await store.passwords.find(begun.user.id) == kept

    async def test_does_not_undo_a_password_change_that_happens_meanwhile(
        self, store: MemoryStore, clock: HandClock
    ) -> None:
        class Interrupted(PlainHasher):
            async def hash(self, password: Password) -> PasswordHash:
                await keep(store, (begun.user.id, HASH))
                return await super().hash(password)

        first = PlainHasher()
        begun = await AccountService(store=store, hasher=first, clock=clock).sign_up(
            EMAIL, PASSWORD, None, device=DEVICE
        )
        interrupted = Interrupted()
        interrupted.move_on()

        await AccountService(store=store, hasher=interrupted, clock=clock).sign_in(EMAIL, PASSWORD, device=DEVICE)

        assert await store.passwords.find(begun.user.id) == HASH

    async def test_is_refused_when_the_account_is_deleted_meanwhile(self, store: MemoryStore, clock: HandClock) -> None:
        class Interrupted(PlainHasher):
            async def verify(self, password: Password, expected: PasswordHash | None) -> bool:
                await drop(store, begun.user.id)
                return await super().verify(password, expected)

        begun = await AccountService(store=store, hasher=PlainHasher(), clock=clock).sign_up(
            EMAIL, PASSWORD, None, device=DEVICE
        )

        with pytest.raises(CredentialsWrong):
            await AccountService(store=store, hasher=Interrupted(), clock=clock).sign_in(EMAIL, PASSWORD, device=DEVICE)

        assert list(await store.users.all()) == []


class TestBeingSignedIn:
    async def test_tells_the_user_of_a_session(self, accounts: AccountService) -> None:
        begun = await accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)

        assert await accounts.signed_in(begun.session) == begun

    async def test_is_over_when_the_account_has_been_deleted(self, accounts: AccountService) -> None:
        begun = await accounts.sign_up(EMAIL, PASSWORD, None, device=DEVICE)
        await accounts.delete(begun.user)

        with pytest.raises(UserNotFound):
            await accounts.signed_in(begun.session)
