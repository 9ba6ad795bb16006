"""How warm a connector gets: slowly, towards what the weather and the power that flows make of it."""

from __future__ import annotations

from math import exp, inf, log
from typing import Final

from voltyard.chargepoint.simulator.course import Course

AMBIENT_CELSIUS: Final = 19.0
TOO_HOT_CELSIUS: Final = 75.0
"""From here on a connector protects itself: HighTemperature, and nothing flows …"""
COOL_CELSIUS: Final = 60.0
"""… until it has cooled down to this."""

_CELSIUS_PER_W: Final = 1.4e-3
_INERTIA_S: Final = 600.0
_CLOSE_TO_ONE_RATE: Final = 1e-3


def celsius_at(course: Course, seconds: float, celsius: float, ambient_celsius: float) -> float:
    """Return how warm it is after so many seconds of a course that began at `celsius`.

    The exact solution of dT/dt = (ambient + k · power - T) / inertia.
    """
    fading = exp(-seconds / _INERTIA_S)
    excess = _CELSIUS_PER_W * course.power_w
    if course.decay_per_s:
        share = 1.0 - course.decay_per_s * _INERTIA_S
        settled = ambient_celsius + (celsius - ambient_celsius) * fading
        # Where power and warmth fade at one rate the formula is another one.
        if abs(share) < _CLOSE_TO_ONE_RATE:
            return settled + excess * seconds / _INERTIA_S * fading
        return settled + excess / share * (exp(-course.decay_per_s * seconds) - fading)
    rate = _CELSIUS_PER_W * course.slope_w_per_s
    begins = ambient_celsius + excess - rate * _INERTIA_S
    return begins + rate * seconds + (celsius - begins) * fading


def seconds_until(limit_celsius: float, power_w: float, celsius: float, ambient_celsius: float) -> float:
    """Return how long a constant power takes from `celsius` to the limit; infinity if it never gets there."""
    goal = ambient_celsius + _CELSIUS_PER_W * power_w
    if celsius == limit_celsius:
        return 0.0
    if (limit_celsius - celsius) * (goal - limit_celsius) <= 0:
        return inf
    return _INERTIA_S * log((goal - celsius) / (goal - limit_celsius))
