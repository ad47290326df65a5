"""What every store promises about writes that may be sent again."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import ADA, BOB, NOON, a_new_task, a_user, an_attempt, drop, keep
from tests.contracts.samples import NOBODY, add_task, titles_of
from todo.domain.errors import OwnerUnknown, TaskChanged, TaskNotFound, TaskQuotaReached, TooManyAttempts
from todo.domain.model.retry import KEPT, Answer, Attempt, IdempotencyKey, KeptAnswer
from todo.domain.model.task import Title
from todo.domain.ports.store import Store

CREATED = Answer(status=201, body=b'{"id":1}\x00\xff')


async def answered(store: Store, attempt: Attempt, answer: Answer = CREATED) -> None:
    async with store.begin() as work:
        assert await work.claim(attempt) is None
        await work.keep_answer(attempt, answer)
        await work.commit()


async def found(store: Store, attempt: Attempt) -> KeptAnswer | None:
    async with store.begin() as work:
        return await work.claim(attempt)


class AnswerContract:
    """Keys, and the answers under them."""

    async def test_the_first_try_has_no_answer_and_the_next_has_it_to_the_letter(self, store: Store) -> None:
        await keep(store, a_user(ADA))

        await answered(store, an_attempt())

        assert await found(store, an_attempt()) == KeptAnswer(request=an_attempt().request, answer=CREATED)

    async def test_the_request_that_was_answered_is_told_whatever_is_asked_now(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        await answered(store, an_attempt(request=b"one"))

        kept = await found(store, an_attempt(request=b"another"))

        assert kept is not None
        assert kept.request == b"one"

    async def test_keys_are_told_apart_by_every_character(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        longest = "~" * IdempotencyKey.LONGEST
        keys = ["a", "A", "a!", '"a"', "%", "_", "';--", longest, longest[1:]]

        for key in keys:
            await answered(store, an_attempt(key=key), Answer(status=200, body=key.encode()))

        for key in keys:
            kept = await found(store, an_attempt(key=key))
            assert kept is not None
            assert kept.answer.body == key.encode()

    async def test_one_key_of_two_users_is_two_keys(self, store: Store) -> None:
        await keep(store, a_user(ADA), a_user(BOB))
        await answered(store, an_attempt(ADA))

        assert await found(store, an_attempt(BOB)) is None

    async def test_an_answer_is_kept_for_its_time_and_then_the_key_is_free(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        await answered(store, an_attempt())
        almost = an_attempt(at=NOON + KEPT - timedelta(milliseconds=1))
        later = an_attempt(at=NOON + KEPT, request=b"another")

        assert await found(store, almost) is not None
        await answered(store, later, Answer(status=200, body=b"new"))

        assert await found(store, later) == KeptAnswer(request=later.request, answer=Answer(status=200, body=b"new"))

    async def test_a_free_key_that_is_claimed_and_not_answered_is_free_again(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        await answered(store, an_attempt())
        later = an_attempt(at=NOON + KEPT)

        assert await found(store, later) is None
        assert await found(store, later) is None

    async def test_without_a_commit_neither_change_nor_answer_is_kept(self, store: Store) -> None:
        await keep(store, a_user(ADA))

        async with store.begin() as work:
            await work.claim(an_attempt())
            await work.tasks.add(a_new_task())
            await work.keep_answer(an_attempt(), CREATED)

        assert list(await store.tasks.of(ADA)) == []
        assert await found(store, an_attempt()) is None

    async def test_of_many_at_once_one_is_the_first_and_the_others_hear_its_answer(self, store: Store) -> None:
        await keep(store, a_user(ADA))

        async def attempt(number: int) -> KeptAnswer | None:
            async with store.begin() as work:
                kept = await work.claim(an_attempt())
                if kept is None:
                    await work.tasks.add(a_new_task(title=f"{number}"))
                    await work.keep_answer(an_attempt(), Answer(status=201, body=b"%d" % number))
                    await work.commit()
                return kept

        outcomes = await asyncio.gather(*(attempt(number) for number in range(8)))

        [title] = await titles_of(store)
        first = Answer(status=201, body=title.encode())
        assert outcomes.count(None) == 1
        assert outcomes.count(KeptAnswer(request=an_attempt().request, answer=first)) == 7

    async def test_when_the_first_gives_up_the_next_is_the_first(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        claimed = asyncio.Event()

        async def give_up() -> None:
            async with store.begin() as work:
                await work.claim(an_attempt())
                await work.tasks.add(a_new_task(title="given up"))
                claimed.set()
                await asyncio.sleep(0)

        async def come_next() -> None:
            await claimed.wait()
            await answered(store, an_attempt())

        await asyncio.gather(give_up(), come_next())

        assert await titles_of(store) == []
        assert await found(store, an_attempt()) is not None

    async def test_where_too_many_are_kept_a_new_key_waits_until_one_is_forgotten(self, store: Store) -> None:
        await keep(store, a_user(ADA), a_user(BOB))
        for number in range(3):
            attempt = an_attempt(key=f"{number}", at=NOON + timedelta(minutes=number))
            async with store.begin() as work:
                assert await work.claim(attempt, at_most=3) is None
                await work.keep_answer(attempt, CREATED)
                await work.commit()
        later = an_attempt(key="one-more", at=NOON + timedelta(hours=1))

        async with store.begin() as work:
            with pytest.raises(TooManyAttempts) as refused:
                await work.claim(later, at_most=3)

        assert refused.value.retry_after == timedelta(hours=23).total_seconds()
        async with store.begin() as work:
            assert await work.claim(an_attempt(key="2"), at_most=3) is not None, "what is kept is repeated"
            assert await work.claim(an_attempt(BOB, key="2"), at_most=3) is None, "others have room of their own"
        async with store.begin() as work:
            assert await work.claim(later, at_most=4) is None, "the refusal has kept nothing"
        async with store.begin() as work:
            assert await work.claim(an_attempt(key="one-more", at=NOON + KEPT), at_most=3) is None

    async def test_who_is_not_recorded_claims_nothing(self, store: Store) -> None:
        with pytest.raises(OwnerUnknown):
            await found(store, an_attempt(NOBODY))

    async def test_answers_go_with_their_user(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        await answered(store, an_attempt())

        await drop(store, ADA)

        await keep(store, a_user(ADA))
        assert await found(store, an_attempt()) is None


class UnitTasksContract:
    """The tasks as a unit of work sees and changes them."""

    async def test_a_unit_sees_its_own_changes_of_tasks_and_nobody_else_does(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        kept, doomed = await add_task(store, title="Kept"), await add_task(store, title="Doomed")

        async with store.begin() as work:
            added = await work.tasks.add(a_new_task(title="Added"))
            await work.tasks.save(replace(kept, title=Title("Changed")), expecting=kept.version)
            await work.tasks.remove(ADA, doomed.id)
            inside = [str(task.title) for task in await work.tasks.of(ADA)]
            outside = await titles_of(store)
            await work.commit()

        assert inside == ["Changed", "Added"]
        assert outside == ["Kept", "Doomed"]
        assert await titles_of(store) == ["Changed", "Added"]
        assert await store.tasks.get(ADA, added.id) == added

    async def test_what_is_not_committed_is_not_kept(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        task = await add_task(store)

        async with store.begin() as work:
            await work.tasks.add(a_new_task(title="Added"))
            await work.tasks.save(replace(task, title=Title("Changed")), expecting=task.version)

        assert list(await store.tasks.of(ADA)) == [task]

    async def test_refusals_are_those_of_the_tasks_outside(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        task = await add_task(store)

        async with store.begin() as work:
            with pytest.raises(TaskNotFound):
                await work.tasks.get(BOB, task.id)
            with pytest.raises(TaskNotFound):
                await work.tasks.remove(BOB, task.id)
            with pytest.raises(TaskChanged):
                await work.tasks.save(task, expecting=task.version + 1)
            with pytest.raises(TaskQuotaReached):
                await work.tasks.add(a_new_task(), at_most=1)
            await work.tasks.add(a_new_task(), at_most=2)
            await work.commit()

        assert len(await store.tasks.of(ADA)) == 2

    async def test_who_changes_the_same_task_waits_and_then_finds_it_changed(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        task = await add_task(store)

        async with store.begin() as work:
            await work.tasks.save(replace(task, title=Title("First")), expecting=task.version)
            late = asyncio.ensure_future(store.tasks.save(replace(task, title=Title("Late")), expecting=task.version))
            await asyncio.sleep(0)
            await work.commit()

        with pytest.raises(TaskChanged):
            await late
        assert await titles_of(store) == ["First"]


class QuotaContract:
    """No more tasks than one may have."""

    async def test_the_last_task_that_fits_is_kept_and_the_next_is_refused(self, store: Store) -> None:
        await keep(store, a_user(ADA), a_user(BOB))
        for _ in range(3):
            await store.tasks.add(a_new_task(), at_most=3)

        with pytest.raises(TaskQuotaReached):
            await store.tasks.add(a_new_task(), at_most=3)

        await store.tasks.add(a_new_task(BOB), at_most=3)
        assert len(await store.tasks.of(ADA)) == 3

    async def test_a_task_that_is_removed_makes_room(self, store: Store) -> None:
        await keep(store, a_user(ADA))
        task = await store.tasks.add(a_new_task(), at_most=1)

        await store.tasks.remove(ADA, task.id)

        await store.tasks.add(a_new_task(), at_most=1)

    async def test_of_many_at_once_no_more_get_in(self, store: Store) -> None:
        await keep(store, a_user(ADA))

        outcomes = await asyncio.gather(
            *(store.tasks.add(a_new_task(), at_most=7) for _ in range(20)), return_exceptions=True
        )

        assert [type(outcome) for outcome in outcomes].count(TaskQuotaReached) == 13
        assert len(await store.tasks.of(ADA)) == 7

    async def test_who_is_not_recorded_is_told_so_whatever_the_quota(self, store: Store) -> None:
        for at_most in (1, 10_000):
            with pytest.raises(OwnerUnknown):
                await store.tasks.add(a_new_task(NOBODY), at_most=at_most)
