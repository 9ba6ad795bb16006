"""The battery of a simulated vehicle, and its mind."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltyard.chargepoint.simulator.course import NOTHING
from voltyard.chargepoint.simulator.vehicle import MODELS, VOLTAGE_V, Pilot, Vehicle, VehicleModel

MODEL = VehicleModel(name="test", battery_wh=50_000, max_power_w=11_000, phases=3)
SLOW = replace(MODEL, reaction_s=2.0)


class Outlet:
    """An outlet nothing has flowed from yet."""

    def __init__(self, drawn_wh: float = 0.0) -> None:
        self.drawn_wh = drawn_wh
        self.changes = 0

    def vehicle_changed(self) -> None:
        self.changes += 1


def live(
    vehicle: Vehicle, limit_w: float, *, until_s: float = 100_000, now_s: float = 0.0
) -> list[tuple[float, float]]:
    """Charge a vehicle from change to change; return when each came and the power before and after it."""
    power_w, powers = 0.0, []
    while now_s < until_s:
        wakes_s = vehicle.look(now_s, Pilot.PULSED)
        course = vehicle.plan(power_w, limit_w)
        powers.append((now_s, course.power_w))
        if course == NOTHING and wakes_s == inf:
            break
        lasts_s = min(course.lasts_s, wakes_s - now_s, until_s - now_s)
        vehicle.charge(course.energy_wh_at(lasts_s))
        power_w = course.power_w_at(lasts_s)
        now_s += max(lasts_s, 1e-3)
    return powers


def test_it_takes_what_is_offered_up_to_what_its_charger_can() -> None:
    vehicle = Vehicle(MODEL, 20)

    assert vehicle.power_w(0) == 0
    assert vehicle.power_w(6) == 6 * VOLTAGE_V * 3
    assert vehicle.power_w(32) == 11_000
    assert vehicle.power_w(16, phases=1) == 16 * VOLTAGE_V


def test_a_bad_power_factor_leaves_less_power_of_the_same_current() -> None:
    vehicle = Vehicle(replace(MODEL, power_factor=0.9), 20)

    assert vehicle.power_w(10) == pytest.approx(10 * VOLTAGE_V * 3 * 0.9)


def test_it_takes_less_the_fuller_it_is_and_trickles_in_the_end() -> None:
    powers = [Vehicle(MODEL, soc).power_w(32) for soc in (20, 79, 85, 90, 95, 97, 99)]

    assert powers[0] == powers[1] == 11_000
    assert powers[1:-1] == sorted(powers[1:-1], reverse=True)
    assert powers[-1] == powers[-2] == pytest.approx(0.12 * 11_000)


def test_what_arrives_is_less_than_what_flowed() -> None:
    vehicle = Vehicle(MODEL, 20)

    vehicle.charge(5_000)

    assert 28 < vehicle.soc_percent < 30


def test_it_stops_where_its_driver_has_set_it() -> None:
    vehicle = Vehicle(MODEL, 79, target_percent=80)
    assert vehicle.wants_energy

    vehicle.charge(10_000)

    assert vehicle.soc_percent == pytest.approx(80)
    assert vehicle.is_full
    assert not vehicle.wants_energy
    assert vehicle.power_w(32) == 0


def test_the_driver_can_set_another_target() -> None:
    vehicle, outlet = Vehicle(MODEL, 80, target_percent=80), Outlet()
    vehicle.connect(outlet)
    vehicle.set_target(90)
    assert vehicle.wants_energy

    vehicle.set_target(50)

    assert vehicle.is_full
    assert vehicle.soc_percent == pytest.approx(80)
    assert outlet.changes == 2


def test_what_flows_at_this_moment_is_in_its_battery() -> None:
    vehicle = Vehicle(MODEL, 20)
    outlet = Outlet(drawn_wh=5_000)
    vehicle.connect(outlet)

    assert vehicle.soc_percent == pytest.approx(20 + 5_000 * 0.91 / 500)
    vehicle.disconnect()

    assert vehicle.soc_percent == pytest.approx(20)


def test_it_is_ready_a_while_after_it_was_connected_and_draws_a_while_after_it_was_offered_energy() -> None:
    vehicle = Vehicle(SLOW, 20)

    assert vehicle.look(10.0, Pilot.STEADY) == 12.0
    assert not vehicle.is_ready
    assert vehicle.look(12.0, Pilot.STEADY) == inf
    assert vehicle.is_ready
    assert vehicle.plan(0, 11_000) == NOTHING
    assert vehicle.look(20.0, Pilot.PULSED) == 22.0
    assert vehicle.plan(0, 11_000) == NOTHING
    vehicle.look(22.0, Pilot.PULSED)

    assert vehicle.plan(0, 11_000).slope_w_per_s > 0


def test_without_a_pilot_it_is_not_ready() -> None:
    vehicle = Vehicle(MODEL, 20)
    vehicle.look(0, Pilot.PULSED)
    assert vehicle.is_ready

    vehicle.look(1, Pilot.OFF)

    assert not vehicle.is_ready


def test_its_power_rises_slowly_and_then_follows_the_curve() -> None:
    powers = live(Vehicle(MODEL, 60), 32 * VOLTAGE_V * 3)

    rising, constant, falling, trickling, over = (power for _, power in powers)
    assert (rising, over) == (0, 0)
    assert constant == falling == 11_000
    assert trickling == pytest.approx(0.12 * 11_000)
    assert powers[1][0] == pytest.approx(11_000 / 800)


def test_a_low_limit_binds_until_the_curve_is_lower() -> None:
    vehicle = Vehicle(MODEL, 70)

    powers = live(vehicle, 6_000)

    assert [round(power) for _, power in powers] == [0, 6_000, 6_000, 6_000, 1_320, 0]
    assert vehicle.is_full


def test_a_vehicle_pauses_by_itself_and_goes_on() -> None:
    vehicle = Vehicle(replace(MODEL, pause_at_percent=50, pause_s=240), 49)
    vehicle.look(0, Pilot.PULSED)
    vehicle.charge(0.01 * 50_000 / 0.91)

    assert vehicle.look(100, Pilot.PULSED) == 340
    assert not vehicle.is_ready
    vehicle.look(340, Pilot.PULSED)

    assert vehicle.is_ready
    assert vehicle.look(400, Pilot.PULSED) == inf


def test_its_driver_can_pause_it_and_end_any_pause() -> None:
    vehicle, outlet = Vehicle(replace(SLOW, pause_at_percent=50, pause_s=240), 49), Outlet()
    vehicle.connect(outlet)
    vehicle.pause()
    vehicle.look(0, Pilot.PULSED)
    assert vehicle.is_paused
    assert not vehicle.wants_energy
    vehicle.charge(1_000)
    vehicle.look(10, Pilot.PULSED)

    vehicle.resume()
    vehicle.look(20, Pilot.PULSED)
    vehicle.look(22, Pilot.PULSED)

    assert vehicle.is_ready
    assert outlet.changes == 2


def test_a_full_vehicle_keeps_its_battery_warm_for_a_part_of_each_hour() -> None:
    vehicle = Vehicle(replace(MODEL, conditioning_w=1_800, conditioning_s=180), 80, target_percent=80)

    powers = live(vehicle, 11_000, until_s=2 * 3600)

    assert [(round(at_s), power) for at_s, power in powers] == [
        (0, 0),
        (3420, 1_800),
        (3600, 0),
        (7020, 1_800),
    ]
    assert vehicle.soc_percent == pytest.approx(80)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_the_models_are_vehicles_one_can_meet(model: VehicleModel) -> None:
    vehicle = Vehicle(model, 10)

    live(vehicle, vehicle.drawable_w(32), until_s=20 * 3600)

    assert vehicle.is_full
    assert model.max_power_w <= vehicle.drawable_w(32)
    assert 1 <= model.reaction_s <= 3
    assert len({each.name for each in MODELS}) == len(MODELS)


@given(
    st.sampled_from(MODELS),
    st.floats(0, 100),
    st.floats(0, 100),
    st.floats(0, 25_000),
)
def test_no_vehicle_takes_more_than_it_is_offered_or_can_hold(
    model: VehicleModel, soc: float, target: float, limit_w: float
) -> None:
    vehicle = Vehicle(model, soc, target_percent=max(soc, target))

    powers = live(vehicle, limit_w, until_s=7200)

    assert all(0 <= power <= min(limit_w, model.max_power_w) + 1e-6 for _, power in powers)
    assert soc - 1e-9 <= vehicle.soc_percent <= max(soc, target) + 1e-9
    # So few changes there are: nothing has to be done in between.
    assert len(powers) < 16
