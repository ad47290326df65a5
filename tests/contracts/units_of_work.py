"""What every store promises about changes of several rows."""

import asyncio
from contextlib import suppress

import pytest

from tests.builders import (
    ADA,
    BOB,
    HASH,
    OTHER_HASH,
    a_new_task,
    a_session,
    a_user,
    drop,
    keep,
)
from tests.contracts.samples import (
    add_task,
    all_of,
)
from todo.domain.errors import (
    DomainError,
    EmailTaken,
    OwnerUnknown,
    UserNotFound,
)
from todo.domain.model.user import UserId
from todo.domain.ports.store import Store


class UnitOfWorkContract:
    """Changes of several rows: all of them or none."""

    async def test_nobody_sees_additions_before_they_are_committed(self, store: Store) -> None:
        session = a_session(ADA)

        async with store.begin() as work:
            await work.add_user(a_user(ADA))
            await work.set_password(ADA, HASH)
            await work.add_session(session)
            seen = [
                *await store.users.all(),
                await store.users.find_by_email(a_user(ADA).email),
                await store.passwords.find(ADA),
                await store.sessions.find(session.id),
            ]
            await work.commit()

        assert seen == [None, None, None]
        assert await store.users.get(ADA) == a_user(ADA)
        assert await store.passwords.find(ADA) == HASH
        assert await store.sessions.find(session.id) == session

    async def test_nobody_misses_what_is_removed_before_it_is_committed(self, store: Store) -> None:
        session = a_session(ADA)
        await keep(store, a_user(ADA), session, (ADA, HASH))
        task = await add_task(store)

        async with store.begin() as work:
            await work.remove_user(ADA)
            seen = [
                await store.users.get(ADA),
                await store.passwords.find(ADA),
                await store.sessions.find(session.id),
                await store.tasks.get(ADA, task.id),
            ]
            await work.commit()

        assert seen == [a_user(ADA), HASH, session, task]

    async def test_what_is_committed_can_be_seen_before_the_unit_is_left(self, store: Store) -> None:
        async with store.begin() as work:
            await work.add_user(a_user(ADA))
            await work.commit()
            seen = await store.users.get(ADA)

        assert seen == a_user(ADA)

    async def test_leaving_without_a_commit_forgets_everything(self, store: Store) -> None:
        session, fresh = a_session(ADA), a_session(ADA)
        await keep(store, a_user(ADA), session, (ADA, HASH))

        async with store.begin() as work:
            await work.add_user(a_user(BOB))
            await work.set_password(ADA, OTHER_HASH)
            await work.remove_sessions_of(ADA)
            await work.add_session(fresh)

        assert list(await store.users.all()) == [a_user(ADA)]
        assert await store.passwords.find(ADA) == HASH
        assert await store.sessions.find(session.id) == session
        assert await store.sessions.find(fresh.id) is None

    async def test_a_removal_without_a_commit_is_forgotten_too(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        task = await add_task(store)

        async with store.begin() as work:
            await work.remove_user(ADA)

        assert await store.users.get(ADA) == a_user(ADA)
        assert list(await store.tasks.of(ADA)) == [task]

    async def test_an_exception_inside_forgets_everything_and_goes_on_its_way(self, store: Store) -> None:
        async def fail_inside() -> None:
            async with store.begin() as work:
                await work.add_user(a_user(ADA))
                raise LookupError("inside")

        with pytest.raises(LookupError, match="inside"):
            await fail_inside()

        assert list(await store.users.all()) == []

    async def test_a_cancellation_inside_forgets_everything(self, store: Store) -> None:
        inside, never = asyncio.Event(), asyncio.Event()

        async def wait_inside() -> None:
            async with store.begin() as work:
                await work.add_user(a_user(ADA))
                inside.set()
                await never.wait()
                await work.commit()

        task = asyncio.create_task(wait_inside())
        await inside.wait()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

        assert list(await store.users.all()) == []
        await keep(store, a_user(ADA))

    async def test_an_exception_after_the_commit_undoes_nothing(self, store: Store) -> None:
        async def fail_afterwards() -> None:
            async with store.begin() as work:
                await work.add_user(a_user(ADA))
                await work.commit()
                raise LookupError("afterwards")

        with pytest.raises(LookupError, match="afterwards"):
            await fail_afterwards()

        assert await store.users.get(ADA) == a_user(ADA)

    async def test_what_is_asked_for_after_the_commit_is_not_kept_without_another(self, store: Store) -> None:
        with suppress(DomainError):
            async with store.begin() as work:
                await work.add_user(a_user(ADA))
                await work.commit()
                await work.add_user(a_user(BOB))

        assert list(await store.users.all()) == [a_user(ADA)]

    async def test_a_refusal_leaves_nothing_of_the_unit(self, store: Store) -> None:
        await keep(store, a_user(ADA, email="ada@example.com"))

        with pytest.raises(EmailTaken):
            await keep(store, a_user(UserId("usr_new")), a_user(BOB, email="ada@example.com"))

        assert [user.id for user in await store.users.all()] == [ADA]

    async def test_a_commit_that_returns_has_kept_everything_after_a_refusal_too(self, store: Store) -> None:
        await keep(store, a_user(ADA, email="ada@example.com"))
        committed = False

        with suppress(DomainError):
            async with store.begin() as work:
                await work.add_user(a_user(UserId("usr_new")))
                with suppress(EmailTaken):
                    await work.add_user(a_user(BOB, email="ada@example.com"))
                await work.commit()
                committed = True

        kept = UserId("usr_new") in {user.id for user in await store.users.all()}
        assert kept == committed

    async def test_a_store_serves_on_after_a_refusal(self, store: Store) -> None:
        await keep(store, a_user(ADA, email="ada@example.com"))

        for _ in range(12):
            with pytest.raises(EmailTaken):
                await keep(store, a_user(BOB, email="ada@example.com"))

        await keep(store, a_user(BOB))
        assert await store.users.get(BOB) == a_user(BOB)

    async def test_a_unit_sees_its_own_changes(self, store: Store) -> None:
        session = a_session(BOB)
        await keep(store, a_user(ADA, email="ada@example.com"))

        async with store.begin() as work:
            await work.remove_user(ADA)
            await work.add_user(a_user(BOB, email="ada@example.com"))
            await work.set_password(BOB, HASH)
            await work.add_session(session)
            await work.commit()

        assert [user.id for user in await store.users.all()] == [BOB]
        assert await store.passwords.find(BOB) == HASH
        assert await store.sessions.find(session.id) == session

    async def test_what_a_unit_has_removed_it_cannot_use(self, store: Store) -> None:
        await keep(store, a_user(ADA))

        async def remove_and_sign_in() -> None:
            async with store.begin() as work:
                await work.remove_user(ADA)
                await work.add_session(a_session(ADA))
                await work.commit()

        with pytest.raises(UserNotFound):
            await remove_and_sign_in()

        assert await store.users.get(ADA) == a_user(ADA)

    async def test_two_units_at_once_both_happen(self, store: Store) -> None:
        await asyncio.gather(
            keep(store, a_user(ADA), a_session(ADA), (ADA, HASH)),
            keep(store, a_user(BOB), a_session(BOB), (BOB, OTHER_HASH)),
        )

        assert {user.id for user in await store.users.all()} == {ADA, BOB}
        assert await store.passwords.find(ADA) == HASH
        assert await store.passwords.find(BOB) == OTHER_HASH

    async def test_a_unit_that_is_forgotten_takes_nothing_of_another_with_it(self, store: Store) -> None:
        async def forget() -> None:
            async with store.begin() as work:
                await work.add_user(a_user(ADA))

        await asyncio.gather(forget(), keep(store, a_user(BOB)), forget())

        assert list(await store.users.all()) == [a_user(BOB)]

    async def test_nothing_of_a_user_outlives_the_account_that_is_deleted_at_the_same_time(self, store: Store) -> None:
        for _ in range(5):
            session = a_session(ADA)
            await keep(store, a_user(ADA))

            outcomes = await all_of(
                [
                    keep(store, session),
                    drop(store, ADA),
                    store.tasks.add(a_new_task(ADA)),
                    keep(store, (ADA, HASH)),
                ]
            )

            refused = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
            assert all(isinstance(refusal, UserNotFound | OwnerUnknown) for refusal in refused), refused
            assert await store.sessions.find(session.id) is None
            assert await store.passwords.find(ADA) is None
            assert list(await store.tasks.of(ADA)) == []
