"""What the central system can have a charge point do (OCPP 1.6 §5), apart from how it asks."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any, Final

from voltyard.chargepoint.authorization import Authorization, is_id_token
from voltyard.chargepoint.clock import sleep_unless
from voltyard.chargepoint.connectors import ConnectorSession
from voltyard.chargepoint.heartbeat import send_heartbeat
from voltyard.chargepoint.metering import take
from voltyard.chargepoint.parts import Parts
from voltyard.protocol.messages import (
    AvailabilityStatus,
    ChargePointErrorCode,
    MessageTrigger,
    MeterValues,
    ReadingContext,
    Reason,
    RegistrationStatus,
    ResetType,
    TriggerMessageStatus,
    UnlockStatus,
)
from voltyard.transport.errors import PeerError

DELIVERY_S: Final = 5.0
"""How long a reset or an unlocking waits for StopTransaction to be delivered; then it stays in the outbox."""


class Commands:
    """Does what handlers ask for; what has to come after the answer is begun after it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._is_resetting = False

    @property
    def parts(self) -> Parts:
        return self._parts

    def start(self, id_tag: str, connector_id: int | None) -> bool:
        """Try to start a transaction for somebody (OCPP 1.6 §5.11); False if that cannot be."""
        if self._is_resetting or not self._is_accepted or not is_id_token(id_tag):
            return False
        session = self._choose(connector_id)
        if session is None or not session.may_begin:
            return False
        self._after_answer(lambda: self._start(session, id_tag))
        return True

    def stop(self, transaction_id: int) -> bool:
        """Stop a transaction by the central system's id (OCPP 1.6 §5.12); False if it does not run."""
        if not self._is_accepted:
            return False
        session = next(filter(lambda each: _runs(each, transaction_id), self._parts.sessions), None)
        if session is None:
            return False
        self._parts.uplink.after_answer(partial(session.stop, Reason.REMOTE))
        return True

    def change_availability(self, connector_id: int, is_operative: bool) -> AvailabilityStatus:
        """Take a connector, or with 0 everything, into or out of service (OCPP 1.6 §5.2)."""
        parts = self._parts
        if connector_id > len(parts.sessions):
            return AvailabilityStatus.REJECTED
        parts.controller.set_operative(connector_id, is_operative)
        scope = parts.sessions if connector_id == 0 else (parts.session(connector_id),)
        statuses = [
            session.set_operative(parts.controller.is_operative(session.connector_id)) for session in scope
        ]
        parts.controller.follow([session.status for session in parts.sessions])
        if is_operative or AvailabilityStatus.SCHEDULED not in statuses:
            return AvailabilityStatus.ACCEPTED
        return AvailabilityStatus.SCHEDULED

    async def unlock(self, connector_id: int) -> UnlockStatus:
        """Let go of a cable, ending the transaction first (OCPP 1.6 §5.18)."""
        if not 1 <= connector_id <= len(self._parts.sessions):
            return UnlockStatus.NOT_SUPPORTED
        session = self._parts.session(connector_id)
        if not session.hardware.has_lock:
            return UnlockStatus.NOT_SUPPORTED
        if session.transaction is not None:
            session.stop(Reason.UNLOCK_COMMAND)
            await self._deliver()
        is_unlocked = await session.hardware.unlock()
        return UnlockStatus.UNLOCKED if is_unlocked else UnlockStatus.UNLOCK_FAILED

    def reset(self, type: ResetType) -> bool:
        """Stop everything and restart (OCPP 1.6 §5.14); False while a reset is under way."""
        if self._is_resetting:
            return False
        self._is_resetting = True
        self._after_answer(lambda: self._reset(type))
        return True

    def trigger(self, message: str, connector_id: int | None) -> TriggerMessageStatus:
        """Send a message the central system asks for (OCPP 1.6 §5.17)."""
        match message:
            case MessageTrigger.BOOT_NOTIFICATION:
                return self._trigger_boot()
            case MessageTrigger.HEARTBEAT:
                self._after_answer(lambda: send_heartbeat(self._parts.uplink, self._parts.clock))
                return TriggerMessageStatus.ACCEPTED
            case MessageTrigger.STATUS_NOTIFICATION:
                return self._trigger_each(
                    range(len(self._parts.sessions) + 1), connector_id, self._send_status
                )
            case MessageTrigger.METER_VALUES:
                # There is no main meter, so connector 0 has no values.
                ids = range(1, len(self._parts.sessions) + 1)
                return self._trigger_each(ids, connector_id, self._send_meter_values)
            case _:
                return TriggerMessageStatus.NOT_IMPLEMENTED

    @property
    def _is_accepted(self) -> bool:
        return self._parts.registration.status is RegistrationStatus.ACCEPTED

    def _after_answer(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        def begin() -> None:
            self._parts.spawn(_unless_offline(work()))

        self._parts.uplink.after_answer(begin)

    def _choose(self, connector_id: int | None) -> ConnectorSession | None:
        if connector_id is None:
            free = [session for session in self._parts.sessions if session.may_begin]
            plugged = [session for session in free if session.hardware.is_plugged]
            return next(iter(plugged + free), None)
        return next((each for each in self._parts.sessions if each.connector_id == connector_id), None)

    async def _start(self, session: ConnectorSession, id_tag: str) -> None:
        authorization: Authorization | None = Authorization(id_tag)
        if self._parts.configuration.boolean("AuthorizeRemoteTxRequests"):
            authorization = await self._parts.authorizer.authorize(id_tag)
        if authorization is not None:
            session.begin(authorization)

    async def _reset(self, type: ResetType) -> None:
        parts = self._parts
        reason = Reason.SOFT_RESET if type is ResetType.SOFT else Reason.HARD_RESET
        for session in parts.sessions:
            session.stop(reason)
        await self._deliver()
        for _ in range(1 + parts.configuration.integer("ResetRetries")):
            if await parts.hardware.restart(type):
                parts.restart(type)
                return
        self._is_resetting = False
        parts.controller.warn(ChargePointErrorCode.RESET_FAILURE)

    async def _deliver(self) -> None:
        await sleep_unless(self._parts.clock, DELIVERY_S, self._parts.outbox.is_empty)

    def _trigger_boot(self) -> TriggerMessageStatus:
        if self._is_accepted:
            # Once accepted it is not to be asked for until the next boot (errata 3.35, 3.40).
            return TriggerMessageStatus.REJECTED
        self._parts.uplink.after_answer(self._parts.registration.boot_now)
        return TriggerMessageStatus.ACCEPTED

    def _trigger_each(
        self, ids: range, connector_id: int | None, send: Callable[[int], Coroutine[Any, Any, None]]
    ) -> TriggerMessageStatus:
        if connector_id is not None and connector_id not in ids:
            return TriggerMessageStatus.REJECTED
        chosen = ids if connector_id is None else (connector_id,)
        self._after_answer(lambda: _one_by_one(send, chosen))
        return TriggerMessageStatus.ACCEPTED

    async def _send_status(self, connector_id: int) -> None:
        parts = self._parts
        source = parts.session(connector_id) if connector_id else parts.controller
        await parts.uplink.call(source.status_notification())

    async def _send_meter_values(self, connector_id: int) -> None:
        parts = self._parts
        session = parts.session(connector_id)
        wanted = parts.configuration.items("MeterValuesSampledData")
        meter_value = take(session.hardware, wanted, ReadingContext.TRIGGER, parts.clock.now())
        if meter_value is not None:
            transaction = session.transaction
            transaction_id = None if transaction is None else transaction.transaction_id
            request = MeterValues(
                connector_id=connector_id, transaction_id=transaction_id, meter_value=(meter_value,)
            )
            await parts.uplink.call(request)


def _runs(session: ConnectorSession, transaction_id: int) -> bool:
    return session.transaction is not None and session.transaction.transaction_id == transaction_id


async def _one_by_one(send: Callable[[int], Coroutine[Any, Any, None]], ids: Iterable[int]) -> None:
    for each in ids:
        await send(each)


async def _unless_offline(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except PeerError:
        # What was triggered is of the moment; it is not made up for later.
        return
