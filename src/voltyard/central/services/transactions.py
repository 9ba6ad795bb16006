"""Transactions: every start and stop is kept and answered, once, whatever it says (rulings, Transactions)."""

from __future__ import annotations

from msgspec import Struct, json

from voltyard.central.instants import to_us
from voltyard.central.services.authorization import authorize, authorize_start, fold
from voltyard.central.services.events import Event
from voltyard.central.services.metering import link_earlier_values, store_meter_values
from voltyard.central.services.origin import Origin
from voltyard.central.services.ports import UnitOfWork
from voltyard.central.services.records import STOP_MISSING, Command, Stop, Transaction
from voltyard.protocol.messages import (
    AuthorizationStatus,
    IdTagInfo,
    Reason,
    StartTransaction,
    StartTransactionResponse,
    StopTransaction,
    StopTransactionResponse,
)

# A clock that is this far from ours is worth a mark; nothing is corrected.
CLOCK_SKEW_US = 5 * 60 * 1_000_000
_HOUR_US = 3600 * 1_000_000
_UNVERIFIED = "authorized_unverified"


class Told(Struct, frozen=True):
    """What a charge point was told about its start before it could be recorded."""

    number: int
    id: int
    # Its tag was taken as accepted, as the charge point had done, because it could not be looked up.
    is_unverified: bool


def start_transaction(
    work: UnitOfWork,
    origin: Origin,
    request: StartTransaction,
    received_at_us: int,
    told: Told | None = None,
) -> StartTransactionResponse:
    """Record a start, whatever its tag is worth; the same start again is the same transaction."""
    started_at_us = to_us(request.timestamp)
    key = fold(request.id_tag)
    known = work.transactions.find_start(
        origin.id, request.connector_id, started_at_us, key, request.meter_start
    )
    if known is not None:
        if told is not None:
            _note_told(work, known, told, received_at_us)
        verdict = authorize_start(work, request.id_tag, received_at_us, transaction_id=known.id)
        told_id = work.transactions.told_id(origin.id, known.id)
        return StartTransactionResponse(transaction_id=told_id, id_tag_info=verdict)
    verdict = authorize_start(work, request.id_tag, received_at_us, transaction_id=0)
    number, id = work.transactions.issue_id() if told is None else (told.number, told.id)
    anomalies = _start_anomalies(request, verdict, started_at_us, received_at_us)
    if told is not None and told.is_unverified:
        anomalies.append(_UNVERIFIED)
    transaction = Transaction(
        number=number,
        id=id,
        charge_point_id=origin.id,
        connector_id=request.connector_id,
        id_tag=request.id_tag,
        id_tag_key=key,
        authorization=verdict.status,
        reservation_id=request.reservation_id,
        meter_start=request.meter_start,
        started_at_us=started_at_us,
        start_received_at_us=received_at_us,
        meter_stop=None,
        stopped_at_us=None,
        stop_received_at_us=None,
        stop_reason=None,
        stop_id_tag=None,
        anomalies=" ".join(anomalies),
    )
    work.transactions.add(transaction)
    work.publish(
        Event(
            "transaction.started",
            origin.identity,
            received_at_us,
            {
                "id": transaction.id,
                "connector_id": request.connector_id,
                "id_tag": request.id_tag,
                "meter_start": request.meter_start,
                "authorization": str(verdict.status),
            },
        )
    )
    _flag_unended(work, transaction)
    _link_earlier(work, origin, transaction)
    _link_remote_start(work, transaction)
    return StartTransactionResponse(transaction_id=transaction.id, id_tag_info=verdict)


