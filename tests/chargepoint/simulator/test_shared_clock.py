"""The machine's clock for thousands who sleep."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from tests.chargepoint.virtual_time import story

from voltyard.chargepoint.simulator.shared_clock import SharedClock


class Dormitory:
    """Sleepers, and when they woke."""

    def __init__(self) -> None:
        self.clock = SharedClock()
        self.woke: list[tuple[int, float]] = []
        self.tasks: list[asyncio.Task[None]] = []

    def put(self, name: int, seconds: float) -> asyncio.Task[None]:
        self.tasks.append(asyncio.create_task(self._sleep(name, seconds)))
        return self.tasks[-1]

    async def _sleep(self, name: int, seconds: float) -> None:
        await self.clock.sleep(seconds)
        self.woke.append((name, asyncio.get_running_loop().time()))


@story
async def test_each_wakes_in_time_in_whatever_order_they_lie_down() -> None:
    dormitory, random = Dormitory(), Random(1)
    due = {name: random.uniform(0, 100) for name in range(200)}
    for name, seconds in due.items():
        dormitory.put(name, seconds)

    await asyncio.sleep(101)

    assert [name for name, _ in dormitory.woke] == sorted(due, key=due.__getitem__)
    assert all(at == pytest.approx(due[name], abs=0.002) for name, at in dormitory.woke)


@story
async def test_whoever_has_to_wake_before_all_others_does() -> None:
    dormitory = Dormitory()
    dormitory.put(1, 1000)
    await asyncio.sleep(10)
    dormitory.put(2, 5)
    await asyncio.sleep(2)
    dormitory.put(3, 1)

    await asyncio.sleep(2000)

    assert dormitory.woke == [(3, 13), (2, 15), (1, 1000)]


@pytest.mark.parametrize("seconds", [0, -1])
@story
async def test_no_time_at_all_lets_others_have_a_turn(seconds: float) -> None:
    dormitory = Dormitory()
    turns: list[int] = []
    asyncio.get_running_loop().call_soon(turns.append, 1)

    await dormitory.clock.sleep(seconds)

    assert turns == [1]
    assert asyncio.get_running_loop().time() == 0


@story
async def test_who_gives_up_sleeping_disturbs_nobody_and_is_not_kept_for_ever() -> None:
    dormitory = Dormitory()
    dormitory.put(-1, 50)
    for name in range(3000):
        dormitory.put(name, 1000 + name).cancel()
        await asyncio.sleep(0)
    for name in range(3000):
        task = dormitory.put(name, 1000 + name)
        await asyncio.sleep(0)
        task.cancel()
    await asyncio.sleep(0)

    kept = len(dormitory.clock._sleepers)
    await asyncio.sleep(10_000)

    assert kept < 1100
    assert dormitory.woke == [(-1, 50)]
    assert dormitory.clock._sleepers == []


def test_it_tells_the_time_of_the_machine() -> None:
    clock = SharedClock()

    before = clock.monotonic()

    assert abs(clock.now() - datetime.now(UTC)) < timedelta(minutes=1)
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() >= before
