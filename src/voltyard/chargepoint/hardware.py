"""What a charge point needs of its hardware, as ports: the simulator implements them, so may yours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from voltyard.protocol.messages import (
    BootNotification,
    ChargePointErrorCode,
    Location,
    Measurand,
    Phase,
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


class ConnectorHardware(Protocol):
    """One connector: its plug, meter, contactor and lock."""

    @property
    def has_lock(self) -> bool:
        """Whether the cable is detachable and held by a lock; False for a fixed cable."""

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
    def register_wh(self) -> int:
        """The meter's non-volatile active import register, rounded down; it never goes back."""

    @property
    def measurands(self) -> frozenset[Measurand]:
        """What `measure` can tell."""

    def measure(self) -> Sequence[Measurement]:
        """Return everything that can be measured, at this moment."""

    def offer(self, current_a: float) -> None:
        """Let the vehicle draw up to so many amperes per phase; 0 opens the contactor."""

    def lock(self) -> None:
        """Hold the cable."""

    async def unlock(self) -> bool:
        """Let the cable go; False when the mechanism failed."""


class Hardware(Protocol):
    """A charge point's hardware."""

    @property
    def boot_notification(self) -> BootNotification:
        """Who the charge point is: vendor, model, serial numbers, firmware."""

    @property
    def connectors(self) -> Sequence[ConnectorHardware]:
        """The connectors 1, 2, … in order."""

    def attach(self, listener: HardwareListener | None) -> None:
        """Tell `listener` from now on what happens, and not the one before it; None tells nobody."""

    async def restart(self, type: ResetType) -> bool:
        """Restart what a reset restarts besides this program; False when it failed."""


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
        """Something prevents charging; 0 is the charge point itself."""

    def fault_cleared(self, connector_id: int) -> None:
        """Nothing prevents charging any more."""

    def emergency_stopped(self) -> None:
        """Somebody has pressed the emergency button."""
