"""What every store promises about tasks."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import (
    ADA,
    BOB,
    LATER,
    NOON,
    a_new_task,
    a_task,
    a_user,
    drop,
    keep,
)
from tests.contracts.samples import (
    EXACT,
    FAR_AHEAD,
    LONG_AGO,
    NO_TASKS_NUMBERS,
    NOBODY,
    ODD_IDS,
    ODD_TEXTS,
    SMILE,
    add_task,
    all_of,
    titles_of,
)
from todo.domain.errors import (
    OwnerUnknown,
    TaskChanged,
    TaskNotFound,
)
from todo.domain.model.task import Description, Task, TaskId, Title
from todo.domain.model.user import UserId
from todo.domain.ports.store import Store


class TaskContract:
    """Tasks, one by one and all together."""

    async def test_who_has_no_tasks_gets_an_empty_list(self, store: Store) -> None:
        await keep(store, a_user(ADA))

        assert list(await store.tasks.of(ADA)) == []

    async def test_who_is_unknown_gets_an_empty_list(self, store: Store) -> None:
        assert list(await store.tasks.of(NOBODY)) == []

    async def test_a_new_task_is_open_and_as_it_was_given(self, store: Store) -> None:
        await keep(store, a_user(ADA))

        task = await store.tasks.add(a_new_task(ADA, title="Buy milk", description="Two", created_at=EXACT))

        assert task == Task(
            id=task.id,
            owner=ADA,
            title=Title("Buy milk"),
            description=Description("Two"),
            completed_at=None,
            created_at=EXACT,
            updated_at=EXACT,
            version=1,
        )

    async def test_a_task_comes_back_as_it_was_kept(self, store: Store) -> None:
        await keep(store, a_user(ADA))

        task = await store.tasks.add(a_new_task(ADA, title="Buy milk", description="Two", created_at=EXACT))

        assert await store.tasks.get(ADA, task.id) == task
        assert list(await store.tasks.of(ADA)) == [task]

    async def test_titles_come_back_to_the_letter(self, store: Store) -> None:
        titles = [*ODD_TEXTS, "x", "x" * 500, SMILE * 500]
        await keep(store, a_user(ADA))

        added = [str((await add_task(store, title=title)).title) for title in titles]

        assert added == titles
        assert await titles_of(store) == titles

    async def test_descriptions_come_back_to_the_letter(self, store: Store) -> None:
        descriptions = [None, "", " ", *ODD_TEXTS, "x" * 16_384, SMILE * 16_384]
        await keep(store, a_user(ADA))

        added = [await store.tasks.add(a_new_task(ADA, description=text)) for text in descriptions]

        assert [task.description for task in added] == descriptions
        assert list(await store.tasks.of(ADA)) == added

    async def test_moments_come_back_to_the_millisecond_and_in_utc(self, store: Store) -> None:
        await keep(store, a_user(ADA))

        for moment in (LONG_AGO, NOON, EXACT, FAR_AHEAD):
            task = await store.tasks.add(a_new_task(ADA, created_at=moment))
            kept = await store.tasks.save(task.toggle(by=ADA, at=moment), expecting=task.version)

            assert (kept.created_at, kept.updated_at, kept.completed_at) == (moment, moment, moment)
            assert kept.created_at.utcoffset() == timedelta(0)

    async def test_a_task_of_an_unknown_owner_is_not_kept(self, store: Store) -> None:
        with pytest.raises(OwnerUnknown):
            await store.tasks.add(a_new_task(NOBODY))

        assert list(await store.tasks.of(NOBODY)) == []

    async def test_tasks_may_belong_to_users_with_ids_of_other_issuers(self, store: Store) -> None:
        owners = [UserId(user) for user in ODD_IDS]
        await keep(store, *(a_user(owner, email=f"{n}@example.com") for n, owner in enumerate(owners)))

        added = [await add_task(store, owner) for owner in owners]

        assert [task.owner for task in added] == owners
        assert [list(await store.tasks.of(owner)) for owner in owners] == [[task] for task in added]

    async def test_ids_that_differ_in_case_are_two_owners(self, store: Store) -> None:
        big = UserId(ADA.upper())
        await keep(store, a_user(ADA), a_user(big, email="big@example.com"))

        task = await add_task(store, ADA)

        assert list(await store.tasks.of(big)) == []
        with pytest.raises(TaskNotFound):
            await store.tasks.get(big, task.id)

    async def test_tasks_come_the_oldest_first(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        titles = [f"Task {number}" for number in range(12)]

        for title in titles:
            await add_task(store, title=title)

        assert await titles_of(store) == titles

    async def test_changing_a_task_leaves_it_in_its_place(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        first = await add_task(store, title="First")
        await add_task(store, title="Second")

        await store.tasks.save(first.edit(title=Title("Still first"), by=ADA, at=LATER), expecting=1)

        assert await titles_of(store) == ["Still first", "Second"]

    async def test_each_owner_has_their_own_tasks(self, store: Store) -> None:
        await keep(store, a_user(ADA), a_user(BOB))

        for owner, title in ((ADA, "Ada's"), (BOB, "Bob's"), (ADA, "Ada's other")):
            await add_task(store, owner, title)

        assert await titles_of(store, ADA) == ["Ada's", "Ada's other"]
        assert await titles_of(store, BOB) == ["Bob's"]

    async def test_numbers_are_unique_in_the_whole_store(self, store: Store) -> None:
        await keep(store, a_user(ADA), a_user(BOB))

        numbers = [(await add_task(store, owner)).id for owner in (ADA, BOB, ADA, BOB)]

        assert len(set(numbers)) == 4
        assert min(numbers) >= 1

    async def test_numbers_grow(self, store: Store) -> None:
        await keep(store, a_user(ADA))

        numbers = [(await add_task(store)).id for _ in range(12)]

        assert numbers == sorted(numbers)

    async def test_a_number_is_not_used_again_after_a_removal(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        removed = await add_task(store)
        await store.tasks.remove(ADA, removed.id)

        added = await add_task(store)

        assert added.id > removed.id

    async def test_a_number_is_not_used_again_after_the_account_has_gone(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        removed = await add_task(store)
        await drop(store, ADA)
        await keep(store, a_user(ADA))

        added = await add_task(store)

        assert added.id > removed.id

    async def test_many_who_add_at_once_get_a_number_each(self, store: Store) -> None:
        await keep(store, a_user(ADA), a_user(BOB))

        added = await asyncio.gather(*(store.tasks.add(a_new_task(owner)) for owner in [ADA, BOB] * 15))

        assert len({task.id for task in added}) == 30

    async def test_a_number_without_a_task_is_not_found(self, store: Store) -> None:
        await keep(store, a_user(ADA))

        for number in NO_TASKS_NUMBERS:
            with pytest.raises(TaskNotFound):
                await store.tasks.get(ADA, TaskId(number))

    async def test_a_number_without_a_task_cannot_be_removed(self, store: Store) -> None:
        await keep(store, a_user(ADA))

        for number in NO_TASKS_NUMBERS:
            with pytest.raises(TaskNotFound):
                await store.tasks.remove(ADA, TaskId(number))

    async def test_anothers_task_is_not_found(self, store: Store) -> None:
        await keep(store, a_user(ADA), a_user(BOB))
        task = await add_task(store, ADA)

        with pytest.raises(TaskNotFound):
            await store.tasks.get(BOB, task.id)

    async def test_anothers_task_cannot_be_removed(self, store: Store) -> None:
        await keep(store, a_user(ADA), a_user(BOB))
        task = await add_task(store, ADA)

        with pytest.raises(TaskNotFound):
            await store.tasks.remove(BOB, task.id)

        assert await store.tasks.get(ADA, task.id) == task

    async def test_anothers_task_cannot_be_saved_as_ones_own(self, store: Store) -> None:
        await keep(store, a_user(ADA), a_user(BOB))
        task = await add_task(store, ADA)

        with pytest.raises(TaskChanged):
            await store.tasks.save(replace(task, owner=BOB, title=Title("Mine")), expecting=task.version)

        assert list(await store.tasks.of(ADA)) == [task]
        assert list(await store.tasks.of(BOB)) == []

    async def test_a_removed_task_is_gone_and_the_others_are_not(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        removed, other = await add_task(store), await add_task(store)

        await store.tasks.remove(ADA, removed.id)

        assert list(await store.tasks.of(ADA)) == [other]
        with pytest.raises(TaskNotFound):
            await store.tasks.get(ADA, removed.id)

    async def test_a_task_is_removed_once(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        task = await add_task(store)
        await store.tasks.remove(ADA, task.id)

        with pytest.raises(TaskNotFound):
            await store.tasks.remove(ADA, task.id)

    async def test_of_many_who_remove_one_task_at_once_one_does(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        task = await add_task(store)

        outcomes = await all_of([store.tasks.remove(ADA, task.id) for _ in range(8)])

        assert outcomes.count(None) == 1
        assert sum(isinstance(outcome, TaskNotFound) for outcome in outcomes) == 7


class SaveContract:
    """Saving a task that somebody else may have saved first."""

    async def test_everything_that_can_change_is_kept_with_the_next_version(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        task = await add_task(store)
        changed = replace(
            task,
            title=Title(f"Buy oat milk {SMILE}"),
            description=Description("Two litres"),
            completed_at=EXACT,
            updated_at=LATER,
        )

        kept = await store.tasks.save(changed, expecting=task.version)

        assert kept == replace(changed, version=task.version + 1)
        assert await store.tasks.get(ADA, task.id) == kept

    async def test_a_description_can_be_emptied_and_cleared(self, store: Store) -> None:
        await keep(store, a_user(ADA))

        for description in (None, Description("")):
            task = await store.tasks.add(a_new_task(ADA, description="Two"))
            kept = await store.tasks.save(task.edit(description=description, by=ADA, at=LATER), expecting=1)

            assert kept.description == description
            assert (await store.tasks.get(ADA, task.id)).description == description

    async def test_a_task_can_be_opened_again(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        task = await add_task(store)
        done = await store.tasks.save(task.toggle(by=ADA, at=NOON), expecting=1)

        reopened = await store.tasks.save(done.toggle(by=ADA, at=LATER), expecting=2)

        assert reopened.completed_at is None
        assert await store.tasks.get(ADA, task.id) == reopened

    async def test_the_time_of_its_making_never_changes(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        task = await add_task(store)

        kept = await store.tasks.save(replace(task, created_at=FAR_AHEAD), expecting=task.version)

        assert kept.created_at == task.created_at
        assert await store.tasks.get(ADA, task.id) == kept

    async def test_versions_count_up_by_one(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        task = await add_task(store)

        versions = [task.version]
        for _ in range(3):
            task = await store.tasks.save(task.toggle(by=ADA, at=LATER), expecting=task.version)
            versions.append(task.version)

        assert versions == [1, 2, 3, 4]

    async def test_saving_what_has_not_changed_is_a_version_too(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        task = await add_task(store)

        kept = await store.tasks.save(task, expecting=task.version)

        assert kept == replace(task, version=2)

    async def test_the_expected_version_counts_and_not_the_tasks_own(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        task = await add_task(store)

        kept = await store.tasks.save(replace(task, version=77), expecting=1)

        assert kept.version == 2

    async def test_who_saves_an_older_version_is_told(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        task = await add_task(store)
        faster = await store.tasks.save(task.toggle(by=ADA, at=NOON), expecting=task.version)

        with pytest.raises(TaskChanged):
            await store.tasks.save(task.edit(title=Title("Late"), by=ADA, at=NOON), expecting=task.version)

        assert await store.tasks.get(ADA, task.id) == faster

    async def test_a_version_that_never_was_is_told(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        task = await add_task(store)

        for version in (0, -1, 2, 2**31 - 1, 2**31, 10**400):
            with pytest.raises(TaskChanged):
                await store.tasks.save(task, expecting=version)

    async def test_a_task_that_has_gone_cannot_be_saved_back(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        task = await add_task(store)
        await store.tasks.remove(ADA, task.id)

        with pytest.raises(TaskChanged):
            await store.tasks.save(task.toggle(by=ADA, at=NOON), expecting=task.version)

        assert list(await store.tasks.of(ADA)) == []

    async def test_a_task_that_never_was_cannot_be_saved(self, store: Store) -> None:
        await keep(store, a_user(ADA))

        with pytest.raises(TaskChanged):
            await store.tasks.save(a_task(ADA, id=4711), expecting=1)

    async def test_saving_one_task_leaves_the_others(self, store: Store) -> None:
        await keep(store, a_user(ADA), a_user(BOB))
        task, other, of_bob = await add_task(store), await add_task(store), await add_task(store, BOB)

        await store.tasks.save(task.toggle(by=ADA, at=NOON), expecting=1)

        assert await store.tasks.get(ADA, other.id) == other
        assert await store.tasks.get(BOB, of_bob.id) == of_bob

    async def test_of_many_who_save_one_version_at_once_one_does(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        task = await add_task(store)

        outcomes = await all_of(
            [
                store.tasks.save(task.edit(title=Title(f"By {number}"), by=ADA, at=NOON), expecting=1)
                for number in range(8)
            ]
        )

        saved = [outcome for outcome in outcomes if isinstance(outcome, Task)]
        assert saved == [await store.tasks.get(ADA, task.id)]
        assert sum(isinstance(outcome, TaskChanged) for outcome in outcomes) == 7
