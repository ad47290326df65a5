"""The audit trail as lines of the log."""

import hashlib
import hmac
import logging
from collections.abc import Callable
from typing import Final

from todo.domain.model.audit import AuditEvent
from todo.domain.ports.audit_trail import AuditTrail

log = logging.getLogger("todo.audit")

EMAIL_BYTES: Final = 8
"""Of an HMAC: enough to see that two lines are about one address, too few to be a record of addresses."""

SESSION_LETTERS: Final = 6


class AuditLines(AuditTrail):
    """Refusals are warnings. `count` hears the name of each event, for whoever keeps figures."""

    def __init__(self, secret: str, *, count: Callable[[str], None] = lambda _name: None) -> None:
        self._key = hmac.digest(secret.encode(), b"todo: addresses in the audit trail", hashlib.sha256)
        self._count = count

    def record(self, event: AuditEvent) -> None:
        about = {
            "user_id": event.user,
            "email_hash": None if event.email is None else self._hashed(event.email.casefold()),
            "sid": None if event.session is None else event.session[:SESSION_LETTERS],
            "reason": event.reason,
        }
        fields = {name: str(value) for name, value in about.items() if value is not None}
        level = logging.WARNING if event.what.is_refusal else logging.INFO
        log.log(level, event.what.value, extra={"fields": fields})
        self._count(event.what.value)

    def _hashed(self, email: str) -> str:
        digest = hmac.digest(self._key, email.encode(errors="surrogatepass"), hashlib.sha256)
        return digest[:EMAIL_BYTES].hex()
