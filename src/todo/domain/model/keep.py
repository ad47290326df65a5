"""Absent is not null."""

from enum import Enum
from typing import Final


class Keep(Enum):
    """The type of `KEEP`, which says: leave this field as it is. `None` says: clear it."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP
