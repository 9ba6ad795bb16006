"""What becomes of events in a charge point that is up."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

import pytest
from tests.chargepoint.central_system import BLOCKED, SILENCE, CentralSystem
from tests.chargepoint.virtual_time import VirtualClock, run, story
from tests.chargepoint.world import TAG, vehicle, world

from voltyard.chargepoint.errors import UnknownConnector
from voltyard.chargepoint.simulator import (
    SimulatedConnector,
    SimulatedHardware,
    SimulatedStation,
    Simulation,
)
from voltyard.chargepoint.station import Station
from voltyard.protocol.messages import (
    BootNotification,
    ChargePointErrorCode,
    ChargePointStatus,
    MeterValues,
    Reset,
    ResetType,
    StartTransaction,
    StatusNotification,
    StopTransaction,
)


@story
async def test_a_session_from_plug_to_unplug() -> None:
    """R-157, R-175, R-212: A2, B3, C6, F1."""
    async with world() as w:
        await w.charge()
        await w.after(150)
        w.hardware.tap(1, TAG)
        await w.after(5)
        w.hardware.unplug(1)
        await w.after(5)

        assert w.reported() == [
            ChargePointStatus.AVAILABLE,
            ChargePointStatus.PREPARING,
            ChargePointStatus.CHARGING,
            ChargePointStatus.FINISHING,
            ChargePointStatus.AVAILABLE,
        ]
        (start,), (stop,) = w.central.requests(StartTransaction), w.central.requests(StopTransaction)
        assert len(w.central.requests(MeterValues)) == 2
        assert stop.transaction_id == 1001
        assert 300 < stop.meter_stop - start.meter_start < 500


@pytest.mark.parametrize("moments", range(6))
def test_who_is_told_to_end_while_the_connection_breaks_ends(moments: int) -> None:
    async def tell() -> bool:
        clock = VirtualClock()
        central = CentralSystem(clock.now)
        simulation = Simulation(identity="CP-1", has_drivers=False)
        running = asyncio.create_task(SimulatedStation(simulation, central.stay_connected, clock=clock).run())
        await asyncio.sleep(1)
        central.cut()
        for _ in range(moments):
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait({running}, timeout=1)
        return running.cancelled()

    assert run(tell())


@story
async def test_two_connectors_charge_side_by_side() -> None:
    async with world() as w:
        await w.charge(1)
        await w.charge(2, "OTHER")
        await w.after(100)
        w.hardware.tap(2, "OTHER")
        await w.after(5)

        (stop,) = w.central.requests(StopTransaction)
        assert (stop.transaction_id, stop.id_tag) == (1002, "OTHER")
        assert w.status(1) is ChargePointStatus.CHARGING


@pytest.mark.parametrize("connector_id", [3, -1])
@story
async def test_events_of_connectors_that_do_not_exist_are_refused(connector_id: int) -> None:
    async with world() as w:
        with pytest.raises(UnknownConnector):
            w.hardware.tap(connector_id, TAG)


@story
async def test_a_vehicle_that_changes_its_mind_without_a_transaction_changes_nothing() -> None:
    async with world() as w:
        w.hardware.plug_in(1, vehicle(soc_percent=50, target_percent=50.1))
        w.hardware.connectors[0].offer(32)
        await w.after(120)

        assert not w.hardware.connectors[0].wants_energy
        assert w.status() is ChargePointStatus.FINISHING
        assert "StartTransaction" not in w.central.actions()


@story
async def test_what_is_no_tag_is_ignored() -> None:
    async with world() as w:
        w.hardware.plug_in(1, vehicle())
        w.hardware.tap(1, "A" * 21)
        w.hardware.tap(1, "")
        await w.after()

        assert "Authorize" not in w.central.actions()


@story
async def test_a_fault_of_the_charge_point_is_told_for_connector_0() -> None:
    async with world() as w:
        w.hardware.raise_fault(0, ChargePointErrorCode.HIGH_TEMPERATURE)
        await w.after()
        w.hardware.clear_fault(0)
        await w.after()

        told = [(each.status, each.error_code) for each in w.central.requests(StatusNotification)[3:]]
        assert told == [
            (ChargePointStatus.FAULTED, ChargePointErrorCode.HIGH_TEMPERATURE),
            (ChargePointStatus.AVAILABLE, ChargePointErrorCode.NO_ERROR),
        ]
        assert w.reported(1) == [ChargePointStatus.AVAILABLE]


@story
async def test_what_happens_while_the_charge_point_restarts_is_seen_after_it() -> None:
    async with world() as w:
        await w.central.call(Reset(type=ResetType.HARD))
        await w.after(2)
        w.hardware.plug_in(1, vehicle())
        await w.after(20)

        assert len(w.central.requests(BootNotification)) == 2
        assert w.status() is ChargePointStatus.PREPARING


@story
async def test_a_central_system_that_comes_and_goes_is_followed() -> None:
    async with world() as w:
        for _ in range(5):
            w.central.go_offline()
            await w.after(3)
            assert not w.snapshot.is_connected
            w.central.is_reachable = True
            await w.after(3)
            assert w.snapshot.is_connected

        assert w.central.connections == 6


class LooseHardware(SimulatedHardware):
    """Hardware whose restart is nothing but that of the program: contactors stay as they are."""

    async def restart(self, type: ResetType) -> bool:
        return True


@pytest.mark.parametrize("ends", ["reset", "cancelled"])
@story
async def test_nothing_flows_without_anybody_who_looks_after_it(ends: str) -> None:
    """R-108."""
    clock = VirtualClock()
    central = CentralSystem(clock.now)
    boot = BootNotification(charge_point_vendor="v", charge_point_model="m")
    hardware = LooseHardware([SimulatedConnector(clock, Random(1))], clock, boot)
    station = Station(hardware, central.stay_connected, clock=clock, settings={"LocalPreAuthorize": "true"})
    running = asyncio.create_task(station.run())
    await asyncio.sleep(2)
    hardware.plug_in(1, vehicle())
    hardware.tap(1, TAG)
    await asyncio.sleep(1)
    central.script(StopTransaction, SILENCE)
    await central.call(Reset(type=ResetType.SOFT))
    hardware.tap(1, TAG)
    await asyncio.sleep(1)
    assert hardware.connectors[0].offered_a == 32
    if ends == "cancelled":
        running.cancel()
    await asyncio.sleep(10)

    assert hardware.connectors[0].offered_a == 0
    running.cancel()
    await asyncio.wait({running})


@story
async def test_what_was_left_on_by_a_program_that_died_is_switched_off() -> None:
    """R-108."""
    clock = VirtualClock()
    central = CentralSystem(clock.now)
    boot = BootNotification(charge_point_vendor="v", charge_point_model="m")
    hardware = LooseHardware([SimulatedConnector(clock, Random(1))], clock, boot)
    hardware.plug_in(1, vehicle())
    hardware.connectors[0].offer(32)

    running = asyncio.create_task(Station(hardware, central.stay_connected, clock=clock).run())
    await asyncio.sleep(2)

    assert hardware.connectors[0].offered_a == 0
    running.cancel()
    await asyncio.wait({running})


@story
async def test_a_verdict_about_a_connector_that_was_taken_down_ends_nothing(tmp_path: Path) -> None:
    async with world(state=tmp_path, connectors=2, AllowOfflineTxForUnknownId="true") as w:
        central = w.central
        central.go_offline()
        await w.charge(2)
    central.is_reachable = True
    central.tags[TAG] = BLOCKED
    async with world(state=tmp_path, central=central, connectors=1) as w:
        await w.after(5)

        assert central.actions().count("StartTransaction") == central.actions().count("StopTransaction") == 1
        assert w.snapshot.undelivered == 0
        assert w.snapshot.is_connected
