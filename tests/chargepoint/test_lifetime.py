"""What becomes of events in a charge point that is up."""

from __future__ import annotations

import asyncio

import pytest
from tests.chargepoint.central_system import CentralSystem
from tests.chargepoint.virtual_time import VirtualClock, run, story
from tests.chargepoint.world import TAG, vehicle, world

from voltyard.chargepoint.errors import UnknownConnector
from voltyard.chargepoint.simulator import SimulatedStation, Simulation
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
