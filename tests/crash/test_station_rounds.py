"""A short form of the crash test of a charging station: everything is delivered once and in order."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.crash.station_rounds import run

_ROUNDS = 5


@pytest.mark.integration
def test_what_a_killed_station_recorded_is_delivered_once_and_in_order(tmp_path: Path) -> None:
    """R-097, R-181, R-199, R-200, R-206, R-208."""
    verdict = asyncio.run(run(_ROUNDS, tmp_path, seed=3))

    assert verdict.faults == []
    assert verdict.transactions >= _ROUNDS
