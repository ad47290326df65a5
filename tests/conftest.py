"""What holds for all tests."""

import pytest
from hypothesis import settings

pytest.register_assert_rewrite("tests.builders", "tests.contracts")  # their asserts explain themselves, too

settings.register_profile("todo", deadline=None)  # machines that run several things at once are slow at times
settings.load_profile("todo")
