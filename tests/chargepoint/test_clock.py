"""Time as the charge point knows it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from tests.chargepoint.virtual_time import BEGINNING, VirtualClock, story

from voltyard.chargepoint.clock import StationClock, SystemClock, sleep_unless
from voltyard.chargepoint.flag import Flag


@story
async def test_a_set_clock_goes_on_from_there() -> None:
    clock = StationClock(VirtualClock())

    clock.set(BEGINNING + timedelta(hours=1))
    await clock.sleep(5)

    assert clock.now() == BEGINNING + timedelta(hours=1, seconds=5)
    assert clock.monotonic() == 5


@story
async def test_what_a_message_takes_on_its_way_does_not_move_the_clock() -> None:
    clock = StationClock(VirtualClock())

    clock.set(BEGINNING + timedelta(milliseconds=900))

    assert clock.now() == BEGINNING


@story
async def test_it_is_known_how_long_the_clock_was_left() -> None:
    clock = StationClock(VirtualClock())
    await clock.sleep(70)
    assert clock.left_for_s == 70

    clock.set(BEGINNING)
    await clock.sleep(8)

    assert clock.left_for_s == 8


@story
async def test_a_sleep_ends_with_its_time_or_with_the_event() -> None:
    clock, event = VirtualClock(), Flag()

    assert not await sleep_unless(clock, 10, event)
    assert clock.monotonic() == 10
    asyncio.get_running_loop().call_later(3, event.set)
    assert await sleep_unless(clock, 10, event)
    assert clock.monotonic() == 13


@story
async def test_a_sleep_without_an_end_waits_for_the_event() -> None:
    clock, event = VirtualClock(), Flag()
    asyncio.get_running_loop().call_later(1e6, event.set)

    assert await sleep_unless(clock, None, event)

    assert clock.monotonic() == 1e6


def test_the_system_clock_tells_utc() -> None:
    clock = SystemClock()

    before = clock.monotonic()
    asyncio.run(clock.sleep(0))

    assert abs(clock.now() - datetime.now(UTC)) < timedelta(minutes=1)
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() >= before


@pytest.mark.parametrize("year", [1, 1969, 1999, 2200, 9999])
@story
async def test_times_that_cannot_be_are_told_and_not_followed(year: int) -> None:
    told: list[bool] = []
    clock = StationClock(VirtualClock(), impossible=lambda: told.append(True))
    await clock.sleep(100)

    clock.set(BEGINNING.replace(year=year))

    assert clock.now() == BEGINNING + timedelta(seconds=100)
    assert told == [True]
    assert clock.left_for_s == 0
