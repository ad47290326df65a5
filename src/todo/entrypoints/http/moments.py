"""Times on the wire: UTC, exactly three fraction digits, `Z`. With six the Better Auth client is minutes off."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec

Moment = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"}, examples=["2026-11-24T09:30:00.000Z"])]


def moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
