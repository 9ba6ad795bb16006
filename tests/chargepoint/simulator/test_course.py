"""Formulas of power and energy, held against adding up small steps."""

from __future__ import annotations

from itertools import pairwise
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltyard.chargepoint.simulator.course import NOTHING, Course

COURSES = st.one_of(
    st.floats(0, 22_000).map(Course),
    st.tuples(st.floats(0, 22_000), st.floats(1, 2_000)).map(
        lambda made: Course(made[0], slope_w_per_s=made[1])
    ),
    st.tuples(st.floats(1, 22_000), st.floats(1e-6, 1e-2)).map(
        lambda made: Course(made[0], decay_per_s=made[1])
    ),
)


@pytest.mark.parametrize(
    "course", [Course(7_000), Course(500, slope_w_per_s=800), Course(11_000, decay_per_s=3e-4)]
)
def test_energy_is_the_sum_of_power_over_time(course: Course) -> None:
    steps = 6_000
    step_s = 60 / steps

    added_up = sum(course.power_w_at((step + 0.5) * step_s) * step_s for step in range(steps)) / 3600

    assert course.energy_wh_at(60) == pytest.approx(added_up, rel=1e-6)


@given(COURSES, st.floats(0, 10_000))
def test_the_time_for_an_energy_is_the_time_it_takes(course: Course, seconds: float) -> None:
    energy_wh = course.energy_wh_at(seconds)

    took_s = course.seconds_for(energy_wh)

    if took_s < inf:
        assert course.energy_wh_at(took_s) == pytest.approx(energy_wh, rel=1e-6, abs=1e-6)


@given(COURSES, st.lists(st.floats(0, 100_000), min_size=2, max_size=20))
def test_energy_never_goes_back(course: Course, moments: list[float]) -> None:
    energies = [course.energy_wh_at(moment) for moment in sorted(moments)]

    assert all(later >= earlier - 1e-9 for earlier, later in pairwise(energies))


def test_some_energies_never_flow() -> None:
    fading = Course(1_000, decay_per_s=1e-3)

    assert NOTHING.seconds_for(1) == inf
    assert fading.seconds_for(fading.energy_wh_at(1e9) + 1) == inf
    assert NOTHING.power_w_at(5) == NOTHING.energy_wh_at(5) == 0
