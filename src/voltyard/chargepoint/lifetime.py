"""A charge point from one boot to the next: what its hardware and the central system set in motion."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import datetime
from functools import partial
from typing import Any

from voltyard.chargepoint.authorization import is_id_token
from voltyard.chargepoint.commands import Commands
from voltyard.chargepoint.configuration import Configuration
from voltyard.chargepoint.delivery import Delivery
from voltyard.chargepoint.errands import Errands
from voltyard.chargepoint.handlers import router_for
from voltyard.chargepoint.heartbeat import beat
from voltyard.chargepoint.noting import NotingResponder, note_status
from voltyard.chargepoint.parts import Installation, assemble
from voltyard.chargepoint.reader import present
from voltyard.chargepoint.responder import StationResponder
from voltyard.chargepoint.snapshot import Glance, StationSnapshot, glance_at, photograph
from voltyard.chargepoint.supply import Withheld
from voltyard.chargepoint.ticks import clock_aligned
from voltyard.chargepoint.transactions import Transaction
from voltyard.chargepoint.uplink import Uplink
from voltyard.protocol.messages import (
    AuthorizationStatus,
    ChargePointErrorCode,
    IdTagInfo,
    Reason,
    ResetType,
    StatusNotification,
)
from voltyard.transport.errors import Disconnected


class Lifetime:
    """A charge point that is up; the listener of its hardware."""

    __slots__ = (
        "_asked",
        "_delivery",
        "_is_over",
        "_parts",
        "_restarting",
        "_stay_connected",
        "_talking",
        "_tasks",
    )

    def __init__(self, installation: Installation) -> None:
        self._stay_connected = installation.stay_connected
        self._parts = assemble(installation, spawn=self._spawn, report=self._report, restart=self._restart)
        self._delivery = Delivery(
            self._parts.outbox,
            self._parts.transactions,
            self._parts.configuration,
            self._parts.clock,
            learn=self._parts.authorizer.learn,
            judged=self._judged,
        )
        self._tasks = asyncio.TaskGroup()
        self._talking: asyncio.Task[None] | None = None
        self._asked: frozenset[tuple[int, str]] = frozenset()
        self._is_over = False
        self._restarting: asyncio.Future[ResetType] = asyncio.get_running_loop().create_future()

    async def run(self, interrupted: Reason) -> ResetType:
        """Be a charge point until a reset, and return which.

        `interrupted` is why the transactions of an earlier life that still ran did not end.
        """
        parts = self._parts
        parts.transactions.end_interrupted(interrupted)
        router = router_for(parts.configuration.items("SupportedFeatureProfiles"))
        responder = StationResponder(
            router,
            Commands(parts),
            parts.registration,
            parts.uplink.complaints,
            parts.clock.now,
            parts.uplink.down,
        )
        noting = NotingResponder(responder, parts.journal)
        parts.journal.note(f"booted with firmware {parts.hardware.boot_notification.firmware_version}")
        parts.journal.note_security("StartupOfTheDevice")
        try:
            async with self._tasks as tasks:
                parts.uploads.recover()
                parts.firmware.resume()
                tasks.create_task(self._stay_connected(partial(parts.uplink.connected, noting)))
                parts.uplink.up.when_set(self._connected)
                self._sample_aligned_if_wanted()
                await self._listen()
                raise _Over  # noqa: TRY301 - a task group ends its tasks when it is left by an exception
        except* _Over:
            pass
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            # Cancelled in the same turn: Python 3.11 lets the group's own exception hide it.
            raise asyncio.CancelledError
        return self._restarting.result()

    @property
    def configuration(self) -> Configuration:
        return self._parts.configuration

    @property
    def uplink(self) -> Uplink:
        return self._parts.uplink

    def snapshot(self) -> StationSnapshot:
        """Return what the charge point looks like now."""
        return photograph(self._parts)

    def glance(self) -> Glance:
        """Return the little that costs nothing to tell."""
        return glance_at(self._parts)

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
        question = present(session, self._parts.authorizer, self._parts.reservations, id_tag)
        if question is not None:
            self._ask((connector_id, id_tag.casefold()), question)

    def fault_raised(
        self, connector_id: int, error_code: ChargePointErrorCode, info: str = "", vendor_error_code: str = ""
    ) -> None:
        place = self._parts.session(connector_id) if connector_id else self._parts.controller
        place.fault_raised(error_code, info, vendor_error_code)
        if not connector_id:
            for session in self._parts.sessions:
                session.withhold(Withheld.CHARGE_POINT)

    def fault_cleared(self, connector_id: int) -> None:
        place = self._parts.session(connector_id) if connector_id else self._parts.controller
        place.fault_cleared()
        if not connector_id:
            for session in self._parts.sessions:
                session.grant(Withheld.CHARGE_POINT)

    def emergency_stopped(self) -> None:
        for session in self._parts.sessions:
            session.stop(Reason.EMERGENCY_STOP)

    # What goes on by itself.

    async def _listen(self) -> None:
        """Listen to the hardware until the restart."""
        self._parts.smart_charging.balance()
        self._parts.reservations.restore()
        self._parts.hardware.attach(self)
        try:
            for session in self._parts.sessions:
                session.boot()
            await self._restarting
        finally:
            self._is_over = True
            self._parts.hardware.attach(None)
            for session in self._parts.sessions:
                session.shut_down()

    def _connected(self) -> None:
        self._parts.journal.note("connected to the central system")
        self._talking = self._spawn(self._talk_until_lost(self._talking))
        self._parts.uplink.down.when_set(self._disconnected)

    def _disconnected(self) -> None:
        self._parts.journal.note("not connected any more")
        if self._talking is not None:
            self._talking.cancel()
        self._parts.uplink.up.when_set(self._connected)

    async def _talk_until_lost(self, before: asyncio.Task[None] | None) -> None:
        # A task of its own: a group that is cancelled while one of its tasks fails raises only the failure,
        # and whoever went on behind it would never end.
        if before is not None:
            await asyncio.wait({before})
        parts = self._parts
        try:
            await self._register()
            async with Errands(parts.uplink) as errands:
                errands.add(parts.status.is_due, parts.status.run)
                errands.add(parts.outbox.is_filled, self._delivery.run)
                errands.add(parts.notices.is_filled, parts.notices.run)
                await beat(parts.uplink, parts.configuration, parts.clock)
        except* Disconnected:
            # It may have been given up because of its silence while it was still there.
            parts.uplink.close()
        finally:
            parts.status.end()

    async def _register(self) -> None:
        parts = self._parts
        if await parts.registration.register(parts.uplink, parts.hardware.boot_notification):
            parts.journal.note("accepted by the central system")
            parts.status.forget()
        sessions = [session.status_notification() for session in parts.sessions]
        parts.status.begin([parts.controller.status_notification(), *sessions])

    def _sample_aligned_if_wanted(self) -> None:
        configuration = self._parts.configuration
        if configuration.integer("ClockAlignedDataInterval"):
            self._spawn(self._sample_aligned())
        else:
            configuration.when_changed(self._sample_aligned_if_wanted)

    async def _sample_aligned(self) -> None:
        parts = self._parts

        def sample(at: datetime) -> None:
            parts.sampling.sample_aligned(at, parts.hardware.main_meter, parts.sessions)

        await clock_aligned(parts.clock, parts.configuration, "ClockAlignedDataInterval", sample)

    # What follows.

    def _judged(self, transaction: Transaction, info: IdTagInfo) -> None:
        name = f"connector {transaction.connector_id}: transaction {transaction.transaction_id}"
        self._parts.journal.note(f"{name} is known, its identifier {info.status}")
        if info.status is AuthorizationStatus.ACCEPTED:
            return
        # It may have ended long ago, at a connector that there is no more.
        for session in self._parts.sessions:
            if session.transaction is not None and session.transaction.key == transaction.key:
                session.judged()

    def _report(self, notification: StatusNotification) -> None:
        parts = self._parts
        note_status(parts.journal, notification)
        parts.status.changed(notification)
        parts.reservations.follow(notification.connector_id, notification.status)
        if notification.connector_id:
            parts.controller.follow([session.status_beneath_fault for session in parts.sessions])

    def _ask(self, what: tuple[int, str], question: Coroutine[Any, Any, None]) -> None:
        """Have a question asked, unless it is being asked: a tag may lie on the reader."""
        if what in self._asked:
            question.close()
            return
        self._asked |= {what}
        self._spawn(question).add_done_callback(lambda _: self._answered(what))

    def _answered(self, what: tuple[int, str]) -> None:
        self._asked -= {what}

    def _restart(self, type: ResetType) -> None:
        if not self._restarting.done():
            self._parts.journal.note(f"restarting: {type} reset")
            self._parts.journal.note_security("ResetOrReboot", type)
            self._restarting.set_result(type)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        if self._is_over:
            # The task group takes no more, but what is going to end with it may still begin things.
            task = asyncio.create_task(work)
            task.cancel()
            return task
        return self._tasks.create_task(work)


class _Over(Exception):
    """The charge point restarts."""
