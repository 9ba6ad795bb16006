"""Simulated connectors: meter, lock and the hands of those who use them."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import pytest
from tests.chargepoint.virtual_time import VirtualClock, story
from tests.chargepoint.world import vehicle

from voltyard.chargepoint.simulator import SimulatedConnector, SimulatedHardware
from voltyard.protocol.messages import (
    BootNotification,
    ChargePointErrorCode,
    Measurand,
    Phase,
    ResetType,
)

BOOT = BootNotification(charge_point_vendor="v", charge_point_model="m")


def connector(**options: Any) -> SimulatedConnector:
    return SimulatedConnector(VirtualClock(), Random(1), **options)


def value(connector: SimulatedConnector, measurand: Measurand, phase: Phase | None = None) -> float:
    (found,) = [
        each.value for each in connector.measure() if (each.measurand, each.phase) == (measurand, phase)
    ]
    return found


class Ears:
    """Hears everything."""

    def __init__(self) -> None:
        self.heard: list[tuple[Any, ...]] = []

    def __getattr__(self, event: str) -> Any:
        return lambda *facts: self.heard.append((event, *facts))


def test_power_rises_slowly_and_falls_at_once() -> None:
    target = connector()
    target.plug_in(vehicle())
    target.offer(16)

    target.advance(5)
    early_w = value(target, Measurand.POWER_ACTIVE_IMPORT)
    target.advance(60)
    late_w = value(target, Measurand.POWER_ACTIVE_IMPORT)
    target.offer(0)
    target.advance(1)

    assert 0 < early_w < late_w == pytest.approx(11_000)
    assert value(target, Measurand.POWER_ACTIVE_IMPORT) == 0


def test_the_register_adds_up_what_flows() -> None:
    target = connector(register_wh=1_000)
    target.plug_in(vehicle())
    target.offer(32)

    target.advance(3600)

    assert target.register_wh == pytest.approx(12_000, rel=0.01)
    assert value(target, Measurand.ENERGY_ACTIVE_IMPORT_REGISTER) == target.register_wh
    assert value(target, Measurand.SOC) == pytest.approx(40, abs=1)


def test_time_in_small_steps_makes_the_same_energy_as_in_one() -> None:
    one, many = connector(), connector()
    for each in (one, many):
        each.plug_in(vehicle())
        each.offer(32)

    one.advance(600)
    for _ in range(600):
        many.advance(1)

    assert one.register_wh == pytest.approx(many.register_wh, rel=0.01)


def test_nothing_flows_without_a_vehicle_or_an_offer() -> None:
    target = connector()
    target.offer(32)
    target.advance(3600)
    target.offer(0)
    target.plug_in(vehicle())
    target.advance(3600)

    assert target.register_wh == 0
    assert not connector().wants_energy


def test_no_more_is_offered_than_the_connector_can() -> None:
    target = connector(max_current_a=16)

    target.offer(32)

    assert target.offered_a == 16 == target.max_current_a


def test_current_and_voltage_fit_the_power() -> None:
    target = connector()
    target.plug_in(vehicle())
    target.offer(10)
    target.advance(60)

    currents = [value(target, Measurand.CURRENT_IMPORT, phase) for phase in (Phase.L1, Phase.L2, Phase.L3)]

    assert currents == 3 * [pytest.approx(10, abs=0.2)]
    assert value(target, Measurand.VOLTAGE, Phase.L2) == pytest.approx(230, abs=5)
    assert value(target, Measurand.CURRENT_OFFERED) == 10


def test_it_warms_up_under_load() -> None:
    target = connector()
    cold = value(target, Measurand.TEMPERATURE)
    target.plug_in(vehicle())
    target.offer(32)

    target.advance(1200)

    assert 5 < value(target, Measurand.TEMPERATURE) - cold < 20


def test_without_a_vehicle_there_is_no_state_of_charge() -> None:
    assert Measurand.SOC not in {each.measurand for each in connector().measure()}


@pytest.mark.parametrize(("is_jammed", "works"), [(False, True), (True, False)])
@story
async def test_the_lock(is_jammed: bool, works: bool) -> None:
    target = connector()
    target.lock()
    target.is_lock_jammed = is_jammed

    assert await target.unlock() is works

    assert target.is_locked is is_jammed


def test_a_fixed_cable_is_never_locked() -> None:
    target = connector(has_lock=False)

    target.lock()

    assert not target.is_locked


def test_what_people_do_is_told_to_the_listener() -> None:
    ears = Ears()
    hardware = SimulatedHardware([connector(), connector(has_lock=False)], VirtualClock(), BOOT)
    hardware.attach(ears)

    hardware.plug_in(1, vehicle())
    hardware.tap(1, "A")
    hardware.unplug_at_vehicle(1)
    hardware.unplug(1)
    hardware.unplug_at_vehicle(2)
    hardware.raise_fault(0, ChargePointErrorCode.OTHER_ERROR, "why")
    hardware.clear_fault(0)
    hardware.press_emergency_button()
    hardware.attach(None)
    hardware.plug_in(1, vehicle())

    assert ears.heard == [
        ("plugged_in", 1),
        ("tag_presented", 1, "A"),
        ("ev_disconnected", 1),
        ("unplugged", 1),
        ("unplugged", 2),
        ("fault_raised", 0, ChargePointErrorCode.OTHER_ERROR, "why"),
        ("fault_cleared", 0),
        ("emergency_stopped",),
    ]
    assert hardware.connectors[0].is_plugged


def test_nobody_has_to_listen() -> None:
    hardware = SimulatedHardware([connector()], VirtualClock(), BOOT)

    hardware.tap(1, "A")
    hardware.plug_in(1, vehicle(soc_percent=99, target_percent=99.01))
    hardware.connectors[0].offer(32)
    hardware.advance(3600)
    hardware.unplug_at_vehicle(1)
    hardware.unplug(1)
    hardware.raise_fault(1, ChargePointErrorCode.OTHER_ERROR)
    hardware.clear_fault(1)
    hardware.press_emergency_button()

    assert not hardware.connectors[0].is_plugged


def test_a_vehicle_that_is_full_is_told() -> None:
    ears = Ears()
    hardware = SimulatedHardware([connector(), connector()], VirtualClock(), BOOT)
    hardware.plug_in(2, vehicle(soc_percent=50, target_percent=51))
    hardware.connectors[1].offer(32)
    hardware.attach(ears)

    hardware.advance(3600)

    assert ears.heard == [("supply_changed", 2)]


@story
async def test_physics_run_faster_than_the_clock() -> None:
    """Timestamps stay real while energy flows sixty times as fast."""
    clock = VirtualClock()
    hardware = SimulatedHardware([connector()], clock, BOOT, speed=60)
    hardware.plug_in(1, vehicle())
    hardware.connectors[0].offer(32)

    running = asyncio.create_task(hardware.run())
    await clock.sleep(60.5)
    running.cancel()
    await asyncio.wait({running})

    assert hardware.connectors[0].register_wh == pytest.approx(11_000, rel=0.02)


@pytest.mark.parametrize("type", ResetType)
@story
async def test_restarts_take_a_while_and_can_fail(type: ResetType) -> None:
    clock = VirtualClock()
    hardware = SimulatedHardware([connector()], clock, BOOT)
    hardware.failing_restarts = 1

    assert not await hardware.restart(type)
    assert await hardware.restart(type)

    assert clock.monotonic() > 1
