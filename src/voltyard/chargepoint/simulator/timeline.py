"""The time of the simulated world: it follows a clock, faster if wanted, or is moved on by hand."""

from __future__ import annotations

import asyncio

from voltyard.chargepoint.clock import Clock


class Timeline:
    """Simulated seconds since the world began; they only ever grow.

    While it flows it follows the clock at `speed`. It stands still within one turn of the event loop: what
    a charge point does at once is done at one moment, however fast the world is. So a reading taken twice
    in one turn is the same twice.
    """

    __slots__ = ("_clock", "_flowing_since", "_loop", "_now_s", "_passed_s", "_speed")

    def __init__(self, clock: Clock, speed: float = 1.0) -> None:
        self._clock = clock
        self._speed = speed
        self._passed_s = 0.0
        self._flowing_since: float | None = None
        self._now_s: float | None = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def speed(self) -> float:
        return self._speed

    @property
    def now_s(self) -> float:
        """How many simulated seconds have passed."""
        if self._now_s is None:
            self._now_s = self._passed_s + self._flowed_s()
            if self._loop is not None:
                self._loop.call_soon(self._let_go)
        return self._now_s

    def flow(self) -> None:
        """Follow the clock from now on; to be called in the event loop."""
        self._loop = asyncio.get_running_loop()
        self._flowing_since = self._clock.monotonic()
        self._let_go()

    def stop(self) -> None:
        """Stand still from now on."""
        self._passed_s += self._flowed_s()
        self._flowing_since = None
        self._now_s = self._passed_s

    def pass_by(self, seconds: float) -> None:
        """Let time pass at once, besides what flows."""
        self._passed_s += seconds
        self._now_s = self._passed_s if self._flowing_since is None else None

    def wait_until(self, at_s: float) -> None:
        """Let time pass up to a moment, exactly; unless it flows, then it gets there by itself."""
        if self._flowing_since is None:
            self._passed_s = self._now_s = max(at_s, self._passed_s)

    def _flowed_s(self) -> float:
        if self._flowing_since is None:
            return 0.0
        return (self._clock.monotonic() - self._flowing_since) * self._speed

    def _let_go(self) -> None:
        if self._flowing_since is not None:
            self._now_s = None
