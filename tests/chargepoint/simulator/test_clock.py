"""A clock that can be wrong."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from tests.chargepoint.virtual_time import BEGINNING, VirtualClock, story

from voltyard.chargepoint.simulator.clock import SettableClock


@story
async def test_it_is_right_until_it_is_set_and_runs_on_from_there() -> None:
    clock = SettableClock(VirtualClock())
    assert (clock.now(), clock.ahead_s) == (BEGINNING, 0)

    clock.set(BEGINNING - timedelta(days=365))
    await clock.sleep(60)

    assert clock.now() == BEGINNING - timedelta(days=365) + timedelta(seconds=60)
    assert clock.ahead_s == -365 * 86_400
    clock.set_ahead(0.1)
    assert clock.now() == BEGINNING + timedelta(seconds=60.1)
    assert clock.ahead_s == 0.1


@story
async def test_durations_are_right_however_wrong_it_is() -> None:
    clock = SettableClock(VirtualClock())
    clock.set(BEGINNING + timedelta(days=1))

    await asyncio.sleep(5)

    assert clock.monotonic() == 5
