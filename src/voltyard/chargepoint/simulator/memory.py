"""What simulated hardware does not forget while the power is off: counters, registers, its firmware."""

from __future__ import annotations

from typing import Final

from voltyard.chargepoint.store import Change, MemoryStore, Store

_KIND: Final = "simulated hardware"


class Memory:
    """Non-volatile memory by name, in the charge point's store; without a store it lasts as long as this."""

    __slots__ = ("_store",)

    def __init__(self, store: Store | None = None) -> None:
        self._store = store or MemoryStore()

    def read(self, name: str) -> bytes | None:
        """Return what was kept under a name, or None."""
        return self._store.read(_KIND).get(name)

    def keep(self, name: str, value: bytes) -> None:
        """Keep something; when this returns it is durable."""
        self._store.commit(Change(_KIND, name, value))
