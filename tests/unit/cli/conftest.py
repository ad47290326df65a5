import pytest

from tests.unit.cli.memory_tools import MemoryTools, Shell


@pytest.fixture
def shell() -> Shell:
    return Shell()


@pytest.fixture
def tools(shell: Shell) -> MemoryTools:
    return shell.tools
