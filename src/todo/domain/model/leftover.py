"""Leftovers: what is over by its own date, and only takes room."""

from enum import StrEnum


class Leftover(StrEnum):
    """What is cleared away, in this order."""

    SESSIONS = "sessions"
    TICKETS = "tickets"
    ATTEMPTS = "attempts"
    """What the throttle has counted."""
    ANSWERS = "answers"
    """What writes were answered that may be sent again."""
