"""Being accepted by the central system: BootNotification until it says so (OCPP 1.6 §4.2)."""

from __future__ import annotations

from typing import Final

from voltyard.chargepoint.clock import StationClock, sleep_unless
from voltyard.chargepoint.configuration import Configuration
from voltyard.chargepoint.flag import Flag
from voltyard.chargepoint.store import Change, Store
from voltyard.chargepoint.uplink import Caller
from voltyard.protocol.messages import BootNotification, BootNotificationResponse, RegistrationStatus
from voltyard.transport.errors import AnswerInvalid, CallRejected, CallTimedOut

RETRY_S: Final = 60.0
"""How long to wait before the next BootNotification where the central system does not say (R-089)."""

_KIND: Final = "registration"
_ACCEPTED_KEY: Final = "accepted"


class Registration:
    """Whether the central system has accepted the charge point since it booted.

    It lasts over reconnections (OCPP-J 1.6 §5.4) and ends with the next boot.
    """

    __slots__ = (
        "_announced",
        "_clock",
        "_configuration",
        "_left_rejected",
        "_next_at",
        "_status",
        "_store",
        "_wanted_now",
        "_was_accepted",
    )

    def __init__(self, store: Store, configuration: Configuration, clock: StationClock) -> None:
        self._store = store
        self._configuration = configuration
        self._clock = clock
        self._status: RegistrationStatus | None = None
        self._announced: BootNotification | None = None
        self._was_accepted = _ACCEPTED_KEY in store.read(_KIND)
        self._next_at = clock.monotonic()
        self._wanted_now = Flag()
        self._left_rejected = Flag()

    @property
    def status(self) -> RegistrationStatus | None:
        """What the central system said last; None before it said anything."""
        return self._status

    @property
    def was_ever_accepted(self) -> bool:
        """Whether the central system has accepted this charge point in this or an earlier life."""
        return self._was_accepted

    def boot_now(self) -> None:
        """Send the next BootNotification without waiting any longer (TriggerMessage)."""
        self._wanted_now.set()

    async def not_rejected(self) -> None:
        """Wait until the status is anything but Rejected."""
        while self._status is RegistrationStatus.REJECTED:
            await self._left_rejected.wait()

    async def register(self, caller: Caller, boot_notification: BootNotification) -> bool:
        """Return when accepted: whether it took a BootNotification, or True was already said of this one.

        Raises `Disconnected`; the next call goes on where this one was.
        """
        if self._status is RegistrationStatus.ACCEPTED and self._announced == boot_notification:
            return False
        while True:
            await sleep_unless(self._clock, self._next_at - self._clock.monotonic(), self._wanted_now)
            self._wanted_now.clear()
            try:
                answer = await caller.call(boot_notification)
            except (CallRejected, CallTimedOut, AnswerInvalid):
                self._next_at = self._clock.monotonic() + RETRY_S
                continue
            if self._take_in(answer):
                self._announced = boot_notification
                return True

    def _take_in(self, answer: BootNotificationResponse) -> bool:
        self._clock.set(answer.current_time)
        self._status = answer.status
        if answer.status is not RegistrationStatus.REJECTED:
            self._left_rejected.set()
            self._left_rejected = Flag()
        if answer.status is not RegistrationStatus.ACCEPTED:
            self._next_at = self._clock.monotonic() + (answer.interval if answer.interval > 0 else RETRY_S)
            return False
        if answer.interval > 0:
            self._configuration.set("HeartbeatInterval", answer.interval)
        if not self._was_accepted:
            self._was_accepted = True
            self._store.commit(Change(_KIND, _ACCEPTED_KEY, b"true"))
        return True
