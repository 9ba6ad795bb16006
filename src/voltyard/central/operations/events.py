"""What happens, as it happens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from secrets import token_hex
from typing import Any

from msgspec import Struct

from voltyard.central.bus import Bus, Numbered
from voltyard.central.operations.views import Timestamp, timestamp


class EventView(Struct, frozen=True, kw_only=True):
    """One fact. `kind` is a past tense (`transaction.started`), `details` depend on it."""

    kind: str
    charge_point: str | None
    at: Timestamp
    details: dict[str, Any]


class EventOperations:
    """Streams events; `listeners` is to how many."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        # Numbers begin anew with each process; an id of an earlier one must not be taken for one of ours.
        self._process = token_hex(4)
        self._closed = False
        self.listeners = 0

    async def stream(
        self, last_id: str | None = None, charge_point: str | None = None
    ) -> AsyncIterator[tuple[str, EventView]]:
        """Yield events with their ids as they come; first those after `last_id` that are still remembered."""
        if self._closed:
            return
        stream = self._bus.stream(self._number(last_id))
        self.listeners += 1
        try:
            async for numbered in stream:
                if charge_point is None or numbered.event.charge_point == charge_point:
                    yield f"{self._process}-{numbered.number}", _view(numbered)
        finally:
            self.listeners -= 1
            await stream.aclose()  # type: ignore[attr-defined]  # it is a generator

    def close(self) -> None:
        """End all streams, and begin no more."""
        self._closed = True
        self._bus.close()

    def _number(self, last_id: str | None) -> int | None:
        if last_id is None:
            return None
        process, _, number = last_id.partition("-")
        if process != self._process or not (number.isascii() and number.isdigit()):
            return 0
        return int(number[:18])


def _view(numbered: Numbered) -> EventView:
    event = numbered.event
    return EventView(
        kind=event.kind, charge_point=event.charge_point, at=timestamp(event.at_us), details=event.details
    )
