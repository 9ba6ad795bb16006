"""What has been charged: a durable record of each transaction until the central system knows all about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import uuid4

from msgspec import Struct, json, structs

from voltyard.chargepoint.collection import KIND as COLLECTED
from voltyard.chargepoint.collection import Collection, Series, restore
from voltyard.chargepoint.outbox import NO_TRANSACTION, Draft, Message, Outbox
from voltyard.chargepoint.reservation_records import ended
from voltyard.chargepoint.store import Change, Store
from voltyard.protocol.messages import (
    MeterValue,
    MeterValues,
    Reason,
    StartTransaction,
    StartTransactionResponse,
    StopTransaction,
)

UNKNOWN_ID: Final = -1
"""The transactionId of a transaction whose StartTransaction was never answered (errata 3.18)."""

_KIND: Final = "transaction"
_REGISTER_KIND: Final = "register"


def last_register_wh(store: Store, connector_id: int) -> int:
    """Return the last reading of a connector's meter, for hardware that cannot keep it itself."""
    record = store.read(_REGISTER_KIND).get(str(connector_id))
    return 0 if record is None else json.decode(record, type=int)


class Transaction(Struct, frozen=True, kw_only=True):
    """One transaction.

    `key` is our own name for it, `transaction_id` the central system's (None before it is known).
    `metered_at` and `meter_wh` are the last known reading: after a loss of power they are all there is.
    """

    key: str
    connector_id: int
    id_tag: str
    parent_id_tag: str | None
    started_at: datetime
    meter_start_wh: int
    metered_at: datetime
    meter_wh: int
    transaction_id: int | None = None
    is_stopped: bool = False

    @property
    def energy_wh(self) -> int:
        return self.meter_wh - self.meter_start_wh


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """The meter values of one reading, by what they are for.

    `told` are for MeterValues, `kept` for the StopTransaction: there `begin` comes first, unless there is a
    beginning already, and `end` last, unless there are later ones.
    """

    told: tuple[MeterValue, ...] = ()
    begin: MeterValue | None = None
    kept: tuple[MeterValue, ...] = ()
    end: MeterValue | None = None


class Reading(NamedTuple):
    """What was read at a connector.

    `transaction` is the key of the transaction there, `meter_wh` its energy register; without a transaction
    there are only values to tell. An `is_sequel` belongs with the reading before it in its series.
    """

    connector_id: int
    at: datetime
    values: Values
    transaction: str = NO_TRANSACTION
    meter_wh: int = 0
    series: Series = Series.SAMPLED
    is_sequel: bool = False


_NO_VALUES: Final = Values()


