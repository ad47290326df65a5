"""A backup that cannot be finished: it says so in a line, and leaves no hash of a password behind."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import ADA, a_user, keep
from tests.integration.databases import execute
from tests.integration.service import PATIENCE, TODO, a_folder, surroundings, until
from tests.integration.test_postgres_store import connected, store_at

MUCH_BY_CHANCE = """
    INSERT INTO tasks (user_id, title, description)
    SELECT 'usr_ada', '', string_agg(md5(random()::text), '')
    FROM generate_series(1, 300) task, generate_series(1, 100) GROUP BY task
"""
"""A megabyte, of which half is left when it is packed."""
A_DAY: float = 24 * 60 * 60


@pytest.fixture
def folder() -> Iterator[Path]:
    with a_folder() as folder:
        yield folder


def names_in(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def begun(folder: Path, database: str, *before: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*before, TODO, "backup", "kept"],
        env=surroundings({"DATABASE_URL": database, "PYTHONDONTWRITEBYTECODE": "1"}),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


async def end_of(backup: subprocess.Popen[str]) -> tuple[int, str]:
    _, told = await asyncio.to_thread(backup.communicate, timeout=PATIENCE)
    return backup.returncode, told


@pytest.mark.parametrize("blocks", [8, 256])
async def test_a_disk_that_is_full_is_told_in_a_line_and_nothing_is_left(
    blocks: int, empty_database: str, folder: Path
) -> None:
    """Here a file may be no larger. It is so early, and in the middle of the tasks."""
    async with store_at(empty_database) as store:
        await keep(store, a_user(ADA))
    await execute(empty_database, MUCH_BY_CHANCE)

    code, told = await end_of(begun(folder, empty_database, "sh", "-c", f'ulimit -f {blocks}; exec "$@"', "sh"))

    assert (code, told) == (1, "todo: cannot write kept: File too large\n")
    assert names_in(folder) == set()


@pytest.mark.parametrize("order", [signal.SIGTERM, signal.SIGHUP])
async def test_one_that_is_told_to_stop_takes_its_part_away(
    order: signal.Signals, empty_database: str, folder: Path
) -> None:
    async with connected(empty_database) as connection, connection.transaction():
        await connection.execute("LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE")
        backup = begun(folder, empty_database)
        await until(lambda: bool(names_in(folder)))
        backup.send_signal(order)
        code, told = await end_of(backup)

    assert (code, told) == (1, f"todo: stopped by {order.name}: kept was not written\n")
    assert names_in(folder) == set()


async def test_what_a_writer_that_was_killed_has_left_goes_with_the_next_one(empty_database: str, folder: Path) -> None:
    killed, at_work = ".kept.0123abcd.part", ".kept.4567abcd.part"
    others = {".kept2.0123abcd.part", ".kept.mine.part", "kept.0123abcd.part"}
    for name in (killed, at_work, *others):
        (folder / name).touch()
        if name != at_work:
            os.utime(folder / name, (time.time() - A_DAY - 60,) * 2)

    code, told = await end_of(begun(folder, empty_database))

    assert (code, told) == (0, "")
    assert names_in(folder) == {"kept", at_work, *others}