def stop_transaction(
    work: UnitOfWork, origin: Origin, request: StopTransaction, received_at_us: int
) -> StopTransactionResponse:
    """Record a stop; it is answered in any case, and the first one of a transaction counts."""
    transaction = work.transactions.get(origin.id, request.transaction_id)
    stop = Stop(
        charge_point_id=origin.id,
        sent_transaction_id=request.transaction_id,
        transaction_id=None,
        id_tag=request.id_tag,
        meter_stop=request.meter_stop,
        stopped_at_us=to_us(request.timestamp),
        # Left out it means Local (OCPP 1.6 §6.49).
        reason=str(request.reason or Reason.LOCAL),
        received_at_us=received_at_us,
    )
    if transaction is None:
        transaction = _match_unlinked(work, origin, stop)
    if transaction is None:
        work.transactions.add_stop(stop)
    else:
        _end(work, origin, transaction, stop)
    if request.transaction_data:
        store_meter_values(
            work,
            charge_point_id=origin.id,
            connector_id=0 if transaction is None else transaction.connector_id,
            sent_transaction_id=request.transaction_id,
            transaction_number=0 if transaction is None else transaction.number,
            meter_values=request.transaction_data,
            received_at_us=received_at_us,
        )
    return StopTransactionResponse(id_tag_info=_stopping_tag(work, request, received_at_us))


def add_anomalies(transaction: Transaction, *words: str) -> str:
    """Return the anomalies of a transaction with some more."""
    return " ".join(dict.fromkeys([*transaction.anomalies.split(), *words]))


def _note_told(work: UnitOfWork, known: Transaction, told: Told, received_at_us: int) -> None:
    # Its first answer was lost, so the charge point knows it by the id of the second.
    if told.id != known.id:
        work.transactions.add_alias(known.charge_point_id, told.id, known.id, received_at_us)
    if told.is_unverified:
        work.transactions.set(known.id, anomalies=add_anomalies(known, _UNVERIFIED))


def _start_anomalies(
    request: StartTransaction, verdict: IdTagInfo, started_at_us: int, received_at_us: int
) -> list[str]:
    anomalies = []
    if verdict.status is not AuthorizationStatus.ACCEPTED:
        anomalies.append("not_authorized")
    if request.meter_start < 0:
        anomalies.append("negative_meter_start")
    if request.connector_id == 0:
        anomalies.append("connector_zero")
    if started_at_us > received_at_us + CLOCK_SKEW_US:
        anomalies.append("starts_in_future")
    return anomalies


def _flag_unended(work: UnitOfWork, starting: Transaction) -> None:
    # A new start on a connector with an open transaction keeps both and flags the old one.
    for running in work.transactions.running(starting.charge_point_id):
        if (
            running.connector_id == starting.connector_id
            and running.id != starting.id
            and running.started_at_us <= starting.started_at_us
        ):
            work.transactions.set(running.id, anomalies=add_anomalies(running, STOP_MISSING))


def _link_earlier(work: UnitOfWork, origin: Origin, transaction: Transaction) -> None:
    """Give a late start what came before it: stops and meter values of a transaction not known then."""
    stops = work.transactions.unlinked_stops(origin.id)
    stop = next((stop for stop in stops if _precedes(stop, transaction)), None)
    next_start_us = work.transactions.next_start_us(
        origin.id, transaction.connector_id, transaction.started_at_us
    )
    link_earlier_values(work, transaction, stop, next_start_us)
    if stop is not None:
        work.transactions.link_stop(stop, transaction.id)
        _end(work, origin, transaction, stop)
    elif next_start_us is not None:
        work.transactions.set(transaction.id, anomalies=add_anomalies(transaction, STOP_MISSING))


def _link_remote_start(work: UnitOfWork, transaction: Transaction) -> None:
    # There is no request id: the tag, the connector and the time tell (reference A.24).
    since_us = transaction.start_received_at_us - _HOUR_US
    for command in work.commands.awaiting_start(transaction.charge_point_id, since_us):
        if _wants(command, transaction):
            work.commands.set(command.id, transaction_id=transaction.id)
            return


def _wants(command: Command, transaction: Transaction) -> bool:
    if command.response is not None and json.decode(command.response).get("status") != "Accepted":
        return False
    if command.sent_at_us is None or transaction.started_at_us + CLOCK_SKEW_US < command.sent_at_us:
        return False
    wanted = json.decode(command.payload)
    return fold(wanted["idTag"]) == transaction.id_tag_key and wanted.get("connectorId") in {
        None,
        transaction.connector_id,
    }


