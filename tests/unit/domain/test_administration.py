from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import (
    ADA,
    BOB,
    LATER,
    NOON,
    PASSWORD,
    HandClock,
    PlainHasher,
    a_new_task,
    a_session,
    a_user,
    keep,
)
from todo.adapters.memory import MemoryStore
from todo.domain.errors import CredentialsWrong, EmailTaken, UserNotFound
from todo.domain.model.session import SESSION_LIFE, Device
from todo.domain.model.user import Email, Password
from todo.domain.services.accounts import AccountService, SignedIn
from todo.domain.services.administration import AT_ONCE, Administration

EMAIL = Email("ada@example.com")
OTHER_PASSWORD = Password("another password")
DEVICE = Device(address="203.0.113.7", agent="curl")


@pytest.fixture
def administration(store: MemoryStore, hasher: PlainHasher, clock: HandClock) -> Administration:
    return Administration(store=store, hasher=hasher, clock=clock)


class TestWhatAnOperatorDoes:
    async def test_an_account_made_for_somebody_can_be_signed_in_to(
        self, administration: Administration, accounts: AccountService, store: MemoryStore
    ) -> None:
        made = await administration.create(EMAIL, PASSWORD, None)

        assert await store.users.get(made.id) == made
        assert made.name == "ada"
        assert (await accounts.sign_in(EMAIL, PASSWORD, device=DEVICE)).user == made

    async def test_an_account_cannot_be_made_for_an_address_that_is_taken(self, administration: Administration) -> None:
        await administration.create(EMAIL, PASSWORD, None)

        with pytest.raises(EmailTaken):
            await administration.create(EMAIL, PASSWORD, None)

    async def test_accounts_are_listed_the_oldest_first(self, administration: Administration, clock: HandClock) -> None:
        made = []
        for address in ("zoe@example.com", "ada@example.com", "max@example.com"):
            made.append(await administration.create(Email(address), PASSWORD, None))
            clock.turn(timedelta(seconds=1))

        assert list(await administration.all()) == made

    async def test_an_account_is_found_by_address_in_any_case_and_by_id(self, administration: Administration) -> None:
        made = await administration.create(EMAIL, PASSWORD, None)

        for known_as in (made.id, "ada@example.com", "ADA@Example.com"):
            assert await administration.find(known_as) == made

    @pytest.mark.parametrize("unknown", ["", "bob@example.com", "usr_unknown", "no address", "%"])
    async def test_an_unknown_account_is_not_found(self, administration: Administration, unknown: str) -> None:
        await administration.create(EMAIL, PASSWORD, None)

        with pytest.raises(UserNotFound):
            await administration.find(unknown)

    async def test_an_account_of_another_issuer_is_found_by_an_id_that_looks_like_an_address(
        self, administration: Administration, store: MemoryStore
    ) -> None:
        visitor = replace(a_user(ADA), id=type(ADA)("Visitor@Example.com"), email=Email("v@example.com"))
        await keep(store, visitor)

        assert await administration.find("Visitor@Example.com") == visitor

    async def test_a_password_that_is_set_is_the_only_one_and_ends_every_session(
        self, administration: Administration, accounts: AccountService, store: MemoryStore
    ) -> None:
        made = await administration.create(EMAIL, PASSWORD, None)
        sessions = [(await accounts.sign_in(EMAIL, PASSWORD, device=DEVICE)).session for _ in range(2)]

        await administration.set_password(made, OTHER_PASSWORD)

        for session in sessions:
            assert await store.sessions.find(session.id) is None
        with pytest.raises(CredentialsWrong):
            await accounts.sign_in(EMAIL, PASSWORD, device=DEVICE)
        assert (await accounts.sign_in(EMAIL, OTHER_PASSWORD, device=DEVICE)).user == made

    async def test_a_first_password_can_be_set_for_a_user_of_another_issuer(
        self, administration: Administration, accounts: AccountService, store: MemoryStore
    ) -> None:
        visitor = a_user(ADA, email=EMAIL)
        await keep(store, visitor)

        await administration.set_password(visitor, PASSWORD)

        assert (await accounts.sign_in(EMAIL, PASSWORD, device=DEVICE)).user == visitor

    async def test_no_password_can_be_set_for_who_has_gone(self, administration: Administration) -> None:
        with pytest.raises(UserNotFound):
            await administration.set_password(a_user(ADA), PASSWORD)

    async def test_setting_a_password_leaves_the_sessions_of_others(
        self, administration: Administration, accounts: AccountService, store: MemoryStore
    ) -> None:
        await accounts.sign_up(Email("bob@example.com"), PASSWORD, None, device=DEVICE)
        bob = await accounts.sign_in(Email("bob@example.com"), PASSWORD, device=DEVICE)
        ada = await administration.create(EMAIL, PASSWORD, None)

        await administration.set_password(ada, OTHER_PASSWORD)

        assert await store.sessions.find(bob.session.id) == bob.session

    async def test_with_the_account_goes_everything(
        self, administration: Administration, accounts: AccountService, store: MemoryStore
    ) -> None:
        await administration.create(EMAIL, PASSWORD, None)
        begun = await accounts.sign_in(EMAIL, PASSWORD, device=DEVICE)
        await store.tasks.add(a_new_task(begun.user.id))

        await administration.delete(begun.user)

        assert list(await store.users.all()) == []
        assert list(await store.tasks.of(begun.user.id)) == []
        assert await store.sessions.find(begun.session.id) is None
        with pytest.raises(CredentialsWrong):
            await accounts.sign_in(EMAIL, PASSWORD, device=DEVICE)

    async def test_an_account_is_deleted_once(self, administration: Administration) -> None:
        made = await administration.create(EMAIL, PASSWORD, None)
        await administration.delete(made)

        with pytest.raises(UserNotFound):
            await administration.delete(made)

    async def test_the_address_of_a_deleted_account_is_free_again(self, administration: Administration) -> None:
        made = await administration.create(EMAIL, PASSWORD, None)
        await administration.delete(made)

        assert (await administration.create(EMAIL, PASSWORD, None)).id != made.id

    async def test_sessions_are_listed_but_those_that_are_over(
        self, administration: Administration, store: MemoryStore, clock: HandClock
    ) -> None:
        ada, bob = a_user(ADA), a_user(BOB)
        over, mine, of_bob = a_session(ADA, at=NOON - SESSION_LIFE), a_session(ADA), a_session(BOB, at=LATER)
        await keep(store, ada, bob, over, mine, of_bob)

        assert list(await administration.sessions_of(ada)) == [SignedIn(user=ada, session=mine)]
        assert list(await administration.latest_sessions(10)) == [
            SignedIn(user=bob, session=of_bob),
            SignedIn(user=ada, session=mine),
        ]

    async def test_one_user_is_signed_out_everywhere(self, administration: Administration, store: MemoryStore) -> None:
        ada, bob, of_bob = a_user(ADA), a_user(BOB), a_session(BOB)
        await keep(store, ada, bob, a_session(ADA), a_session(ADA), of_bob)

        await administration.end_sessions_of(ada)

        assert [one.session for one in await administration.latest_sessions(10)] == [of_bob]

    async def test_everybody_is_signed_out(self, administration: Administration, store: MemoryStore) -> None:
        await keep(store, a_user(ADA), a_user(BOB), *(a_session(ADA) for _ in range(AT_ONCE)), a_session(BOB))

        assert await administration.end_all_sessions() == AT_ONCE + 1
        assert list(await administration.latest_sessions(10)) == []


async def test_a_session_of_before_cannot_be_kept_for_a_user_who_has_gone(store: MemoryStore) -> None:
    with pytest.raises(UserNotFound):
        await keep(store, a_session(ADA))
