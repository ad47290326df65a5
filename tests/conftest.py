"""What holds for all tests."""

import os
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import settings

pytest.register_assert_rewrite("tests.builders", "tests.contracts")  # their asserts explain themselves, too

settings.register_profile("todo", deadline=None)  # machines that run several things at once are slow at times
settings.load_profile("todo")


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: tests with processes of their own wait half of the time."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """What a worker tells of a test. Some tests log half a character on purpose, which cannot be sent."""
    return without_halves((yield))


def without_halves(value: Any) -> Any:
    """The same with surrogates written as `\\ud800`, however deep they are."""
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, dict):
        return {key: without_halves(inner) for key, inner in value.items()}
    return type(value)(map(without_halves, value)) if isinstance(value, list | tuple) else value
