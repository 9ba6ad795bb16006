"""Whose cable it is, and what a lock that is slow or broken means for him."""

from __future__ import annotations

import asyncio
from random import Random

import pytest
from tests.chargepoint.virtual_time import VirtualClock, story

from voltyard.chargepoint.authorization import Authorization
from voltyard.chargepoint.cable import Cable
from voltyard.chargepoint.simulator import SimulatedConnector

DRIVER = Authorization("TAG-1")


class BrokenConnector(SimulatedConnector):
    """A connector whose lock does not even answer."""

    def lock(self) -> None:
        raise OSError("no answer from the lock")

    async def unlock(self) -> bool:
        raise OSError("no answer from the lock")


class Socket:
    """A connector and its cable; `failures` counts what the cable complained of."""

    def __init__(self, *, has_lock: bool = True, is_broken: bool = False) -> None:
        kind = BrokenConnector if is_broken else SimulatedConnector
        self.hardware = kind(VirtualClock(), Random(1), has_lock=has_lock)
        self.failures = 0
        self.cable = Cable(self.hardware, asyncio.create_task, self._fail)

    def _fail(self) -> None:
        self.failures += 1


@story
async def test_it_is_locked_while_somebody_charges_and_let_go_then() -> None:
    """R-184."""
    socket = Socket()
    socket.cable.hold()
    assert socket.hardware.is_locked

    socket.cable.release()
    await asyncio.sleep(1)

    assert not socket.hardware.is_locked
    assert socket.failures == 0


@story
async def test_it_may_be_kept_for_somebody_until_it_is_unlocked() -> None:
    """R-168."""
    socket = Socket()
    socket.cable.hold()
    socket.cable.keep_for(DRIVER)
    assert (socket.cable.kept_for, socket.hardware.is_locked) == (DRIVER, True)

    assert await socket.cable.unlock()

    assert (socket.cable.kept_for, socket.hardware.is_locked) == (None, False)


@story
async def test_who_begins_while_the_lock_moves_has_it_locked_all_the_same() -> None:
    socket = Socket()
    socket.cable.hold()
    socket.cable.release()
    await asyncio.sleep(0.1)

    socket.cable.hold()
    await asyncio.sleep(1)

    assert socket.hardware.is_locked


@story
async def test_who_is_refused_while_the_lock_moves_has_it_kept_all_the_same() -> None:
    """R-168."""
    socket = Socket()
    socket.cable.hold()
    socket.cable.release()
    await asyncio.sleep(0.1)
    socket.cable.hold()

    socket.cable.keep_for(DRIVER)
    await asyncio.sleep(1)

    assert (socket.cable.kept_for, socket.hardware.is_locked) == (DRIVER, True)


@story
async def test_a_jammed_lock_is_told_of() -> None:
    """R-271."""
    socket = Socket()
    socket.cable.hold()
    socket.hardware.is_lock_jammed = True

    assert not await socket.cable.unlock()

    assert socket.failures == 1


@pytest.mark.parametrize("moves", ["hold", "release"])
@story
async def test_a_lock_that_raises_has_failed(moves: str) -> None:
    socket = Socket(is_broken=True)

    getattr(socket.cable, moves)()
    await asyncio.sleep(1)

    assert socket.failures == 1


@story
async def test_a_fixed_cable_is_never_unlocked() -> None:
    socket = Socket(has_lock=False, is_broken=True)

    socket.cable.release()
    await asyncio.sleep(1)

    assert socket.failures == 0
