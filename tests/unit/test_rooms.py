"""Sweeps over the source: what the rooms may import, and how."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import todo

SOURCE = Path(todo.__file__).parent
MODULES = {str(path.relative_to(SOURCE)): path for path in sorted(SOURCE.rglob("*.py"))}
DOMAIN = {name: path for name, path in MODULES.items() if name.startswith("domain/")}


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def is_of_the_inside(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names or f"{module}.".startswith("todo.domain.")


def test_there_is_a_domain_to_look_at() -> None:
    assert {"domain/errors.py", "domain/services/tasks.py", "domain/model/task.py", "domain/ports/store.py"} <= set(
        DOMAIN
    )


@pytest.mark.parametrize("module", DOMAIN)
def test_the_domain_imports_itself_and_the_standard_library(module: str) -> None:
    assert [name for name in imports_of(DOMAIN[module]) if not is_of_the_inside(name)] == []


@pytest.mark.parametrize("module", [name for name in DOMAIN if name.startswith("domain/model/")])
def test_the_model_never_waits(module: str) -> None:
    waiting = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)

    assert not any(isinstance(node, waiting) for node in ast.walk(parsed(DOMAIN[module])))
    assert "asyncio" not in set(imports_of(DOMAIN[module]))


@pytest.mark.parametrize("module", MODULES)
def test_nothing_is_imported_for_types_only(module: str) -> None:
    names = {node.id for node in ast.walk(parsed(MODULES[module])) if isinstance(node, ast.Name)}
    imported = {
        alias.name
        for node in ast.walk(parsed(MODULES[module]))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

    assert "TYPE_CHECKING" not in names | imported


@pytest.mark.parametrize("module", MODULES)
def test_every_module_says_what_it_is_for(module: str) -> None:
    assert ast.get_docstring(parsed(MODULES[module]))
