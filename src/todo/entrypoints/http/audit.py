"""Refusals at the door, for the audit trail. What happens further in is recorded around the use cases."""

from collections.abc import Mapping
from typing import Final

from litestar.types import Scope

from todo.domain.errors import NotYourAccount, TokenExpired, TokenInvalid, TokenWithoutSubject
from todo.domain.model.audit import AuditEvent, Happening
from todo.domain.model.principal import Principal
from todo.domain.ports.audit_trail import AuditTrail
from todo.entrypoints.http.errors import OriginRefused

REFUSED: Final[Mapping[type[Exception], Happening]] = {
    OriginRefused: Happening.ORIGIN_REFUSED,
    TokenInvalid: Happening.TOKEN_REFUSED,
    TokenExpired: Happening.TOKEN_REFUSED,
    TokenWithoutSubject: Happening.TOKEN_REFUSED,
    NotYourAccount: Happening.OWNER_MISMATCH,
}
"""Who shows nothing at all is no event."""


def record_refusal(trail: AuditTrail, scope: Scope, error: Exception) -> None:
    """Leaves a line when the error is a refusal of this kind."""
    what = next((REFUSED[kind] for kind in type(error).__mro__ if kind in REFUSED), None)
    if what is None:
        return
    user = scope.get("user")
    if isinstance(user, Principal):
        session = None if user.session is None else user.session.id
        trail.record(AuditEvent(what=what, user=user.user, session=session, reason=type(error).__name__))
    else:
        trail.record(AuditEvent(what=what, reason=type(error).__name__))
