import logging
from collections.abc import Iterator

import pytest

from tests.builders import SECRET
from tests.contracts.audit_trail import AuditTrailContract
from tests.logbook import Logbook, a_logbook
from todo.adapters.logs import AuditLines
from todo.domain.model.audit import AuditEvent, Happening
from todo.domain.model.user import Email

OF_THE_LOG = {"ts", "level", "event", "logger", "worker"}


class TestAuditLines(AuditTrailContract):
    @pytest.fixture(autouse=True)
    def logbook(self) -> Iterator[Logbook]:
        with a_logbook() as book:
            self.book = book
            yield book

    @pytest.fixture
    def trail(self) -> AuditLines:
        return AuditLines(SECRET)

    def told(self) -> list[tuple[str, str]]:
        return [
            (line["event"], str({name: value for name, value in line.items() if name not in OF_THE_LOG}))
            for line in self.book.lines
        ]

    def test_refusals_are_warnings(self, trail: AuditLines) -> None:
        for what in Happening:
            trail.record(AuditEvent(what=what))

        levels = {line["event"]: line["level"] for line in self.book.lines}
        assert {name for name, level in levels.items() if level == "warning"} == {
            "signin_fail",
            "throttle",
            "csrf_refused",
            "token_refused",
            "owner_mismatch",
        }

    def test_addresses_look_different_under_another_secret(self, trail: AuditLines) -> None:
        for each in (trail, AuditLines("another secret of the same length!!")):
            each.record(AuditEvent(what=Happening.SIGN_IN_REFUSED, email=Email("ada@example.com")))

        first, second = (line["email_hash"] for line in self.book.lines)
        assert len(first) == 16
        assert first != second


def test_whoever_counts_hears_of_each_event() -> None:
    counted: list[str] = []
    trail = AuditLines(SECRET, count=counted.append)
    logging.getLogger("todo.audit").setLevel(logging.CRITICAL)

    trail.record(AuditEvent(what=Happening.THROTTLED))
    logging.getLogger("todo.audit").setLevel(logging.NOTSET)

    assert counted == ["throttle"]
