"""Reporting statuses: each change while online, in order; after a time offline only what is different now."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable

from voltyard.chargepoint.uplink import Caller
from voltyard.protocol.messages import StatusNotification
from voltyard.transport.errors import AnswerInvalid, CallRejected, CallTimedOut

_Facts = tuple[object, ...]


class StatusReporter:
    """Tells the central system the status of each connector."""

    def __init__(self) -> None:
        self._told: dict[int, _Facts] = {}
        self._queue: deque[StatusNotification] | None = None
        self._queued = asyncio.Event()

    def changed(self, notification: StatusNotification) -> None:
        """Have a change told; offline it is not history that counts but what the status is later (R-209)."""
        if self._queue is not None:
            self._queue.append(notification)
            self._queued.set()

    def forget(self) -> None:
        """Take it that the central system knows nothing, as after a boot (errata 3.22)."""
        self._told.clear()

    async def run(self, caller: Caller, current: Iterable[StatusNotification]) -> None:
        """Tell what the central system does not know of `current`, then each change, until offline.

        `current` is the latest notification of every connector, 0 among them.
        """
        self._queue = deque(each for each in current if self._told.get(each.connector_id) != _facts(each))
        try:
            while True:
                while self._queue:
                    await self._tell(caller, self._queue.popleft())
                self._queued.clear()
                await self._queued.wait()
        finally:
            self._queue = None

    async def _tell(self, caller: Caller, notification: StatusNotification) -> None:
        # What is lost with the connection is told after the next one, as it is not among what was told.
        self._told.pop(notification.connector_id, None)
        try:
            await caller.call(notification)
        except (CallRejected, CallTimedOut, AnswerInvalid):
            return
        self._told[notification.connector_id] = _facts(notification)


def _facts(notification: StatusNotification) -> _Facts:
    return (notification.status, notification.error_code, notification.info, notification.vendor_error_code)
