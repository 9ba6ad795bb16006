"""Whether the system works, and figures about it, gathered when somebody asks."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping

from msgspec import Struct

from voltyard.central.bus import Bus
from voltyard.central.gateway.gateway import Gateway
from voltyard.central.operations.commands import CommandOperations
from voltyard.central.services.events import Event
from voltyard.central.storage.errors import StorageFailed
from voltyard.central.storage.ledger import Ledger
from voltyard.central.storage.queries.commands import count_pending_commands
from voltyard.central.storage.queries.transactions import count_open_transactions
from voltyard.central.storage.readers import Readers

_ANSWER_WITHIN_S = 5.0


class Figures(Struct, frozen=True, kw_only=True):
    """Figures of the present; counters run since the start of this process."""

    connected_charge_points: int
    open_transactions: int
    pending_commands: Mapping[str, int]
    ended_commands: Mapping[str, int]
    events: Mapping[str, int]
    ignored_frames: Mapping[str, int]
    refused_handshakes: Mapping[int, int]
    storage_works: bool


class HealthOperations:
    """Tells how the system is."""

    def __init__(
        self, ledger: Ledger, readers: Readers, gateway: Gateway, commands: CommandOperations, bus: Bus
    ) -> None:
        self._ledger = ledger
        self._readers = readers
        self._gateway = gateway
        self._commands = commands
        self._events: Counter[str] = Counter()
        bus.listen(self._note)

    async def fault(self) -> str | None:
        """Return why the system cannot do its work now, or None."""
        if self._ledger.is_failing:
            return "the last commit failed"
        try:
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                await self._readers.run(count_pending_commands)
        except (StorageFailed, TimeoutError):
            return "the database does not answer"
        return None

    async def figures(self) -> Figures:
        """Return figures; raises `StorageFailed`."""
        return Figures(
            connected_charge_points=len(self._gateway.stations),
            open_transactions=await self._readers.run(count_open_transactions),
            pending_commands=await self._readers.run(count_pending_commands),
            ended_commands=dict(self._commands.ended),
            events=dict(self._events),
            ignored_frames=dict(self._gateway.ignored_frames),
            refused_handshakes=dict(self._gateway.refused_handshakes),
            storage_works=not self._ledger.is_failing,
        )

    def _note(self, event: Event) -> None:
        self._events[event.kind] += 1
