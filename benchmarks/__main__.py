"""Measures the service against its peers, prints the results and keeps them in benchmarks/RESULTS.md."""

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from subprocess import SubprocessError

from benchmarks import packages
from benchmarks.cpu import Others
from benchmarks.databases import server
from benchmarks.load import WRK_MISSING, LoadFailed
from benchmarks.measure import WORKS, Bench
from benchmarks.profiling import NoProfile, Profile, profile
from benchmarks.report import Findings, judge, page
from benchmarks.services import OURS, PEERS, NotComparable, Service, running

RESULTS = Path(__file__).parent / "RESULTS.md"
SIGN_IN = "sign-in"
PROFILED = ("list", "toggle")
PROFILE_SECONDS = 5
BETWEEN_RUNS = 0.5
QUIET = 0.2
"""Cores that others may keep busy without spoiling the figures."""
START = 10
"""Seconds until all services stand, as a rule."""


class Progress:
    """Says on stderr what has happened, and about how long the rest will take."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def __call__(self, message: str) -> None:
        left = max(0, round(self._end - time.monotonic()))
        print(f"{message}  (about {left // 60}:{left % 60:02} left)", file=sys.stderr, flush=True)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    add = parser.add_argument
    add("--seconds", type=count, default=3, help="length of one run (3)")
    add("--rounds", type=count, default=3, help="runs of each kind, of which the median counts (3)")
    add("--connections", type=count, default=32, help="connections of the load generator (32)")
    add("--only", type=some_of([*WORKS, SIGN_IN]), default=[*WORKS, SIGN_IN], help=",".join([*WORKS, SIGN_IN]))
    add("--peers", type=some_of(PEERS), default=[*PEERS], help=",".join(PEERS))
    add("--peers-only", action="store_true", help="leave this service out")
    add("--postgres", metavar="URL", help="a PostgreSQL server to use instead of an embedded one")
    add(
        "--profile",
        action=argparse.BooleanOptionalAction,
        help="look where the time goes (on, when the results are kept)",
    )
    add(
        "--no-write", action="store_true", help="leave RESULTS.md as it is; a run of some works or peers does so anyway"
    )
    return parser.parse_args()


def count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def some_of(known: Collection[str]) -> Callable[[str], list[str]]:
    def read(text: str) -> list[str]:
        chosen = text.split(",")
        if unknown := [name for name in chosen if name not in known]:
            raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(known)}")
        return [name for name in known if name in chosen]

    return read


def seconds_needed(wanted: argparse.Namespace, profiled: bool) -> float:
    services: int = len(wanted.peers) + (not wanted.peers_only)
    works = sum(work in WORKS for work in wanted.only)
    needed: float = START + works * services * (wanted.rounds * (wanted.seconds + BETWEEN_RUNS) + 1 + BETWEEN_RUNS)
    if SIGN_IN in wanted.only and not wanted.peers_only:
        needed += wanted.rounds * (2 * wanted.seconds + 7) + 2 * wanted.seconds
    if profiled:
        looked_at = ("B" in wanted.peers) + (not wanted.peers_only)
        needed += looked_at * sum(work in PROFILED for work in wanted.only) * (PROFILE_SECONDS + 3)
    return needed


def measure(wanted: argparse.Namespace, profiled: bool) -> Findings:
    say = Progress(seconds_needed(wanted, profiled))
    say("starting PostgreSQL and the services")
    with ExitStack() as stack:
        postgres = stack.enter_context(server(wanted.postgres))
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="todo-bench-logs-")))
        services: list[Service] = []
        for kind in [*([] if wanted.peers_only else [OURS]), *(PEERS[key] for key in wanted.peers)]:
            database = stack.enter_context(postgres.database(f"bench_{kind.key.lower()}"))
            python = packages.PEERS.python if kind.own_packages else Path(sys.executable)
            services.append(stack.enter_context(running(kind, database, python, logs)))
        bench = Bench(
            services=services,
            server_pid=postgres.pid,
            seconds=wanted.seconds,
            rounds=wanted.rounds,
            connections=wanted.connections,
            say=say,
        )
        others = Others(postgres.pid)
        stack.push(tell_what_was_logged(logs))
        runs = bench.measure([work for work in wanted.only if work in WORKS])
        signed = SIGN_IN in wanted.only and not wanted.peers_only
        calm = bench.measure_calm(services[0]) if signed else []
        rates = bench.measure_rates(services[0]) if signed else None
        profiles, no_profile = profiles_of(bench, runs, say) if profiled else ({}, None)
        return Findings(
            at=datetime.now(UTC),
            services=[service.kind.key for service in services],
            connections=wanted.connections,
            seconds=wanted.seconds,
            rounds=wanted.rounds,
            others=others.cores(),
            postgres=str(postgres.main.ask("show server_version")),
            runs=runs,
            calm=calm,
            rates=rates,
            profiles=profiles,
            no_profile=no_profile,
        )


def tell_what_was_logged(logs: Path) -> Callable[..., None]:
    """The end of each service's log, when something went wrong: it may say why."""

    def tell(kind: type[BaseException] | None, *_: object) -> None:
        if kind and issubclass(kind, LoadFailed):
            for log in sorted(logs.glob("*.log")):
                if told := log.read_text(errors="replace")[-1500:]:
                    print(f"--- the end of {log.name}\n{told}", file=sys.stderr)

    return tell


def profiles_of(bench: Bench, works: Iterable[str], say: Progress) -> tuple[dict[str, dict[str, Profile]], str | None]:
    found: dict[str, dict[str, Profile]] = {}
    for work in works:
        for service in bench.services:
            if work in PROFILED and service.kind in (OURS, PEERS["B"]):
                say(f"looking where the time goes: {WORKS[work].title}, {service.kind.key}")
                load = bench.ready(work, service, seconds=PROFILE_SECONDS)
                try:
                    found.setdefault(work, {})[service.kind.key] = profile(service.pid, load)
                except NoProfile as reason:
                    return {}, str(reason)
    return found, None


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that whatever was started is stopped
    wanted = read_arguments()
    whole = wanted.only == [*WORKS, SIGN_IN] and wanted.peers == [*PEERS] and not wanted.peers_only
    keep = whole and not wanted.no_write
    profiled = keep if wanted.profile is None else wanted.profile
    if not shutil.which("wrk"):
        print(WRK_MISSING, file=sys.stderr)
    try:
        packages.PEERS.install()
        findings = measure(wanted, profiled)
    except (NotComparable, LoadFailed, SubprocessError) as error:
        print(f"The bench has failed. {error}", file=sys.stderr)
        return 2
    results = page(findings)
    print(results)
    if keep:
        RESULTS.write_text(results, encoding="utf-8")
        print(f"Kept in {RESULTS}", file=sys.stderr)
    if findings.others and findings.others > QUIET:
        print(f"Not a quiet machine: others kept {findings.others:.1f} cores busy. Measure again.", file=sys.stderr)
    missed = [judgement for judgement in judge(findings) if not judgement.met]
    for judgement in missed:
        print(f"Missed: {judgement.what}, over {judgement.against}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
