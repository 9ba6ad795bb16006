"""The connector state machine: the status matrix of OCPP 1.6 §4.9 as one table.

Everything that affects the state of a connector stands in this module, and nothing else does: what may happen
(`Event`), what follows from it (`TRANSITIONS`), and who remembers it (`Connector`).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum, auto
from types import MappingProxyType
from typing import Final, NamedTuple

from voltyard.charging.errors import TransitionRefused
from voltyard.protocol.messages import ChargePointStatus

AVAILABLE: Final = ChargePointStatus.AVAILABLE
PREPARING: Final = ChargePointStatus.PREPARING
CHARGING: Final = ChargePointStatus.CHARGING
SUSPENDED_EV: Final = ChargePointStatus.SUSPENDED_EV
SUSPENDED_EVSE: Final = ChargePointStatus.SUSPENDED_EVSE
FINISHING: Final = ChargePointStatus.FINISHING
RESERVED: Final = ChargePointStatus.RESERVED
UNAVAILABLE: Final = ChargePointStatus.UNAVAILABLE
FAULTED: Final = ChargePointStatus.FAULTED


class Event(StrEnum):
    """What happens to a connector."""

    USAGE_BEGINS = auto()
    """A plug, a tag, a start button or a RemoteStartTransaction; in Finishing, the user starts again."""
    ENERGY_OFFERED = auto()
    """All prerequisites are met, or a suspension is over: the EV charges."""
    EV_SUSPENDS = auto()
    """The EVSE offers energy, the EV does not take it."""
    EVSE_SUSPENDS = auto()
    """The EVSE does not offer energy: smart charging, or the tag was refused."""
    TRANSACTION_STOPS = auto()
    """The transaction is over, the user has yet to unplug."""
    TAG_TIMES_OUT = auto()
    """The cable is in and no tag came within ConnectionTimeOut (errata 3.20)."""
    RESERVED = auto()
    """ReserveNow was accepted for this connector."""
    ENDS = auto()
    """Nothing is left to do: unplugged, cancelled, timed out; a reservation expired or was cancelled."""
    ENDS_UNAVAILABLE = auto()
    """As `ENDS`, on a connector that was scheduled to become Unavailable."""
    INOPERATIVE = auto()
    """Nobody uses the connector and it is taken out of service."""
    OPERATIVE = auto()
    """Back in service, nobody there."""
    OPERATIVE_IN_USE = auto()
    """Back in service while a user had already plugged in or interacted."""
    OPERATIVE_CHARGING = auto()
    """Back in service and able to charge at once."""
    OPERATIVE_EV_SUSPENDS = auto()
    """Back in service, able to charge, the EV takes nothing."""
    OPERATIVE_EVSE_SUSPENDS = auto()
    """Back in service, able to charge, the EVSE offers nothing."""
    FAULT = auto()
    """A fault prevents further charging."""
    FAULT_CLEARED = auto()
    """The last fault is gone."""


class Transition(NamedTuple):
    """One cell of the status matrix."""

    code: str
    origin: ChargePointStatus
    event: Event
    target: ChargePointStatus


TRANSITIONS: Final = (
    Transition("A2", AVAILABLE, Event.USAGE_BEGINS, PREPARING),
    Transition("A3", AVAILABLE, Event.ENERGY_OFFERED, CHARGING),
    Transition("A4", AVAILABLE, Event.EV_SUSPENDS, SUSPENDED_EV),
    Transition("A5", AVAILABLE, Event.EVSE_SUSPENDS, SUSPENDED_EVSE),
    Transition("A7", AVAILABLE, Event.RESERVED, RESERVED),
    Transition("A8", AVAILABLE, Event.INOPERATIVE, UNAVAILABLE),
    Transition("A9", AVAILABLE, Event.FAULT, FAULTED),
    Transition("B1", PREPARING, Event.ENDS, AVAILABLE),
    Transition("B3", PREPARING, Event.ENERGY_OFFERED, CHARGING),
    Transition("B4", PREPARING, Event.EV_SUSPENDS, SUSPENDED_EV),
    Transition("B5", PREPARING, Event.EVSE_SUSPENDS, SUSPENDED_EVSE),
    Transition("B6", PREPARING, Event.TAG_TIMES_OUT, FINISHING),
    Transition("B9", PREPARING, Event.FAULT, FAULTED),
    Transition("C1", CHARGING, Event.ENDS, AVAILABLE),
    Transition("C4", CHARGING, Event.EV_SUSPENDS, SUSPENDED_EV),
    Transition("C5", CHARGING, Event.EVSE_SUSPENDS, SUSPENDED_EVSE),
    Transition("C6", CHARGING, Event.TRANSACTION_STOPS, FINISHING),
    Transition("C8", CHARGING, Event.ENDS_UNAVAILABLE, UNAVAILABLE),
    Transition("C9", CHARGING, Event.FAULT, FAULTED),
    Transition("D1", SUSPENDED_EV, Event.ENDS, AVAILABLE),
    Transition("D3", SUSPENDED_EV, Event.ENERGY_OFFERED, CHARGING),
    Transition("D5", SUSPENDED_EV, Event.EVSE_SUSPENDS, SUSPENDED_EVSE),
    Transition("D6", SUSPENDED_EV, Event.TRANSACTION_STOPS, FINISHING),
    Transition("D8", SUSPENDED_EV, Event.ENDS_UNAVAILABLE, UNAVAILABLE),
    Transition("D9", SUSPENDED_EV, Event.FAULT, FAULTED),
    Transition("E1", SUSPENDED_EVSE, Event.ENDS, AVAILABLE),
    Transition("E3", SUSPENDED_EVSE, Event.ENERGY_OFFERED, CHARGING),
    Transition("E4", SUSPENDED_EVSE, Event.EV_SUSPENDS, SUSPENDED_EV),
    Transition("E6", SUSPENDED_EVSE, Event.TRANSACTION_STOPS, FINISHING),
    Transition("E8", SUSPENDED_EVSE, Event.ENDS_UNAVAILABLE, UNAVAILABLE),
    Transition("E9", SUSPENDED_EVSE, Event.FAULT, FAULTED),
    Transition("F1", FINISHING, Event.ENDS, AVAILABLE),
    Transition("F2", FINISHING, Event.USAGE_BEGINS, PREPARING),
    Transition("F8", FINISHING, Event.ENDS_UNAVAILABLE, UNAVAILABLE),
    Transition("F9", FINISHING, Event.FAULT, FAULTED),
    Transition("G1", RESERVED, Event.ENDS, AVAILABLE),
    Transition("G2", RESERVED, Event.USAGE_BEGINS, PREPARING),
    Transition("G8", RESERVED, Event.ENDS_UNAVAILABLE, UNAVAILABLE),
    Transition("G9", RESERVED, Event.FAULT, FAULTED),
    Transition("H1", UNAVAILABLE, Event.OPERATIVE, AVAILABLE),
    Transition("H2", UNAVAILABLE, Event.OPERATIVE_IN_USE, PREPARING),
    Transition("H3", UNAVAILABLE, Event.OPERATIVE_CHARGING, CHARGING),
    Transition("H4", UNAVAILABLE, Event.OPERATIVE_EV_SUSPENDS, SUSPENDED_EV),
    Transition("H5", UNAVAILABLE, Event.OPERATIVE_EVSE_SUSPENDS, SUSPENDED_EVSE),
    Transition("H9", UNAVAILABLE, Event.FAULT, FAULTED),
    Transition("I1", FAULTED, Event.FAULT_CLEARED, AVAILABLE),
    Transition("I2", FAULTED, Event.FAULT_CLEARED, PREPARING),
    Transition("I3", FAULTED, Event.FAULT_CLEARED, CHARGING),
    Transition("I4", FAULTED, Event.FAULT_CLEARED, SUSPENDED_EV),
    Transition("I5", FAULTED, Event.FAULT_CLEARED, SUSPENDED_EVSE),
    Transition("I6", FAULTED, Event.FAULT_CLEARED, FINISHING),
    Transition("I7", FAULTED, Event.FAULT_CLEARED, RESERVED),
    Transition("I8", FAULTED, Event.FAULT_CLEARED, UNAVAILABLE),
)

TRANSACTION_STATUSES: Final = frozenset({CHARGING, SUSPENDED_EV, SUSPENDED_EVSE})
"""Where a transaction exists."""
CONTROLLER_STATUSES: Final = frozenset({AVAILABLE, UNAVAILABLE, FAULTED})
"""What connector 0, the charge point's main controller, is limited to."""

