"""The port to the record of what happens around signing in."""

from typing import Protocol

from todo.domain.model.audit import AuditEvent


class AuditTrail(Protocol):
    def record(self, event: AuditEvent) -> None:
        """Does not wait, and does not fail. Of addresses and sessions it keeps only enough to know them again."""
        ...