def _match_unlinked(work: UnitOfWork, origin: Origin, stop: Stop) -> Transaction | None:
    """Return the one transaction of this charge point that a stop without a usable id can mean."""
    # Sent again it means what it meant before.
    linked_id = work.transactions.linked_to(stop)
    if linked_id is not None:
        return work.transactions.get(origin.id, linked_id)
    match [running for running in work.transactions.running(origin.id) if _fits(running, stop)]:
        case [transaction]:
            work.transactions.add_stop(stop)
            work.transactions.link_stop(stop, transaction.id)
            return transaction
        case _:
            return None


def _precedes(stop: Stop, transaction: Transaction) -> bool:
    """Whether a stop that came before its start can be that of this one, which did not begin after it."""
    return _fits(transaction, stop) and transaction.started_at_us <= stop.received_at_us + CLOCK_SKEW_US


def _fits(transaction: Transaction, stop: Stop) -> bool:
    if transaction.started_at_us > stop.stopped_at_us or transaction.meter_start > stop.meter_stop:
        return False
    if stop.id_tag is None:
        # An id above 0 was issued by somebody; without a tag nothing says that it means this transaction.
        return stop.sent_transaction_id <= 0
    return fold(stop.id_tag) == transaction.id_tag_key


def _end(work: UnitOfWork, origin: Origin, transaction: Transaction, stop: Stop) -> None:
    if transaction.stopped_at_us is not None:
        _keep_other_stop(work, transaction, stop)
        return
    anomalies = []
    sent_id = stop.sent_transaction_id
    if sent_id != transaction.id and sent_id != work.transactions.told_id(origin.id, transaction.id):
        anomalies.append("stop_matched")
    if stop.stopped_at_us < transaction.started_at_us:
        anomalies.append("stop_before_start")
    if stop.meter_stop < transaction.meter_start:
        anomalies.append("meter_ran_backwards")
    if stop.stopped_at_us > stop.received_at_us + CLOCK_SKEW_US:
        anomalies.append("stops_in_future")
    work.transactions.set(
        transaction.id,
        meter_stop=stop.meter_stop,
        stopped_at_us=stop.stopped_at_us,
        stop_received_at_us=stop.received_at_us,
        stop_reason=stop.reason,
        stop_id_tag=stop.id_tag,
        anomalies=" ".join(
            word for word in add_anomalies(transaction, *anomalies).split() if word != STOP_MISSING
        ),
    )
    work.publish(
        Event(
            "transaction.stopped",
            origin.identity,
            stop.received_at_us,
            {
                "id": transaction.id,
                "connector_id": transaction.connector_id,
                "meter_stop": stop.meter_stop,
                "energy_wh": max(0, stop.meter_stop - transaction.meter_start),
                "reason": stop.reason,
            },
        )
    )


def _keep_other_stop(work: UnitOfWork, transaction: Transaction, stop: Stop) -> None:
    if stop.meter_stop == transaction.meter_stop and stop.stopped_at_us == transaction.stopped_at_us:
        return
    evidence = Stop(
        charge_point_id=stop.charge_point_id,
        sent_transaction_id=stop.sent_transaction_id,
        transaction_id=transaction.id,
        id_tag=stop.id_tag,
        meter_stop=stop.meter_stop,
        stopped_at_us=stop.stopped_at_us,
        reason=stop.reason,
        received_at_us=stop.received_at_us,
    )
    if work.transactions.add_stop(evidence):
        work.transactions.set(transaction.id, anomalies=add_anomalies(transaction, "second_stop"))


def _stopping_tag(work: UnitOfWork, request: StopTransaction, at_us: int) -> IdTagInfo | None:
    # Only a tag that was presented is judged (reference A.34).
    if request.id_tag is None:
        return None
    return authorize(work.id_tags.get(request.id_tag), at_us)
