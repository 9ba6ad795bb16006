"""Meter values: stored as sent, once, with the columns that queries need."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from msgspec import json

from voltyard.central.instants import to_us
from voltyard.central.services.events import Event
from voltyard.central.services.origin import Origin
from voltyard.central.services.ports import UnitOfWork
from voltyard.central.services.records import MeterRow, Transaction
from voltyard.charging.metering import summarise
from voltyard.protocol.messages import MeterValue, MeterValues, MeterValuesResponse

_encode = json.Encoder().encode


def meter_values(
    work: UnitOfWork, origin: Origin, request: MeterValues, received_at_us: int
) -> MeterValuesResponse:
    """Store meter values; whatever they say they are answered (reference A.23)."""
    sent = request.transaction_id
    number = 0
    if sent is not None:
        number = work.transactions.number_of(origin.id, sent)
        if not number and (matching := _match(work, origin, request)) is not None:
            number = matching.number
    store_meter_values(
        work,
        charge_point_id=origin.id,
        connector_id=request.connector_id,
        sent_transaction_id=sent,
        transaction_number=number,
        meter_values=request.meter_value,
        received_at_us=received_at_us,
    )
    if request.meter_value:
        work.publish(
            Event(
                "meter_values.received",
                origin.identity,
                received_at_us,
                {"connector_id": request.connector_id, "transaction_id": sent if number else None},
            )
        )
    return MeterValuesResponse()


def store_meter_values(
    work: UnitOfWork,
    *,
    charge_point_id: int,
    connector_id: int,
    sent_transaction_id: int | None,
    transaction_number: int,
    meter_values: Sequence[MeterValue],
    received_at_us: int,
) -> None:
    """Store one row per meter value; `transaction_number` is 0 for values of no transaction that we know."""
    for value in meter_values:
        samples = _encode(value.sampled_value)
        totals = summarise(value)
        work.meter_values.add(
            MeterRow(
                charge_point_id,
                transaction_number,
                sent_transaction_id,
                connector_id,
                to_us(value.timestamp),
                blake2b(samples, digest_size=8).digest(),
                value.sampled_value[0].context,
                samples.decode(),
                totals.energy_wh,
                totals.power_w,
                totals.current_a,
                totals.soc_percent,
                received_at_us,
            )
        )


def _match(work: UnitOfWork, origin: Origin, request: MeterValues) -> Transaction | None:
    """Return the running transaction that values with an unusable id can only mean: connector and time."""
    if not request.meter_value:
        return None
    sampled_at_us = to_us(request.meter_value[0].timestamp)
    fitting = [
        transaction
        for transaction in work.transactions.running(origin.id)
        if transaction.connector_id == request.connector_id and transaction.started_at_us <= sampled_at_us
    ]
    return fitting[0] if len(fitting) == 1 else None
