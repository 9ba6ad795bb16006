"""Transaction ids in stock: issued by the database while it works, for the time when it does not.

What is left of the stock when the program ends is lost, so it is no larger than an outage of an hour needs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from voltyard.central.services.ports import UnitOfWork
from voltyard.central.storage.ledger import Ledger

LEAST = 1000
INTERVAL_S = 60.0
_INTERVALS = 60


class ReservedId(NamedTuple):
    """An id that nobody else gets, with its number."""

    number: int
    id: int


class IdReserve:
    """Holds ids for as many starts as came in the last hour, but never fewer than a thousand."""

    def __init__(self, ledger: Ledger, *, least: int = LEAST) -> None:
        self._ledger = ledger
        self._least = least
        self._blocks: deque[Iterator[tuple[int, int]]] = deque()
        self._left = 0
        self._starts = 0
        self._earlier_starts: deque[int] = deque(maxlen=_INTERVALS - 1)

    def __len__(self) -> int:
        return self._left

    def note_start(self) -> None:
        """Count a StartTransaction, whoever answers it."""
        self._starts += 1

    def take(self) -> ReservedId | None:
        """Return an id that was never given away, or None if there is none left."""
        while self._blocks:
            for number, id in self._blocks[0]:
                self._left -= 1
                return ReservedId(number, id)
            self._blocks.popleft()
        return None

    def begin_interval(self) -> None:
        """Begin to count anew; to be called every `INTERVAL_S`."""
        self._earlier_starts.append(self._starts)
        self._starts = 0

    async def renew(self) -> None:
        """Fill up; raises `StorageFailed`.

        It commits something even if nothing is missing, so it also tells whether the database works.
        """
        missing = max(0, max(self._least, self._starts + sum(self._earlier_starts)) - self._left)
        block = await self._ledger.run(_reserve, missing)
        self._blocks.append(block)
        self._left += missing


def _reserve(work: UnitOfWork, count: int) -> Iterator[tuple[int, int]]:
    return work.transactions.reserve_ids(count)
