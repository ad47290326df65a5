import inspect
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from typing import Self

import pytest

from tests.builders import ADA, BOB, NOON, HandClock, a_session, a_user, drop, keep, principal
from todo.adapters.memory import MemoryStore
from todo.domain.errors import Busy, SessionEnded, TaskNotFound
from todo.domain.model.keep import KEEP
from todo.domain.model.principal import Principal
from todo.domain.model.retry import Answer, IdempotencyKey, RequestDigest
from todo.domain.model.task import Description, NewTask, Task, TaskId, Title
from todo.domain.model.user import Email, Name, User, UserId
from todo.domain.ports.store import (
    AccountRepository,
    LeftoverRepository,
    NetworkRepository,
    PasswordRepository,
    SessionRepository,
    Store,
    TaskRepository,
    TicketRepository,
    UnitOfWork,
    UserRepository,
)
from todo.domain.ports.throttle import Throttle
from todo.domain.services.tasks import PATIENCE, TaskService

MILK = Title("Buy milk")
VISITOR = UserId("Visitor")


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def tasks(store: MemoryStore, clock: HandClock) -> TaskService:
    return TaskService(store=store, clock=clock)


@pytest.fixture
async def ada(store: MemoryStore) -> Principal:
    """Signed in here."""
    session = a_session(ADA)
    await keep(store, a_user(ADA), session)
    return principal(ADA, session=session)


@pytest.fixture
async def bob(store: MemoryStore) -> Principal:
    session = a_session(BOB)
    await keep(store, a_user(BOB), session)
    return principal(BOB, session=session)


class TestWhatPeopleDoWithTheirTasks:
    async def test_the_list_is_empty_at_first(self, tasks: TaskService, ada: Principal) -> None:
        assert list(await tasks.list(by=ada)) == []

    async def test_a_task_that_is_added_is_open_and_in_the_list(
        self, tasks: TaskService, ada: Principal, clock: HandClock
    ) -> None:
        clock.turn(timedelta(minutes=1))

        task = await tasks.add(MILK, Description("Two"), by=ada)

        assert (task.owner, task.title, task.description, task.completed) == (ADA, "Buy milk", "Two", False)
        assert task.created_at == task.updated_at == NOON + timedelta(minutes=1)
        assert list(await tasks.list(by=ada)) == [task]
        assert await tasks.get(task.id, by=ada) == task

    async def test_a_task_needs_no_description(self, tasks: TaskService, ada: Principal) -> None:
        assert (await tasks.add(MILK, None, by=ada)).description is None

    async def test_the_oldest_task_comes_first(self, tasks: TaskService, ada: Principal) -> None:
        titles = [Title(f"Task {number}") for number in range(11)]

        for title in titles:
            await tasks.add(title, None, by=ada)

        assert [task.title for task in await tasks.list(by=ada)] == titles

    async def test_an_edit_keeps_what_it_is_given_and_leaves_the_rest(
        self, tasks: TaskService, ada: Principal, clock: HandClock
    ) -> None:
        task = await tasks.add(MILK, Description("Two"), by=ada)
        clock.turn(timedelta(hours=1))

        edited = await tasks.edit(task.id, title=Title("Buy oat milk"), by=ada)

        assert edited == replace(
            task, title=Title("Buy oat milk"), updated_at=NOON + timedelta(hours=1), version=task.version + 1
        )
        assert await tasks.get(task.id, by=ada) == edited

    async def test_an_edit_can_clear_the_description_and_complete_the_task(
        self, tasks: TaskService, ada: Principal, clock: HandClock
    ) -> None:
        task = await tasks.add(MILK, Description("Two"), by=ada)
        clock.turn(timedelta(hours=1))

        edited = await tasks.edit(task.id, description=None, completed=True, by=ada)

        assert edited.description is None
        assert edited.completed_at == NOON + timedelta(hours=1)

    async def test_an_edit_can_say_what_to_leave(self, tasks: TaskService, ada: Principal) -> None:
        task = await tasks.add(MILK, Description("Two"), by=ada)

        edited = await tasks.edit(task.id, title=KEEP, description=KEEP, completed=KEEP, by=ada)

        assert (edited.title, edited.description, edited.completed) == ("Buy milk", "Two", False)

    async def test_a_toggle_completes_and_another_opens_again(
        self, tasks: TaskService, ada: Principal, clock: HandClock
    ) -> None:
        task = await tasks.add(MILK, None, by=ada)
        clock.turn(timedelta(hours=1))

        done = await tasks.toggle(task.id, by=ada)
        reopened = await tasks.toggle(task.id, by=ada)

        assert done.completed_at == NOON + timedelta(hours=1)
        assert reopened.completed_at is None
        assert [task.version, done.version, reopened.version] == [1, 2, 3]

    async def test_a_removed_task_is_gone(self, tasks: TaskService, ada: Principal) -> None:
        task = await tasks.add(MILK, None, by=ada)

        await tasks.remove(task.id, by=ada)

        assert list(await tasks.list(by=ada)) == []
        with pytest.raises(TaskNotFound):
            await tasks.remove(task.id, by=ada)

    @pytest.mark.parametrize("number", [0, -1, 1, 2**63, 10**400])
    async def test_a_number_without_a_task_is_not_found(self, tasks: TaskService, ada: Principal, number: int) -> None:
        for use_case in (tasks.get, tasks.toggle, tasks.edit, tasks.remove):
            with pytest.raises(TaskNotFound):
                await use_case(TaskId(number), by=ada)


