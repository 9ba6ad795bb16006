"""A charge point from one boot to the next: what its hardware and the central system set in motion."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import datetime
from functools import partial
from typing import Any

from voltyard.chargepoint.authorization import is_id_token
from voltyard.chargepoint.commands import Commands
from voltyard.chargepoint.delivery import Delivery
from voltyard.chargepoint.handlers import HANDLERS
from voltyard.chargepoint.heartbeat import beat
from voltyard.chargepoint.metering import clock_aligned
from voltyard.chargepoint.parts import Installation, assemble
from voltyard.chargepoint.reader import present
from voltyard.chargepoint.responder import StationResponder
from voltyard.chargepoint.snapshot import StationSnapshot, photograph
from voltyard.chargepoint.transactions import Transaction
from voltyard.protocol.messages import (
    AuthorizationStatus,
    ChargePointErrorCode,
    IdTagInfo,
    Reason,
    ResetType,
    StatusNotification,
)
from voltyard.transport.errors import Disconnected
from voltyard.transport.router import Role, Router


class Lifetime:
    """A charge point that is up; the listener of its hardware."""

    def __init__(self, installation: Installation) -> None:
        self._stay_connected = installation.stay_connected
        self._parts = assemble(installation, spawn=self._spawn, report=self._report, restart=self._restart)
        self._tasks = asyncio.TaskGroup()
        self._restarting: asyncio.Future[ResetType] = asyncio.get_running_loop().create_future()

    async def run(self, interrupted: Reason) -> ResetType:
        """Be a charge point until a reset, and return which.

        `interrupted` is why the transactions of an earlier life that still ran did not end.
        """
        parts = self._parts
        parts.transactions.end_interrupted(interrupted)
        router = Router(Role.CHARGE_POINT, HANDLERS)
        responder = StationResponder(router, Commands(parts), parts.registration, parts.clock.now)
        try:
            async with self._tasks as tasks:
                tasks.create_task(self._stay_connected(partial(parts.uplink.connected, responder)))
                tasks.create_task(self._converse())
                tasks.create_task(self._sample_aligned())
                await self._listen()
                raise _Over  # noqa: TRY301 - a task group ends its tasks when it is left by an exception
        except* _Over:
            pass
        return self._restarting.result()

    def snapshot(self) -> StationSnapshot:
        """Return what the charge point looks like now."""
        return photograph(self._parts)

    # What the hardware tells.

    def plugged_in(self, connector_id: int) -> None:
        self._parts.session(connector_id).plugged_in()

    def ev_disconnected(self, connector_id: int) -> None:
        self._parts.session(connector_id).ev_disconnected()

    def unplugged(self, connector_id: int) -> None:
        self._parts.session(connector_id).unplugged()

    def supply_changed(self, connector_id: int) -> None:
        self._parts.session(connector_id).supply_changed()

    def tag_presented(self, connector_id: int, id_tag: str) -> None:
        session = self._parts.session(connector_id)
        if not is_id_token(id_tag):
            return
        question = present(session, self._parts.authorizer, id_tag)
        if question is not None:
            self._spawn(question)

    def fault_raised(
        self, connector_id: int, error_code: ChargePointErrorCode, info: str = "", vendor_error_code: str = ""
    ) -> None:
        place = self._parts.session(connector_id) if connector_id else self._parts.controller
        place.fault_raised(error_code, info, vendor_error_code)

    def fault_cleared(self, connector_id: int) -> None:
        place = self._parts.session(connector_id) if connector_id else self._parts.controller
        place.fault_cleared()

    def emergency_stopped(self) -> None:
        for session in self._parts.sessions:
            session.stop(Reason.EMERGENCY_STOP)

    # What goes on by itself.

    async def _listen(self) -> None:
        """Listen to the hardware until the restart."""
        self._parts.hardware.attach(self)
        try:
            for session in self._parts.sessions:
                session.look_around()
            await self._restarting
        finally:
            self._parts.hardware.attach(None)

    async def _converse(self) -> None:
        uplink = self._parts.uplink
        while True:
            await uplink.up()
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._notice_loss())
                    tasks.create_task(self._talk())
            except* Disconnected:
                # It may have been given up because of its silence while it was still there.
                uplink.close()
                await uplink.down()

    async def _notice_loss(self) -> None:
        await self._parts.uplink.down()
        raise Disconnected(1006, "")

    async def _talk(self) -> None:
        parts = self._parts
        if await parts.registration.register(parts.uplink, parts.hardware.boot_notification):
            parts.status.forget()
        current = [parts.controller.status_notification()]
        current += [session.status_notification() for session in parts.sessions]
        delivery = Delivery(
            parts.outbox,
            parts.transactions,
            parts.configuration,
            parts.clock,
            learn=parts.authorizer.learn,
            judged=self._judged,
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(parts.status.run(parts.uplink, current))
            tasks.create_task(delivery.run(parts.uplink))
            tasks.create_task(beat(parts.uplink, parts.configuration, parts.clock))

    async def _sample_aligned(self) -> None:
        parts = self._parts

        def sample(at: datetime) -> None:
            for session in parts.sessions:
                parts.sampling.sample_aligned(at, session.connector_id, session.hardware, session.transaction)

        await clock_aligned(parts.clock, parts.configuration, "ClockAlignedDataInterval", sample)

    # What follows.

    def _judged(self, transaction: Transaction, info: IdTagInfo) -> None:
        session = self._parts.session(transaction.connector_id)
        is_current = session.transaction is not None and session.transaction.key == transaction.key
        if is_current and info.status is not AuthorizationStatus.ACCEPTED:
            session.judged()

    def _report(self, notification: StatusNotification) -> None:
        parts = self._parts
        parts.status.changed(notification)
        if notification.connector_id:
            parts.controller.follow([session.status for session in parts.sessions])

    def _restart(self, type: ResetType) -> None:
        self._restarting.set_result(type)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return self._tasks.create_task(work)


class _Over(Exception):
    """The charge point restarts."""
