"""A whole simulated charge point: a station on simulated hardware, and drivers who come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from voltyard.chargepoint.clock import Clock, SystemClock
from voltyard.chargepoint.connection import stay_connected_to
from voltyard.chargepoint.simulator.driver import Driver
from voltyard.chargepoint.simulator.hardware import SimulatedConnector, SimulatedHardware
from voltyard.chargepoint.snapshot import StationSnapshot
from voltyard.chargepoint.station import Station
from voltyard.chargepoint.store import open_store
from voltyard.chargepoint.transactions import last_register_wh
from voltyard.chargepoint.uplink import StayConnected
from voltyard.protocol.messages import BootNotification, Measurand

VENDOR: Final = "Voltyard"
MODEL: Final = "Simulator"
DEFAULT_ID_TAGS: Final = ("VOLT0001", "VOLT0002", "VOLT0003", "VOLT0004")

_SAMPLED: Final = (
    Measurand.ENERGY_ACTIVE_IMPORT_REGISTER,
    Measurand.POWER_ACTIVE_IMPORT,
    Measurand.CURRENT_IMPORT,
    Measurand.VOLTAGE,
    Measurand.SOC,
    Measurand.TEMPERATURE,
)
_SERIAL_LENGTH: Final = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What is simulated.

    `state_directory` keeps what a charge point must not forget; without one it forgets everything at its
    end. `speed` makes physics and drivers run faster than the clock. `seed` makes the same vehicles come in
    the same order; without drivers nobody comes by himself. `settings` are configuration keys.
    """

    identity: str
    connectors: int = 2
    has_fixed_cables: bool = False
    state_directory: Path | None = None
    speed: float = 1.0
    seed: int = 0
    id_tags: Sequence[str] = DEFAULT_ID_TAGS
    has_drivers: bool = True
    settings: Mapping[str, str] = field(default_factory=dict)


class SimulatedStation:
    """A charge point whose hardware is simulated; `hardware` takes what people do with their hands.

    Raises `StateUnusable` when its state directory is, and `ValueError` for impossible settings.
    """

    def __init__(
        self, simulation: Simulation, stay_connected: StayConnected, *, clock: Clock | None = None
    ) -> None:
        self._simulation = simulation
        self._clock = clock or SystemClock()
        self._store = open_store(simulation.state_directory)
        try:
            self.hardware = self._build_hardware()
            self._station = Station(
                self.hardware,
                stay_connected,
                store=self._store,
                clock=self._clock,
                settings={"MeterValuesSampledData": ",".join(_SAMPLED), **simulation.settings},
            )
        except BaseException:
            self._store.close()
            raise

    @property
    def identity(self) -> str:
        return self._simulation.identity

    async def run(self) -> None:
        """Be a charge point with drivers until cancelled; can be run once."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._station.run())
                tasks.create_task(self.hardware.run())
                for driver in self._drivers():
                    tasks.create_task(driver.run())
        finally:
            self._store.close()

    def snapshot(self) -> StationSnapshot | None:
        """Return what the charge point looks like now; None while it is not up."""
        return self._station.snapshot()

    def _build_hardware(self) -> SimulatedHardware:
        simulation = self._simulation
        connectors = [
            SimulatedConnector(
                self._clock,
                self._random("meter", connector_id),
                register_wh=last_register_wh(self._store, connector_id),
                has_lock=not simulation.has_fixed_cables,
            )
            for connector_id in self._connector_ids
        ]
        boot_notification = BootNotification(
            charge_point_vendor=VENDOR,
            charge_point_model=MODEL,
            charge_point_serial_number=simulation.identity[:_SERIAL_LENGTH],
            firmware_version="1.0",
        )
        return SimulatedHardware(connectors, self._clock, boot_notification, speed=simulation.speed)

    def _drivers(self) -> list[Driver]:
        if not self._simulation.has_drivers:
            return []
        return [
            Driver(
                connector_id,
                self.hardware,
                self._simulation.id_tags,
                self._clock,
                self._random("driver", connector_id),
            )
            for connector_id in self._connector_ids
        ]

    @property
    def _connector_ids(self) -> range:
        return range(1, self._simulation.connectors + 1)

    def _random(self, purpose: str, connector_id: int) -> Random:
        # Each its own: what happens at one connector does not change what happens at another.
        seed = f"{self._simulation.seed}/{self._simulation.identity}/{purpose}/{connector_id}"
        return Random(seed)  # noqa: S311 - vehicles are no secrets


def simulated_station(
    url: str,
    simulation: Simulation,
    *,
    password: bytes | None = None,
    longest_delay_s: float = 300.0,
) -> SimulatedStation:
    """Return a simulated charge point that connects to the endpoint `url` by WebSocket.

    `longest_delay_s` is how far the delays between attempts to connect may grow.
    """
    stay_connected = stay_connected_to(
        url, simulation.identity, password=password, longest_delay_s=longest_delay_s
    )
    return SimulatedStation(simulation, stay_connected)
