"""The main meter: everything at the inlet."""

from __future__ import annotations

import pytest
from tests.chargepoint.simulator.rig import connector, hardware, value
from tests.chargepoint.world import vehicle

from voltyard.chargepoint.simulator import SimulatedHardware, Vehicle
from voltyard.chargepoint.simulator.main_meter import OWN_W, MainMeter
from voltyard.chargepoint.simulator.vehicle import MODELS
from voltyard.chargepoint.store import MemoryStore
from voltyard.protocol.messages import Location, Measurand, Phase


def main_meter(bench: SimulatedHardware) -> MainMeter:
    assert bench.main_meter is not None
    return bench.main_meter


def charging(*, store: MemoryStore | None = None) -> SimulatedHardware:
    bench = hardware(connector(), connector(phases=1), store=store)
    bench.plug_in(1, vehicle())
    bench.plug_in(2, Vehicle(MODELS[0], 20))
    for each in bench.connectors:
        each.offer(16)
    bench.advance(1800)
    return bench


def test_it_measures_what_the_connectors_take_and_the_charge_point_itself() -> None:
    """R-234: three phases at the inlet."""
    bench = charging()
    first, second = (each.load.active_w for each in bench.connectors)
    meter = main_meter(bench)

    assert {each.location for each in meter.measure()} == {Location.INLET}
    assert {each.measurand for each in meter.measure()} == meter.measurands
    assert value(meter, Measurand.POWER_ACTIVE_IMPORT, Phase.L1) == pytest.approx(
        first[0] + second[0] + OWN_W
    )
    assert value(meter, Measurand.POWER_ACTIVE_IMPORT, Phase.L3) == pytest.approx(first[2])
    assert value(meter, Measurand.POWER_ACTIVE_IMPORT) == pytest.approx(sum(first) + sum(second) + OWN_W)
    currents = [value(meter, Measurand.CURRENT_IMPORT, line) for line in (Phase.L1, Phase.L2, Phase.L3)]
    assert currents[0] == pytest.approx(31, abs=1)
    assert currents[1] == pytest.approx(currents[2], rel=0.02)


def test_its_register_is_the_sum_of_theirs_and_what_it_takes_itself() -> None:
    bench = charging()

    register_wh = value(main_meter(bench), Measurand.ENERGY_ACTIVE_IMPORT_REGISTER)

    assert register_wh == int(sum(each.registers.total_wh for each in bench.connectors) + OWN_W / 2)


def test_it_goes_on_from_the_last_reading_it_has_shown() -> None:
    """R-239: also when the connectors remember less than it does."""
    store = MemoryStore()
    shown = [each for each in main_meter(charging(store=store)).measure() if "Register" in each.measurand]

    again = hardware(connector(), connector(phases=1), store=store)

    registers = [each for each in main_meter(again).measure() if "Register" in each.measurand]
    assert registers == shown
    again.advance(3600)
    grown = [each.value for each in main_meter(again).measure() if "Register" in each.measurand]
    assert all(later >= earlier.value for earlier, later in zip(registers, grown, strict=True))


def test_a_first_main_meter_has_counted_what_the_connectors_have() -> None:
    bench = hardware(connector(register_wh=1_000), connector(register_wh=500))

    assert value(main_meter(bench), Measurand.ENERGY_ACTIVE_IMPORT_REGISTER) == 1_500


def test_without_power_it_counts_nothing() -> None:
    bench = hardware()
    bench.advance(3600)
    bench.cut_power()
    bench.advance(36_000)
    assert value(main_meter(bench), Measurand.POWER_ACTIVE_IMPORT) == 0

    bench.restore_power()
    bench.advance(3600)

    assert value(main_meter(bench), Measurand.ENERGY_ACTIVE_IMPORT_REGISTER) == int(2 * OWN_W)


def test_hardware_may_have_none() -> None:
    bench = hardware(has_main_meter=False)
    bench.cut_power()

    assert bench.main_meter is None
