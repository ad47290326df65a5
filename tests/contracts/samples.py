"""Odd things that a store must keep as they are, and small steps that several contracts take."""

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime

from tests.builders import ADA, a_new_task
from todo.domain.model.task import Task
from todo.domain.model.user import UserId
from todo.domain.ports.store import Store

NOBODY = UserId("usr_nobody")
SMILE = "\N{GRINNING FACE}"
FAMILY = "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}"
ODD_TEXTS = [
    " padded ",
    "\ttabs\nand\r\nlines ",
    "'quotes' \"double\" `back` \\ \\n %s %(name)s {0} :name $1 -- ; /*",
    "Привет, мир",
    "e\N{COMBINING ACUTE ACCENT} is not \N{LATIN SMALL LETTER E WITH ACUTE}",
    FAMILY,
    "\N{RIGHT-TO-LEFT OVERRIDE}sdrawkcab",
    "\x01\x7f\x80\ufeff\uffff\U0010ffff",
]
NO_TASKS_NUMBERS = [0, -1, 1, 2**31, 2**63 - 1, 2**63, 2**64 + 1, -(2**63), -(2**63) - 1, 10**400]
ODD_IDS = [
    "usr_cm5x8y9z0000",
    "usr_" + "x" * 251,
    SMILE * 255,
    "пользователь",
    " ",
    "a/b?c#d%2F",
    "%",
    "_",
    "'; --",
    "1",
]
EXACT = datetime(2026, 2, 28, 23, 59, 59, 999_000, tzinfo=UTC)
LONG_AGO = datetime(1970, 1, 1, 0, 0, 0, 1_000, tzinfo=UTC)
FAR_AHEAD = datetime(2999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)


async def all_of(work: Sequence[Awaitable[object]]) -> list[object]:
    """Everything at once; what was refused stands in place of its result."""
    return await asyncio.gather(*work, return_exceptions=True)


async def add_task(store: Store, owner: UserId = ADA, title: str = "Buy milk") -> Task:
    return await store.tasks.add(a_new_task(owner, title=title))


async def titles_of(store: Store, owner: UserId = ADA) -> list[str]:
    return [str(task.title) for task in await store.tasks.of(owner)]
