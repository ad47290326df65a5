"""`docs/security-requirements.md` is whole, and every test it names exists."""

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
TEXT: Final = (ROOT / "docs" / "security-requirements.md").read_text(encoding="utf-8")
NUMBERED: Final = {"A": 14, "B": 11, "W": 15, "T": 9, "O": 6, "I": 11, "G": 7, "L": 3, "J": 5, "D": 3}
ROWS: Final = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in TEXT.splitlines()
    if re.match(r"\| [A-Z]\d+ \|", line)
]
TESTS: Final = sorted({name for row in ROWS for name in re.findall(r"`(tests/[^`]+)`", row[2])})


@cache
def names_in(path: str) -> frozenset[str]:
    """Those of a file, as pytest calls them but for their parameters."""
    found = set[str]()
    module = ast.parse((ROOT / path).read_text(encoding="utf-8")).body
    for node in module:
        match node:
            case ast.ClassDef(name=name, body=body):
                found |= {f"{name}::{test}" for test in named_among(body)}
    return frozenset(found | set(named_among(module)))


def named_among(body: Sequence[ast.stmt]) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node.name


def test_every_requirement_has_one_row() -> None:
    assert [row[0] for row in ROWS] == [f"{letter}{n + 1}" for letter, last in NUMBERED.items() for n in range(last)]


def test_the_letters_are_explained() -> None:
    for letter in NUMBERED:
        assert f"**{letter}** " in TEXT


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_row_says_what_holds_and_has_a_test_or_a_reason(row: list[str]) -> None:
    _, what, tests, reason = row

    assert what.endswith(".")
    assert tests or reason
    assert not reason or reason.endswith(".")
    assert re.sub(r"`tests/[^`]+`(?:<br>)?", "", tests) == ""


@pytest.mark.parametrize("name", TESTS)
def test_what_proves_it_exists(name: str) -> None:
    path, _, test = name.partition("::")

    assert test in names_in(path)
