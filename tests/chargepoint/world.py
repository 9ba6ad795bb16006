"""A simulated charge point and its central system in one virtual world, for stories."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chargepoint.central_system import CentralSystem
from tests.chargepoint.virtual_time import VirtualClock

from voltyard.chargepoint.simulator import (
    SimulatedHardware,
    SimulatedStation,
    Simulation,
    Vehicle,
    VehicleModel,
)
from voltyard.chargepoint.snapshot import ConnectorSnapshot, StationSnapshot
from voltyard.chargepoint.transfer import FileTransfer
from voltyard.protocol.messages import ChargePointStatus, StatusNotification
from voltyard.transport.peer import FrameObserver

TAG = "TAG-1"
MODEL = VehicleModel(name="test car", battery_wh=50_000, max_power_w=11_000, phases=3)


def vehicle(soc_percent: float = 20.0, target_percent: float = 100.0) -> Vehicle:
    """Build a vehicle that wants energy."""
    return Vehicle(MODEL, soc_percent, target_percent=target_percent)


@dataclass(frozen=True)
class World:
    """What a story needs."""

    station: SimulatedStation
    central: CentralSystem
    clock: VirtualClock

    @property
    def hardware(self) -> SimulatedHardware:
        return self.station.hardware

    @property
    def snapshot(self) -> StationSnapshot:
        snapshot = self.station.snapshot()
        assert snapshot is not None
        return snapshot

    def connector(self, connector_id: int = 1) -> ConnectorSnapshot:
        return self.snapshot.connectors[connector_id - 1]

    def status(self, connector_id: int = 1) -> ChargePointStatus:
        return self.connector(connector_id).status

    def reported(self, connector_id: int = 1) -> list[ChargePointStatus]:
        """Return the statuses of a connector as the central system was told, in order."""
        notifications = self.central.requests(StatusNotification)
        return [each.status for each in notifications if each.connector_id == connector_id]

    async def after(self, seconds: float = 0.5) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)

    async def charge(self, connector_id: int = 1, id_tag: str = TAG) -> None:
        """Plug in, tap and wait for the energy."""
        self.hardware.plug_in(connector_id, vehicle())
        self.hardware.tap(connector_id, id_tag)
        await self.after()


@asynccontextmanager
async def world(
    *,
    state: Path | None = None,
    central: CentralSystem | None = None,
    connectors: int = 2,
    has_fixed_cables: bool = False,
    speed: float = 1.0,
    has_drivers: bool = False,
    is_booted: bool = True,
    transfer: FileTransfer | None = None,
    observer: FrameObserver | None = None,
    equipment: Mapping[str, Any] | None = None,
    **settings: str,
) -> AsyncIterator[World]:
    """Run a charge point without drivers that has booted and told its statuses, unless told otherwise.

    `equipment` is what else there is to say of its hardware, as `Simulation` has it.
    """
    clock = VirtualClock()
    central = central or CentralSystem(clock.now)
    simulation = Simulation(
        identity="CP-1",
        connectors=connectors,
        has_fixed_cables=has_fixed_cables,
        state_directory=state,
        speed=speed,
        has_drivers=has_drivers,
        settings=settings,
        **(equipment or {}),
    )
    station = SimulatedStation(
        simulation, central.stay_connected, clock=clock, transfer=transfer, observer=observer
    )
    running = asyncio.create_task(station.run())
    try:
        await asyncio.sleep(0.5)
        if is_booted:
            already = len(central.requests(StatusNotification)) - connectors - 1
            await central.until(StatusNotification, max(0, already) + connectors + 1, within_s=60)
        yield World(station, central, clock)
    finally:
        running.cancel()
        await asyncio.wait({running})
        if not running.cancelled() and (error := running.exception()) is not None:
            raise error
