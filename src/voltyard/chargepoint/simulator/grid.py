"""The grid a charge point hangs on: its voltage and frequency, and the main fuse between the two."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, pi, sin
from random import Random
from typing import Final

_PHASE_COUNT: Final = 3
# Always a little above 230 V: what so many amperes come to at 230 V never takes more of them.
_MEAN_V: Final = 231.4
_SLOW_V: Final = 0.9
_QUICK_V: Final = 0.3
_SLOW_S: Final = 157.0
_QUICK_S: Final = 11.0
_NOMINAL_HZ: Final = 50.0
_SWING_HZ: Final = 0.02

TRIP_S: Final = 60.0
"""How long the main fuse bears an overload."""
_BEARABLE: Final = 1.05
"""How much more than its rating is no overload to it."""


class Grid:
    """Three phases whose voltage and frequency sway as they do; the same random numbers make the same grid.

    What they are is a formula of time: asking changes nothing.
    """

    __slots__ = ("_offset_s", "is_on")

    def __init__(self, random: Random) -> None:
        self._offset_s = random.uniform(0, 10_000)
        self.is_on = True

    def voltages_v(self, now_s: float) -> tuple[float, float, float]:
        """Return the voltages of L1, L2 and L3 against N."""
        if not self.is_on:
            return (0.0, 0.0, 0.0)
        slow, quick = (now_s + self._offset_s) / _SLOW_S, (now_s + self._offset_s) / _QUICK_S
        first, second, third = (
            _MEAN_V + _SLOW_V * sin(slow + shift) + _QUICK_V * sin(quick + shift)
            for shift in (0.0, 2 * pi / _PHASE_COUNT, 4 * pi / _PHASE_COUNT)
        )
        return (first, second, third)

    def frequency_hz(self, now_s: float) -> float:
        """Return the frequency."""
        return _NOMINAL_HZ + _SWING_HZ * sin((now_s + self._offset_s) / 41.0) if self.is_on else 0.0


class MainFuse:
    """Trips when one phase draws more than 5 % over `limit_a` for a minute; until then it bears it."""

    def __init__(self, limit_a: float) -> None:
        self._limit_a = limit_a
        self._overloaded_since_s: float | None = None

    @property
    def trips_at_s(self) -> float:
        """When it will trip if nothing changes; infinity if it will not."""
        return inf if self._overloaded_since_s is None else self._overloaded_since_s + TRIP_S

    def load(self, currents_a: Sequence[float], now_s: float) -> bool:
        """Load its phases from now on; return whether it trips now."""
        if max(currents_a) <= self._limit_a * _BEARABLE:
            self._overloaded_since_s = None
        elif self._overloaded_since_s is None:
            self._overloaded_since_s = now_s
        trips = now_s >= self.trips_at_s
        if trips:
            self._overloaded_since_s = None
        return trips
