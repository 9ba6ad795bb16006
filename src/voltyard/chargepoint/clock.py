"""Time as the charge point knows it: a port, the machine's clock, and one that the central system sets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from voltyard.chargepoint.flag import Flag, Interrupted

LOOK_S: Final = 60.0
"""How often whoever waits for a time of day looks at the clock: it may be set meanwhile."""

_WORTH_SETTING: Final = timedelta(seconds=1)
_POSSIBLE_YEARS: Final = range(2000, 2200)
"""When central systems may live: no sum of a time and a duration leaves what a datetime can hold then."""


class Clock(Protocol):
    """Where time comes from; tests bring their own."""

    def now(self) -> datetime:
        """Return the time of day in UTC; may jump when it is set."""

    def monotonic(self) -> float:
        """Return seconds that only ever grow, for durations."""

    async def sleep(self, seconds: float) -> None:
        """Wait; returns at once for 0 or less."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> Coroutine[Any, Any, None]:
        return asyncio.sleep(seconds)


class StationClock:
    """A clock that follows the central system's: answers set it, between them the machine's clock runs.

    OCPP 1.6 §4.2 recommends it for BootNotification, §4.6 for Heartbeat. The machine's own time of day is
    left alone; only what the charge point says the time is moves. Times that cannot be are told to
    `impossible` and not followed.
    """

    __slots__ = ("_clock", "_impossible", "_left_at", "_offset")

    def __init__(self, clock: Clock, *, impossible: Callable[[], None] = lambda: None) -> None:
        self._clock = clock
        self._impossible = impossible
        self._offset = timedelta()
        self._left_at = clock.monotonic()

    def now(self) -> datetime:
        return self._clock.now() + self._offset

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> Coroutine[Any, Any, None]:
        return self._clock.sleep(seconds)

    def set(self, now: datetime) -> None:
        """Take over the central system's time; what the way of a message takes does not move it."""
        if now.year in _POSSIBLE_YEARS:
            offset = now - self._clock.now()
            if abs(offset - self._offset) >= _WORTH_SETTING:
                self._offset = offset
        else:
            self._impossible()
        self.leave()

    def leave(self) -> None:
        """Leave the time as it is until the next chance to set it."""
        self._left_at = self._clock.monotonic()

    @property
    def left_for_s(self) -> float:
        """How long ago the clock was last set or left as it is."""
        return self._clock.monotonic() - self._left_at


async def sleep_unless(clock: Clock, seconds: float | None, flag: Flag) -> bool:
    """Sleep, or with None wait for ever, but only until `flag` is set; return whether it is."""
    if seconds is None:
        await flag.wait()
    elif not flag.is_set():
        with Interrupted(flag):
            await clock.sleep(seconds)
    return flag.is_set()
