"""What a process has spent of the processor, as Linux counts it. Elsewhere nothing is known."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
"""Of the kernel's clock, in a second."""


@dataclass(frozen=True, slots=True)
class Spent:
    user: float
    """Seconds in the process itself, as opposed to `kernel`."""
    kernel: float

    @property
    def total(self) -> float:
        return self.user + self.kernel

    def __sub__(self, earlier: "Spent") -> "Spent":
        return Spent(self.user - earlier.user, self.kernel - earlier.kernel)

    def __truediv__(self, parts: int) -> "Spent":
        return Spent(self.user / parts, self.kernel / parts)


def spent_by(pid: int) -> Spent | None:
    """Together with its children, those that have ended too."""
    if not (PROC / str(pid) / "stat").exists():
        return None
    parents: dict[int, int] = {}
    spent: dict[int, Spent] = {}
    for directory in PROC.glob("[0-9]*"):
        try:
            fields = (directory / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        user, kernel, childrens_user, childrens_kernel = (int(ticks) / TICKS for ticks in fields[11:15])
        parents[int(directory.name)] = int(fields[1])
        spent[int(directory.name)] = Spent(user + childrens_user, kernel + childrens_kernel)
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    members = [spent[member] for member in family if member in spent]
    return Spent(sum(member.user for member in members), sum(member.kernel for member in members))


class Others:
    """Everything on this machine but ourselves, from now on: what they take, the figures lack."""

    def __init__(self, server_pid: int | None) -> None:
        self._own = [os.getpid(), *([server_pid] if server_pid else [])]
        self._since, self._taken = time.monotonic(), self._taken_by_others()

    def cores(self) -> float | None:
        """How many cores they have kept busy."""
        if self._taken is None or (taken := self._taken_by_others()) is None:
            return None
        return max(0.0, taken - self._taken) / (time.monotonic() - self._since)

    def _taken_by_others(self) -> float | None:
        own = [spent for pid in self._own if (spent := spent_by(pid))]
        if not own:
            return None
        user, nice, system, _idle, _waiting, *others = (PROC / "stat").read_text().splitlines()[0].split()[1:9]
        return sum(map(int, (user, nice, system, *others))) / TICKS - sum(spent.total for spent in own)


def parent_of(pid: int) -> int | None:
    try:
        return int((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None
