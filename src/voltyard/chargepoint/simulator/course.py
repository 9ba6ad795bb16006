"""How power goes on from one change to the next, and the energy that comes of it, as formulas of time."""

from __future__ import annotations

from math import exp, expm1, inf, log1p, sqrt
from typing import Final, NamedTuple

_S_PER_H: Final = 3600.0


class Course(NamedTuple):
    """Power from a moment on: straight, `power_w + slope · t`, or with a decay, `power_w · e^(-decay · t)`.

    It holds for `lasts_s`; what is asked about later times is answered as if it went on. Nothing of it
    depends on how often it is asked.
    """

    power_w: float = 0.0
    slope_w_per_s: float = 0.0
    decay_per_s: float = 0.0
    lasts_s: float = inf

    def power_w_at(self, seconds: float) -> float:
        """Return the power after so many seconds."""
        if self.decay_per_s:
            return self.power_w * exp(-self.decay_per_s * seconds)
        return self.power_w + self.slope_w_per_s * seconds

    def energy_wh_at(self, seconds: float) -> float:
        """Return the energy that has flowed after so many seconds."""
        if self.decay_per_s:
            return self.power_w * -expm1(-self.decay_per_s * seconds) / self.decay_per_s / _S_PER_H
        return (self.power_w + self.slope_w_per_s * seconds / 2) * seconds / _S_PER_H

    def seconds_for(self, energy_wh: float) -> float:
        """Return how long so much energy takes to flow; infinity if it never does."""
        energy_ws = energy_wh * _S_PER_H
        if self.decay_per_s:
            part = energy_ws * self.decay_per_s / self.power_w
            return -log1p(-part) / self.decay_per_s if part < 1 else inf
        if self.slope_w_per_s:
            reached_w = sqrt(self.power_w**2 + 2 * self.slope_w_per_s * energy_ws)
            return (reached_w - self.power_w) / self.slope_w_per_s
        return energy_ws / self.power_w if self.power_w > 0 else inf


NOTHING: Final = Course()
