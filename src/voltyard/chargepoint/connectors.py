"""One connector's sessions: from the plug and the tag to a transaction and back (OCPP 1.6 §3.6, §4.8, §4.10).

Everything here happens at once: hardware and central system call in, what follows is done before they get
their turn again, so no two events ever meet halfway. What takes time is spawned.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from voltyard.chargepoint.authorization import Authorization
from voltyard.chargepoint.cable import Cable
from voltyard.chargepoint.condition import Condition
from voltyard.chargepoint.grace import used_up
from voltyard.chargepoint.hardware import ConnectorHardware
from voltyard.chargepoint.supply import Supply, Withheld
from voltyard.chargepoint.surroundings import Surroundings
from voltyard.chargepoint.transactions import Transaction
from voltyard.charging.connector import Connector, Event
from voltyard.protocol.messages import (
    AvailabilityStatus,
    ChargePointErrorCode,
    ChargePointStatus,
    Reason,
    StatusNotification,
)

EV_SIDE_DISCONNECTED: Final = "EV side disconnected"
"""The text of OCPP 1.6 §4.9 for a cable pulled out of the vehicle."""

_NO_ERROR: Final = ChargePointErrorCode.NO_ERROR
_EV_COMMUNICATION_ERROR: Final = ChargePointErrorCode.EV_COMMUNICATION_ERROR
_FAULTED: Final = ChargePointStatus.FAULTED


class ConnectorSession:
    """What goes on at one connector."""

    def __init__(
        self,
        connector_id: int,
        hardware: ConnectorHardware,
        surroundings: Surroundings,
        *,
        is_operative: bool,
    ) -> None:
        self._hardware = hardware
        self._configuration = surroundings.configuration
        self._transactions = surroundings.transactions
        self._clock = surroundings.clock
        self._spawn = surroundings.spawn
        self._report = surroundings.report
        self._demand_changed = surroundings.demand_changed
        self._sampling = surroundings.sampling
        self._is_operative = is_operative
        self._machine = Connector(connector_id, _initial_status(is_operative))
        self._supply = Supply(hardware, self._switch_failed)
        self._cable = Cable(hardware, self._spawn, self._lock_failed)
        self._authorization: Authorization | None = None
        self._reservation_id: int | None = None
        self._transaction: str | None = None
        self._may_restart = False
        self._uses = 0
        self._condition = Condition(self._clock.now())
        self._waiting: asyncio.Task[None] | None = None
        self._metering: asyncio.Task[None] | None = None
        self._grace: asyncio.Task[None] | None = None

    # What it is like now.

    @property
    def connector_id(self) -> int:
        return self._machine.connector_id

    @property
    def hardware(self) -> ConnectorHardware:
        return self._hardware

    @property
    def status(self) -> ChargePointStatus:
        return self._machine.status

    @property
    def status_beneath_fault(self) -> ChargePointStatus:
        """The status there would be without a fault."""
        return self._machine.status_beneath_fault

    @property
    def error_code(self) -> ChargePointErrorCode:
        return self._condition.error_code(self.status)

    @property
    def authorization(self) -> Authorization | None:
        """Who is about to charge or charges."""
        return self._authorization

    @property
    def locked_for(self) -> Authorization | None:
        """Whose identifier lets go of the cable after a transaction that was not to be (errata 3.5)."""
        return self._cable.kept_for

    @property
    def uses(self) -> int:
        """How often somebody has begun or left; who asked before that to begin does not want it any more."""
        return self._uses

    @property
    def transaction(self) -> Transaction | None:
        """The transaction in progress."""
        return None if self._transaction is None else self._transactions[self._transaction]

    @property
    def wants_energy(self) -> bool:
        """Whether there is a transaction whose vehicle would take energy if it was offered some."""
        return self._transaction is not None and not self._supply.is_withheld and self._hardware.wants_energy

    @property
    def may_begin(self) -> bool:
        """Whether an identifier presented now can begin a session.

        At a reserved connector it can; whether it is the right one is for the reservation to say.
        """
        match self.status:
            case ChargePointStatus.AVAILABLE | ChargePointStatus.RESERVED:
                return True
            case ChargePointStatus.PREPARING:
                return self._authorization is None
            case ChargePointStatus.FINISHING:
                is_free = self._may_restart and self.locked_for is None
                return is_free and self._is_operative and self._hardware.is_plugged
            case _:
                return False

    def status_notification(self) -> StatusNotification:
        """Return the status as it is reported."""
        return self._condition.status_notification(self.connector_id, self.status)

    # What the hardware tells.

    def plugged_in(self) -> None:
        """Take notice of a vehicle."""
        if self._transaction is not None:
            self._follow_supply(info="")
            self._demand_changed()
        elif self._authorization is not None:
            self._start(self._authorization)
        elif self._machine.may(Event.USAGE_BEGINS) and not self._is_kept:
            self._prepare()

    def ev_disconnected(self) -> None:
        """Take notice of a cable pulled out of the vehicle (OCPP 1.6 §4.10)."""
        if self._transaction is None:
            return
        if self._configuration.boolean("StopTransactionOnEVSideDisconnect"):
            self.stop(Reason.EV_DISCONNECTED, info=EV_SIDE_DISCONNECTED)
        else:
            self._follow_supply(info=EV_SIDE_DISCONNECTED)
            self._demand_changed()

    def unplugged(self) -> None:
        """Take notice of a connector with nothing in it."""
        self._condition.warn(_NO_ERROR)
        self._supply.grant(Withheld.EV_COMMUNICATION)
        if self._hardware.has_lock:
            # In a transaction this takes a lock that failed: there is no cable left to go on with.
            self.stop(Reason.EV_DISCONNECTED, info=EV_SIDE_DISCONNECTED)
        else:
            self.ev_disconnected()
        if self._transaction is None:
            self._leave()

    def supply_changed(self) -> None:
        """Take notice of a vehicle that begins or ceases to take energy."""
        self._follow_supply()
        self._demand_changed()

    def fault_raised(
        self, error_code: ChargePointErrorCode, info: str = "", vendor_error_code: str = ""
    ) -> None:
        """Stop the energy; a transaction in progress goes on without any (OCPP 1.6 §4.9)."""
        if error_code is _EV_COMMUNICATION_ERROR:
            self._warn_of_vehicle()
            return
        self._condition.fail(error_code, info, vendor_error_code)
        self._supply.withhold(Withheld.FAULT)
        if self._machine.may(Event.FAULT):
            if self._transaction is not None:
                self._sampling.interrupted(self._transaction, self._hardware)
            self._apply(Event.FAULT)
        else:
            self._notify()
        self._demand_changed()

    def fault_cleared(self) -> None:
        """Go back to what there was before the fault, or would be now without it."""
        if self._machine.may(Event.FAULT_CLEARED):
            self._condition.mend()
            self._supply.grant(Withheld.FAULT)
            if self._transaction is not None:
                self._sampling.resumed(self._transaction, self._hardware)
            self._apply(Event.FAULT_CLEARED)
        elif self._condition.warning is _EV_COMMUNICATION_ERROR:
            self._set_warning(_NO_ERROR)
            self._supply.grant(Withheld.EV_COMMUNICATION)
        if self._transaction is not None:
            self._follow_supply()
        elif self._authorization is not None and self._hardware.is_plugged:
            self._start(self._authorization)
        self._demand_changed()

    def withhold(self, reason: Withheld) -> None:
        """Offer nothing for a reason outside of the connector; a transaction goes on suspended."""
        self._supply.withhold(reason)
        self._follow_supply()
        self._demand_changed()

    def grant(self, reason: Withheld) -> None:
        """Take such a reason away."""
        self._supply.grant(reason)
        self._follow_supply()
        self._demand_changed()

    # What drivers and the central system want.

    def begin(self, authorization: Authorization, reservation_id: int | None = None) -> bool:
        """Begin a session for somebody who may charge; False if that is not possible any more.

        `reservation_id` is the reservation that the transaction will end.
        """
        if not self.may_begin:
            return False
        if self._machine.may(Event.USAGE_BEGINS):
            self._prepare()
        self._uses += 1
        self._authorization = authorization
        self._reservation_id = reservation_id
        if self._hardware.is_plugged:
            self._start(authorization)
        return True

    def cancel(self) -> None:
        """Take back an authorization nothing came of yet: a second tap (transition B1)."""
        self._leave()
        self.look_around()

    def stop(self, reason: Reason, id_tag: str | None = None, *, info: str = "") -> None:
        """End the transaction in progress, if there is one, and let go of the cable where that is due."""
        if self._transaction is None:
            return
        self._sampling.end(self._transaction, self._hardware, reason, id_tag)
        self._transaction = None
        _cancel(self._metering)
        self._metering = None
        _cancel(self._grace)
        self._grace = None
        self._supply.close()
        self._may_restart = reason is not Reason.DE_AUTHORIZED
        if self._keeps_lock(reason):
            self._cable.keep_for(self._authorization)
        else:
            self.release()
        self._authorization = None
        self._apply(Event.TRANSACTION_STOPS, info)
        if not (self._hardware.has_lock or self._hardware.is_plugged):
            # A fixed cable that hangs free: nothing is left to do.
            self._leave()
        self._demand_changed()

    def limit(self, current_a: float) -> None:
        """Offer no more than so many amperes per phase; infinity is no limit (OCPP 1.6 §3.13).

        What is too little to be offered suspends the transaction.
        """
        self._supply.limit(current_a)
        self._follow_supply()

    def reserve(self) -> bool:
        """Keep the connector for somebody (transition A7); False if it is not free."""
        if not self._machine.may(Event.RESERVED):
            return False
        self._apply(Event.RESERVED)
        return True

    def unreserve(self) -> None:
        """Keep the connector for nobody any more (G1, G8)."""
        if self.status_beneath_fault is not ChargePointStatus.RESERVED:
            return
        self._apply(Event.ENDS if self._is_operative else Event.ENDS_UNAVAILABLE)
        self.look_around()

    def forget_reservation(self) -> None:
        """Go on without the reservation that the transaction was to end: it has ended before."""
        self._reservation_id = None

    def release(self) -> None:
        """Let go of the cable."""
        self._cable.release()

    def unlock(self) -> Coroutine[Any, Any, bool]:
        """End the transaction in progress, if there is one, and let go of the cable (OCPP 1.6 §5.18).

        Returns False when the mechanism failed.
        """
        self.stop(Reason.UNLOCK_COMMAND)
        return self._cable.unlock()

    def judged(self) -> None:
        """The central system does not accept the identifier of the transaction (OCPP 1.6 §4.8)."""
        grace_wh = self._configuration.integer("MaxEnergyOnInvalidId")
        if grace_wh == 0:
            self._de_authorize()
        elif self._grace is None or self._grace.done():
            self._grace = self._spawn(self._de_authorize_after(grace_wh))

    def set_operative(self, is_operative: bool) -> AvailabilityStatus:
        """Take the connector into or out of service, or do so when it is free (OCPP 1.6 §5.2)."""
        self._is_operative = is_operative
        if is_operative:
            self._enter_service()
            return AvailabilityStatus.ACCEPTED
        self.unreserve()
        if self.status_beneath_fault is ChargePointStatus.PREPARING:
            # There is no transition from Preparing to Unavailable: the incipient session is cancelled.
            self._abandon()
            self._apply(Event.ENDS)
        if self._machine.may(Event.INOPERATIVE):
            self._apply(Event.INOPERATIVE)
        is_out = self.status_beneath_fault is ChargePointStatus.UNAVAILABLE
        return AvailabilityStatus.ACCEPTED if is_out else AvailabilityStatus.SCHEDULED

    def boot(self) -> None:
        """Begin as if nobody had ever charged: what an earlier life offered or kept locked is of the past."""
        self._supply.close()
        if self._hardware.is_plugged:
            self.release()
        self.look_around()

    def shut_down(self) -> None:
        """Offer nothing any more: nobody would notice what flows."""
        self._supply.close()

    def look_around(self) -> None:
        """Take notice of a vehicle that was there before the connector was free for it."""
        if self._hardware.is_plugged and self._transaction is None:
            self.plugged_in()

    # How one thing leads to another.

    @property
    def _is_kept(self) -> bool:
        # Plugging in does not begin a session there (errata 3.20, §5.13), presenting the right tag does.
        return self.status_beneath_fault in {
            ChargePointStatus.FINISHING,
            ChargePointStatus.RESERVED,
        }

    def _prepare(self) -> None:
        self._apply(Event.USAGE_BEGINS)
        self._wait_for_completion()

    def _wait_for_completion(self) -> None:
        timeout_s = self._configuration.integer("ConnectionTimeOut")
        self._stop_waiting()
        if timeout_s > 0:
            self._waiting = self._spawn(self._time_out(timeout_s))

    def _stop_waiting(self) -> None:
        _cancel(self._waiting)
        # A dead task weighs as much as one that lives.
        self._waiting = None

    async def _time_out(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._waiting = None
        self._authorization = None
        self._reservation_id = None
        self._may_restart = False
        # A cable without a tag: Finishing, so that a stranger's tag cannot charge with it (errata 3.20).
        self._apply(Event.TAG_TIMES_OUT if self._hardware.is_plugged else Event.ENDS)

    def _start(self, authorization: Authorization) -> None:
        if self.status is _FAULTED:
            return
        self._stop_waiting()
        transaction = self._sampling.begin(
            self.connector_id,
            self._hardware,
            authorization.id_tag,
            authorization.parent_id_tag,
            reservation_id=self._reservation_id,
        )
        self._reservation_id = None
        self._transaction = transaction.key
        self._cable.hold()
        # How much there is for whom has changed: limits are set anew before anything is offered.
        self._demand_changed()
        self._supply.open()
        self._follow_supply()
        self._metering = self._spawn(self._sampling.during(transaction, self._hardware))

    def _follow_supply(self, info: str | None = None) -> None:
        """Report what the supply means for the status; `info` is told even where that stays as it is."""
        if self._transaction is None:
            return
        event = self._supply.event()
        if self._machine.may(event):
            self._apply(event, info or "")
        elif info is not None and self._condition.remark(info) and self.status is not _FAULTED:
            self._notify()

    def _warn_of_vehicle(self) -> None:
        # No fault of the connector: it suspends (OCPP 1.6 §7.6).
        if not self._hardware.is_plugged:
            return
        self._supply.withhold(Withheld.EV_COMMUNICATION)
        self._condition.warn(_EV_COMMUNICATION_ERROR)
        before = self.status
        self._follow_supply()
        if self.status is before:
            self._notify()
        self._demand_changed()

    def _de_authorize(self) -> None:
        if self._configuration.boolean("StopTransactionOnInvalidId"):
            self.stop(Reason.DE_AUTHORIZED)
            return
        self.withhold(Withheld.INVALID_ID)

    async def _de_authorize_after(self, energy_wh: int) -> None:
        await used_up(self._hardware, self._clock, energy_wh)
        self._grace = None
        self._de_authorize()

    def _leave(self) -> None:
        self._abandon()
        if self.locked_for is not None:
            # It was torn out: an empty socket is locked for nobody.
            self.release()
        event = Event.ENDS if self._is_operative else Event.ENDS_UNAVAILABLE
        if self._machine.may(event):
            self._apply(event)

    def _abandon(self) -> None:
        self._uses += 1
        self._stop_waiting()
        self._authorization = None
        self._reservation_id = None
        self._may_restart = False

    def _enter_service(self) -> None:
        if self._hardware.is_plugged and self._machine.may(Event.OPERATIVE_IN_USE):
            self._apply(Event.OPERATIVE_IN_USE)
            self._wait_for_completion()
        elif self._machine.may(Event.OPERATIVE):
            self._apply(Event.OPERATIVE)

    def _keeps_lock(self, reason: Reason) -> bool:
        if not self._hardware.has_lock:
            return False
        if reason is Reason.EV_DISCONNECTED:
            return not self._configuration.boolean("UnlockConnectorOnEVSideDisconnect")
        return reason is Reason.DE_AUTHORIZED

    def _lock_failed(self) -> None:
        # A warning until the cable is out: charging goes on to be possible.
        self._set_warning(ChargePointErrorCode.CONNECTOR_LOCK_FAILURE)

    def _set_warning(self, error_code: ChargePointErrorCode) -> None:
        self._condition.warn(error_code)
        self._notify()

    def _switch_failed(self) -> None:
        # Later: what could not be offered was part of something that goes on first.
        self._spawn(self._give_up_switch())

    async def _give_up_switch(self) -> None:
        if self.status is not _FAULTED:
            self.fault_raised(ChargePointErrorCode.POWER_SWITCH_FAILURE)

    def _apply(self, event: Event, info: str = "") -> None:
        if self._machine.apply(event) is not None:
            self._condition.remark(info)
            self._notify()

    def _notify(self) -> None:
        self._condition.changed(self._clock.now())
        self._report(self.status_notification())


def _initial_status(is_operative: bool) -> ChargePointStatus:
    return ChargePointStatus.AVAILABLE if is_operative else ChargePointStatus.UNAVAILABLE


def _cancel(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
