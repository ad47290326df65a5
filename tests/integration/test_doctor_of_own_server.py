"""`todo doctor` where the database is the embedded one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.service import Finished, a_folder, run_todo


@pytest.fixture
def data() -> Iterator[Path]:
    """Where the data are to be kept; it is not there yet."""
    with a_folder() as folder:
        yield folder / "data"


async def doctor(data: Path, *, files: dict[str, str] | None = None) -> Finished:
    return await run_todo("doctor", settings={"TODO_DATA_DIR": str(data), "TODO_DB_POOLER": ""}, files=files)


def names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def in_a_file(data: Path) -> Path:
    data.write_text("")
    return data / "deeper"


def among_others(data: Path) -> Path:
    data.mkdir()
    (data / "mine").write_text("")
    return data


def of_a_long_name(data: Path) -> Path:
    data.mkdir()
    return data / ("x" * 300)


PLACES = {"in a file": in_a_file, "among others' things": among_others, "of a name too long": of_a_long_name}


class TestBeforeTheFirstStart:
    async def test_it_says_so_and_makes_nothing(self, data: Path) -> None:
        told = await doctor(data)

        assert (told.code, told.err) == (0, "")
        assert f"has not been set up yet: todo serve makes it in {data}\n" in told.out
        assert told.out.endswith("all is well\n")
        assert names_in(data.parent) == []

    async def test_it_looks_at_the_settings_all_the_same(self, data: Path) -> None:
        told = await doctor(data, files={".env": "TODO_WORKRES=4\nTODO_BASE_URL=http://todo.example.com\n"})

        assert told.code == 1
        assert "TODO_WORKRES (in .env) is no setting, and has no effect\n" in told.out
        assert "→ is TODO_WORKERS meant?\n" in told.out
        assert "passwords and cookies travel in the clear" in told.out

    @pytest.mark.parametrize("place", PLACES)
    async def test_a_place_where_it_could_not_be_made_is_told(self, data: Path, place: str) -> None:
        where = PLACES[place](data)
        before = names_in(data.parent)

        told = await doctor(where)
        listed = await run_todo("user", "list", settings={"TODO_DATA_DIR": str(where), "TODO_DB_POOLER": ""})

        assert (told.code, told.err) == (69, "")
        assert f"mend  database    {listed.err.removeprefix('todo: ')}" in told.out
        assert (listed.code, listed.err.count("\n")) == (1, 1)
        assert names_in(data.parent) == before


class TestAfterIt:
    async def test_it_is_started_and_looked_at_and_nothing_is_made(self, data: Path) -> None:
        made = await run_todo("db", "upgrade", settings={"TODO_DATA_DIR": str(data), "TODO_DB_POOLER": ""})
        (data / "secret").unlink()

        told = await doctor(data)

        assert (made.code, told.code, told.err) == (0, 0, "")
        assert "good  tables" in told.out
        assert names_in(data) == ["postgres"]
