"""What a charge point needs of its hardware, as ports: the simulator implements them, so may yours.

Hardware may derive from the protocols and so leave out what they give a usual answer to.

An order that raises counts as one that was not carried out: an `offer` is a PowerSwitchFailure then, until
`fault_cleared`, a `lock` or `unlock` a ConnectorLockFailure. A meter that raises leaves out that reading.
What else is asked for the hardware knows by itself, so that does not raise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from voltyard.protocol.messages import (
    BootNotification,
    ChargePointErrorCode,
    Location,
    Measurand,
    Phase,
    ReadingContext,
    ResetType,
    UnitOfMeasure,
)


class Measurement(NamedTuple):
    """One quantity as the hardware measures it now; a phase of None is the overall value."""

    measurand: Measurand
    value: float
    unit: UnitOfMeasure | None
    phase: Phase | None = None
    location: Location = Location.OUTLET


_REGISTER_ONLY: Final = frozenset({Measurand.ENERGY_ACTIVE_IMPORT_REGISTER})


class Meter(Protocol):
    """Something that measures."""

    @property
    def measurands(self) -> frozenset[Measurand]:
        """What `measure` can tell."""

    def measure(self) -> Sequence[Measurement]:
        """Return everything that can be measured, at this moment."""


class ConnectorHardware(Meter, Protocol):
    """One connector: its plug, meter, contactor and lock."""

    @property
    def has_lock(self) -> bool:
        """Whether the cable is detachable and held by a lock; False for a fixed cable."""
        return False

    @property
    def is_plugged(self) -> bool:
        """Whether a vehicle is connected."""

    @property
    def wants_energy(self) -> bool:
        """Whether the vehicle asks for energy or takes it (control pilot state C)."""

    @property
    def max_current_a(self) -> float:
        """The most the connector can offer, in amperes per phase."""

    @property
    def phases(self) -> int:
        """How many phases the connector has: 1 to 3."""
        return 3

    @property
    def register_wh(self) -> int:
        """The meter's non-volatile active import register, rounded down; it never goes back."""

    @property
    def measurands(self) -> frozenset[Measurand]:
        """What `measure` can tell; the register at least."""
        return _REGISTER_ONLY

    def measure(self) -> Sequence[Measurement]:
        """Return everything that can be measured, at this moment; the register at least."""
        return [Measurement(Measurand.ENERGY_ACTIVE_IMPORT_REGISTER, self.register_wh, UnitOfMeasure.WH)]

    def sign(self, context: ReadingContext, id_tag: str, now: datetime) -> bytes | None:
        """Return a signed reading of the register, or None where the meter signs nothing.

        `context` is Transaction.Begin, Transaction.End or what else the reading is for; `id_tag` is who
        charges. The block is opaque and goes to the central system as SignedData (OCPP 1.6 §7.49).
        """
        return None

    def offer(self, current_a: float) -> None:
        """Let the vehicle draw up to so many amperes per phase; 0 opens the contactor."""

    def lock(self) -> None:
        """Hold the cable."""
        return

    async def unlock(self) -> bool:
        """Let the cable go; False when the mechanism failed."""
        return True


class Hardware(Protocol):
    """A charge point's hardware."""

    @property
    def boot_notification(self) -> BootNotification:
        """Who the charge point is: vendor, model, serial numbers, firmware."""

    @property
    def connectors(self) -> Sequence[ConnectorHardware]:
        """The connectors 1, 2, … in order."""

    @property
    def max_current_a(self) -> float:
        """The most that all connectors together may draw from the grid, in amperes per phase."""
        return sum(connector.max_current_a for connector in self.connectors)

    @property
    def main_meter(self) -> Meter | None:
        """The meter of the charge point as a whole, connector 0; None without one."""
        return None

    def attach(self, listener: HardwareListener | None) -> None:
        """Tell `listener` from now on what happens, and not the one before it; None tells nobody.

        A fault that is there already is told at once; of a vehicle that is there `is_plugged` tells.
        """

    async def restart(self, type: ResetType) -> bool:
        """Restart what a reset restarts besides this program; False when it failed."""
        return True

    def shine(self, intensity_percent: int, blink_repeat: int) -> None:
        """Set how bright the lights are and how often they blink when they signal (OCPP 1.6 §9.1)."""
        return

    async def install(self, image: Path) -> bool:
        """Install a firmware image; False when it is none for this hardware or installing failed.

        The charge point restarts afterwards; `boot_notification` names the new version from then on.
        """
        return False

    def diagnostics(self) -> Mapping[str, bytes]:
        """Return what the hardware adds to a diagnostics archive: contents by file name."""
        return {}


class HardwareListener(Protocol):
    """Whom the hardware tells what happens. To be called in the event loop."""

    def plugged_in(self, connector_id: int) -> None:
        """A vehicle has been connected."""

    def ev_disconnected(self, connector_id: int) -> None:
        """The cable has been pulled out of the vehicle while its other end is still in the socket."""

    def unplugged(self, connector_id: int) -> None:
        """The cable has been pulled out of the socket or, a fixed one, out of the vehicle."""

    def supply_changed(self, connector_id: int) -> None:
        """The vehicle has begun or ceased to ask for energy: `wants_energy` has changed."""

    def tag_presented(self, connector_id: int, id_tag: str) -> None:
        """A driver has presented an identifier at the reader of this connector."""

    def fault_raised(
        self, connector_id: int, error_code: ChargePointErrorCode, info: str = "", vendor_error_code: str = ""
    ) -> None:
        """Something prevents charging; 0 is the charge point itself.

        EVCommunicationError is no fault of the connector: it suspends the supply until it is cleared
        (OCPP 1.6 §7.6).
        """

    def fault_cleared(self, connector_id: int) -> None:
        """Nothing prevents charging any more."""

    def emergency_stopped(self) -> None:
        """Somebody has pressed the emergency button."""