async def nothing_at_all(tasks: TaskService) -> Answer:
    """A change that changes nothing."""
    return Answer(status=200, body=b"")


SAMPLES: dict[str, object] = {
    "title": Title("Taken over"),
    "description": Description("by a stranger"),
    "completed": True,
    "key": IdempotencyKey("key"),
    "request": RequestDigest(b"a request"),
    "change": nothing_at_all,
}
"""Something for each parameter of a use case, by its name."""

USE_CASES = {
    name: method
    for name, method in vars(TaskService).items()
    if not name.startswith("_") and inspect.isfunction(method)
}


def attempt(use_case: str, tasks: TaskService, task_id: TaskId, by: Principal) -> Awaitable[object]:
    """A call with a sample in place of every parameter, by default the owner's task."""
    arguments: dict[str, object] = {"task_id": task_id, "by": by}
    for name in inspect.signature(USE_CASES[use_case]).parameters:
        if name not in {"self", *arguments}:
            assert name in SAMPLES, f"a new parameter: put something for {name!r} into SAMPLES"
            arguments[name] = SAMPLES[name]
    if "task_id" not in inspect.signature(USE_CASES[use_case]).parameters:
        del arguments["task_id"]
    called: Callable[..., Awaitable[object]] = getattr(tasks, use_case)
    return called(**arguments)


class TestStrangers:
    def test_every_use_case_says_on_whose_behalf(self) -> None:
        assert {"list", "get", "add", "edit", "toggle", "remove"} <= set(USE_CASES)
        for use_case in USE_CASES.values():
            by = inspect.signature(use_case).parameters["by"]
            assert by.kind is inspect.Parameter.KEYWORD_ONLY
            assert by.default is inspect.Parameter.empty

    @pytest.mark.parametrize("use_case", USE_CASES)
    async def test_every_use_case_refuses_a_stranger(
        self, use_case: str, tasks: TaskService, ada: Principal, bob: Principal
    ) -> None:
        task = await tasks.add(MILK, Description("Two"), by=ada)

        if "task_id" in inspect.signature(USE_CASES[use_case]).parameters:
            with pytest.raises(TaskNotFound):
                await attempt(use_case, tasks, task.id, bob)
        else:
            assert task not in of_answer(await attempt(use_case, tasks, task.id, bob))

        assert list(await tasks.list(by=ada)) == [task]

    @pytest.mark.parametrize("use_case", USE_CASES)
    async def test_every_use_case_serves_the_owner(self, use_case: str, tasks: TaskService, ada: Principal) -> None:
        task = await tasks.add(MILK, Description("Two"), by=ada)

        await attempt(use_case, tasks, task.id, ada)

    async def test_a_stranger_is_told_the_same_as_about_no_task(
        self, tasks: TaskService, ada: Principal, bob: Principal
    ) -> None:
        task = await tasks.add(MILK, None, by=ada)

        told = []
        for number in (task.id, TaskId(4711)):
            with pytest.raises(TaskNotFound) as refusal:
                await tasks.get(number, by=bob)
            told.append((type(refusal.value), str(refusal.value)))

        assert told[0] == told[1]


