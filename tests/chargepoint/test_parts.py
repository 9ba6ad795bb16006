"""How a charge point is put together."""

from __future__ import annotations

import asyncio
from random import Random

import pytest
from tests.chargepoint.virtual_time import VirtualClock, story

from voltyard.chargepoint.clock import StationClock
from voltyard.chargepoint.errors import UnknownConnector
from voltyard.chargepoint.parts import Installation, Parts, assemble, equipment_of
from voltyard.chargepoint.simulator import SimulatedConnector, SimulatedHardware
from voltyard.chargepoint.simulator.hardware import MEASURANDS
from voltyard.chargepoint.store import MemoryStore
from voltyard.protocol.messages import BootNotification, ChargePointStatus

BOOT = BootNotification(charge_point_vendor="v", charge_point_model="m")


def hardware(*has_lock: bool) -> SimulatedHardware:
    clock = VirtualClock()
    connectors = [SimulatedConnector(clock, Random(1), has_lock=each) for each in has_lock]
    return SimulatedHardware(connectors, clock, BOOT)


def parts(store: MemoryStore) -> Parts:
    installation = Installation(
        hardware=hardware(True, True),
        stay_connected=lambda _: asyncio.sleep(0),
        store=store,
        clock=StationClock(VirtualClock()),
    )
    return assemble(installation, spawn=asyncio.create_task, report=lambda _: None, restart=lambda _: None)


@story
async def test_connectors_are_numbered_from_one_without_gaps() -> None:
    """R-225."""
    assembled = parts(MemoryStore())

    assert [session.connector_id for session in assembled.sessions] == [1, 2]
    assert assembled.session(2) is assembled.sessions[1]
    for connector_id in (-1, 0, 3):
        with pytest.raises(UnknownConnector):
            assembled.session(connector_id)


@story
async def test_it_remembers_what_is_out_of_service() -> None:
    """R-282."""
    store = MemoryStore()
    parts(store).controller.set_operative(2, False)

    statuses = [session.status for session in parts(store).sessions]

    assert statuses == [ChargePointStatus.AVAILABLE, ChargePointStatus.UNAVAILABLE]


def test_the_hardware_decides_what_can_be_configured() -> None:
    mixed = equipment_of(hardware(True, False, True))

    assert mixed.connectors == 3
    assert mixed.measurands == MEASURANDS
    assert mixed.has_fixed_cables
    assert not equipment_of(hardware(True)).has_fixed_cables
