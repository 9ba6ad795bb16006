"""CALLs that are answered before they can be stored: which ones, with what, and how they are stored later."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Concatenate, NamedTuple

from msgspec import Struct

from voltyard.central.instants import from_us, to_us
from voltyard.central.services import metering, reports, transactions
from voltyard.central.services.authorization import fold
from voltyard.central.services.origin import Origin
from voltyard.central.services.ports import UnitOfWork
from voltyard.central.services.registration import quarantine, record_deviations
from voltyard.central.services.transactions import Told
from voltyard.protocol.codec import PayloadDecoder
from voltyard.protocol.errors import ErrorCode, InvalidPayload
from voltyard.protocol.messages import (
    DiagnosticsStatusNotification,
    DiagnosticsStatusNotificationResponse,
    FirmwareStatusNotification,
    FirmwareStatusNotificationResponse,
    LogStatusNotification,
    LogStatusNotificationResponse,
    MeterValues,
    MeterValuesResponse,
    SecurityEventNotification,
    SecurityEventNotificationResponse,
    SignedFirmwareStatusNotification,
    SignedFirmwareStatusNotificationResponse,
    StartTransaction,
    StatusNotification,
    StatusNotificationResponse,
    StopTransaction,
    StopTransactionResponse,
)
from voltyard.protocol.payload import Payload, Request

Service = Callable[Concatenate[UnitOfWork, Origin, Any, int, ...], Payload]

# What needs nothing of the database to be answered. A StopTransaction may leave its idTagInfo out (OCPP 1.6
# §6.50); a StartTransaction needs an id, which the reserve has.
ANSWERS: Mapping[str, Payload] = {
    DiagnosticsStatusNotification.action: DiagnosticsStatusNotificationResponse(),
    FirmwareStatusNotification.action: FirmwareStatusNotificationResponse(),
    LogStatusNotification.action: LogStatusNotificationResponse(),
    MeterValues.action: MeterValuesResponse(),
    SecurityEventNotification.action: SecurityEventNotificationResponse(),
    SignedFirmwareStatusNotification.action: SignedFirmwareStatusNotificationResponse(),
    StatusNotification.action: StatusNotificationResponse(),
    StopTransaction.action: StopTransactionResponse(),
}

_SERVICES: Mapping[type[Request[Any]], Service] = {
    DiagnosticsStatusNotification: reports.diagnostics_status,
    FirmwareStatusNotification: reports.firmware_status,
    LogStatusNotification: reports.log_status,
    MeterValues: metering.meter_values,
    SecurityEventNotification: reports.security_event,
    SignedFirmwareStatusNotification: reports.signed_firmware_status,
    StartTransaction: transactions.start_transaction,
    StatusNotification: reports.status,
    StopTransaction: transactions.stop_transaction,
}


class Refusal(Struct, frozen=True):
    """Why a CALL got a CALLERROR; what concerns a transaction is kept all the same."""

    error_code: str
    description: str


class SpooledCall(Struct, frozen=True, array_like=True):
    """One CALL as it waits: `content` is its payload, or the whole frame if it was refused."""

    charge_point_id: int
    identity: str
    received_at_us: int
    action: str
    content: bytes
    told: Told | None = None
    refusal: Refusal | None = None


class StartKey(NamedTuple):
    """What makes two StartTransactions the same (rulings, Transactions)."""

    charge_point_id: int
    connector_id: int
    id_tag_key: str
    started_at_us: int
    meter_start: int


def start_key(charge_point_id: int, request: StartTransaction) -> StartKey:
    """Return the key of a start."""
    return StartKey(
        charge_point_id,
        request.connector_id,
        fold(request.id_tag),
        to_us(request.timestamp),
        request.meter_start,
    )


class SpoolStore:
    """Stores spooled CALLs as if they came now, but for the time of receipt. Twice does no harm."""

    def __init__(self) -> None:
        self._routes = {
            request.action: (PayloadDecoder(request), service) for request, service in _SERVICES.items()
        }
        self._read_start = PayloadDecoder(StartTransaction)

    def start_key(self, call: SpooledCall) -> StartKey:
        """Return the key of a StartTransaction that waits."""
        decoded = self._read_start.tolerant(call.content, from_us(call.received_at_us))
        return start_key(call.charge_point_id, decoded.payload)

    def store(self, work: UnitOfWork, calls: Sequence[SpooledCall]) -> list[SpooledCall]:
        """Store CALLs in their order; return those of charge points that this database does not know."""
        unclaimed = []
        origins: dict[str, Origin | None] = {}
        for call in calls:
            if call.identity not in origins:
                origins[call.identity] = _origin(work, call.identity)
            origin = origins[call.identity]
            if origin is None:
                unclaimed.append(call)
            else:
                self._store(work, origin, call)
        return unclaimed

    def set_aside(self, work: UnitOfWork, call: SpooledCall, reason: str) -> None:
        """Keep raw what cannot be stored as what it is."""
        origin = _origin(work, call.identity)
        if origin is not None:
            _quarantine(work, origin, call, ErrorCode.INTERNAL_ERROR, reason, call.content)

    def _store(self, work: UnitOfWork, origin: Origin, call: SpooledCall) -> None:
        if call.refusal is not None:
            _quarantine(work, origin, call, call.refusal.error_code, call.refusal.description, call.content)
            return
        decoder, service = self._routes[call.action]
        try:
            request, deviations, dropped = decoder.tolerant(call.content, from_us(call.received_at_us))
        except InvalidPayload as error:  # read by another version of the program
            _quarantine(work, origin, call, error.code, error.description, call.content)
            return
        if deviations:
            record_deviations(work, origin, call.action, deviations, call.received_at_us)
        for part in dropped:
            reason = f"{part.path}: {part.reason}"
            _quarantine(work, origin, call, ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, reason, part.raw)
        extra = () if call.told is None else (call.told,)
        service(work, origin, request, call.received_at_us, *extra)


def _origin(work: UnitOfWork, identity: str) -> Origin | None:
    charge_point = work.charge_points.find(identity)
    return None if charge_point is None else Origin(charge_point.id, identity)


def _quarantine(
    work: UnitOfWork, origin: Origin, call: SpooledCall, code: str, reason: str, raw: bytes
) -> None:
    text = raw.decode("utf-8", "replace")
    quarantine(work, origin, call.action, code, reason, text, call.received_at_us)
