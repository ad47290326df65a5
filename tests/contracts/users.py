"""What every store promises about users and their passwords."""

from dataclasses import replace

import pytest

from tests.builders import (
    ADA,
    BOB,
    HASH,
    LATER,
    NOON,
    OTHER_HASH,
    a_new_task,
    a_session,
    a_user,
    drop,
    keep,
)
from tests.contracts.samples import (
    EXACT,
    NOBODY,
    ODD_IDS,
    ODD_TEXTS,
    SMILE,
    add_task,
    all_of,
)
from todo.domain.errors import (
    EmailTaken,
    OwnerUnknown,
    PasswordWrong,
    TaskNotFound,
    UserNotFound,
)
from todo.domain.model.user import Email, Image, Name, PasswordHash, User, UserId
from todo.domain.ports.store import Store


class UserContract:
    """Users, and the one address of each."""

    async def test_a_user_comes_back_as_it_was_kept(self, store: Store) -> None:
        user = User(
            id=ADA,
            email=Email("ada@example.com"),
            name=Name(f"Ада {SMILE}"),
            email_verified=True,
            image=Image("https://example.com/ada.png"),
            created_at=EXACT,
            updated_at=LATER,
        )

        await keep(store, user)

        assert await store.users.get(ADA) == user
        assert await store.users.find_by_email(user.email) == user
        assert list(await store.users.all()) == [user]

    async def test_names_come_back_to_the_letter(self, store: Store) -> None:
        names = ["", *ODD_TEXTS, SMILE * 255]
        users = [a_user(UserId(f"usr_{n}"), name=name) for n, name in enumerate(names)]

        await keep(store, *users)

        assert [await store.users.get(user.id) for user in users] == users

    async def test_users_may_have_ids_of_other_issuers(self, store: Store) -> None:
        users = [a_user(UserId(user), email=f"{n}@example.com") for n, user in enumerate(ODD_IDS)]

        await keep(store, *users)

        assert [await store.users.get(user.id) for user in users] == users

    async def test_an_address_that_another_issuer_claims_need_not_look_like_one(self, store: Store) -> None:
        odd = replace(a_user(ADA), email=Email.known("ада at home"))

        await keep(store, odd)

        assert await store.users.find_by_email(Email.known("ада at home")) == odd

    async def test_an_unknown_user_is_not_found(self, store: Store) -> None:
        await keep(store, a_user(ADA))

        with pytest.raises(UserNotFound):
            await store.users.get(NOBODY)

    async def test_ids_count_to_the_letter(self, store: Store) -> None:
        await keep(store, a_user(ADA))

        for other in (ADA.upper(), f"{ADA} ", ADA[:-1], "%"):
            with pytest.raises(UserNotFound):
                await store.users.get(UserId(other))

    async def test_an_unknown_address_is_nobodys(self, store: Store) -> None:
        await keep(store, a_user(ADA, email="a_b@example.com"))

        for other in ("bob@example.com", "axb@example.com", "%", "a_b@example.co"):
            assert await store.users.find_by_email(Email.known(other)) is None

    async def test_users_come_the_oldest_first(self, store: Store) -> None:
        young, old = a_user(ADA, created_at=LATER), a_user(BOB, created_at=NOON)
        twin = a_user(UserId("usr_aaa"), created_at=LATER)

        await keep(store, young, old, twin)

        assert list(await store.users.all()) == [old, twin, young]

    async def test_a_store_without_users_lists_none(self, store: Store) -> None:
        assert list(await store.users.all()) == []

    async def test_of_those_who_are_named_come_those_there_are_each_once(self, store: Store) -> None:
        users = [a_user(UserId(user), email=f"{n}@example.com") for n, user in enumerate(ODD_IDS)]
        await keep(store, *users, a_user(BOB))

        found = await store.users.among([*(user.id for user in users), users[0].id, NOBODY, UserId("%")])

        assert sorted(found, key=lambda user: user.email) == sorted(users, key=lambda user: user.email)
        assert list(await store.users.among([])) == []

    async def test_an_address_belongs_to_one_user(self, store: Store) -> None:
        await keep(store, a_user(ADA, email="ada@example.com"))

        with pytest.raises(EmailTaken):
            await keep(store, a_user(BOB, email="ada@example.com"))

        assert [user.id for user in await store.users.all()] == [ADA]

    async def test_an_address_belongs_to_one_user_within_a_unit_of_work_too(self, store: Store) -> None:
        with pytest.raises(EmailTaken):
            await keep(store, a_user(ADA, email="ada@example.com"), a_user(BOB, email="ada@example.com"))

        assert list(await store.users.all()) == []

    async def test_a_recorded_id_is_left_as_it_is(self, store: Store) -> None:
        recorded = a_user(ADA, email="ada@example.com", name="Ada")
        await keep(store, recorded)

        await keep(store, a_user(ADA, email="other@example.com", name="Other"))

        assert list(await store.users.all()) == [recorded]

    async def test_a_recorded_id_may_be_added_again_with_its_own_address(self, store: Store) -> None:
        await keep(store, a_user(ADA))

        await keep(store, a_user(ADA))

        assert list(await store.users.all()) == [a_user(ADA)]

    async def test_an_address_is_free_again_when_its_user_has_gone(self, store: Store) -> None:
        await keep(store, a_user(ADA, email="ada@example.com"))
        await drop(store, ADA)

        await keep(store, a_user(BOB, email="ada@example.com"))

        assert await store.users.find_by_email(Email("ada@example.com")) == a_user(BOB, email="ada@example.com")

    async def test_of_twenty_who_add_one_address_at_once_one_does(self, store: Store) -> None:
        candidates = [a_user(UserId(f"usr_{number}"), email="ada@example.com") for number in range(20)]

        outcomes = await all_of([keep(store, candidate) for candidate in candidates])

        assert outcomes.count(None) == 1
        assert sum(isinstance(outcome, EmailTaken) for outcome in outcomes) == 19
        assert list(await store.users.all()) == [candidates[outcomes.index(None)]]

    async def test_many_who_add_one_user_at_once_all_find_it_recorded(self, store: Store) -> None:
        users = [a_user(UserId(f"usr_{number}")) for number in range(10)]

        outcomes = [await all_of([keep(store, user) for _ in range(8)]) for user in users]

        assert outcomes == [[None] * 8] * 10
        assert list(await store.users.all()) == users

    async def test_with_the_user_go_password_sessions_and_tasks(self, store: Store) -> None:
        session = a_session(ADA)
        await keep(store, a_user(ADA), session, (ADA, HASH))
        task = await add_task(store)

        await drop(store, ADA)

        assert await store.users.find_by_email(a_user(ADA).email) is None
        assert await store.passwords.find(ADA) is None
        assert await store.sessions.find(session.id) is None
        assert list(await store.tasks.of(ADA)) == []
        with pytest.raises(UserNotFound):
            await store.users.get(ADA)
        with pytest.raises(TaskNotFound):
            await store.tasks.get(ADA, task.id)
        with pytest.raises(OwnerUnknown):
            await store.tasks.add(a_new_task(ADA))

    async def test_what_others_have_stays_when_a_user_goes(self, store: Store) -> None:
        session = a_session(BOB)
        await keep(store, a_user(ADA), a_user(BOB), session, (BOB, HASH))
        task = await add_task(store, BOB)

        await drop(store, ADA)

        assert list(await store.users.all()) == [a_user(BOB)]
        assert await store.passwords.find(BOB) == HASH
        assert await store.sessions.find(session.id) == session
        assert list(await store.tasks.of(BOB)) == [task]

    async def test_who_comes_back_under_an_old_id_starts_with_nothing(self, store: Store) -> None:
        session = a_session(ADA)
        await keep(store, a_user(ADA), session, (ADA, HASH))
        await add_task(store)
        await drop(store, ADA)

        await keep(store, a_user(ADA))

        assert await store.passwords.find(ADA) is None
        assert await store.sessions.find(session.id) is None
        assert list(await store.tasks.of(ADA)) == []

    async def test_an_unknown_user_cannot_be_removed(self, store: Store) -> None:
        with pytest.raises(UserNotFound):
            await drop(store, NOBODY)

    async def test_a_user_is_removed_once(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        await drop(store, ADA)

        with pytest.raises(UserNotFound):
            await drop(store, ADA)


async def save(store: Store, user: User) -> None:
    async with store.begin() as work:
        await work.save_user(user)
        await work.commit()


class SavedUserContract:
    """Users who change."""

    async def test_every_field_is_saved_but_id_and_beginning(self, store: Store) -> None:
        await keep(store, a_user(ADA, email="ada@example.com", name="Ada", image="/old.png"), a_user(BOB))
        changed = a_user(
            ADA,
            email="lovelace@example.com",
            name=f"Ада {SMILE}",
            email_verified=True,
            image="https://example.com/ada.png",
            updated_at=LATER,
        )

        await save(store, changed)

        assert await store.users.get(ADA) == changed
        assert await store.users.find_by_email(Email("lovelace@example.com")) == changed
        assert await store.users.find_by_email(Email("ada@example.com")) is None
        assert await store.users.get(BOB) == a_user(BOB)

    async def test_what_is_cleared_is_gone(self, store: Store) -> None:
        await keep(store, a_user(ADA, name="Ada", email_verified=True, image="/ada.png"))

        await save(store, a_user(ADA))

        assert await store.users.get(ADA) == a_user(ADA)

    async def test_a_user_may_be_saved_unchanged(self, store: Store) -> None:
        await keep(store, a_user(ADA))

        await save(store, a_user(ADA))

        assert list(await store.users.all()) == [a_user(ADA)]

    async def test_what_a_user_has_stays_when_they_change(self, store: Store) -> None:
        session = a_session(ADA)
        await keep(store, a_user(ADA), session, (ADA, HASH))
        task = await add_task(store)

        await save(store, a_user(ADA, email="else@example.com"))

        assert await store.passwords.find(ADA) == HASH
        assert await store.sessions.find(session.id) == session
        assert list(await store.tasks.of(ADA)) == [task]

    async def test_nobody_changes_to_an_address_that_another_has(self, store: Store) -> None:
        await keep(store, a_user(ADA), a_user(BOB))

        with pytest.raises(EmailTaken):
            await save(store, a_user(ADA, email=a_user(BOB).email))

        assert await store.users.get(ADA) == a_user(ADA)

    async def test_an_address_that_was_given_up_is_free(self, store: Store) -> None:
        await keep(store, a_user(ADA, email="ada@example.com"))
        await save(store, a_user(ADA, email="else@example.com"))

        await keep(store, a_user(BOB, email="ada@example.com"))

        assert await store.users.find_by_email(Email("ada@example.com")) == a_user(BOB, email="ada@example.com")

    async def test_an_unknown_user_cannot_be_saved(self, store: Store) -> None:
        with pytest.raises(UserNotFound):
            await save(store, a_user(NOBODY))

        assert list(await store.users.all()) == []

    async def test_of_several_who_change_to_one_address_at_once_one_gets_it(self, store: Store) -> None:
        users = [a_user(UserId(f"usr_{number}")) for number in range(8)]
        await keep(store, *users)

        outcomes = await all_of([save(store, a_user(user.id, email="ada@example.com")) for user in users])

        assert outcomes.count(None) == 1
        assert sum(isinstance(outcome, EmailTaken) for outcome in outcomes) == 7
        owner = await store.users.find_by_email(Email("ada@example.com"))
        assert owner is not None
        assert owner.id == users[outcomes.index(None)].id

    async def test_nobody_sees_a_change_before_it_is_committed(self, store: Store) -> None:
        await keep(store, a_user(ADA))

        async with store.begin() as work:
            await work.save_user(a_user(ADA, name="Ada"))
            seen = await store.users.get(ADA)

        assert seen == await store.users.get(ADA) == a_user(ADA)

    async def test_a_unit_of_work_can_save_whom_it_has_added(self, store: Store) -> None:
        async with store.begin() as work:
            await work.add_user(a_user(ADA))
            await work.save_user(a_user(ADA, name="Ada"))
            await work.commit()

        assert await store.users.get(ADA) == a_user(ADA, name="Ada")


class AccountContract:
    """The ways in which a user can sign in."""

    async def test_who_has_a_password_can_sign_in_with_it(self, store: Store) -> None:
        await keep(store, a_user(ADA), a_user(BOB), (ADA, HASH), (BOB, OTHER_HASH))

        (account,) = await store.accounts.of(ADA)

        assert (account.provider, account.account_id, account.user, account.scopes) == ("credential", ADA, ADA, ())
        assert account.id
        assert account.created_at.tzinfo is not None
        assert account.updated_at >= account.created_at

    async def test_who_has_none_cannot(self, store: Store) -> None:
        await keep(store, a_user(ADA), a_user(BOB), (BOB, HASH))

        assert list(await store.accounts.of(ADA)) == []
        assert list(await store.accounts.of(NOBODY)) == []

    async def test_another_password_is_no_other_way(self, store: Store) -> None:
        await keep(store, a_user(ADA), (ADA, HASH))
        (first,) = await store.accounts.of(ADA)

        await keep(store, (ADA, OTHER_HASH))

        (second,) = await store.accounts.of(ADA)
        assert (second.id, second.created_at) == (first.id, first.created_at)

    async def test_each_has_an_id_of_its_own(self, store: Store) -> None:
        await keep(store, a_user(ADA), a_user(BOB), (ADA, HASH), (BOB, HASH))

        accounts = [*await store.accounts.of(ADA), *await store.accounts.of(BOB)]

        assert len({account.id for account in accounts}) == 2

    async def test_it_goes_with_the_user(self, store: Store) -> None:
        await keep(store, a_user(ADA), (ADA, HASH))

        await drop(store, ADA)

        assert list(await store.accounts.of(ADA)) == []


class PasswordContract:
    """The hashed password of each user."""

    async def test_who_has_set_no_password_has_none(self, store: Store) -> None:
        await keep(store, a_user(ADA))

        assert await store.passwords.find(ADA) is None

    async def test_who_is_unknown_has_no_password(self, store: Store) -> None:
        assert await store.passwords.find(NOBODY) is None

    async def test_a_password_comes_back_as_it_was_set(self, store: Store) -> None:
        await keep(store, a_user(ADA))

        for password in ("a hash", "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA", "x" * 2000, "хэш", "salt:key"):
            await keep(store, (ADA, PasswordHash(password)))

            assert await store.passwords.find(ADA) == password

    async def test_each_user_has_their_own_password(self, store: Store) -> None:
        await keep(store, a_user(ADA), a_user(BOB), (ADA, HASH), (BOB, OTHER_HASH))

        assert await store.passwords.find(ADA) == HASH
        assert await store.passwords.find(BOB) == OTHER_HASH

    async def test_a_password_that_is_set_again_takes_the_place_of_the_first(self, store: Store) -> None:
        await keep(store, a_user(ADA), (ADA, HASH))

        await keep(store, (ADA, OTHER_HASH))

        assert await store.passwords.find(ADA) == OTHER_HASH

    async def test_an_unknown_user_cannot_have_a_password(self, store: Store) -> None:
        with pytest.raises(UserNotFound):
            await keep(store, (NOBODY, HASH))

        assert await store.passwords.find(NOBODY) is None

    async def test_a_unit_that_counts_on_the_password_it_knows_is_told_when_it_is_another(self, store: Store) -> None:
        await keep(store, a_user(ADA), a_user(BOB), (ADA, HASH))

        async with store.begin() as work:
            await work.require_password(ADA, HASH)
            for user, other in ((ADA, OTHER_HASH), (BOB, HASH), (NOBODY, HASH)):
                with pytest.raises(PasswordWrong):
                    await work.require_password(user, other)

    async def test_a_unit_that_has_set_a_password_counts_on_that(self, store: Store) -> None:
        await keep(store, a_user(ADA), (ADA, HASH))

        async with store.begin() as work:
            await work.set_password(ADA, OTHER_HASH)
            await work.require_password(ADA, OTHER_HASH)
            with pytest.raises(PasswordWrong):
                await work.require_password(ADA, HASH)
