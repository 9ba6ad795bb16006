"""What hardware remembers without power."""

from __future__ import annotations

from voltyard.chargepoint.simulator.memory import Memory
from voltyard.chargepoint.store import MemoryStore


def test_what_was_kept_is_there_for_whoever_comes_next() -> None:
    store = MemoryStore()
    Memory(store).keep("firmware", b"1.1")
    Memory(store).keep("firmware", b"1.2")

    assert Memory(store).read("firmware") == b"1.2"
    assert Memory(store).read("registers") is None


def test_without_a_store_it_remembers_for_itself() -> None:
    memory = Memory()
    memory.keep("firmware", b"1.1")

    assert memory.read("firmware") == b"1.1"
    assert Memory().read("firmware") is None
