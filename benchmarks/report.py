"""The findings as a page of Markdown."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median

from benchmarks import machine
from benchmarks.load import name_of_generator
from benchmarks.measure import READERS, READERS_PAUSE, SIGNING_IN, WORKS, Calm, Rates, Run, Runs
from benchmarks.profiling import Profile
from benchmarks.services import CONNECTIONS, OURS, PEERS
from benchmarks.targets import CALM_AT_MOST, CALM_WANTED, TARGETS, Target

METHOD = (Path(__file__).parent / "method.md").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """All there is to tell. What was not measured is empty or None."""

    at: datetime
    services: Sequence[str]
    """Their keys, in the order of the columns."""
    connections: int
    seconds: int
    rounds: int
    others: float | None
    """Cores kept busy by what has nothing to do with the bench."""
    postgres: str
    runs: Runs
    calm: Sequence[Calm]
    rates: Rates | None
    profiles: dict[str, dict[str, Profile]]
    """By work and service."""
    no_profile: str | None


@dataclass(frozen=True, slots=True)
class Judgement:
    what: str
    against: str
    ratios: Sequence[float]
    """Of each round, as a number that should be large."""
    bound: str
    wanted: str
    met: bool
    note: str

    @property
    def line(self) -> tuple[str, ...]:
        lowest, highest = min(self.ratios), max(self.ratios)
        spread = f"{lowest:.2f} to {highest:.2f}"
        return self.what, self.against, f"**{median(self.ratios):.2f}**", spread, self.bound, self.wanted, self.note


def judge(findings: Findings) -> list[Judgement]:
    judgements = [_judge_rate(target, findings.runs) for target in TARGETS if _was_measured(target, findings.runs)]
    if findings.calm:
        judgements.append(_judge_calm(findings.calm))
    return judgements


def _was_measured(target: Target, runs: Runs) -> bool:
    return {OURS.key, target.peer} <= runs.get(target.work, {}).keys()


def _judge_rate(target: Target, runs: Runs) -> Judgement:
    ours, theirs = runs[target.work][OURS.key], runs[target.work][target.peer]
    ratios = [mine.outcome.rate / other.outcome.rate for mine, other in zip(ours, theirs, strict=True)]
    ratio = median(ratios)
    if ratio < target.at_least:
        note = f"**missed** by {1 - ratio / target.at_least:.0%}"
    elif target.wanted and ratio < target.wanted:
        note = f"met; {1 - ratio / target.wanted:.0%} short of wanted"
    else:
        note = "met, as wanted" if target.wanted else "met"
    wanted = f"{target.wanted:g}" if target.wanted else ""
    met = ratio >= target.at_least
    return Judgement(WORKS[target.work].title, target.peer, ratios, f"≥ {target.at_least:g}", wanted, met, note)


def _judge_calm(calm: Sequence[Calm]) -> Judgement:
    ratios = [one.ratio for one in calm]
    ratio = median(ratios)
    if ratio > CALM_AT_MOST:
        note = f"**missed** by {ratio / CALM_AT_MOST - 1:.0%}"
    elif ratio > CALM_WANTED:
        note = f"met; {ratio / CALM_WANTED - 1:.0%} over wanted"
    else:
        note = "met, as wanted"
    what = f"p99 of reads while {SIGNING_IN} sign in"
    return Judgement(
        what, "itself, idle", ratios, f"≤ {CALM_AT_MOST:g}", f"{CALM_WANTED:g}", ratio <= CALM_AT_MOST, note
    )


def page(findings: Findings) -> str:
    sections = [
        "# Benchmarks",
        f"Written by `./dev bench` on {findings.at:%Y-%m-%d at %H:%M} UTC. Only the ratios travel to other machines.",
        _machine(findings),
        _ratios(findings),
        _rates(findings),
        _processor_time(findings),
        _calm(findings),
        _orientation(findings),
        _profiles(findings),
        _method(findings),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _table(head: Iterable[str], lines: Iterable[Iterable[str]], numbers_from: int = 1) -> str:
    names = list(head)
    rule = ["---" if column < numbers_from else "---:" for column in range(len(names))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [names, rule, *lines])


def _machine(findings: Findings) -> str:
    facts = [
        ("Processor", machine.processor()),
        ("System", machine.system()),
        ("PostgreSQL", findings.postgres),
        ("Packages", machine.packages_here()),
    ]
    if {"F", "S"} & set(findings.services):
        facts.append(("Packages of F and S", machine.packages_of_peers()))
    facts.append(("Load", f"{name_of_generator()}, {findings.connections} connections"))
    if findings.others is not None:
        facts.append(("Meanwhile", f"others kept {findings.others:.2f} cores busy"))
    return _table(("Measured on", ""), facts, numbers_from=2)


def _ratios(findings: Findings) -> str:
    lines = [judgement.line for judgement in judge(findings)]
    head = ("Work", "Over", "Ratio", "Rounds", "At least", "Wanted", "")
    return "## Ratios\n\n" + _table(head, lines, numbers_from=9) if lines else ""


def _by_work(findings: Findings, cell: Callable[[Sequence[Run]], str]) -> str:
    lines = [
        [WORKS[work].title, *(cell(runs[key]) for key in findings.services)]
        for work, runs in findings.runs.items()
        if runs
    ]
    return _table(["Work", *(OURS.title if key == OURS.key else key for key in findings.services)], lines)


def _rates(findings: Findings) -> str:
    if not findings.runs:
        return ""
    return "## Requests a second\n\n" + _by_work(
        findings, lambda runs: f"{median(run.outcome.rate for run in runs):,.0f}"
    )


def _processor_time(findings: Findings) -> str:
    known = [run for runs in findings.runs.values() for some in runs.values() for run in some if run.service]
    if not known:
        return ""

    def cell(runs: Sequence[Run]) -> str:
        service = [run.service for run in runs if run.service]
        database = [run.database.total for run in runs if run.database]
        told = f"{median(one.total for one in service) * 1e6:.0f} ({median(one.kernel for one in service) * 1e6:.0f})"
        return f"{told} + {median(database) * 1e6:.0f}" if database else told

    return (
        "## Processor time of a request\n\n"
        "Microseconds of the service (of it in the kernel) + of PostgreSQL. Steadier than rates on a busy machine.\n\n"
        + _by_work(findings, cell)
    )


def _calm(findings: Findings) -> str:
    if not findings.calm:
        return ""
    lines = [
        (
            f"{number}",
            f"{one.alone.p99 / 1000:.1f} ms",
            f"{one.crowded.p99 / 1000:.1f} ms",
            f"{one.ratio:.2f}",
            f"{one.alone.rate:,.0f} → {one.crowded.rate:,.0f}",
            ", ".join(f"{count} x {status}" for status, count in one.crowd.statuses.items()),
        )
        for number, one in enumerate(findings.calm, start=1)
    ]
    return (
        f"## Reads while {SIGNING_IN} people sign in\n\n"
        f"{READERS} clients read their list with pauses of up to {READERS_PAUSE} ms, for {findings.seconds + 2} s: "
        f"alone, then while {SIGNING_IN} others send their password, all at once, and again when they are answered. "
        "Who is answered 503 or 429 waits as `Retry-After` says, at most a second.\n\n"
        + _table(("Round", "p99 alone", "p99 with sign-ins", "Ratio", "Reads a second", "Answers to sign-ins"), lines)
    )


def _orientation(findings: Findings) -> str:
    if not findings.rates:
        return ""
    lines = [
        ("`GET /api/auth/get-session`", f"{findings.rates.sessions:,.0f}", "555 to 690"),
        ("`POST /api/auth/login`", f"{findings.rates.sign_ins:,.0f}", "19"),
    ]
    return (
        "## Sign-in, for orientation\n\nRequests a second. Better Auth on Node was measured another day, on a "
        "machine with two cores: a scale, not a ratio.\n\n"
        + _table(("Call", OURS.title, "Better Auth on Node, then"), lines)
    )


def _profiles(findings: Findings) -> str:
    if findings.no_profile:
        return f"## Where the time goes\n\nNo profile this time: {findings.no_profile}"
    if not findings.profiles:
        return ""
    columns: dict[str, dict[str, float]] = {}
    for work, by_service in findings.profiles.items():
        for key, profile in by_service.items():
            columns[f"{WORKS[work].title}, {key}"] = _microseconds(profile.rooms, findings.runs[work][key])
    rooms = {room for column in columns.values() for room in column}
    weight = {room: max(column.get(room, 0) for column in columns.values()) for room in rooms}
    lines = [
        [room, *(f"{column[room]:.0f}" if room in column else "" for column in columns.values())]
        for room in sorted(rooms, key=lambda room: -weight[room])
    ]
    lines.append(["**all**", *(f"**{sum(column.values()):.0f}**" for column in columns.values())])
    told = [said for work in findings.profiles for said in (_difference(work, columns), _own(work, findings)) if said]
    return (
        "## Where the time goes\n\n"
        "Microseconds of processor time of a request, by whose code was running: the shares are sampled by py-spy, the "
        "sums are those above. What the interpreter and the standard library do counts for whoever called them.\n\n"
        + _table(["", *columns], lines)
        + "\n\n"
        + "\n".join(told)
    ).rstrip()


def _microseconds(shares: Mapping[str, float], runs: Sequence[Run]) -> dict[str, float]:
    spent = [run.service.total for run in runs if run.service]
    whole = median(spent) * 1e6 if spent else 100
    return {room: share * whole for room, share in shares.items()}


def _difference(work: str, columns: dict[str, dict[str, float]]) -> str | None:
    title = WORKS[work].title
    ours, bare = columns.get(f"{title}, {OURS.key}"), columns.get(f"{title}, B")
    if not ours or not bare:
        return None
    more = {room: ours.get(room, 0) - bare.get(room, 0) for room in ours.keys() | bare.keys()}
    largest = sorted(more, key=lambda room: -abs(more[room]))[:5]
    told = ", ".join(f"{more[room]:+.0f} {room}" for room in largest)
    return f"- {title}: {sum(more.values()):+.0f} µs over B; the largest parts: {told}."


def _own(work: str, findings: Findings) -> str | None:
    if OURS.key not in findings.profiles[work]:
        return None
    own = _microseconds(findings.profiles[work][OURS.key].own, findings.runs[work][OURS.key])
    told = ", ".join(f"{time:.0f} `{function}`" for function, time in list(own.items())[:6])
    return f"- {WORKS[work].title}, our own functions that take longest, in themselves: {told}."


def _method(findings: Findings) -> str:
    peers = "\n".join(f"- **{key}**: {kind.title}" for key, kind in PEERS.items())
    told = METHOD.format(
        peers=peers,
        pool=CONNECTIONS,
        connections=findings.connections,
        seconds=findings.seconds,
        rounds=findings.rounds,
    )
    return "## How it was measured\n\n" + told.strip()
