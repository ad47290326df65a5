"""Breaks one thing after the other, and tells what was lost, doubled and refused, and for how long."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable

import pytest

from tests.faults.database import NotRootError
from tests.faults.report import Report, details, table
from tests.faults.scenarios import SCENARIOS

BY_NAME = {fault.upper(): fault for fault in SCENARIOS}


async def run(fault: str, *, long: bool = False) -> Report:
    """Plays one fault. A scenario that fails on its way has missed, and says where."""
    scenario = SCENARIOS[fault]
    report = Report(fault, (scenario.__doc__ or "").rstrip("."))
    given: Callable[..., Awaitable[None]] = scenario
    try:
        await (given(report, long=long) if fault == "F17" else given(report))
    except NotRootError as error:
        report.not_run = f"needs root ({error})"
    except (Exception, pytest.fail.Exception) as error:
        words = str(error).partition("\n")[0][:300]
        report.check(False, f"it went to its end: {type(error).__name__}: {words}")
    return report


async def run_all(faults: list[str], *, long: bool) -> list[Report]:
    """Ctrl+C and SIGTERM end it in order: whatever was started is ended."""
    if this := asyncio.current_task():
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    reports = []
    for fault in faults:
        print(f"{fault} ...", file=sys.stderr, flush=True)
        reports.append(await run(fault, long=long))
        print(details(reports[-1]), end="\n\n", flush=True)
    return reports


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev faults", description=__doc__)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=f"which, of {', '.join(SCENARIOS)} (all)")
    parser.add_argument("--long", action="store_true", help="look for leaks over ten minutes, not one")
    wanted = parser.parse_args()
    faults = [BY_NAME.get(fault.upper(), fault) for fault in wanted.faults] or [*SCENARIOS]
    if unknown := [fault for fault in faults if fault not in SCENARIOS]:
        parser.error(f"{unknown[0]!r} is none of {', '.join(SCENARIOS)}")
    try:
        reports = asyncio.run(run_all(faults, long=wanted.long))
    except KeyboardInterrupt:
        return 130
    except asyncio.CancelledError:
        return 143
    print(table(reports))
    return 0 if all(report.met for report in reports) else 1


if __name__ == "__main__":
    sys.exit(main())
