"""The transaction-related messages that have not been delivered: durable, in order, one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Final, NamedTuple

from msgspec import Raw, Struct, json

from voltyard.chargepoint.flag import Flag
from voltyard.chargepoint.store import Change, Store
from voltyard.protocol.codec import PayloadDecoder, encode
from voltyard.protocol.messages import MeterValues, ReadingContext, StartTransaction, StopTransaction

TransactionRequest = StartTransaction | MeterValues | StopTransaction
"""The transaction-related messages of OCPP 1.6 §3.7."""

NO_TRANSACTION: Final = ""
"""The key of what belongs to no transaction: clock-aligned values of an idle connector."""
USUAL_CAPACITY: Final = 20_000

_KIND: Final = "outbox"
_LASTING: Final = frozenset({ReadingContext.TRANSACTION_BEGIN, ReadingContext.TRANSACTION_END})


class Draft(NamedTuple):
    """A request to be posted.

    `transaction` is the charge point's own key of the transaction it belongs to, if there is one: which
    transactionId it goes out with is known only when the StartTransaction before it has been answered.
    """

    request: TransactionRequest
    transaction: str


class Message(NamedTuple):
    """A request on its way; `attempts` counts how often the central system has failed to process it."""

    sequence: int
    request: TransactionRequest
    transaction: str
    attempts: int


class Outbox:
    """A queue on a store; what was posted stays until it is removed, whatever happens to the power.

    When more than `capacity` wait, the oldest meter values from within transactions go, and if there are
    none, new ones are not taken in; what begins and ends transactions always stays.
    """

    __slots__ = ("_capacity", "_dropped", "_emptied", "_entries", "_filled", "_next", "_store")

    # What waits is held as the very bytes that are stored, and read when its turn comes: beside a store in
    # memory the queue costs next to nothing.

    def __init__(self, store: Store, capacity: int = USUAL_CAPACITY) -> None:
        self._store = store
        self._capacity = capacity
        self._entries = [_restored(key, record) for key, record in store.read(_KIND).items()]
        self._next = self._entries[-1].sequence + 1 if self._entries else 1
        self._dropped = 0
        self._filled = Flag()
        self._emptied = Flag()
        self._signal()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def dropped(self) -> int:
        """How many messages there was no room for since the charge point booted."""
        return self._dropped

    async def head(self) -> Message:
        """Return the oldest message, waiting for one if there is none; it stays where it is."""
        await self._filled.wait()
        return _read(self._entries[0])

    @property
    def is_filled(self) -> Flag:
        """Set as long as anything waits."""
        return self._filled

    @property
    def is_empty(self) -> Flag:
        """Set as long as everything has been delivered or given up."""
        return self._emptied

    def post(self, *drafts: Draft, together: Iterable[Change] = ()) -> None:
        """Add messages at the end, in one commit with the changes they go `together` with."""
        new = [_entry(self._next + number, draft) for number, draft in enumerate(drafts)]
        gone = self._surplus(new)
        stays = [entry for entry in new if entry.sequence not in gone]
        removed = (Change(_KIND, _key(sequence), None) for sequence in gone if sequence < self._next)
        self._store.commit(*map(_write, stays), *removed, *together)
        if gone:
            self._entries = [entry for entry in self._entries if entry.sequence not in gone]
        self._entries.extend(stays)
        self._next += len(new)
        self._dropped += len(gone)
        self._signal()

    def remove(self, message: Message, *together: Change) -> None:
        """Take the head away, in one commit with the changes that go `together` with it."""
        self._store.commit(Change(_KIND, _key(message.sequence), None), *together)
        del self._entries[0]
        self._signal()

    def attempted(self, message: Message) -> Message:
        """Count an attempt the central system could not process; return the head as it is now."""
        message = message._replace(attempts=message.attempts + 1)
        entry = _entry(message.sequence, Draft(message.request, message.transaction), message.attempts)
        self._store.commit(_write(entry))
        self._entries[0] = entry
        return message

    def _surplus(self, new: list[_Entry]) -> frozenset[int]:
        surplus = len(self._entries) + len(new) - self._capacity
        if surplus <= 0:
            return frozenset()
        # The head stays: it may be on its way.
        waiting = (*islice(self._entries, 1, None), *new)
        expendable = (entry.sequence for entry in waiting if entry.is_expendable)
        return frozenset(islice(expendable, surplus))

    def _signal(self) -> None:
        for event, is_so in ((self._filled, bool(self._entries)), (self._emptied, not self._entries)):
            if is_so:
                event.set()
            else:
                event.clear()


class _Entry(NamedTuple):
    sequence: int
    record: bytes
    is_expendable: bool


class _Expendable(Struct, frozen=True):
    """As much of a record as has to be known while it waits."""

    is_expendable: bool = False


class _Record(Struct, frozen=True, omit_defaults=True):
    action: str
    payload: Raw
    transaction: str
    attempts: int
    is_expendable: bool = False


_DECODERS: Final = {
    request.action: PayloadDecoder[TransactionRequest](request)
    for request in (StartTransaction, MeterValues, StopTransaction)
}


def _entry(sequence: int, draft: Draft, attempts: int = 0) -> _Entry:
    request, transaction = draft
    is_expendable = _is_expendable(request)
    record = _Record(request.action, Raw(encode(request)), transaction, attempts, is_expendable)
    return _Entry(sequence, json.encode(record), is_expendable)


def _is_expendable(request: TransactionRequest) -> bool:
    return isinstance(request, MeterValues) and not any(
        sample.context in _LASTING for value in request.meter_value for sample in value.sampled_value
    )


def _key(sequence: int) -> str:
    # As wide as any number of messages in a charge point's life, so that text sorts as numbers do.
    return f"{sequence:012d}"


def _write(entry: _Entry) -> Change:
    return Change(_KIND, _key(entry.sequence), entry.record)


def _restored(key: str, record: bytes) -> _Entry:
    return _Entry(int(key), record, json.decode(record, type=_Expendable).is_expendable)


def _read(entry: _Entry) -> Message:
    stored = json.decode(entry.record, type=_Record)
    request = _DECODERS[stored.action].strict(bytes(stored.payload))
    return Message(entry.sequence, request, stored.transaction, stored.attempts)
