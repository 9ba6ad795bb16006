"""Simulated hardware: connectors whose contactor, lock and meter are numbers, driven by a clock."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

from voltyard.chargepoint.clock import Clock
from voltyard.chargepoint.hardware import ConnectorHardware, Hardware, HardwareListener, Measurement
from voltyard.chargepoint.simulator.vehicle import VOLTAGE_V, Vehicle
from voltyard.protocol.messages import (
    BootNotification,
    ChargePointErrorCode,
    Location,
    Measurand,
    Phase,
    ResetType,
    UnitOfMeasure,
)

TICK_S: Final = 1.0
"""How often the simulated world moves on, in real seconds."""

_PHASES: Final = (Phase.L1, Phase.L2, Phase.L3)
_STEP_S: Final = 5.0
_RAMP_W_PER_S: Final = 800.0
_AMBIENT_CELSIUS: Final = 19.0
_WARMING_CELSIUS_PER_KW: Final = 1.4
_THERMAL_TIME_S: Final = 600.0
_LOCK_S: Final = 0.3
_RESTART_S: Final = {ResetType.SOFT: 2.0, ResetType.HARD: 5.0}


class SimulatedConnector(ConnectorHardware):
    """One connector; a vehicle can be plugged in and takes what it is offered, slowly at first."""

    def __init__(
        self,
        clock: Clock,
        random: Random,
        *,
        register_wh: float = 0.0,
        has_lock: bool = True,
        max_current_a: float = 32.0,
    ) -> None:
        self.is_lock_jammed = False
        self._clock = clock
        self._random = random
        self._register_wh = float(register_wh)
        self._has_lock = has_lock
        self._max_current_a = max_current_a
        self._vehicle: Vehicle | None = None
        self._offered_a = 0.0
        self._power_w = 0.0
        self._temperature_celsius = _AMBIENT_CELSIUS
        self._is_locked = False

    # What the charge point asks of it.

    @property
    def has_lock(self) -> bool:
        return self._has_lock

    @property
    def is_plugged(self) -> bool:
        return self._vehicle is not None

    @property
    def wants_energy(self) -> bool:
        return self._vehicle is not None and self._vehicle.wants_energy

    @property
    def max_current_a(self) -> float:
        return self._max_current_a

    @property
    def register_wh(self) -> int:
        return int(self._register_wh)

    @property
    def measurands(self) -> frozenset[Measurand]:
        return MEASURANDS

    def measure(self) -> Sequence[Measurement]:
        """Return what its instruments show."""
        return (
            Measurement(Measurand.ENERGY_ACTIVE_IMPORT_REGISTER, self.register_wh, UnitOfMeasure.WH),
            Measurement(Measurand.POWER_ACTIVE_IMPORT, self._power_w, UnitOfMeasure.W),
            Measurement(Measurand.CURRENT_OFFERED, self._offered_a, UnitOfMeasure.A),
            *self._by_phase(),
            *self._vehicle_state(),
            Measurement(
                Measurand.TEMPERATURE,
                self._temperature_celsius,
                UnitOfMeasure.CELCIUS,
                location=Location.BODY,
            ),
            # Hertz is no unit of the specification (errata 3.86).
            Measurement(Measurand.FREQUENCY, 50.0 + self._random.gauss(0.0, 0.01), None),
        )

    def offer(self, current_a: float) -> None:
        self._offered_a = min(current_a, self._max_current_a)

    def lock(self) -> None:
        self._is_locked = self._has_lock

    async def unlock(self) -> bool:
        await self._clock.sleep(_LOCK_S)
        self._is_locked = self.is_lock_jammed and self._is_locked
        return not self.is_lock_jammed

    # What happens to it.

    @property
    def offered_a(self) -> float:
        """What the vehicle may draw, in amperes per phase."""
        return self._offered_a

    @property
    def is_locked(self) -> bool:
        return self._is_locked

    def plug_in(self, vehicle: Vehicle) -> None:
        """Connect a vehicle."""
        self._vehicle = vehicle

    def unplug(self) -> None:
        """Take the vehicle away; what flows stops at once."""
        self._vehicle = None
        self._power_w = 0.0

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        while seconds > 0:
            step_s = min(seconds, _STEP_S)
            self._step(step_s)
            seconds -= step_s

    def _step(self, seconds: float) -> None:
        wanted_w = 0.0 if self._vehicle is None else self._vehicle.power_w(self._offered_a)
        # Power falls at once and rises slowly, as on-board chargers have it.
        self._power_w = min(wanted_w, self._power_w + _RAMP_W_PER_S * seconds)
        energy_wh = self._power_w * seconds / 3600
        self._register_wh += energy_wh
        if self._vehicle is not None:
            self._vehicle.charge(energy_wh)
        goal = _AMBIENT_CELSIUS + _WARMING_CELSIUS_PER_KW * self._power_w / 1000
        self._temperature_celsius += (goal - self._temperature_celsius) * min(1.0, seconds / _THERMAL_TIME_S)

    def _by_phase(self) -> list[Measurement]:
        used = 0 if self._vehicle is None else self._vehicle.phases
        measurements = []
        for number, phase in enumerate(_PHASES):
            voltage_v = VOLTAGE_V + self._random.gauss(0.0, 0.6)
            current_a = self._power_w / used / voltage_v if number < used else 0.0
            measurements += [
                Measurement(Measurand.CURRENT_IMPORT, current_a, UnitOfMeasure.A, phase),
                Measurement(Measurand.VOLTAGE, voltage_v, UnitOfMeasure.V, phase),
            ]
        return measurements

    def _vehicle_state(self) -> list[Measurement]:
        if self._vehicle is None:
            return []
        soc_percent = self._vehicle.soc_percent
        return [Measurement(Measurand.SOC, soc_percent, UnitOfMeasure.PERCENT, location=Location.EV)]


MEASURANDS: Final = frozenset(
    {
        Measurand.ENERGY_ACTIVE_IMPORT_REGISTER,
        Measurand.POWER_ACTIVE_IMPORT,
        Measurand.CURRENT_IMPORT,
        Measurand.CURRENT_OFFERED,
        Measurand.VOLTAGE,
        Measurand.SOC,
        Measurand.TEMPERATURE,
        Measurand.FREQUENCY,
    }
)


class SimulatedHardware(Hardware):
    """A charge point's hardware, and the hands of those who use it.

    `speed` makes physics run faster than the clock: with 60, a minute's energy flows in a second. So many of
    the next restarts fail as `failing_restarts` says.
    """

    def __init__(
        self,
        connectors: Sequence[SimulatedConnector],
        clock: Clock,
        boot_notification: BootNotification,
        *,
        speed: float = 1.0,
    ) -> None:
        self.failing_restarts = 0
        self._connectors = tuple(connectors)
        self._clock = clock
        self._boot_notification = boot_notification
        self._speed = speed
        self._listener: HardwareListener | None = None

    @property
    def boot_notification(self) -> BootNotification:
        return self._boot_notification

    @property
    def connectors(self) -> Sequence[SimulatedConnector]:
        return self._connectors

    @property
    def speed(self) -> float:
        return self._speed

    def attach(self, listener: HardwareListener | None) -> None:
        self._listener = listener

    async def restart(self, type: ResetType) -> bool:
        await self._clock.sleep(_RESTART_S[type])
        if self.failing_restarts > 0:
            self.failing_restarts -= 1
            return False
        return True

    async def run(self) -> None:
        """Let the simulated world go on until cancelled."""
        last = self._clock.monotonic()
        while True:
            await self._clock.sleep(TICK_S)
            now = self._clock.monotonic()
            self.advance((now - last) * self._speed)
            last = now

    def advance(self, seconds: float) -> None:
        """Let simulated time pass at all connectors."""
        for connector_id, connector in enumerate(self._connectors, 1):
            wanted = connector.wants_energy
            connector.advance(seconds)
            if connector.wants_energy is not wanted and self._listener is not None:
                self._listener.supply_changed(connector_id)

    # What people do.

    def plug_in(self, connector_id: int, vehicle: Vehicle) -> None:
        """Connect a vehicle to a connector."""
        self._connectors[connector_id - 1].plug_in(vehicle)
        if self._listener is not None:
            self._listener.plugged_in(connector_id)

    def unplug(self, connector_id: int) -> None:
        """Pull the cable out of the connector."""
        self._connectors[connector_id - 1].unplug()
        if self._listener is not None:
            self._listener.unplugged(connector_id)

    def unplug_at_vehicle(self, connector_id: int) -> None:
        """Pull the cable out of the vehicle; a fixed one is out of everything then."""
        connector = self._connectors[connector_id - 1]
        connector.unplug()
        if self._listener is None:
            return
        if connector.has_lock:
            self._listener.ev_disconnected(connector_id)
        else:
            self._listener.unplugged(connector_id)

    def tap(self, connector_id: int, id_tag: str) -> None:
        """Present an identifier at the reader of a connector."""
        if self._listener is not None:
            self._listener.tag_presented(connector_id, id_tag)

    def raise_fault(self, connector_id: int, error_code: ChargePointErrorCode, info: str = "") -> None:
        """Break something; 0 breaks the charge point itself."""
        if self._listener is not None:
            self._listener.fault_raised(connector_id, error_code, info)

    def update(self, boot_notification: BootNotification) -> None:
        """Be another one from now on: other firmware, for example."""
        self._boot_notification = boot_notification

    def clear_fault(self, connector_id: int) -> None:
        """Repair it."""
        if self._listener is not None:
            self._listener.fault_cleared(connector_id)

    def press_emergency_button(self) -> None:
        """Stop everything at once."""
        if self._listener is not None:
            self._listener.emergency_stopped()
