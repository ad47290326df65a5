"""Times on the wire: UTC, exactly three fraction digits, `Z`. With six the Better Auth client is minutes off."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec

Moment = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"}, examples=["2026-11-24T09:30:00.000Z"])]


def moment(at: datetime) -> str:
    """A list says thousands of these: a time that is in UTC already, as all of ours are, is not converted."""
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    return at.isoformat(timespec="milliseconds")[:23] + "Z"
