"""What was seen, and whether it is what was promised."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

BUSY = 1 if "PYTEST_XDIST_WORKER" in os.environ else 3
"""Processes that want a core, for each there is: more than our own load makes. Tests side by side are soon as many, so
speed is for `./dev faults` to judge.
"""

COLUMNS = ("fault", "what", "writes", "lost", "doubled", "kept, not told", "refused", "broken", "for", "verdict")


@dataclass(slots=True)
class Report:
    """Of one fault."""

    fault: str
    title: str
    writes: int | None = None
    """Answered with success."""
    lost: int | None = None
    """Answered with success, and not in the database."""
    doubled: int | None = None
    untold: int | None = None
    """In the database although the answer was 503, or none came."""
    refused: int | None = None
    broken: int | None = None
    """Requests without an answer."""
    lasted: float | None = None
    """Seconds from the fault to the last request that suffered by it."""
    criteria: list[tuple[bool, str]] = field(default_factory=list)
    not_run: str | None = None

    def check_speed(self, met: bool, promise: str, seen: object) -> None:
        """As `check`; but a machine that others keep busy is no witness against anybody."""
        load, cores = os.getloadavg()[0], os.cpu_count() or 1
        if met or load <= BUSY * cores:
            self.check(met, promise, seen)
        else:
            self.criteria.append((True, f"(not judged, load {load:.0f} on {cores} cores) {promise}: {seen}"))

    def check(self, met: bool, promise: str, seen: object = None) -> None:
        self.criteria.append((met, promise if seen is None else f"{promise}: {seen}"))

    @property
    def met(self) -> bool:
        return all(met for met, _ in self.criteria)

    @property
    def verdict(self) -> str:
        return "not run" if self.not_run else "met" if self.met else "MISSED"

    def row(self) -> list[str]:
        def shown(number: int | None) -> str:
            return "-" if number is None else str(number)

        counts = (self.writes, self.lost, self.doubled, self.untold, self.refused, self.broken)
        lasted = "-" if self.lasted is None else f"{self.lasted:.1f} s"
        return [self.fault, self.title, *map(shown, counts), lasted, self.verdict]


def details(report: Report) -> str:
    """What was asked, in Markdown."""
    lines = [f"**{report.fault}** {report.title}", ""]
    if report.not_run:
        lines.append(f"- not run: {report.not_run}")
    lines += [f"- {'met' if met else 'MISSED'}: {promise}" for met, promise in report.criteria]
    return "\n".join(lines)


def table(reports: Sequence[Report]) -> str:
    """In Markdown."""
    rows = [list(COLUMNS), *(report.row() for report in reports)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = [_line(row, widths) for row in rows]
    lines.insert(1, _line(["-" * width for width in widths], widths))
    return "\n".join(lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)) + " |"


class Stopwatch:
    def __init__(self) -> None:
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start
