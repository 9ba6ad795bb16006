"""The machine's clock for thousands who sleep: one timer of the event loop serves them all."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from heapq import heapify, heappop, heappush
from typing import Final, NamedTuple

_WORTH_SWEEPING: Final = 1000
"""So many who have given up sleeping are put up with."""
_EARLY_S: Final = 0.001
"""The event loop may keep time in milliseconds, and be early by part of one."""


class SharedClock:
    """A `Clock`; a timer of its own costs each sleeper as much memory as all the rest of its sleep."""

    def __init__(self) -> None:
        self._sleepers: list[_Sleeper] = []
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at_s = 0.0
        self._gone = 0
        self._count = 0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        loop = asyncio.get_running_loop()
        self._count += 1
        sleeper = _Sleeper(loop.time() + seconds, self._count, loop.create_future())
        heappush(self._sleepers, sleeper)
        self._set(loop)
        try:
            await sleeper.woken
        except asyncio.CancelledError:
            self._gone += 1
            self._sweep()
            raise

    def _set(self, loop: asyncio.AbstractEventLoop) -> None:
        """Set the timer to the first who has to wake."""
        first_s = self._sleepers[0].until_s
        if self._timer is None or first_s < self._rings_at_s:
            if self._timer is not None:
                self._timer.cancel()
            self._rings_at_s = first_s
            self._timer = loop.call_at(first_s, self._ring, loop)

    def _ring(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now_s = loop.time() + _EARLY_S
        while self._sleepers and self._sleepers[0].until_s <= now_s:
            woken = heappop(self._sleepers).woken
            if woken.done():
                self._gone -= 1
            else:
                woken.set_result(None)
        if self._sleepers:
            self._set(loop)

    def _sweep(self) -> None:
        if self._gone > max(_WORTH_SWEEPING, len(self._sleepers) / 2):
            self._sleepers = [sleeper for sleeper in self._sleepers if not sleeper.woken.done()]
            heapify(self._sleepers)
            self._gone = 0


class _Sleeper(NamedTuple):
    until_s: float
    number: int
    woken: asyncio.Future[None]
