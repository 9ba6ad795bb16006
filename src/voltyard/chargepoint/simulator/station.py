"""A whole simulated charge point: a station on simulated hardware, and drivers who come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from voltyard.chargepoint.clock import Clock, SystemClock
from voltyard.chargepoint.complaints import Complaints
from voltyard.chargepoint.connection import Terms, stay_connected_to
from voltyard.chargepoint.flag import Flag, Interrupted
from voltyard.chargepoint.simulator.arrivals import Arrivals, SteadyArrivals
from voltyard.chargepoint.simulator.clock import SettableClock
from voltyard.chargepoint.simulator.connector import Signer, SimulatedConnector
from voltyard.chargepoint.simulator.dice import Dice
from voltyard.chargepoint.simulator.driver import Driver
from voltyard.chargepoint.simulator.hardware import SimulatedHardware
from voltyard.chargepoint.simulator.memory import Memory
from voltyard.chargepoint.simulator.power import PowerSupply
from voltyard.chargepoint.snapshot import Glance, StationSnapshot
from voltyard.chargepoint.station import Station
from voltyard.chargepoint.store import open_store
from voltyard.chargepoint.transactions import last_register_wh
from voltyard.chargepoint.transfer import FileTransfer, InternetTransfer
from voltyard.chargepoint.uplink import StayConnected
from voltyard.protocol.messages import BootNotification, Measurand, ResetType
from voltyard.transport.peer import FrameObserver

VENDOR: Final = "Voltyard"
MODEL: Final = "Simulator"
DEFAULT_ID_TAGS: Final = ("VOLT0001", "VOLT0002", "VOLT0003", "VOLT0004")

_SAMPLED_KEY: Final = "MeterValuesSampledData"
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
    end. If it `is_fresh` a damaged one is kept aside and it begins with nothing. `speed` makes physics and
    drivers run faster than the clock. `seed` makes the same vehicles come in the same order; without drivers
    nobody comes by himself, with them `arrivals` say when and for how long. `settings` are configuration
    keys.

    Each connector has so many `phases` and offers up to `max_current_a` on each; all together may draw
    `grid_current_a` (as much as they can offer, unless it is given). With `signs_readings` their meters sign,
    with the private key `meter_key` (PEM) or each with a key that comes of `seed` and is no secret.
    `journal_bytes` bounds each of its two logs.
    """

    identity: str
    connectors: int = 2
    has_fixed_cables: bool = False
    state_directory: Path | None = None
    is_fresh: bool = False
    speed: float = 1.0
    seed: int = 0
    id_tags: Sequence[str] = DEFAULT_ID_TAGS
    has_drivers: bool = True
    arrivals: Arrivals = field(default_factory=SteadyArrivals)
    settings: Mapping[str, str] = field(default_factory=dict)
    phases: int = 3
    max_current_a: float = 32.0
    grid_current_a: float | None = None
    has_main_meter: bool = True
    signs_readings: bool = False
    meter_key: bytes | None = None
    journal_bytes: int | None = None


