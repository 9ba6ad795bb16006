"""What a StopTransaction brings along: collected while the transaction runs, thinned out so that it fits.

Begin and end stay. Of what lies between every second one goes, and then every second one of those that are
left, so that what stays is spread over the whole transaction (OCPP 1.6 §9.1.23, errata 3.14, 3.91).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum, auto
from typing import Final, NamedTuple, Self

from msgspec import json

from voltyard.chargepoint.store import Change
from voltyard.protocol.messages import MeterValue

KIND: Final = "collected"
MAX_BYTES: Final = 36 * 1024
"""What a transaction may collect, as it is stored. With the end the message stays below 64 KiB: above that
central systems close the connection."""

_BEGIN: Final = "0" * 9
_LATEST: Final = "latest"
_END_COUNT: Final = 1


class Series(StrEnum):
    """Where meter values come from; each series is thinned out for itself."""

    SAMPLED = auto()
    ALIGNED = auto()
    INTERRUPTION = auto()


class Collection:
    """The meter values of one transaction; `max_values` is how many may be sent, 0 for any number.

    What it does comes as changes of the store.
    """

    def __init__(self, transaction: str, max_values: int) -> None:
        self._transaction = transaction
        self._max_values = max_values
        self._begin: bytes | None = None
        self._latest: bytes | None = None
        self._entries: list[_Entry] = []
        self._next = 1
        self._taken = dict.fromkeys(Series, 0)
        self._strides = dict.fromkeys(Series, 1)

    @classmethod
    def restored(cls, transaction: str, records: Mapping[str, bytes]) -> Self:
        """Return what there is of a transaction after a restart; it can only be brought to its end."""
        collection = cls(transaction, 0)
        collection._begin = records.get(_BEGIN)
        collection._latest = records.get(_LATEST)
        collection._entries = [
            _Entry(int(name), Series.SAMPLED, 0, 0, record)
            for name, record in records.items()
            if name not in {_BEGIN, _LATEST}
        ]
        return collection

    @property
    def has_begun(self) -> bool:
        """Whether the values of the beginning are there."""
        return self._begin is not None

    def begin(self, value: MeterValue) -> list[Change]:
        """Take in what the transaction begins with."""
        self._begin = _encode((value,))
        return [self._write(_BEGIN, self._begin)]

    def add(self, series: Series, values: Sequence[MeterValue], *, is_sequel: bool = False) -> list[Change]:
        """Take in what lies between; a sequel stays and goes with what came before it in its series."""
        if not is_sequel or self._taken[series] == 0:
            self._taken[series] += 1
        rank = self._taken[series]
        if rank % self._strides[series]:
            return []
        entry = _Entry(self._next, series, rank, len(values), _encode(values))
        self._next += 1
        self._entries.append(entry)
        gone = self._thin_out()
        changes = [self._write(each.name, None) for each in gone if each is not entry]
        return changes if entry in gone else [*changes, self._write(entry.name, entry.record)]

    def update(self, latest: MeterValue) -> list[Change]:
        """Take in what the end will be unless there is a later one; it is for after a loss of power."""
        return [self._write(_LATEST, _encode((latest,)))]

    def finish(self, end: MeterValue | None = None) -> tuple[MeterValue, ...]:
        """Return everything in order; without an end, what was known last is it."""
        end_record = self._latest if end is None else _encode((end,))
        records = (self._begin, *(each.record for each in self._entries), end_record)
        return tuple(value for record in records if record is not None for value in _decode(record))

    def forget(self) -> list[Change]:
        """Drop everything."""
        names = (_BEGIN, *(each.name for each in self._entries), _LATEST)
        return [self._write(name, None) for name in names]

    def _thin_out(self) -> list[_Entry]:
        gone: list[_Entry] = []
        while self._entries and self._is_too_much:
            series = max(Series, key=lambda each: sum(entry.series is each for entry in self._entries))
            self._strides[series] *= 2
            gone += (entry for entry in self._entries if self._is_off(entry))
            self._entries = [entry for entry in self._entries if not self._is_off(entry)]
        return gone

    @property
    def _is_too_much(self) -> bool:
        begin = self._begin or b""
        count = bool(begin) + sum(entry.length for entry in self._entries) + _END_COUNT
        size = len(begin) + sum(len(entry.record) for entry in self._entries)
        return 0 < self._max_values < count or size > MAX_BYTES

    def _is_off(self, entry: _Entry) -> bool:
        return entry.rank % self._strides[entry.series] != 0

    def _write(self, name: str, record: bytes | None) -> Change:
        return Change(KIND, f"{self._transaction}/{name}", record)


def restore(records: Mapping[str, bytes]) -> dict[str, Collection]:
    """Return the collections of a store by transaction."""
    by_transaction: dict[str, dict[str, bytes]] = {}
    for key, record in records.items():
        transaction, _, name = key.rpartition("/")
        by_transaction.setdefault(transaction, {})[name] = record
    return {key: Collection.restored(key, names) for key, names in by_transaction.items()}


class _Entry(NamedTuple):
    number: int
    series: Series
    rank: int
    length: int
    record: bytes

    @property
    def name(self) -> str:
        # As wide as any number of readings in a transaction, so that text sorts as numbers do.
        return f"{self.number:09d}"


_encoder: Final = json.Encoder()
_decoder: Final = json.Decoder(tuple[MeterValue, ...])


def _encode(values: Iterable[MeterValue]) -> bytes:
    return _encoder.encode(tuple(values))


def _decode(record: bytes) -> tuple[MeterValue, ...]:
    return _decoder.decode(record)
