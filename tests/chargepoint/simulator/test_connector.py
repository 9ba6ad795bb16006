"""A simulated connector: contactor, lock, meter, pilot."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.chargepoint.simulator.rig import connector, hardware, value, values
from tests.chargepoint.virtual_time import story
from tests.chargepoint.world import MODEL, vehicle

from voltyard.chargepoint.simulator import MODELS, SimulatedHardware, Vehicle
from voltyard.chargepoint.simulator.connector import MEASURANDS
from voltyard.chargepoint.simulator.vehicle import PilotState
from voltyard.chargepoint.store import MemoryStore
from voltyard.protocol.messages import Location, Measurand, Phase, UnitOfMeasure

LINES = (Phase.L1, Phase.L2, Phase.L3)
INTERVALS = {measurand for measurand in Measurand if measurand.endswith(".Interval")}


def test_power_rises_slowly_and_falls_at_once() -> None:
    bench = hardware()
    target = bench.connectors[0]
    target.plug_in(vehicle())
    target.offer(16)

    bench.advance(5)
    early_w = target.power_w
    bench.advance(60)
    late_w = target.power_w
    target.offer(0)

    assert 0 < early_w < late_w == pytest.approx(11_000)
    assert target.power_w == value(target, Measurand.POWER_ACTIVE_IMPORT) == 0


def test_the_register_adds_up_what_flows() -> None:
    bench = hardware(connector(register_wh=1_000))
    target = bench.connectors[0]
    target.plug_in(vehicle())
    target.offer(32)

    bench.advance(3600)

    assert target.register_wh == pytest.approx(12_000, rel=0.01)
    assert value(target, Measurand.ENERGY_ACTIVE_IMPORT_REGISTER) == target.register_wh
    assert value(target, Measurand.SOC) == pytest.approx(40, abs=1)


def test_time_in_small_steps_makes_the_same_energy_as_in_one() -> None:
    one, many = hardware(), hardware()
    for bench in (one, many):
        bench.connectors[0].plug_in(vehicle(soc_percent=70))
        bench.connectors[0].offer(32)

    one.advance(7200)
    for _ in range(7200):
        many.advance(1)
        many.connectors[0].measure()

    assert one.connectors[0].registers.total_wh == pytest.approx(many.connectors[0].registers.total_wh)
    assert one.connectors[0].celsius == pytest.approx(many.connectors[0].celsius)


def test_nothing_flows_without_a_vehicle_or_an_offer() -> None:
    bench = hardware()
    target = bench.connectors[0]
    target.offer(32)
    bench.advance(3600)
    target.offer(0)
    target.plug_in(vehicle())
    bench.advance(3600)

    assert target.register_wh == 0
    assert not connector().wants_energy


@pytest.mark.parametrize(("asked_a", "offered_a"), [(32, 16), (6, 6), (5.9, 0), (-1, 0), (float("nan"), 0)])
def test_no_more_is_offered_than_the_connector_can_nor_less_than_a_pilot_can_say(
    asked_a: float, offered_a: float
) -> None:
    target = connector(max_current_a=16)

    target.offer(asked_a)

    assert target.offered_a == value(target, Measurand.CURRENT_OFFERED) == offered_a
    assert value(target, Measurand.POWER_OFFERED) == offered_a * 230 * 3


def test_current_and_voltage_fit_the_power() -> None:
    bench = hardware()
    target = bench.connectors[0]
    target.plug_in(vehicle())
    target.offer(10)
    bench.advance(60)

    currents = [value(target, Measurand.CURRENT_IMPORT, phase) for phase in LINES]

    assert currents == 3 * [pytest.approx(10, abs=0.2)]
    assert max(currents) <= 10
    assert value(target, Measurand.VOLTAGE, Phase.L2) == pytest.approx(231, abs=2)


@pytest.mark.parametrize(("phases", "wired", "used"), [(3, 1, 1), (1, 3, 1), (2, 3, 2), (3, 3, 3)])
def test_a_vehicle_uses_as_many_phases_as_both_have(phases: int, wired: int, used: int) -> None:
    bench = hardware(connector(phases=wired))
    target = bench.connectors[0]
    target.plug_in(Vehicle(replace(MODEL, phases=phases), 20))
    target.offer(10)
    bench.advance(60)

    currents = [amps for phase in LINES for amps in values(target, Measurand.CURRENT_IMPORT, phase)]

    assert len(currents) == wired == target.phases
    assert [amps > 0 for amps in currents] == [True] * used + [False] * (wired - used)
    assert target.power_w == pytest.approx(10 * 230 * used)


def test_a_connector_has_one_to_three_phases() -> None:
    for phases in (0, 4):
        with pytest.raises(ValueError, match="phases"):
            connector(phases=phases)


def test_it_measures_everything_but_a_fan_and_differences_of_registers() -> None:
    target = connector()
    target.plug_in(vehicle())

    shown = {each.measurand for each in target.measure()}

    assert shown == MEASURANDS == target.measurands == set(Measurand) - INTERVALS - {Measurand.RPM}


def test_temperature_is_in_celcius_and_measured_in_the_body() -> None:
    """R-241."""
    (measurement,) = [each for each in connector().measure() if each.measurand is Measurand.TEMPERATURE]

    assert measurement.unit is UnitOfMeasure.CELCIUS
    assert f"{measurement.unit}" == "Celcius"
    assert measurement.location is Location.BODY


def test_it_warms_up_under_load() -> None:
    bench = hardware()
    target = bench.connectors[0]
    cold = value(target, Measurand.TEMPERATURE)
    target.plug_in(vehicle())
    target.offer(32)

    bench.advance(1200)

    assert 5 < value(target, Measurand.TEMPERATURE) - cold < 20


def test_without_a_vehicle_there_is_no_state_of_charge() -> None:
    assert values(connector(), Measurand.SOC) == []


def test_pilot_states() -> None:
    bench = hardware()
    target = bench.connectors[0]
    states = [target.pilot_state]
    wants = [target.wants_energy]

    target.plug_in(Vehicle(replace(MODEL, reaction_s=2.0), 20))
    for _ in range(2):
        states.append(target.pilot_state)
        wants.append(target.wants_energy)
        bench.advance(2)

    assert states == [PilotState.NO_VEHICLE, PilotState.CONNECTED, PilotState.READY]
    assert wants == [False, False, True]


def test_another_vehicle_takes_the_place_of_the_one_that_is_there() -> None:
    bench = hardware()
    target, first, second = bench.connectors[0], vehicle(20), vehicle(50)
    target.plug_in(first)
    target.offer(32)
    bench.advance(3600)

    target.plug_in(second)
    bench.advance(3600)

    assert target.vehicle is second
    assert first.soc_percent == pytest.approx(40, abs=1)
    assert second.soc_percent == pytest.approx(70, abs=1)


@pytest.mark.parametrize(("is_jammed", "works"), [(False, True), (True, False)])
@story
async def test_the_lock(is_jammed: bool, works: bool) -> None:
    target = connector()
    target.lock()
    target.is_lock_jammed = is_jammed

    assert await target.unlock() is works

    assert target.is_locked is is_jammed


@story
async def test_a_lock_can_fail_a_few_times() -> None:
    target = connector()
    target.lock()
    target.failing_unlocks = 2

    assert [await target.unlock() for _ in range(3)] == [False, False, True]

    assert not target.is_locked


def test_a_fixed_cable_is_never_locked() -> None:
    target = connector(has_lock=False)

    target.lock()

    assert not target.is_locked
    assert not target.has_lock


def test_the_meter_remembers_all_its_registers() -> None:
    """R-239: another start of the same hardware goes on with them."""
    store = MemoryStore()
    bench = hardware(connector(), store=store)
    bench.plug_in(1, Vehicle(MODELS[0], 20))
    bench.connectors[0].offer(32)
    bench.advance(3600)
    bench.unplug(1)

    again = hardware(connector(register_wh=bench.connectors[0].register_wh), store=store)

    assert again.connectors[0].registers == bench.connectors[0].registers
    assert again.connectors[0].registers.reactive_varh > 100


def test_what_is_known_of_the_register_besides_counts_if_it_is_more() -> None:
    """R-239: a power cut in a transaction; its last reading is what is left."""
    store = MemoryStore()
    bench = hardware(store=store)
    bench.plug_in(1, vehicle())
    bench.connectors[0].offer(32)
    bench.advance(3600)
    bench.unplug(1)

    again = hardware(connector(register_wh=50_000), store=store)

    assert again.connectors[0].register_wh == 50_000
    by_phase = [value(again.connectors[0], Measurand.ENERGY_ACTIVE_IMPORT_REGISTER, line) for line in LINES]
    assert sum(by_phase) == pytest.approx(50_000, abs=3)


def test_without_a_key_nothing_is_signed() -> None:
    assert connector().public_key is None


ACTS = st.one_of(
    st.tuples(st.just("pass"), st.floats(0, 4000)),
    st.tuples(st.just("offer"), st.sampled_from([0.0, 6.0, 10.0, 16.0, 32.0])),
    st.tuples(st.just("plug"), st.integers(0, len(MODELS) - 1)),
    st.tuples(st.just("unplug"), st.none()),
    st.tuples(st.just("pause"), st.booleans()),
    st.tuples(st.just("weather"), st.sampled_from([-10.0, 20.0, 60.0, 80.0])),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(ACTS, max_size=30), st.integers(1, 3))
def test_whatever_happens_registers_never_go_back_and_the_quantities_fit(
    acts: list[tuple[str, float]], phases: int
) -> None:
    """R-238."""
    bench = hardware(connector(phases=phases))
    target = bench.connectors[0]
    registers = [target.registers]
    for name, number in acts:
        _do(bench, name, number)
        registers.append(target.registers)

        assert 0 <= target.power_w <= target.offered_a * 230 * phases + 1e-6
        for line in LINES[:phases]:
            volt, ampere, factor = (
                value(target, measurand, line)
                for measurand in (Measurand.VOLTAGE, Measurand.CURRENT_IMPORT, Measurand.POWER_FACTOR)
            )
            assert volt * ampere * factor == pytest.approx(
                value(target, Measurand.POWER_ACTIVE_IMPORT, line), abs=1e-6
            )
            assert ampere <= target.offered_a + 1e-6
    totals = [each.total_wh for each in registers]
    assert totals == sorted(totals)
    assert all(sum(each.active_wh) == pytest.approx(each.total_wh) for each in registers)


def _do(bench: SimulatedHardware, name: str, number: float) -> None:
    match name:
        case "pass":
            bench.advance(number)
        case "offer":
            bench.connectors[0].offer(number)
        case "plug":
            bench.plug_in(1, Vehicle(MODELS[int(number)], 60))
        case "unplug":
            bench.unplug(1)
        case "pause":
            (bench.pause if number else bench.resume)(1)
        case _:
            bench.set_ambient(number)