class SimulatedStation:
    """A charge point whose hardware is simulated; `hardware` takes what people do with their hands.

    `clock` is its own, that of the hardware: it may be set wrong. `observer` sees every frame, `transfer`
    gets firmware and brings diagnostics. Raises `StateUnusable` when its state directory is, and `ValueError`
    for impossible settings.
    """

    def __init__(
        self,
        simulation: Simulation,
        stay_connected: StayConnected,
        *,
        clock: Clock | None = None,
        observer: FrameObserver | None = None,
        transfer: FileTransfer | None = None,
    ) -> None:
        self._simulation = simulation
        self._stay_connected = stay_connected
        self._observer = observer
        self._transfer = transfer or InternetTransfer()
        self._clock = clock or SystemClock()
        self.clock = SettableClock(self._clock)
        self._complaints = Complaints()
        self._has_power = Flag()
        self._has_power.set()
        self._is_running = False
        self._is_ended = Flag()
        self._rebooting: ResetType | None = None
        self._store = open_store(simulation.state_directory, fresh=simulation.is_fresh)
        try:
            self.hardware = self._build_hardware()
            self._load()
        except BaseException:
            self._store.close()
            raise

    @property
    def identity(self) -> str:
        return self._simulation.identity

    @property
    def program(self) -> Station:
        """What runs on the hardware; another one after each loss of power or reboot."""
        return self._station

    @property
    def has_power(self) -> bool:
        return self.hardware.has_power

    @property
    def complaints(self) -> Mapping[str, int]:
        """How often the central system did something wrong, by kind, also before the last loss of power."""
        return self._complaints.counts

    def cut_power(self) -> None:
        """Take the power away: the program dies at this moment, as from `kill -9`."""
        self._has_power.clear()
        if self._is_running:
            self._supply.cut()
            self._is_ended.set()
        self.hardware.attach(None)
        self.hardware.cut_power()

    def restore_power(self) -> None:
        """Give the power back: the program boots and finds what it had kept."""
        self.hardware.restore_power()
        self._has_power.set()

    def reboot(self, type: ResetType) -> bool:
        """Restart the program for a reason of its own, hard the hardware too; False if it does not run.

        Nothing is told before: a transaction ends at the next boot, with the reason Reboot (OCPP 1.6 §7.36).
        """
        if not self._is_running:
            return False
        self._rebooting = type
        self._is_ended.set()
        return True

    async def run(self) -> None:
        """Be a charge point with drivers until cancelled; can be run once."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep_running())
                for driver in self._drivers():
                    tasks.create_task(driver.run())
                await self.hardware.run()
        finally:
            self._store.close()

    @property
    def terms(self) -> Terms:
        """What the configuration says about the next connection."""
        return self._station.terms

    def snapshot(self) -> StationSnapshot | None:
        """Return what the charge point looks like now; None while it is not up."""
        return self._station.snapshot()

    def glance(self) -> Glance | None:
        """Return the little of it that can be told of thousands every second; None while it is not up."""
        return self._station.glance()

    async def _keep_running(self) -> None:
        """Run the program, and after its end another one."""
        await self._has_power.wait()
        while True:
            self._is_ended.clear()
            self._is_running = True
            with Interrupted(self._is_ended):
                await self._station.run()
            self._is_running = False
            self._open_contactors()
            await self._restart_hardware()
            await self._has_power.wait()
            self._load()

    def _load(self) -> None:
        self._supply = PowerSupply(self._store, self._stay_connected)
        self._station = Station(
            self.hardware,
            self._supply.stay_connected,
            store=self._supply,
            clock=self.clock,
            settings=with_usual(self._simulation.settings),
            observer=self._observer,
            complaints=self._complaints,
            directory=self._simulation.state_directory,
            transfer=self._transfer,
            journal_bytes=self._simulation.journal_bytes,
        )

    async def _restart_hardware(self) -> None:
        type, self._rebooting = self._rebooting, None
        while type is not None and self.has_power and not await self.hardware.restart(type):
            pass

    def _open_contactors(self) -> None:
        # Nothing holds them without a program.
        for connector in self.hardware.connectors:
            connector.offer(0.0)

    def _build_hardware(self) -> SimulatedHardware:
        simulation = self._simulation
        connectors = [
            SimulatedConnector(
                self._clock,
                Random(self._seed("meter", connector_id)),  # noqa: S311 - no secret
                register_wh=last_register_wh(self._store, connector_id),
                has_lock=not simulation.has_fixed_cables,
                max_current_a=simulation.max_current_a,
                phases=simulation.phases,
                signer=self._signer(connector_id),
            )
            for connector_id in self._connector_ids
        ]
        boot_notification = BootNotification(
            charge_point_vendor=VENDOR,
            charge_point_model=MODEL,
            charge_point_serial_number=simulation.identity[:_SERIAL_LENGTH],
            firmware_version="1.0",
        )
        return SimulatedHardware(
            connectors,
            self._clock,
            boot_notification,
            speed=simulation.speed,
            max_current_a=simulation.grid_current_a,
            has_main_meter=simulation.has_main_meter,
            store=self._store,
        )

    def _signer(self, connector_id: int) -> Signer | None:
        simulation = self._simulation
        if not simulation.signs_readings:
            return None
        from voltyard.chargepoint.simulator import ocmf  # noqa: PLC0415 - brings cryptography, which is heavy

        identity = ocmf.MeterIdentity(
            VENDOR,
            MODEL,
            f"{simulation.identity[:_SERIAL_LENGTH]}-{connector_id}",
            f"{simulation.identity} {connector_id}",
        )
        if simulation.meter_key is None:
            key = ocmf.key_from_seed(f"{simulation.seed}/{simulation.identity}/{connector_id}")
        else:
            key = ocmf.key_from_pem(simulation.meter_key)
        return ocmf.OcmfSigner(key, identity, Memory(self._store))

    def _drivers(self) -> list[Driver]:
        if not self._simulation.has_drivers:
            return []
        return [
            Driver(
                connector_id,
                self.hardware,
                self._simulation.id_tags,
                self._clock,
                Dice(self._seed("driver", connector_id)),
                self._simulation.arrivals,
            )
            for connector_id in self._connector_ids
        ]

    @property
    def _connector_ids(self) -> range:
        return range(1, self._simulation.connectors + 1)

    def _seed(self, purpose: str, connector_id: int) -> str:
        # Each its own: what happens at one connector does not change what happens at another.
        return f"{self._simulation.seed}/{self._simulation.identity}/{purpose}/{connector_id}"


def with_usual(settings: Mapping[str, str]) -> Mapping[str, str]:
    """Return the settings with what simulated charge points usually sample; as they are, if they say that."""
    return settings if _SAMPLED_KEY in settings else {_SAMPLED_KEY: ",".join(_SAMPLED), **settings}


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
        url,
        simulation.identity,
        password=password,
        terms=lambda: station.terms,
        longest_delay_s=longest_delay_s,
    )
    station = SimulatedStation(simulation, stay_connected)
    return station
