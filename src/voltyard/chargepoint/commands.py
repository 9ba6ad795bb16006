"""What the central system can have a charge point do (OCPP 1.6 §5), apart from how it asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final

from voltyard.chargepoint.authorization import Authorization, is_id_token
from voltyard.chargepoint.clock import sleep_unless
from voltyard.chargepoint.connectors import ConnectorSession
from voltyard.chargepoint.orders import carried_out
from voltyard.chargepoint.parts import Parts
from voltyard.chargepoint.reservations import Standing
from voltyard.protocol.messages import (
    AvailabilityStatus,
    ChargePointErrorCode,
    ChargingProfile,
    Reason,
    RegistrationStatus,
    ResetType,
    UnlockStatus,
)
from voltyard.transport.errors import PeerError

MOST_BEGUN: Final = 32
"""How much of what is done after an answer may be under way at once; a central system may be out of hand."""
DELIVERY_S: Final = 5.0
"""How long a reset or an unlocking waits for StopTransaction to be delivered; then it stays in the outbox."""
INSTALLATION_LOOK_S: Final = 1.0
"""How often a reset looks whether firmware is still being installed."""


class Commands:
    """Does what handlers ask for; what has to come after the answer is begun after it."""

    __slots__ = ("_begun", "_is_resetting", "_parts")

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._is_resetting = False
        self._begun = 0

    @property
    def parts(self) -> Parts:
        return self._parts

    def start(
        self, id_tag: str, connector_id: int | None, charging_profile: ChargingProfile | None = None
    ) -> bool:
        """Try to start a transaction for somebody (OCPP 1.6 §5.11); False if that cannot be.

        `charging_profile` is for the transaction.
        """
        is_able = self.is_accepted and not (self._is_resetting or self.is_overburdened)
        if not is_able or not is_id_token(id_tag):
            return False
        authorization = Authorization(id_tag, self._parts.authorizer.parent_of(id_tag), charging_profile)
        session = self._choose(connector_id, authorization)
        if session is None:
            return False
        if charging_profile is not None and not self._parts.smart_charging.may_promise(charging_profile):
            return False
        self.after_answer(lambda: self._start(session, authorization))
        return True

    def stop(self, transaction_id: int) -> bool:
        """Stop a transaction by the central system's id (OCPP 1.6 §5.12); False if it does not run."""
        if not self.is_accepted:
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
        parts.controller.follow([session.status_beneath_fault for session in parts.sessions])
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
        is_unlocked = await session.unlock()
        return UnlockStatus.UNLOCKED if is_unlocked else UnlockStatus.UNLOCK_FAILED

    def reset(self, type: ResetType) -> bool:
        """Stop everything and restart (OCPP 1.6 §5.14).

        False while a reset is under way, and while firmware is installed, which does not bear it.
        """
        if self._is_resetting or self._parts.firmware.is_installing:
            return False
        self._is_resetting = True
        self.after_answer(lambda: self._reset(type))
        return True

    @property
    def is_accepted(self) -> bool:
        """Whether the central system has accepted the charge point since it booted."""
        return self._parts.registration.status is RegistrationStatus.ACCEPTED

    @property
    def is_overburdened(self) -> bool:
        """Whether so much was begun and is not done that no more can be taken on."""
        return self._begun >= MOST_BEGUN

    def after_answer(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Begin work when the answer to the call being handled has been sent."""

        def begin() -> None:
            self._begun += 1
            self._parts.spawn(_unless_offline(work)).add_done_callback(self._done)

        self._parts.uplink.after_answer(begin)

    def _done(self, _: asyncio.Task[None]) -> None:
        self._begun -= 1

    def _choose(self, connector_id: int | None, authorization: Authorization) -> ConnectorSession | None:
        standings = {
            session: self._parts.reservations.standing(session.connector_id, authorization)
            for session in self._parts.sessions
            if session.may_begin and connector_id in {None, session.connector_id}
        }
        able = [session for session, standing in standings.items() if standing is not Standing.STRANGER]
        # What is reserved for him comes first, then where a vehicle waits.
        return min(able, key=lambda each: (standings[each], not each.hardware.is_plugged), default=None)

    async def _start(self, session: ConnectorSession, wanted: Authorization) -> None:
        parts = self._parts
        authorization: Authorization | None = wanted
        uses = session.uses
        wants_parent = parts.reservations.standing(session.connector_id, wanted) is Standing.UNKNOWN
        if wants_parent or parts.configuration.boolean("AuthorizeRemoteTxRequests"):
            authorization = await parts.authorizer.authorize(wanted.id_tag, wants_parent=wants_parent)
        if authorization is not None and session.uses == uses:
            authorization = authorization._replace(charging_profile=wanted.charging_profile)
            parts.reservations.begin(session, authorization)

    async def _reset(self, type: ResetType) -> None:
        parts = self._parts
        reason = Reason.SOFT_RESET if type is ResetType.SOFT else Reason.HARD_RESET
        for session in parts.sessions:
            session.stop(reason)
        await self._deliver()
        # What was stopped may have been all that kept firmware from being installed.
        while parts.firmware.is_installing:
            await parts.clock.sleep(INSTALLATION_LOOK_S)
        for _ in range(1 + parts.configuration.integer("ResetRetries")):
            if await carried_out(partial(parts.hardware.restart, type)):
                parts.restart(type)
                return
        self._is_resetting = False
        parts.controller.warn(ChargePointErrorCode.RESET_FAILURE)

    async def _deliver(self) -> None:
        await sleep_unless(self._parts.clock, DELIVERY_S, self._parts.outbox.is_empty)


def _runs(session: ConnectorSession, transaction_id: int) -> bool:
    return session.transaction is not None and session.transaction.transaction_id == transaction_id


async def _unless_offline(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    try:
        await work()
    except PeerError:
        # What was triggered is of the moment; it is not made up for later.
        return
