"""When it is time to sample: at intervals since a moment, or on the grid of the day (OCPP 1.6 §3.16)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from voltyard.chargepoint.clock import LOOK_S, Clock
from voltyard.chargepoint.configuration import Configuration

_DAY_S: Final = 86_400
_EARLY_S: Final = 0.001
"""A timer may go off a little early."""
_PUNCTUAL_S: Final = 10.0
"""What comes later is not what the time on it says: the clock was set, or the machine slept."""


async def periodically(
    clock: Clock,
    configuration: Configuration,
    interval_key: str,
    tick: Callable[[], None],
    *,
    since_s: float,
) -> None:
    """Call `tick` at each multiple of the interval since `since_s`; 0 means never (OCPP 1.6 §3.16.1).

    `since_s` is a reading of the monotonic clock. What is missed while the machine sleeps is left out.
    """
    last_s = since_s
    while True:
        interval_s = configuration.integer(interval_key)
        if interval_s == 0:
            await configuration.sleep_unless_changed(clock, None)
            continue
        passed_s = max(clock.monotonic(), last_s + _EARLY_S) - since_s
        due_s = since_s + (passed_s // interval_s + 1) * interval_s
        changed = await configuration.sleep_unless_changed(clock, due_s - clock.monotonic())
        if not changed or clock.monotonic() >= due_s:
            last_s = due_s
            tick()


async def clock_aligned(
    clock: Clock, configuration: Configuration, interval_key: str, tick: Callable[[datetime], None]
) -> None:
    """Call `tick` at each multiple of the interval since midnight UTC; 0 means never (OCPP 1.6 §3.16.2).

    The grid follows the clock when that is set; a point it is set back behind is not repeated.
    """
    last: datetime | None = None
    while True:
        interval_s = configuration.integer(interval_key)
        if interval_s == 0:
            await configuration.sleep_unless_changed(clock, None)
            continue
        due = next_aligned(clock.now(), interval_s)
        if due == last:
            due = next_aligned(due, interval_s)
        wait_s = (due - clock.now()).total_seconds()
        await configuration.sleep_unless_changed(clock, min(wait_s, LOOK_S))
        if 0 <= (clock.now() - due).total_seconds() <= _PUNCTUAL_S:
            last = due
            tick(due)


def next_aligned(now: datetime, interval_s: int) -> datetime:
    """Return the next point of the grid, which starts again at midnight."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    passed_s = (now - midnight).total_seconds()
    due_s = (int(passed_s) // interval_s + 1) * interval_s
    return midnight + timedelta(seconds=min(due_s, _DAY_S))
