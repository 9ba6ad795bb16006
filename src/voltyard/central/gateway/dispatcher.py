"""Sends queued commands: per charge point one at a time, each taken durably before and recorded after."""

from __future__ import annotations

import asyncio

import structlog
from msgspec import json

from voltyard.central.credentials import hash_password
from voltyard.central.gateway.session import Session
from voltyard.central.gateway.stations import Stations
from voltyard.central.instants import from_us, now_us
from voltyard.central.services.commands import (
    Ending,
    carries_password,
    end_command,
    offer_password,
    take_next,
)
from voltyard.central.services.origin import Origin
from voltyard.central.services.records import Command, CommandStatus
from voltyard.central.services.registration import record_deviations
from voltyard.central.storage.errors import StorageFailed
from voltyard.central.storage.ledger import Ledger
from voltyard.protocol.actions import ACTIONS
from voltyard.protocol.codec import PayloadDecoder
from voltyard.protocol.errors import InvalidPayload
from voltyard.protocol.masking import without_password, without_secret
from voltyard.protocol.messages import RegistrationStatus
from voltyard.transport.errors import AnswerInvalid, CallRejected, CallTimedOut, Disconnected

# What a charge point sends because it was asked to, where the name is not that of the action itself.
_TRIGGERED_ACTIONS = {
    ("ExtendedTriggerMessage", "FirmwareStatusNotification"): "SignedFirmwareStatusNotification",
    ("ExtendedTriggerMessage", "SignChargePointCertificate"): "SignCertificate",
}

_log = structlog.get_logger()


class Dispatcher:
    """Drains the command queue of each connected charge point."""

    def __init__(self, ledger: Ledger, stations: Stations, call_timeout_s: float) -> None:
        self._ledger = ledger
        self._stations = stations
        self._call_timeout_s = call_timeout_s
        self._draining: dict[int, asyncio.Task[None]] = {}
        self._woken: set[int] = set()
        self._closed = False
        # Ends that could not be recorded, one at most for each charge point.
        self._unrecorded: dict[int, tuple[str, Ending, int]] = {}
        self._decoders = {
            action.name: PayloadDecoder(action.response)
            for action in ACTIONS.values()
            if action.from_central_system
        }

    def wake(self, charge_point_id: int) -> None:
        """Look at the queue of a charge point, if it is connected and may be talked to."""
        session = self._stations.get(charge_point_id)
        if self._closed or session is None or session.registration in {None, RegistrationStatus.REJECTED}:
            return
        if charge_point_id in self._draining:
            self._woken.add(charge_point_id)
            return
        task = asyncio.create_task(self._drain(session))
        self._draining[charge_point_id] = task
        task.add_done_callback(lambda _: self._drained(charge_point_id))

    async def close(self) -> None:
        """Stop sending; what is under way ends as unknown at the next start."""
        self._closed = True
        tasks = list(self._draining.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _drained(self, charge_point_id: int) -> None:
        task = self._draining.pop(charge_point_id)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("sending commands failed", charge_point_id=charge_point_id, exc_info=error)
        if charge_point_id in self._woken:
            self._woken.discard(charge_point_id)
            self.wake(charge_point_id)

    async def _drain(self, session: Session) -> None:
        origin = session.origin
        try:
            await self._record(origin)
            while self._stations.get(origin.id) is session:
                command = await self._ledger.run(take_next, origin, now_us())
                if command is None:
                    return
                ending = await self._send(session, command)
                self._unrecorded[origin.id] = (command.id, ending, now_us())
                await self._record(origin)
        except StorageFailed as error:
            # It is made up for when the charge point is looked at the next time.
            _log.warning("command not recorded", charge_point=origin.identity, error=error.detail)

    async def _record(self, origin: Origin) -> None:
        ended = self._unrecorded.get(origin.id)
        if ended is not None:
            id, ending, at_us = ended
            await self._ledger.run(end_command, origin, id, ending, at_us)
            del self._unrecorded[origin.id]

    async def _send(self, session: Session, command: Command) -> Ending:
        if not carries_password(command):
            return await self._call(session, command, None)
        password: str = json.decode(command.payload)["value"]
        hashed = await asyncio.to_thread(hash_password, password)
        await self._ledger.run(offer_password, session.origin.id, hashed)
        ending = await self._call(session, command, password)
        return Ending(
            ending.status,
            *(
                None if text is None else without_secret(text, password)
                for text in (ending.response, ending.error_code, ending.error_description)
            ),
        )

    async def _call(self, session: Session, command: Command, secret: str | None) -> Ending:
        self._expect_triggered(session, command)
        try:
            answer = await session.call(
                command.id, command.action, command.payload.encode(), self._call_timeout_s, secret
            )
        except CallRejected as error:
            return Ending(
                CommandStatus.REJECTED, error_code=error.code[:255], error_description=error.description[:255]
            )
        except AnswerInvalid as error:
            return Ending(CommandStatus.INVALID, error_description=str(error)[:255])
        except CallTimedOut:
            return Ending(CommandStatus.TIMED_OUT)
        except Disconnected:
            return Ending(CommandStatus.UNKNOWN)
        return self._read(session, command, answer)

    def _read(self, session: Session, command: Command, answer: bytes) -> Ending:
        text = without_password(answer).decode("utf-8", "replace")
        try:
            _, deviations, _ = self._decoders[command.action].tolerant(answer, from_us(now_us()))
        except InvalidPayload as error:
            return Ending(CommandStatus.INVALID, response=text, error_description=error.description)
        if deviations:
            self._ledger.post(record_deviations, session.origin, command.action, deviations, now_us())
        return Ending(CommandStatus.ANSWERED, response=text)

    @staticmethod
    def _expect_triggered(session: Session, command: Command) -> None:
        if command.action in {"TriggerMessage", "ExtendedTriggerMessage"}:
            wanted = json.decode(command.payload)["requestedMessage"]
            session.expect(_TRIGGERED_ACTIONS.get((command.action, wanted), wanted))
