"""The battery of a simulated vehicle."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltyard.chargepoint.simulator.vehicle import MODELS, VOLTAGE_V, Vehicle, VehicleModel

MODEL = VehicleModel(name="test", battery_wh=50_000, max_power_w=11_000, phases=3)


def test_it_takes_what_is_offered_up_to_what_its_charger_can() -> None:
    vehicle = Vehicle(MODEL, 20)

    assert vehicle.power_w(0) == 0
    assert vehicle.power_w(6) == 6 * VOLTAGE_V * 3
    assert vehicle.power_w(32) == 11_000


def test_it_takes_less_the_fuller_it_is() -> None:
    powers = [Vehicle(MODEL, soc).power_w(32) for soc in (20, 79, 85, 90, 95, 99)]

    assert powers[0] == powers[1] == 11_000
    assert powers[1:] == sorted(powers[1:], reverse=True)
    assert 1_000 < powers[-1] < 2_500


def test_what_arrives_is_less_than_what_flowed() -> None:
    vehicle = Vehicle(MODEL, 20)

    vehicle.charge(5_000)

    assert 28 < vehicle.soc_percent < 30


def test_it_stops_where_its_driver_has_set_it() -> None:
    vehicle = Vehicle(MODEL, 79, target_percent=80)
    assert vehicle.wants_energy

    vehicle.charge(10_000)

    assert vehicle.soc_percent == pytest.approx(80)
    assert not vehicle.wants_energy
    assert vehicle.power_w(32) == 0


@given(
    st.sampled_from(MODELS),
    st.floats(0, 100),
    st.floats(0, 100),
    st.lists(st.tuples(st.floats(0, 80), st.floats(0, 60)), max_size=50),
)
def test_no_vehicle_takes_more_than_it_is_offered_or_can_hold(
    model: VehicleModel, soc: float, target: float, offers: list[tuple[float, float]]
) -> None:
    vehicle = Vehicle(model, soc, target_percent=max(soc, target))
    for offered_a, seconds in offers:
        before = vehicle.soc_percent
        power_w = vehicle.power_w(offered_a)

        vehicle.charge(power_w * seconds / 3600)

        assert 0 <= power_w <= min(offered_a * VOLTAGE_V * model.phases, model.max_power_w)
        assert before - 1e-9 <= vehicle.soc_percent <= 100 + 1e-9
