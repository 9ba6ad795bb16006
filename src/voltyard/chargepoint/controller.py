"""Connector 0, the charge point as a whole: its status, and which connectors are in service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import structs

from voltyard.chargepoint.clock import Clock
from voltyard.chargepoint.condition import Condition
from voltyard.chargepoint.store import Change, Store
from voltyard.charging.connector import Connector, Event
from voltyard.protocol.messages import ChargePointErrorCode, ChargePointStatus, StatusNotification

_KIND: Final = "inoperative"


class Controller:
    """Remembers the availability of 0 and of each connector over any restart (OCPP 1.6 §5.2).

    A connector is in service when it and the charge point are. Its own status is independent of theirs,
    but for one thing: it becomes Unavailable when the last of them has.
    """

    __slots__ = (
        "_clock",
        "_condition",
        "_connector_ids",
        "_inoperative",
        "_is_held",
        "_machine",
        "_report",
        "_store",
    )

    def __init__(
        self, store: Store, connector_ids: range, clock: Clock, report: Callable[[StatusNotification], None]
    ) -> None:
        self._store = store
        self._connector_ids = connector_ids
        self._clock = clock
        self._report = report
        self._inoperative = {int(key) for key in store.read(_KIND)}
        self._is_held = False
        is_out = 0 in self._inoperative
        self._machine = Connector(0, ChargePointStatus.UNAVAILABLE if is_out else ChargePointStatus.AVAILABLE)
        self._condition = Condition(clock.now())

    @property
    def status(self) -> ChargePointStatus:
        return self._machine.status

    def is_operative(self, connector_id: int) -> bool:
        """Whether a connector is to be in service."""
        return not self._is_held and self._inoperative.isdisjoint({0, connector_id})

    def set_operative(self, connector_id: int, is_operative: bool) -> None:
        """Remember what is to be in service; 0 sets it for every connector too."""
        scope = {0, *self._connector_ids} if connector_id == 0 else {connector_id}
        changed = scope & self._inoperative if is_operative else scope - self._inoperative
        self._store.commit(*(Change(_KIND, str(each), None if is_operative else b"") for each in changed))
        self._inoperative ^= changed

    def hold(self) -> None:
        """Have no connector in service until `release` or the next boot, whatever is remembered."""
        self._is_held = True

    def release(self) -> None:
        """Let what is remembered count again."""
        self._is_held = False

    def follow(self, statuses: list[ChargePointStatus]) -> None:
        """Follow the availability, given the statuses of the connectors beneath their faults."""
        are_out = all(status is ChargePointStatus.UNAVAILABLE for status in statuses)
        if 0 not in self._inoperative:
            self._apply(Event.OPERATIVE)
        elif are_out:
            self._apply(Event.INOPERATIVE)

    def fault_raised(self, error_code: ChargePointErrorCode, info: str, vendor_error_code: str) -> None:
        """Take notice of a fault of the charge point itself."""
        self._condition.fail(error_code, info, vendor_error_code)
        if not self._apply(Event.FAULT):
            self._notify()

    def fault_cleared(self) -> None:
        """Take notice of its end."""
        self._condition.mend()
        self._apply(Event.FAULT_CLEARED)

    def warn(self, error_code: ChargePointErrorCode) -> None:
        """Report an error that prevents nothing; the next report says nothing of it."""
        self._report(structs.replace(self.status_notification(), error_code=error_code))

    def status_notification(self) -> StatusNotification:
        """Return the status as it is reported."""
        return self._condition.status_notification(0, self.status)

    def _apply(self, event: Event) -> bool:
        if not self._machine.may(event):
            return False
        if self._machine.apply(event) is not None:
            self._notify()
        return True

    def _notify(self) -> None:
        self._condition.changed(self._clock.now())
        self._report(self.status_notification())