def of_answer(answer: object) -> list[object]:
    return list(answer) if isinstance(answer, list | tuple) else [answer]


class Rivalled(TaskRepository):
    """Tasks that somebody else saves or removes just before we do, a number of times."""

    def __init__(self, tasks: TaskRepository, *, times: int, removes: bool = False) -> None:
        self._tasks = tasks
        self._left = times
        self._removes = removes
        self.asked = 0

    async def of(self, owner: UserId) -> list[Task]:
        return list(await self._tasks.of(owner))

    async def get(self, owner: UserId, task_id: TaskId) -> Task:
        self.asked += 1
        return await self._tasks.get(owner, task_id)

    async def add(self, task: NewTask, *, at_most: int | None = None) -> Task:
        return await self._tasks.add(task, at_most=at_most)

    async def save(self, task: Task, *, expecting: int) -> Task:
        if self._left:
            self._left -= 1
            if self._removes:
                await self._tasks.remove(task.owner, task.id)
            else:
                theirs = await self._tasks.get(task.owner, task.id)
                await self._tasks.save(theirs.toggle(by=task.owner, at=NOON), expecting=theirs.version)
        return await self._tasks.save(task, expecting=expecting)

    async def remove(self, owner: UserId, task_id: TaskId) -> None:
        await self._tasks.remove(owner, task_id)


class RivalledStore(Store):
    """A memory store in which somebody else is faster."""

    def __init__(self, *, times: int, removes: bool = False) -> None:
        self._store = MemoryStore()
        self.rivalled = Rivalled(self._store.tasks, times=times, removes=removes)

    async def require_ready(self) -> None:
        await self._store.require_ready()

    @property
    def tasks(self) -> TaskRepository:
        return self.rivalled

    @property
    def users(self) -> UserRepository:
        return self._store.users

    @property
    def passwords(self) -> PasswordRepository:
        return self._store.passwords

    @property
    def accounts(self) -> AccountRepository:
        return self._store.accounts

    @property
    def tickets(self) -> TicketRepository:
        return self._store.tickets

    @property
    def sessions(self) -> SessionRepository:
        return self._store.sessions

    @property
    def networks(self) -> NetworkRepository:
        return self._store.networks

    @property
    def throttle(self) -> Throttle:
        return self._store.throttle

    @property
    def leftovers(self) -> LeftoverRepository:
        return self._store.leftovers

    def begin(self) -> AbstractAsyncContextManager[UnitOfWork]:
        return self._store.begin()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        pass


async def rivalled_task(store: Store, clock: HandClock) -> tuple[TaskService, Task]:
    await keep(store, a_user(ADA))
    tasks = TaskService(store=store, clock=clock)
    return tasks, await tasks.add(MILK, None, by=principal(ADA))


class TestRivals:
    @pytest.mark.parametrize("times", [1, 2, 20])
    async def test_a_toggle_is_a_flip_of_what_somebody_faster_left(self, times: int, clock: HandClock) -> None:
        tasks, task = await rivalled_task(RivalledStore(times=times), clock)

        toggled = await tasks.toggle(task.id, by=principal(ADA))

        assert toggled.completed == (times % 2 == 0)
        assert toggled.version == 1 + times + 1

    async def test_an_edit_keeps_what_somebody_faster_has_changed(self, clock: HandClock) -> None:
        tasks, task = await rivalled_task(RivalledStore(times=1), clock)

        edited = await tasks.edit(task.id, title=Title("Buy oat milk"), by=principal(ADA))

        assert (edited.title, edited.completed) == ("Buy oat milk", True)

    async def test_a_task_that_is_removed_meanwhile_is_not_found(self, clock: HandClock) -> None:
        tasks, task = await rivalled_task(RivalledStore(times=1, removes=True), clock)

        with pytest.raises(TaskNotFound):
            await tasks.toggle(task.id, by=principal(ADA))

    async def test_who_is_never_the_faster_is_told_in_the_end(self, clock: HandClock) -> None:
        store = RivalledStore(times=10**9)
        tasks, task = await rivalled_task(store, clock)

        with pytest.raises(Busy):
            await tasks.toggle(task.id, by=principal(ADA))

        assert store.rivalled.asked == PATIENCE


