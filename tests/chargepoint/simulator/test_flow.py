"""What flows, and what it leaves behind."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltyard.chargepoint.simulator.course import Course
from voltyard.chargepoint.simulator.flow import Flow
from voltyard.chargepoint.simulator.meter import Registers


def flow(course: Course, phases: int = 3, power_factor: float = 1.0) -> Flow:
    target = Flow(Registers(100.0, (100.0, 0.0, 0.0)))
    target.draw_sums(50.0)
    target.go_on(course, phases, power_factor)
    return target


def test_registers_grow_with_what_flows() -> None:
    target = flow(Course(9_000))

    registers = target.registers(50.0 + 3600)

    assert registers.total_wh == pytest.approx(9_100)
    assert registers.active_wh == pytest.approx((3_100, 3_000, 3_000))
    assert target.energy_wh(50.0 + 1800) == pytest.approx(4_500)


def test_the_power_factor_makes_reactive_energy() -> None:
    target = flow(Course(8_000), phases=1, power_factor=0.8)

    load = target.load(60.0, 3)

    assert load.active_w == (8_000, 0, 0)
    assert load.reactive_var == pytest.approx((6_000, 0, 0))
    assert target.registers(50.0 + 3600).reactive_varh == pytest.approx(6_000)


def test_a_moment_before_the_course_began_is_its_beginning() -> None:
    target = flow(Course(8_000))

    assert target.energy_wh(40.0) == 0
    assert target.power_w(40.0) == 8_000


@given(st.lists(st.floats(50, 5_000), max_size=12))
def test_drawing_sums_changes_nothing_but_where_one_reckons_from(moments: list[float]) -> None:
    """R-238: nor does asking; the register is the same however often it is looked at."""
    course = Course(1_000, slope_w_per_s=2)
    straight, often = flow(course), flow(course)
    for moment in sorted(moments):
        often.draw_sums(moment)
        often.go_on(Course(course.power_w_at(moment - 50), slope_w_per_s=2), 3, 1.0)

    assert often.registers(5_000).total_wh == pytest.approx(straight.registers(5_000).total_wh)
    assert often.celsius(5_000) == pytest.approx(straight.celsius(5_000))


def test_the_weather_is_where_it_cools_down_to() -> None:
    target = flow(Course())
    target.set_ambient(-5)

    assert target.celsius(50.0) == pytest.approx(19)
    assert target.celsius(50.0 + 36_000) == pytest.approx(-5)
    assert target.ambient_celsius == -5
