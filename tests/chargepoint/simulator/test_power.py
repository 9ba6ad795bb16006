"""The power of a program: when it is gone, nothing more is written or sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tests.aio import Recorder
from tests.chargepoint.virtual_time import story

from voltyard.chargepoint.simulator.power import PowerSupply
from voltyard.chargepoint.store import Change, MemoryStore
from voltyard.transport import memory
from voltyard.transport.link import Link, Receiver


async def connected_once(connected: Callable[[Link], Receiver], far: Recorder) -> None:
    memory.connect(connected, far)
    await asyncio.Event().wait()


@story
async def test_what_is_written_after_the_cut_is_not_kept() -> None:
    store = MemoryStore()
    supply = PowerSupply(store, lambda _: asyncio.sleep(0))
    supply.commit(Change("kind", "before", b"1"))

    supply.cut()
    supply.commit(Change("kind", "after", b"2"))
    supply.close()

    assert supply.read("kind") == store.read("kind") == {"before": b"1"}


@story
async def test_a_connection_ends_with_the_power_without_a_word() -> None:
    near, far = Recorder(), Recorder()
    supply = PowerSupply(MemoryStore(), lambda connected: connected_once(connected, far))
    staying = asyncio.create_task(supply.stay_connected(near))
    await asyncio.sleep(1)
    near.link.send(b"before")
    await asyncio.sleep(1)

    supply.cut()
    near.link.send(b"after")
    near.link.close(1001, "going away")
    await asyncio.sleep(1)

    assert far.frames.qsize() == 1
    assert far.losses == [(1006, "")]
    staying.cancel()
    await asyncio.wait({staying})


@story
async def test_a_connection_that_is_made_too_late_ends_at_once() -> None:
    near, far = Recorder(), Recorder()
    supply = PowerSupply(MemoryStore(), lambda connected: connected_once(connected, far))
    supply.cut()

    staying = asyncio.create_task(supply.stay_connected(near))
    await asyncio.sleep(1)

    assert near.losses == far.losses == [(1006, "")]
    staying.cancel()
    await asyncio.wait({staying})


class Plain:
    """A link that can only be closed."""

    def __init__(self) -> None:
        self.closings = 0

    def send(self, frame: bytes) -> None:
        """Send nothing."""

    def close(self, code: int = 1000, reason: str = "") -> None:
        self.closings += 1


@story
async def test_a_link_that_can_only_be_closed_is_closed() -> None:
    link = Plain()

    async def stay(connected: Callable[[Link], Any]) -> None:
        connected(link)

    supply = PowerSupply(MemoryStore(), stay)
    supply.cut()
    await supply.stay_connected(Recorder())

    assert link.closings == 1
