"""Samples are taken when they are due, also when intervals and clocks are changed meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.chargepoint.metered import EQUIPMENT
from tests.chargepoint.virtual_time import BEGINNING, VirtualClock, story

from voltyard.chargepoint.clock import StationClock
from voltyard.chargepoint.configuration import Configuration
from voltyard.chargepoint.keys import table_of
from voltyard.chargepoint.store import MemoryStore
from voltyard.chargepoint.ticks import clock_aligned, next_aligned, periodically

SAMPLED, ALIGNED = "MeterValueSampleInterval", "ClockAlignedDataInterval"
TEN = datetime(2024, 5, 17, 10, tzinfo=UTC)


def configured(**settings: str) -> Configuration:
    return Configuration(MemoryStore(), table_of(EQUIPMENT, settings))


class Sluggish(VirtualClock):
    """A clock of a machine that sleeps now and then."""

    oversleeps_s = 0.0

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds + self.oversleeps_s)


@asynccontextmanager
async def periodic(configuration: Configuration, clock: VirtualClock) -> AsyncIterator[list[float]]:
    """Tick periodically since now; yields the seconds of the ticks since then."""
    since_s = clock.monotonic()
    ticks: list[float] = []
    running = asyncio.create_task(
        periodically(
            clock, configuration, SAMPLED, lambda: ticks.append(clock.monotonic() - since_s), since_s=since_s
        )
    )
    yield ticks
    running.cancel()


@asynccontextmanager
async def aligned(configuration: Configuration, clock: StationClock) -> AsyncIterator[list[datetime]]:
    """Tick on the grid; yields the points of the ticks."""
    ticks: list[datetime] = []
    running = asyncio.create_task(clock_aligned(clock, configuration, ALIGNED, ticks.append))
    yield ticks
    running.cancel()


@story
async def test_ticks_come_at_multiples_of_the_interval_since_the_beginning() -> None:
    """R-226."""
    clock = VirtualClock()
    async with periodic(configured(MeterValueSampleInterval="10"), clock) as ticks:
        await clock.sleep(45)

    assert ticks == pytest.approx([10, 20, 30, 40])


@story
async def test_an_interval_of_zero_means_never_until_it_is_changed() -> None:
    """R-227."""
    clock, configuration = VirtualClock(), configured(MeterValueSampleInterval="0")
    async with periodic(configuration, clock) as ticks:
        await clock.sleep(1005)
        assert ticks == []
        configuration.change(SAMPLED, "10")
        await clock.sleep(20)

    assert ticks == pytest.approx([1010, 1020])


@story
async def test_a_new_interval_counts_from_the_beginning_too() -> None:
    clock, configuration = VirtualClock(), configured(MeterValueSampleInterval="50")
    async with periodic(configuration, clock) as ticks:
        await clock.sleep(70)
        configuration.change(SAMPLED, "20")
        await clock.sleep(40)
        configuration.change(SAMPLED, "0")
        await clock.sleep(100)

    assert ticks == pytest.approx([50, 80, 100])


@pytest.mark.parametrize("at_s", [10.0, 9.9999, 10.0001])
@story
async def test_another_key_changed_just_then_takes_no_tick_away_and_doubles_none(at_s: float) -> None:
    clock, configuration = VirtualClock(), configured(MeterValueSampleInterval="10")
    asyncio.get_running_loop().call_later(at_s, configuration.change, "HeartbeatInterval", "77")
    async with periodic(configuration, clock) as ticks:
        await clock.sleep(25)

    assert ticks == pytest.approx([10, 20], abs=0.001)


@story
async def test_what_is_missed_while_the_machine_sleeps_is_left_out() -> None:
    clock = Sluggish()
    async with periodic(configured(MeterValueSampleInterval="10"), clock) as ticks:
        await clock.sleep(15)
        clock.oversleeps_s = 3600
        await asyncio.sleep(6)
        clock.oversleeps_s = 0
        await asyncio.sleep(3600 + 14)

    assert ticks == pytest.approx([10, 20, 3630])


@given(st.floats(0, 1e7), st.integers(1, 100_000), st.integers(1, 30))
def test_however_the_numbers_are_rounded_each_tick_comes_once(
    since_s: float, interval_s: int, count: int
) -> None:
    @story
    async def live() -> None:
        clock = VirtualClock()
        await clock.sleep(since_s)
        async with periodic(configured(MeterValueSampleInterval=str(interval_s)), clock) as ticks:
            await clock.sleep(interval_s * count + interval_s / 2)
        assert ticks == pytest.approx([interval_s * (number + 1) for number in range(count)], abs=0.01)

    live()


@story
async def test_the_grid_begins_at_midnight() -> None:
    """R-228: every quarter of an hour at :00, :15, :30 and :45."""
    clock = StationClock(VirtualClock())
    async with aligned(configured(ClockAlignedDataInterval="900"), clock) as ticks:
        await clock.sleep(3600)

    assert ticks == [TEN + timedelta(minutes=minutes) for minutes in (0, 15, 30, 45)]


@story
async def test_a_grid_of_zero_seconds_has_no_points_until_it_is_changed() -> None:
    """R-229."""
    clock, configuration = StationClock(VirtualClock()), configured(ClockAlignedDataInterval="0")
    async with aligned(configuration, clock) as ticks:
        await clock.sleep(4000)
        assert ticks == []
        configuration.change(ALIGNED, "600")
        await clock.sleep(1000)

    assert ticks == [TEN + timedelta(minutes=minutes) for minutes in (70, 80)]


@pytest.mark.parametrize(
    ("after_s", "ahead_s", "expected"),
    [
        # It is 9:59:30 at first; points are 15 minutes apart.
        pytest.param(60, 4, [0, 15, 30, 45], id="a little ahead"),
        pytest.param(60, -4, [0, 15, 30, 45], id="a little back"),
        pytest.param(60, -45, [0, 15, 30, 45], id="back behind the last point: it is not repeated"),
        pytest.param(60, 600, [0, 15, 30, 45, 60], id="ahead, but not over a point"),
        pytest.param(60, 1000, [0, 30, 45, 60, 75], id="ahead over a point: it never was"),
        pytest.param(60, -1000, [0, -15, 0, 15, 30], id="back by more than an interval"),
    ],
)
@story
async def test_the_grid_follows_a_clock_that_is_set(
    after_s: float, ahead_s: float, expected: list[int]
) -> None:
    clock = StationClock(VirtualClock())
    async with aligned(configured(ClockAlignedDataInterval="900"), clock) as ticks:
        await clock.sleep(after_s)
        clock.set(clock.now() + timedelta(seconds=ahead_s))
        await clock.sleep(3560 - after_s)

    assert [(tick - TEN) / timedelta(minutes=1) for tick in ticks] == expected


@story
async def test_a_point_of_the_grid_that_is_slept_through_is_left_out() -> None:
    sluggish = Sluggish()
    clock = StationClock(sluggish)
    async with aligned(configured(ClockAlignedDataInterval="900"), clock) as ticks:
        await asyncio.sleep(100)
        sluggish.oversleeps_s = 1000
        await asyncio.sleep(100)
        sluggish.oversleeps_s = 0
        await asyncio.sleep(2000)

    assert ticks == [TEN, TEN + timedelta(minutes=30)]


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 - made aware below
    st.integers(1, 100_000),
)
def test_the_grid_starts_again_at_midnight(naive: datetime, interval_s: int) -> None:
    """R-228."""
    now = naive.replace(tzinfo=UTC)

    due = next_aligned(now, interval_s)

    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    since_midnight_s = (due - midnight).total_seconds()
    assert timedelta() < due - now <= timedelta(seconds=interval_s)
    assert since_midnight_s == 86_400 or since_midnight_s % interval_s == 0


def test_the_stories_begin_half_a_minute_before_a_point_of_the_grid() -> None:
    assert next_aligned(BEGINNING, 900) == TEN
