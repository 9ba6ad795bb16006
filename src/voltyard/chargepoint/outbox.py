"""The transaction-related messages that have not been delivered: durable, in order, one after the other."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final, NamedTuple

from msgspec import Raw, Struct, json

from voltyard.chargepoint.store import Change, Store
from voltyard.protocol.codec import PayloadDecoder, encode
from voltyard.protocol.messages import MeterValues, StartTransaction, StopTransaction

TransactionRequest = StartTransaction | MeterValues | StopTransaction
"""The transaction-related messages of OCPP 1.6 §3.7."""

NO_TRANSACTION: Final = ""
"""The key of what belongs to no transaction: clock-aligned values of an idle connector."""

_KIND: Final = "outbox"


class Message(NamedTuple):
    """A request on its way.

    `transaction` is the charge point's own key of the transaction it belongs to, if there is one: which
    transactionId it goes out with is known only when the StartTransaction before it has been answered.
    `attempts` counts how often the central system has failed to process it.
    """

    sequence: int
    request: TransactionRequest
    transaction: str
    attempts: int


class Outbox:
    """A queue on a store; what was posted stays until it is removed, whatever happens to the power."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._messages = deque(_read(int(key), record) for key, record in store.read(_KIND).items())
        self._next = self._messages[-1].sequence + 1 if self._messages else 1
        self._filled = asyncio.Event()
        self._emptied = asyncio.Event()
        self._signal()

    def __len__(self) -> int:
        return len(self._messages)

    async def head(self) -> Message:
        """Return the oldest message, waiting for one if there is none; it stays where it is."""
        await self._filled.wait()
        return self._messages[0]

    @property
    def is_empty(self) -> asyncio.Event:
        """Set as long as everything has been delivered or given up."""
        return self._emptied

    def post(self, request: TransactionRequest, transaction: str, *together: Change) -> None:
        """Add a message at the end, in one commit with the changes it goes `together` with."""
        message = Message(self._next, request, transaction, attempts=0)
        self._store.commit(_write(message), *together)
        self._next += 1
        self._messages.append(message)
        self._signal()

    def remove(self, message: Message, *together: Change) -> None:
        """Take the head away, in one commit with the changes that go `together` with it."""
        self._store.commit(Change(_KIND, _key(message), None), *together)
        self._messages.popleft()
        self._signal()

    def attempted(self, message: Message) -> Message:
        """Count an attempt the central system could not process; return the head as it is now."""
        message = message._replace(attempts=message.attempts + 1)
        self._store.commit(_write(message))
        self._messages[0] = message
        return message

    def _signal(self) -> None:
        for event, is_so in ((self._filled, bool(self._messages)), (self._emptied, not self._messages)):
            if is_so:
                event.set()
            else:
                event.clear()


class _Record(Struct, frozen=True):
    action: str
    payload: Raw
    transaction: str
    attempts: int


_DECODERS: Final = {
    request.action: PayloadDecoder[TransactionRequest](request)
    for request in (StartTransaction, MeterValues, StopTransaction)
}


def _key(message: Message) -> str:
    # As wide as any number of messages in a charge point's life, so that text sorts as numbers do.
    return f"{message.sequence:012d}"


def _write(message: Message) -> Change:
    request = message.request
    record = _Record(request.action, Raw(encode(request)), message.transaction, message.attempts)
    return Change(_KIND, _key(message), json.encode(record))


def _read(sequence: int, record: bytes) -> Message:
    stored = json.decode(record, type=_Record)
    request = _DECODERS[stored.action].strict(bytes(stored.payload))
    return Message(sequence, request, stored.transaction, stored.attempts)
