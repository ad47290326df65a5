"""What is asked of the service, as ratios to the peers of the same run."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    work: str
    peer: str
    at_least: float
    wanted: float | None = None


TARGETS = (
    Target("list", "B", at_least=0.85, wanted=1.0),
    Target("list", "F", at_least=2.2),
    Target("list", "S", at_least=4.0),
    Target("one", "B", at_least=0.85, wanted=1.0),
    Target("one", "F", at_least=2.2),
    Target("one", "S", at_least=4.0),
    Target("create", "B", at_least=0.7, wanted=1.0),
    Target("toggle", "B", at_least=0.55, wanted=0.8),
    Target("toggle", "F", at_least=2.0),
)

CALM_AT_MOST = 4.0
"""The 99th percentile of reads while 100 people sign in, over that of reads alone."""
CALM_WANTED = 2.0
