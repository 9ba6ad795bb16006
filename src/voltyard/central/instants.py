"""Instants as the central system stores them: whole microseconds since 1970-01-01T00:00:00Z."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# The first and last instants that a `datetime` in UTC can hold.
_FIRST_US = (datetime.min.replace(tzinfo=UTC) - EPOCH) // _MICROSECOND
_LAST_US = (datetime.max.replace(tzinfo=UTC) - EPOCH) // _MICROSECOND


def to_us(moment: datetime) -> int:
    """Return an aware datetime in microseconds; what an offset moves out of range is cut to the range."""
    return min(max((moment - EPOCH) // _MICROSECOND, _FIRST_US), _LAST_US)


def from_us(instant_us: int) -> datetime:
    """Return the datetime (UTC) of an instant."""
    return EPOCH + timedelta(microseconds=instant_us)


def now_us() -> int:
    """Return the present, by the machine's clock."""
    return time.time_ns() // 1000
