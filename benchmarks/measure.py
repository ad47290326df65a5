"""The works, and measuring them: all services in turn, round after round, so that a noisy minute meets everybody."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from benchmarks.cpu import Spent, spent_by
from benchmarks.load import Load, Outcome, bring, bring_by_hand, outcome_of, start_by_hand
from benchmarks.services import CROWD, JSON, TASK, TASKS, Service

ROOM_FOR_ALL = 200
"""Tasks enough that requests under way at the same time concern different ones."""
READERS, READERS_PAUSE = 32, 200
"""People who read meanwhile, and the longest of their pauses in milliseconds: some 300 lists a second."""
SIGNING_IN = 100
"""People who sign in at once, again and again, while others read."""


@dataclass(frozen=True, slots=True)
class Work:
    title: str
    method: str
    of_each_task: str | None
    """What follows the id in the path; none for the collection."""
    body: str = ""
    tasks: int = TASKS
    """How many there are when it begins."""


WORKS = {
    "list": Work("list of 20", "GET", None),
    "one": Work("one task", "GET", ""),
    "create": Work("create", "POST", None, body=TASK),
    "toggle": Work("toggle", "PATCH", "/complete", tasks=ROOM_FOR_ALL),
}


@dataclass(frozen=True, slots=True)
class Run:
    outcome: Outcome
    service: Spent | None
    """Processor time of one request, in seconds; `database` too."""
    database: Spent | None


@dataclass(frozen=True, slots=True)
class Calm:
    """Reads alone, then reads while others sign in."""

    alone: Outcome
    crowded: Outcome
    crowd: Outcome

    @property
    def ratio(self) -> float:
        return self.crowded.p99 / self.alone.p99


@dataclass(frozen=True, slots=True)
class Rates:
    sessions: float
    sign_ins: float


Runs = dict[str, dict[str, list[Run]]]
"""By work, then by the key of the service; one for each round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    services: Sequence[Service]
    server_pid: int | None
    seconds: int
    rounds: int
    connections: int
    say: Callable[[str], None]

    def measure(self, works: Sequence[str]) -> Runs:
        runs: Runs = {work: {service.kind.key: [] for service in self.services} for work in works}
        for number in range(self.rounds):
            first = number % len(self.services)
            for work in works:
                for service in [*self.services[first:], *self.services[:first]]:
                    if number == 0:
                        bring(self.ready(work, service, seconds=1))
                    run = self.run(work, service)
                    runs[work][service.kind.key].append(run)
                    who = f"{WORKS[work].title}, {service.kind.key}"
                    self.say(f"round {number + 1} of {self.rounds}: {who}: {run.outcome.rate:,.0f}/s")
        return runs

    def ready(self, work: str, service: Service, *, seconds: int) -> Load:
        """The load, after bringing the tables to where the work begins."""
        wanted = WORKS[work]
        task_ids = service.database.reset(service.user_id, service.task_ids, wanted.tasks)
        paths = [service.tasks]
        if wanted.of_each_task is not None:
            paths = [f"{service.tasks}/{task_id}{wanted.of_each_task}" for task_id in task_ids]
        return Load(
            port=service.port,
            method=wanted.method,
            paths=paths,
            headers=service.headers,
            body=wanted.body,
            connections=self.connections,
            seconds=seconds,
        )

    def run(self, work: str, service: Service) -> Run:
        load = self.ready(work, service, seconds=self.seconds)
        watched = (service.pid, self.server_pid)
        before = [pid and spent_by(pid) for pid in watched]
        outcome = bring(load)
        after = [pid and spent_by(pid) for pid in watched]
        spent = [
            (late - early) / outcome.requests if late and early else None
            for late, early in zip(after, before, strict=True)
        ]
        return Run(outcome, *spent)

    def measure_calm(self, ours: Service) -> list[Calm]:
        """At a pace the service keeps easily: at full load reads wait for each other, and a crowd would hardly show."""
        reads = replace(self.ready("list", ours, seconds=self.seconds + 2), connections=READERS, pause=READERS_PAUSE)
        sign_ins = replace(self._sign_ins(ours), connections=SIGNING_IN, seconds=reads.seconds + 2, patient=True)
        found = []
        for number in range(self.rounds):
            alone = bring(reads)
            crowd = start_by_hand(sign_ins)
            try:
                time.sleep(1)  # until everybody is there
                crowded = bring(reads)
            finally:
                said = outcome_of(crowd, sign_ins)
            found.append(Calm(alone, crowded, said))
            then, now = f"{alone.p99 / 1000:.1f} ms", f"{crowded.p99 / 1000:.1f} ms"
            self.say(f"round {number + 1} of {self.rounds}: p99 of reads {then}, while {SIGNING_IN} sign in {now}")
        return found

    def measure_rates(self, ours: Service) -> Rates:
        get_session = replace(
            self.ready("list", ours, seconds=self.seconds),
            paths=["/api/auth/get-session"],
            headers={"Cookie": ours.cookie},
        )
        return Rates(sessions=bring(get_session).rate, sign_ins=bring_by_hand(self._sign_ins(ours)).rate)

    def _sign_ins(self, ours: Service) -> Load:
        return Load(
            port=ours.port,
            method="POST",
            paths=["/api/auth/login"],
            headers=JSON,
            body=CROWD,
            connections=4,
            seconds=self.seconds,
        )
