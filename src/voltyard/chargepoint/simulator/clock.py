"""The clock of the simulated hardware: right, or wrong by as much as somebody has set it."""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any

from voltyard.chargepoint.clock import Clock


class SettableClock:
    """Tells the time of another clock and what it was set ahead of it; durations are those of the other."""

    __slots__ = ("_ahead", "_clock")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead = timedelta()

    @property
    def ahead_s(self) -> float:
        """How far it is ahead of the right time; negative if behind."""
        return self._ahead.total_seconds()

    def set(self, now: datetime) -> None:
        """Set it to this time of day, right or wrong."""
        self._ahead = now - self._clock.now()

    def set_ahead(self, seconds: float) -> None:
        """Set it ahead of the right time, behind it with a negative number, right with 0."""
        self._ahead = timedelta(seconds=seconds)

    def now(self) -> datetime:
        return self._clock.now() + self._ahead

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> Coroutine[Any, Any, None]:
        return self._clock.sleep(seconds)
