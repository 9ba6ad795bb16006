"""Draining the spool: its CALLs are stored where they belong, the oldest first, some at a time."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from voltyard.central.gateway.backlog import Backlog
from voltyard.central.services.spooled import SpooledCall
from voltyard.central.storage.errors import is_trouble
from voltyard.central.storage.ledger import Ledger

BATCH = 100

_log = structlog.get_logger()


class Drain:
    """Moves CALLs from the spool to the database. A CALL leaves the spool only after the commit."""

    def __init__(self, ledger: Ledger, backlog: Backlog) -> None:
        self._ledger = ledger
        self._backlog = backlog
        self._store = backlog.store

    async def step(self) -> bool:
        """Store the oldest CALLs in one commit and say whether there were any; raises `StorageFailed`."""
        batch = await self._backlog.oldest(BATCH)
        if not batch.size:
            return False
        unclaimed = await self._store_all(batch.calls)
        for call in unclaimed:
            _log.error("a spooled call is of no charge point of this database", charge_point=call.identity)
        # What nobody could take is not deleted: its file is put aside.
        keep_file = bool(unclaimed) or len(batch.calls) < batch.size
        await self._backlog.discard(batch, keep_file=keep_file)
        return True

    async def _store_all(self, calls: Sequence[SpooledCall]) -> list[SpooledCall]:
        try:
            return await self._ledger.run(self._store.store, calls)
        except Exception as error:  # one bad call fails them all: each gets its own chance
            if is_trouble(error):
                raise
        unclaimed = []
        for call in calls:
            unclaimed += await self._store_alone(call)
        return unclaimed

    async def _store_alone(self, call: SpooledCall) -> list[SpooledCall]:
        try:
            return await self._ledger.run(self._store.store, [call])
        except Exception as error:  # what cannot be stored must not hold up what comes behind it
            if is_trouble(error):
                raise
            _log.error(
                "a spooled call cannot be stored",
                charge_point=call.identity,
                action=call.action,
                exc_info=error,
            )
            reason = f"{type(error).__name__}: {error}"
        await self._ledger.run(self._store.set_aside, call, reason)
        return []
