"""What has been charged: a durable record of each transaction until the central system knows all about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final
from uuid import uuid4

from msgspec import Struct, json, structs

from voltyard.chargepoint.outbox import NO_TRANSACTION, Message, Outbox
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


class Transactions:
    """The transactions that run, and those the central system has still to hear of.

    A record and the message about it change in one commit, so a loss of power finds both or neither.
    """

    def __init__(self, store: Store, outbox: Outbox, *, new_key: Callable[[], str] | None = None) -> None:
        self._store = store
        self._outbox = outbox
        self._new_key = new_key or _random_key
        records = (json.decode(record, type=Transaction) for record in store.read(_KIND).values())
        self._transactions = {record.key: record for record in records}

    def __getitem__(self, key: str) -> Transaction:
        return self._transactions[key]

    def running(self) -> Iterator[Transaction]:
        """Return the transactions that have not stopped."""
        return (each for each in tuple(self._transactions.values()) if not each.is_stopped)

    def begin(
        self, connector_id: int, id_tag: str, parent_id_tag: str | None, meter_wh: int, now: datetime
    ) -> Transaction:
        """Record the start of a transaction and have the central system told."""
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
            connector_id=connector_id, id_tag=id_tag, meter_start=meter_wh, timestamp=now
        )
        self._outbox.post(request, transaction.key, *self._write(transaction))
        return transaction

    def meter(self, key: str, meter_wh: int, meter_value: MeterValue) -> None:
        """Record a reading and have the central system told."""
        transaction = self._transactions[key]
        request = MeterValues(
            connector_id=transaction.connector_id, transaction_id=UNKNOWN_ID, meter_value=(meter_value,)
        )
        metered = structs.replace(transaction, meter_wh=meter_wh, metered_at=meter_value.timestamp)
        self._outbox.post(request, key, *self._write(metered))

    def end(
        self, key: str, meter_wh: int, now: datetime, reason: Reason, id_tag: str | None = None
    ) -> Transaction:
        """Record the end of a transaction and have the central system told."""
        transaction = structs.replace(
            self._transactions[key], meter_wh=meter_wh, metered_at=now, is_stopped=True
        )
        request = StopTransaction(
            meter_stop=meter_wh, timestamp=now, transaction_id=UNKNOWN_ID, id_tag=id_tag, reason=reason
        )
        self._outbox.post(request, key, *self._write(transaction))
        return transaction

    def end_interrupted(self, reason: Reason) -> None:
        """End what still ran when the charge point was switched off, with the last known reading."""
        for each in self.running():
            self.end(each.key, each.meter_wh, each.metered_at, reason)

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


def _random_key() -> str:
    return uuid4().hex
