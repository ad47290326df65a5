"""The log: one way out for everything the service has to say."""

from todo.adapters.logs.audit_lines import AuditLines
from todo.adapters.logs.logs import Logs

__all__ = ["AuditLines", "Logs"]
