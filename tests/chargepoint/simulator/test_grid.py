"""The grid and the fuse between it and the charge point."""

from __future__ import annotations

from math import inf
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltyard.chargepoint.simulator.grid import TRIP_S, Grid, MainFuse


@given(st.integers(), st.floats(0, 1e7))
def test_voltage_and_frequency_sway_a_little(seed: int, now_s: float) -> None:
    grid = Grid(Random(seed))

    assert all(230 <= volt <= 233 for volt in grid.voltages_v(now_s))
    assert grid.frequency_hz(now_s) == pytest.approx(50, abs=0.03)


def test_the_same_random_numbers_make_the_same_grid() -> None:
    one, same, other = (Grid(Random(seed)).voltages_v(100) for seed in (1, 1, 2))

    assert one == same != other
    assert len(set(one)) == 3


def test_without_power_there_is_nothing() -> None:
    grid = Grid(Random(1))

    grid.is_on = False

    assert grid.voltages_v(5) == (0, 0, 0)
    assert grid.frequency_hz(5) == 0


def test_a_fuse_trips_after_a_minute_of_overload_on_one_phase() -> None:
    fuse = MainFuse(32)

    assert not fuse.load([0, 40, 0], 100)
    assert fuse.trips_at_s == 100 + TRIP_S
    assert not fuse.load([0, 40, 0], 159)
    assert fuse.load([0, 40, 0], 160)

    assert fuse.trips_at_s == inf


def test_a_fuse_bears_its_rating_and_forgets_an_overload_that_ends() -> None:
    fuse = MainFuse(32)
    assert not fuse.load([32, 33, 32], 0)
    assert fuse.trips_at_s == inf

    assert not fuse.load([50, 0, 0], 10)
    assert not fuse.load([20, 0, 0], 60)
    assert not fuse.load([50, 0, 0], 80)

    assert fuse.trips_at_s == 140
