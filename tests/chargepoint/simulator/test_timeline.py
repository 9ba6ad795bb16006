"""Simulated time: by itself, by hand, and standing still while things are done at once."""

from __future__ import annotations

import asyncio

import pytest
from tests.chargepoint.virtual_time import VirtualClock, story

from voltyard.chargepoint.simulator.timeline import Timeline


def test_it_stands_still_until_it_is_moved_on() -> None:
    timeline = Timeline(VirtualClock(), speed=60)

    timeline.pass_by(5)
    timeline.wait_until(7.5)
    timeline.wait_until(3)
    timeline.stop()

    assert timeline.now_s == 7.5


@story
async def test_it_flows_as_much_faster_as_it_is_told_to() -> None:
    timeline = Timeline(VirtualClock(), speed=60)
    timeline.pass_by(1)

    timeline.flow()
    await asyncio.sleep(2)
    flowing_s = timeline.now_s
    timeline.stop()
    await asyncio.sleep(2)

    assert flowing_s == timeline.now_s == pytest.approx(121)
    timeline.flow()
    await asyncio.sleep(1)
    assert timeline.now_s == pytest.approx(181)


class RunningClock(VirtualClock):
    """A clock that moves whenever it is looked at, as real ones do."""

    def __init__(self) -> None:
        super().__init__()
        self._looks = 0

    def monotonic(self) -> float:
        self._looks += 1
        return super().monotonic() + self._looks / 1000


@story
async def test_what_is_done_at_once_is_done_at_one_moment() -> None:
    timeline = Timeline(RunningClock(), speed=3600)
    timeline.flow()

    at_once = {timeline.now_s for _ in range(5)}
    await asyncio.sleep(0)

    assert len(at_once) == 1
    assert timeline.now_s > at_once.pop()


@story
async def test_it_can_be_moved_on_while_it_flows() -> None:
    timeline = Timeline(VirtualClock())
    timeline.flow()
    await asyncio.sleep(1)

    timeline.pass_by(10)
    timeline.wait_until(500)

    assert timeline.now_s == pytest.approx(11)
    await asyncio.sleep(1)
    assert timeline.now_s == pytest.approx(12)