class TestUsersOfOtherIssuers:
    async def test_reading_records_nobody(self, tasks: TaskService, store: MemoryStore) -> None:
        visitor = principal(VISITOR, email="visitor@example.com")

        assert list(await tasks.list(by=visitor)) == []
        with pytest.raises(TaskNotFound):
            await tasks.get(TaskId(1), by=visitor)
        assert list(await store.users.all()) == []

    async def test_the_first_write_records_the_user_with_the_address_of_the_token(
        self, tasks: TaskService, store: MemoryStore
    ) -> None:
        task = await tasks.add(MILK, None, by=principal(VISITOR, email="Vera@Example.com"))

        assert list(await store.users.all()) == [
            User(id=VISITOR, email=Email("vera@example.com"), name=Name("vera"), created_at=NOON, updated_at=NOON)
        ]
        assert await store.passwords.find(VISITOR) is None
        assert list(await store.tasks.of(VISITOR)) == [task]

    async def test_without_an_address_the_user_gets_a_placeholder(self, tasks: TaskService, store: MemoryStore) -> None:
        await tasks.add(MILK, None, by=principal(VISITOR))

        assert [user.email for user in await store.users.all()] == ["visitor@users.invalid"]

    async def test_an_address_that_is_taken_stays_with_its_user(self, tasks: TaskService, store: MemoryStore) -> None:
        ada = a_user(ADA, email="ada@example.com")
        await keep(store, ada)

        task = await tasks.add(MILK, None, by=principal(VISITOR, email="ADA@example.com"))

        assert await store.users.get(ADA) == ada
        assert (await store.users.get(VISITOR)).email == "visitor@users.invalid"
        assert (task.owner, list(await store.tasks.of(ADA))) == (VISITOR, [])

    @pytest.mark.parametrize("email", [None, "ada@example.com"])
    async def test_a_placeholder_that_is_taken_gives_way_to_an_unmistakable_one(
        self, tasks: TaskService, store: MemoryStore, email: str | None
    ) -> None:
        await keep(store, a_user(ADA, email="ada@example.com"))
        twin = UserId(VISITOR.lower())
        await tasks.add(MILK, None, by=principal(twin, email=email))

        task = await tasks.add(MILK, None, by=principal(VISITOR, email=email))

        assert task.owner == VISITOR
        assert (await store.users.get(twin)).email == Email.placeholder(twin)
        assert (await store.users.get(VISITOR)).email == Email.unmistakable_placeholder(VISITOR)

    async def test_when_no_address_is_left_nothing_is_kept(self, tasks: TaskService, store: MemoryStore) -> None:
        first, last = Email.placeholder(VISITOR), Email.unmistakable_placeholder(VISITOR)
        await keep(
            store, replace(a_user(ADA), email=first), replace(a_user(BOB), email=last), a_session(ADA), a_session(BOB)
        )

        with pytest.raises(Busy):
            await tasks.add(MILK, None, by=principal(VISITOR))

        assert list(await store.tasks.of(VISITOR)) == []

    async def test_the_second_write_records_nothing_more(self, tasks: TaskService, store: MemoryStore) -> None:
        await tasks.add(MILK, None, by=principal(VISITOR, email="vera@example.com"))

        await tasks.add(MILK, None, by=principal(VISITOR, email="other@example.com"))

        assert [user.email for user in await store.users.all()] == ["vera@example.com"]
        assert len(await store.tasks.of(VISITOR)) == 2

    async def test_a_user_of_ours_may_come_with_a_token_of_another_issuer(
        self, tasks: TaskService, store: MemoryStore, ada: Principal
    ) -> None:
        await tasks.add(MILK, None, by=principal(ada.user, email="other@example.com"))

        assert list(await store.users.all()) == [a_user(ADA)]

    async def test_who_was_signed_in_here_and_has_deleted_the_account_is_not_recorded_anew(
        self, tasks: TaskService, store: MemoryStore, ada: Principal
    ) -> None:
        await drop(store, ADA)

        with pytest.raises(SessionEnded):
            await tasks.add(MILK, None, by=ada)

        assert list(await store.users.all()) == []