_BY_EVENT: Final[Mapping[tuple[ChargePointStatus, Event], Transition]] = MappingProxyType(
    {(row.origin, row.event): row for row in TRANSITIONS if row.origin is not FAULTED}
)
_BY_TARGET: Final[Mapping[tuple[ChargePointStatus, ChargePointStatus], Transition]] = MappingProxyType(
    {(row.origin, row.target): row for row in TRANSITIONS}
)


def transition_between(origin: ChargePointStatus, target: ChargePointStatus) -> Transition | None:
    """Return the cell of the matrix, or None where a charge point must not report this step."""
    return _BY_TARGET.get((origin, target))


def supply_event(*, offered: bool, drawn: bool) -> Event:
    """Say what the supply of energy means; when both sides suspend, SuspendedEVSE wins (R-215)."""
    if not offered:
        return Event.EVSE_SUSPENDS
    return Event.ENERGY_OFFERED if drawn else Event.EV_SUSPENDS


class Connector:
    """Remembers the status of one connector.

    A fault hides what goes on underneath: events that come during it are followed, so that the fault is
    cleared to the status the connector would have without it.
    """

    def __init__(self, connector_id: int, status: ChargePointStatus = AVAILABLE) -> None:
        self._id = connector_id
        self._faulted = status is FAULTED
        self._beneath = AVAILABLE if self._faulted else status
        if not self._exists(self._beneath):
            raise ValueError(f"connector 0 cannot be {status}")

    @property
    def connector_id(self) -> int:
        return self._id

    @property
    def status(self) -> ChargePointStatus:
        return FAULTED if self._faulted else self._beneath

    @property
    def status_beneath_fault(self) -> ChargePointStatus:
        """The status that clearing the fault will show; without a fault, the status."""
        return self._beneath

    def may(self, event: Event) -> bool:
        """Whether the table has a transition for this event now."""
        return self._find(event) is not None

    def apply(self, event: Event) -> Transition | None:
        """Follow the event; return the step to report, or None when a fault hides it.

        Raises `TransitionRefused`, and changes nothing, where the table has no transition.
        """
        row = self._find(event)
        if row is None:
            raise TransitionRefused(self._id, self.status, event)
        if event is Event.FAULT:
            self._faulted = True
        elif event is Event.FAULT_CLEARED:
            self._faulted = False
        else:
            self._beneath = row.target
        return None if self._faulted and row.target is not FAULTED else row

    def _find(self, event: Event) -> Transition | None:
        if event is Event.FAULT_CLEARED:
            return _BY_TARGET[FAULTED, self._beneath] if self._faulted else None
        if event is Event.FAULT and self._faulted:
            return None
        row = _BY_EVENT.get((self._beneath, event))
        return row if row is not None and self._exists(row.target) else None

    def _exists(self, status: ChargePointStatus) -> bool:
        return self._id != 0 or status in CONTROLLER_STATUSES
