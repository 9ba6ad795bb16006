"""Meter values: stored as sent, once, with the columns that queries need."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from msgspec import json

from voltyard.central.instants import to_us
from voltyard.central.services.events import Event
from voltyard.central.services.origin import Origin
from voltyard.central.services.ports import UnitOfWork
from voltyard.central.services.records import MeterRow, Stop, Transaction
from voltyard.charging.metering import summarise
from voltyard.protocol.messages import MeterValue, MeterValues, MeterValuesResponse

_encode = json.Encoder().encode
_FOR_EVER_US = 2**63 - 1


def meter_values(
    work: UnitOfWork, origin: Origin, request: MeterValues, received_at_us: int
) -> MeterValuesResponse:
    """Store meter values; whatever they say they are answered (reference A.23)."""
    sent = id = request.transaction_id
    number = 0
    if sent is not None:
        number = work.transactions.number_of(origin.id, sent)
        if not number and (matching := _match(work, origin, request)) is not None:
            number, id = matching.number, matching.id
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
                {"connector_id": request.connector_id, "transaction_id": id if number else None},
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


def link_earlier_values(
    work: UnitOfWork, transaction: Transaction, stop: Stop | None, next_start_us: int | None
) -> None:
    """Give a transaction the values that came before its start: those of its connector and its time.

    They named a transaction which we did not know then, and may have been taken for the one before. What
    came with its `stop` named no connector.
    """
    owner, connector_id, from_us = (
        transaction.charge_point_id,
        transaction.connector_id,
        transaction.started_at_us,
    )
    until_us = min(
        _FOR_EVER_US if stop is None else stop.stopped_at_us,
        _FOR_EVER_US if next_start_us is None else next_start_us - 1,
    )
    before = work.transactions.latest_at(owner, connector_id, from_us - 1)
    found = work.meter_values.unlinked(owner, 0, connector_id, from_us, until_us)
    if before is not None:
        found += work.meter_values.unlinked(owner, before.number, connector_id, from_us, until_us)
    meant = {sent: work.transactions.number_of(owner, sent) for _, sent in found}
    rows = [row for row, sent in found if meant[sent] in {0, transaction.number}]
    if stop is not None:
        rows += work.meter_values.came_with(stop)
    for row in rows:
        work.meter_values.link(row, transaction.number, connector_id)


def _match(work: UnitOfWork, origin: Origin, request: MeterValues) -> Transaction | None:
    """Return the transaction that values with an unusable id can only mean: connector and time."""
    if not request.meter_value:
        return None
    sampled_at_us = to_us(request.meter_value[0].timestamp)
    latest = work.transactions.latest_at(origin.id, request.connector_id, sampled_at_us)
    if latest is None or (latest.stopped_at_us is not None and latest.stopped_at_us < sampled_at_us):
        return None
    return latest
