"""Reporting statuses: each change while online, in order; after a time offline only what is different now.

With MinimumStatusDuration a status is reported when it has been stable for so long (OCPP 1.6 §4.9).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from voltyard.chargepoint.clock import Clock, sleep_unless
from voltyard.chargepoint.configuration import Configuration
from voltyard.chargepoint.flag import Flag
from voltyard.chargepoint.uplink import Caller
from voltyard.protocol.messages import StatusNotification
from voltyard.transport.errors import AnswerInvalid, CallRejected, CallTimedOut

MOST_WAITING: Final = 100
"""How many statuses wait to be told before only the latest of each connector counts."""

_Facts = tuple[object, ...]


class StatusReporter:
    """Tells the central system the status of each connector."""

    __slots__ = ("_clock", "_configuration", "_queue", "_queued", "_settling", "_told")

    def __init__(self, configuration: Configuration, clock: Clock) -> None:
        self._configuration = configuration
        self._clock = clock
        self._settling: dict[int, _Settling] = {}
        self._told: dict[int, _Facts] = {}
        self._queue: list[StatusNotification] | None = None
        self._queued = Flag()

    def changed(self, notification: StatusNotification) -> None:
        """Have a change told; offline it is not history that counts but what the status is later (R-209)."""
        if self._queue is None:
            return
        stable_for_s = self._configuration.integer("MinimumStatusDuration")
        if stable_for_s == 0:
            self._settling.pop(notification.connector_id, None)
            self._append(notification)
        else:
            # A status that did not last is never told: the next one takes its place.
            settling = _Settling(notification, self._clock.monotonic() + stable_for_s)
            self._settling[notification.connector_id] = settling
        self._queued.set()

    def repeat(self, notification: StatusNotification) -> bool:
        """Have a status told once more, behind what waits; False while nothing is told at all."""
        if self._queue is None:
            return False
        self._append(notification)
        self._queued.set()
        return True

    def forget(self) -> None:
        """Take it that the central system knows nothing, as after a boot (errata 3.22)."""
        self._told.clear()

    @property
    def is_due(self) -> Flag:
        """Set as long as there is, or is going to be, something to tell."""
        return self._queued

    def begin(self, current: Iterable[StatusNotification]) -> None:
        """Have told what the central system does not know of `current`, and each change until `end`.

        `current` is the latest notification of every connector, 0 among them.
        """
        self._queue = [each for each in current if self._told.get(each.connector_id) != _facts(each)]
        if self._queue:
            self._queued.set()

    def end(self) -> None:
        """Have nothing told: there is nobody any more to tell it to."""
        self._queue = None
        self._settling.clear()
        self._queued.clear()

    async def run(self, caller: Caller) -> None:
        """Tell all there is, also what has yet to last; raises `Disconnected`."""
        while True:
            while self._queue:
                await self._tell(caller, self._queue.pop(0))
            self._queued.clear()
            if not self._settling:
                return
            next_at = min(settling.at for settling in self._settling.values())
            await sleep_unless(self._clock, next_at - self._clock.monotonic(), self._queued)
            self._take_settled()

    def _take_settled(self) -> None:
        now = self._clock.monotonic()
        settled = [each for each in self._settling.values() if each.at <= now]
        for notification, _ in sorted(settled, key=lambda each: each.at):
            del self._settling[notification.connector_id]
            if self._told.get(notification.connector_id) != _facts(notification):
                self._append(notification)

    def _append(self, notification: StatusNotification) -> None:
        if self._queue is None:
            return
        self._queue.append(notification)
        if len(self._queue) > MOST_WAITING:
            # Nobody can keep up: then, as offline, what counts is what the status is now.
            self._queue = list({each.connector_id: each for each in self._queue}.values())

    async def _tell(self, caller: Caller, notification: StatusNotification) -> None:
        # What is lost with the connection is told after the next one, as it is not among what was told.
        self._told.pop(notification.connector_id, None)
        try:
            await caller.call(notification)
        except (CallRejected, CallTimedOut, AnswerInvalid):
            return
        self._told[notification.connector_id] = _facts(notification)


class _Settling(NamedTuple):
    notification: StatusNotification
    at: float


def _facts(notification: StatusNotification) -> _Facts:
    return (notification.status, notification.error_code, notification.info, notification.vendor_error_code)
