"""The CALLs that wait in the spool: whose they are, and what charge points were told about their starts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import structlog
from msgspec import MsgspecError, msgpack
from msgspec.structs import replace

from voltyard.central.services.spooled import SpooledCall, SpoolStore, StartKey
from voltyard.central.services.transactions import Told
from voltyard.central.storage.spool import Spool
from voltyard.protocol.errors import InvalidPayload

_encode = msgpack.Encoder().encode
_decode = msgpack.Decoder(SpooledCall).decode

_log = structlog.get_logger()


class Batch(NamedTuple):
    """The oldest CALLs that wait: `size` counts also what cannot be read."""

    size: int
    calls: list[SpooledCall]


class Waiting:
    """What is known of the CALLs in a spool without reading them again."""

    def __init__(self, store: SpoolStore) -> None:
        self._store = store
        self._by_charge_point: Counter[int] = Counter()
        self._told: dict[StartKey, Told] = {}

    def __bool__(self) -> bool:
        return bool(self._by_charge_point)

    def __contains__(self, charge_point_id: int) -> bool:
        return charge_point_id in self._by_charge_point

    def told(self, key: StartKey) -> Told | None:
        """Return what a charge point was told about a start that still waits."""
        return self._told.get(key)

    def visit(self, record: bytes) -> None:
        """Take note of a record that an earlier run of the program has left."""
        try:
            self.enter(_decode(record))
        except (MsgspecError, InvalidPayload) as error:
            _log.error("a spooled call cannot be read", error=str(error))

    def enter(self, call: SpooledCall) -> None:
        """Take note of a CALL that is on its way into the spool."""
        self._by_charge_point[call.charge_point_id] += 1
        if call.told is not None:
            self._told[self._store.start_key(call)] = call.told

    def leave(self, call: SpooledCall) -> None:
        """Take note that a CALL waits no longer."""
        id = call.charge_point_id
        if self._by_charge_point[id] > 1:
            self._by_charge_point[id] -= 1
        else:
            del self._by_charge_point[id]
        if call.told is not None:
            self._told.pop(self._store.start_key(call), None)

    def clear(self) -> None:
        """Take note that none waits."""
        self._by_charge_point.clear()
        self._told.clear()


class Backlog:
    """The spool, CALL by CALL."""

    def __init__(self, spool: Spool, store: SpoolStore, waiting: Waiting) -> None:
        self._spool = spool
        self._entering = 0
        self.store = store
        self.waiting = waiting

    @classmethod
    async def open(cls, directory: Path) -> Backlog:
        """Open the spool in a directory; raises `DatabaseTrouble`."""
        store = SpoolStore()
        waiting = Waiting(store)
        return cls(await Spool.open(directory, waiting.visit), store, waiting)

    def __len__(self) -> int:
        return len(self._spool)

    async def add(self, call: SpooledCall) -> None:
        """Make a CALL durable; raises `SpoolFailed`."""
        self.waiting.enter(call)
        self._entering += 1
        try:
            await self._spool.append(_encode(call))
        except BaseException:
            # Its key keeps its id, since nobody knows whether it is in the spool.
            self.waiting.leave(_untold(call))
            raise
        finally:
            self._entering -= 1

    async def oldest(self, limit: int) -> Batch:
        """Return the oldest CALLs, which stay; raises `SpoolFailed`."""
        records = await self._spool.read(limit)
        calls = []
        for record in records:
            try:
                calls.append(_decode(record))
            except MsgspecError as error:
                _log.error("a spooled call cannot be read", error=str(error))
        return Batch(len(records), calls)

    async def discard(self, batch: Batch, *, keep_file: bool) -> None:
        """Forget the oldest CALLs, which have been stored; raises `SpoolFailed`."""
        await self._spool.discard(batch.size, keep_file=keep_file)
        for call in batch.calls:
            self.waiting.leave(call)
        if not self._spool and not self._entering:
            self.waiting.clear()

    async def close(self) -> None:
        """Close the spool."""
        await self._spool.close()


def _untold(call: SpooledCall) -> SpooledCall:
    return call if call.told is None else replace(call, told=None)
