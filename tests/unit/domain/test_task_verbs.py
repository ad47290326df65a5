from dataclasses import FrozenInstanceError, replace

import pytest

from tests.builders import ADA, BOB, LATER, NOON, a_task
from todo.domain.errors import TaskNotFound
from todo.domain.model.keep import KEEP
from todo.domain.model.task import Description, Title


def test_an_open_task_is_completed_by_a_toggle() -> None:
    task = a_task().toggle(by=ADA, at=LATER)

    assert task.completed
    assert task == a_task(completed_at=LATER).edit(by=ADA, at=LATER)


def test_a_completed_task_is_opened_by_a_toggle() -> None:
    task = a_task(completed_at=NOON).toggle(by=ADA, at=LATER)

    assert not task.completed
    assert task.completed_at is None
    assert task.updated_at == LATER


def test_two_toggles_give_back_the_first_state() -> None:
    task = a_task()

    assert task.toggle(by=ADA, at=NOON).toggle(by=ADA, at=NOON) == task


def test_an_edit_sets_what_is_given_and_leaves_the_rest() -> None:
    task = a_task(title="Buy milk", description="Two", completed_at=NOON)

    assert task.edit(title=Title("New"), by=ADA, at=LATER) == replace(task, title=Title("New"), updated_at=LATER)
    assert task.edit(description=Description("x"), by=ADA, at=LATER) == replace(
        task, description=Description("x"), updated_at=LATER
    )
    assert task.edit(completed=False, by=ADA, at=LATER) == replace(task, completed_at=None, updated_at=LATER)


def test_an_edit_of_nothing_only_moves_the_time_of_the_change() -> None:
    task = a_task(description="Two", completed_at=NOON)

    edited = task.edit(title=KEEP, description=KEEP, completed=KEEP, by=ADA, at=LATER)

    assert edited == replace(task, updated_at=LATER)


def test_a_description_is_cleared_by_none_and_emptied_by_empty_text() -> None:
    task = a_task(description="Two")

    assert task.edit(description=None, by=ADA, at=LATER).description is None
    assert task.edit(description=Description(""), by=ADA, at=LATER).description == ""


def test_completing_tells_when() -> None:
    assert a_task().edit(completed=True, by=ADA, at=LATER).completed_at == LATER


def test_completing_a_completed_task_does_not_move_the_time_it_was_completed() -> None:
    assert a_task(completed_at=NOON).edit(completed=True, by=ADA, at=LATER).completed_at == NOON


def test_opening_an_open_task_leaves_it_open() -> None:
    assert not a_task().edit(completed=False, by=ADA, at=LATER).completed


def test_no_verb_moves_what_a_task_is_known_by() -> None:
    task = a_task(id=7, version=3)

    for changed in (task.toggle(by=ADA, at=LATER), task.edit(title=Title("New"), by=ADA, at=LATER)):
        assert (changed.id, changed.owner, changed.created_at, changed.version) == (7, ADA, NOON, 3)


def test_a_stranger_is_answered_as_if_there_were_no_task() -> None:
    task = a_task(owner=ADA)

    with pytest.raises(TaskNotFound):
        task.require_owner(BOB)
    with pytest.raises(TaskNotFound):
        task.toggle(by=BOB, at=LATER)
    with pytest.raises(TaskNotFound):
        task.edit(title=Title("Mine"), by=BOB, at=LATER)


def test_the_owner_may() -> None:
    a_task(owner=ADA).require_owner(ADA)


def test_a_task_cannot_be_changed_in_place() -> None:
    with pytest.raises(FrozenInstanceError):
        a_task().title = Title("New")  # type: ignore[misc]