class Transactions:
    """The transactions that run, and those the central system has still to hear of.

    A record and the message about it change in one commit, so a loss of power finds both or neither.
    `max_meter_values` is how many a StopTransaction brings along at most, 0 for any number.
    """

    __slots__ = ("_collections", "_max_meter_values", "_new_key", "_outbox", "_store", "_transactions")

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        *,
        max_meter_values: int = 0,
        new_key: Callable[[], str] | None = None,
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._max_meter_values = max_meter_values
        self._new_key = new_key or _random_key
        records = (json.decode(record, type=Transaction) for record in store.read(_KIND).values())
        self._transactions = {record.key: record for record in records}
        self._collections = restore(store.read(COLLECTED))

    def __getitem__(self, key: str) -> Transaction:
        return self._transactions[key]

    def running(self) -> Iterator[Transaction]:
        """Return the transactions that have not stopped."""
        return (each for each in tuple(self._transactions.values()) if not each.is_stopped)

    def last_register_wh(self, connector_id: int) -> int:
        """Return the last reading of a connector's meter that is known."""
        return last_register_wh(self._store, connector_id)

    def begin(
        self,
        connector_id: int,
        id_tag: str,
        parent_id_tag: str | None,
        meter_wh: int,
        now: datetime,
        *,
        reservation_id: int | None = None,
        values: Values = _NO_VALUES,
    ) -> Transaction:
        """Record the start of a transaction and have the central system told.

        `reservation_id` is the reservation that it ends (OCPP 1.6 §4.8).
        """
        transaction = Transaction(
            key=self._new_key(),
            connector_id=connector_id,
            id_tag=id_tag,
            parent_id_tag=parent_id_tag,
            started_at=now,
            meter_start_wh=meter_wh,
            metered_at=now,
            meter_wh=meter_wh,
        )
        request = StartTransaction(
            connector_id=connector_id,
            id_tag=id_tag,
            meter_start=meter_wh,
            timestamp=now,
            reservation_id=reservation_id,
        )
        reading = Reading(connector_id, now, values, transaction.key, meter_wh)
        ends = () if reservation_id is None else (ended(reservation_id),)
        self._outbox.post(
            Draft(request, transaction.key),
            *_told(reading),
            together=(*self._write(transaction), *self._collect(reading), *ends),
        )
        return transaction

    def meter(self, *readings: Reading) -> None:
        """Record readings and have the central system told, all in one commit."""
        drafts: list[Draft] = []
        changes: list[Change] = []
        for reading in readings:
            drafts += _told(reading)
            if reading.transaction != NO_TRANSACTION:
                transaction = self._transactions[reading.transaction]
                metered = structs.replace(transaction, meter_wh=reading.meter_wh, metered_at=reading.at)
                changes += (*self._write(metered), *self._collect(reading))
        if drafts or changes:
            self._outbox.post(*drafts, together=changes)

    def end(
        self,
        key: str,
        meter_wh: int,
        now: datetime,
        reason: Reason,
        id_tag: str | None = None,
        *,
        values: Values = _NO_VALUES,
    ) -> Transaction:
        """Record the end of a transaction and have the central system told."""
        reading = Reading(self._transactions[key].connector_id, now, values, key, meter_wh)
        self._collect(reading)
        collection = self._collections.get(key)
        brought = () if collection is None or values.end is None else collection.finish(values.end)
        return self._stop(reading, reason, id_tag, brought)

    def end_interrupted(self, reason: Reason) -> None:
        """End what still ran when the charge point was switched off, with the last known reading."""
        for each in self.running():
            reading = Reading(each.connector_id, each.metered_at, _NO_VALUES, each.key, each.meter_wh)
            collection = self._collections.get(each.key)
            self._stop(reading, reason, None, () if collection is None else collection.finish())

    def ready_to_send(self, message: Message) -> StartTransaction | MeterValues | StopTransaction:
        """Return the message's request with the transactionId it belongs to.

        The messages of a transaction are behind its StartTransaction, so the id is known by then.
        """
        request = message.request
        if message.transaction == NO_TRANSACTION or isinstance(request, StartTransaction):
            return request
        transaction_id = self._transactions[message.transaction].transaction_id
        return structs.replace(
            request, transaction_id=UNKNOWN_ID if transaction_id is None else transaction_id
        )

    def started(self, message: Message, answer: StartTransactionResponse) -> Transaction:
        """Take in what the central system calls the transaction of a delivered StartTransaction."""
        return self._name(message, answer.transaction_id)

    def delivered(self, message: Message) -> None:
        """Forget a message that was delivered, and its transaction if that was the last of it."""
        self._outbox.remove(message, *self._forget(message))

    def discarded(self, message: Message) -> None:
        """Give a message up; the others of a transaction that has no id go with -1 (errata 3.18)."""
        if isinstance(message.request, StartTransaction):
            self._name(message, UNKNOWN_ID)
        else:
            self._outbox.remove(message, *self._forget(message))

    def _collect(self, reading: Reading) -> list[Change]:
        values, key = reading.values, reading.transaction
        if values.begin is None and not values.kept and values.end is None:
            return []
        collection = self._collections.get(key) or Collection(key, self._max_meter_values)
        self._collections[key] = collection
        changes: list[Change] = []
        if values.begin is not None and not collection.has_begun:
            changes += collection.begin(values.begin)
        if values.kept:
            changes += collection.add(reading.series, values.kept, is_sequel=reading.is_sequel)
        if values.end is not None:
            changes += collection.update(values.end)
        return changes

    def _stop(
        self, reading: Reading, reason: Reason, id_tag: str | None, brought: tuple[MeterValue, ...]
    ) -> Transaction:
        key = reading.transaction
        transaction = structs.replace(
            self._transactions[key], meter_wh=reading.meter_wh, metered_at=reading.at, is_stopped=True
        )
        request = StopTransaction(
            meter_stop=reading.meter_wh,
            timestamp=reading.at,
            transaction_id=UNKNOWN_ID,
            id_tag=id_tag,
            reason=reason,
            transaction_data=brought or None,
        )
        collection = self._collections.pop(key, None)
        forgotten = () if collection is None else collection.forget()
        self._outbox.post(
            *_told(reading), Draft(request, key), together=(*self._write(transaction), *forgotten)
        )
        return transaction

    def _name(self, message: Message, transaction_id: int) -> Transaction:
        transaction = structs.replace(self._transactions[message.transaction], transaction_id=transaction_id)
        self._outbox.remove(message, *self._write(transaction))
        return transaction

    def _write(self, transaction: Transaction) -> tuple[Change, ...]:
        self._transactions[transaction.key] = transaction
        return (
            Change(_KIND, transaction.key, json.encode(transaction)),
            Change(_REGISTER_KIND, str(transaction.connector_id), json.encode(transaction.meter_wh)),
        )

    def _forget(self, message: Message) -> tuple[Change, ...]:
        if not isinstance(message.request, StopTransaction):
            return ()
        del self._transactions[message.transaction]
        return (Change(_KIND, message.transaction, None),)


def _told(reading: Reading) -> list[Draft]:
    """Return the message about a reading; the transactionId is filled in when it is sent."""
    if not reading.values.told:
        return []
    request = MeterValues(
        connector_id=reading.connector_id,
        transaction_id=None if reading.transaction == NO_TRANSACTION else UNKNOWN_ID,
        meter_value=reading.values.told,
    )
    return [Draft(request, reading.transaction)]


def _random_key() -> str:
    return uuid4().hex
