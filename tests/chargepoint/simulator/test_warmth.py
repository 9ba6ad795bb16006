"""How warm it gets, held against small steps of the differential equation."""

from __future__ import annotations

from math import inf

import pytest

from voltyard.chargepoint.simulator.course import NOTHING, Course
from voltyard.chargepoint.simulator.warmth import celsius_at, seconds_until


def in_small_steps(course: Course, seconds: int, celsius: float, ambient_celsius: float) -> float:
    steps = 100
    for step in range(seconds * steps):
        goal = ambient_celsius + 1.4e-3 * course.power_w_at(step / steps)
        celsius += (goal - celsius) / 600 / steps
    return celsius


@pytest.mark.parametrize(
    "course",
    [
        NOTHING,
        Course(11_000),
        Course(1_000, slope_w_per_s=20),
        Course(11_000, decay_per_s=3e-4),
        Course(11_000, decay_per_s=1 / 600),
    ],
)
def test_it_follows_the_power_slowly(course: Course) -> None:
    expected = in_small_steps(course, 300, 25, 19)

    assert celsius_at(course, 300, 25, 19) == pytest.approx(expected, abs=0.01)


def test_in_the_end_it_is_as_warm_as_weather_and_power_make_it() -> None:
    assert celsius_at(NOTHING, 1e6, 60, 19) == pytest.approx(19)
    assert celsius_at(Course(10_000), 1e6, 19, 19) == pytest.approx(33)


@pytest.mark.parametrize(
    ("limit", "power_w", "celsius", "ambient"),
    [(75, 22_000, 30, 50), (60, 0, 75, 19), (30, 0, 20, 40), (75, 22_000, 80, 10)],
)
def test_a_limit_is_reached_when_the_formula_says(
    limit: float, power_w: float, celsius: float, ambient: float
) -> None:
    seconds = seconds_until(limit, power_w, celsius, ambient)

    assert celsius_at(Course(power_w), seconds, celsius, ambient) == pytest.approx(limit)


def test_some_limits_are_never_reached() -> None:
    assert seconds_until(75, 22_000, 30, 19) == inf
    assert seconds_until(60, 0, 75, 60) == inf
    assert seconds_until(75, 0, 20, 10) == inf
    assert seconds_until(75, 99_000, 80, 19) == inf
    assert seconds_until(60, 0, 60, 19) == 0
