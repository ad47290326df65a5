"""Files for browsers, from a folder that exists for the test alone."""

import re
from importlib.resources.abc import Traversable
from io import BytesIO
from typing import Any, cast

import pytest
from litestar.exceptions import NotFoundException

from todo.entrypoints.http.assets import Shelf


class Folder:
    """As much of a folder as a shelf asks for."""

    def __init__(self, files: dict[str, str], path: str = "") -> None:
        self._files = files
        self._path = path

    def __truediv__(self, name: str) -> "Folder":
        return Folder(self._files, name)

    def read_bytes(self) -> bytes:
        return BytesIO(self._files[self._path].encode()).getvalue()


class Asked:
    """A request that says nothing but its headers."""

    def __init__(self, **headers: str) -> None:
        self.headers = headers


def a_shelf(**files: str) -> Shelf:
    named = {name.replace("_", "."): content for name, content in files.items()}
    return Shelf(cast(Traversable, Folder(named)), tuple(named), prefix="/static/")


def content_of(shelf: Shelf, name: str) -> str:
    answer = shelf.answer(shelf.address(name).rpartition("/")[2], cast(Any, Asked()))
    return cast(bytes, answer.content).decode()


def test_an_address_carries_a_hash_of_the_content() -> None:
    before, after = a_shelf(a_css="x"), a_shelf(a_css="y")

    assert re.fullmatch(r"/static/[0-9a-f]{12}-a\.css", before.address("a.css"))
    assert before.address("a.css") == a_shelf(a_css="x").address("a.css")
    assert before.address("a.css") != after.address("a.css")


def test_a_module_imports_others_by_their_addresses() -> None:
    shelf = a_shelf(main_js='import { a } from "./part.js";\nimport "./part.js";\n', part_js="export const a = 1;")

    part = shelf.address("part.js").rpartition("/")[2]
    assert content_of(shelf, "main.js") == f'import {{ a }} from "./{part}";\nimport "./{part}";\n'


def test_when_a_module_changes_so_does_the_address_of_each_that_needs_it() -> None:
    files = {"main_js": 'import "./middle.js";', "middle_js": 'export * from "./part.js";', "other_js": ""}
    before, after = a_shelf(**files, part_js="1"), a_shelf(**files, part_js="2")

    for name in ("main.js", "middle.js", "part.js"):
        assert before.address(name) != after.address(name)
    assert before.address("other.js") == after.address("other.js")


def test_what_is_not_on_the_shelf_is_not_found() -> None:
    shelf = a_shelf(a_css="x")

    for name in ("a.css", "000000000000-a.css", "../a.css", ""):
        with pytest.raises(NotFoundException):
            shelf.answer(name, cast(Any, Asked()))
