"""The faults that are quickly played. `./dev faults` plays all of them, and tells more."""

import sys

import pytest

from tests.faults.__main__ import run
from tests.faults.report import details

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")

QUICK = ["F1", "F2", "F2b", "F2c", "F3", "F3b", "F4", "F5", "F12", "F13", "F14", "F16", "F18"]


@pytest.mark.parametrize("fault", QUICK)
async def test_what_was_promised_for_a_fault_is_kept(fault: str) -> None:
    report = await run(fault)

    assert report.met, details(report)
