"""One timer for the deadlines of many connections."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Protocol

# uvloop keeps time in milliseconds and may be early by part of one.
_EARLY_S = 0.001


class Watched(Protocol):
    """Something that has at most one deadline at a time."""

    def deadline_reached(self, now: float) -> None:
        """Act on the deadline, which is now forgotten; `now` is the timers' time."""


class Timer(Protocol):
    """A call that has been arranged for later."""

    def cancel(self) -> None: ...


class Timers(Protocol):
    """What is needed of an event loop."""

    def time(self) -> float: ...

    def call_at(self, when: float, callback: Callable[[], object], /) -> Timer: ...


class Deadlines:
    """Wakes each watched object at its deadline, together with those of the same `resolution_s`.

    A timer per connection costs memory and wakes the loop for one connection only. Late by at most the
    resolution.
    """

    __slots__ = ("_resolution_s", "_slot_of", "_slots", "_timer", "_timer_slot", "_timers")

    def __init__(self, timers: Timers, resolution_s: float = 0.25) -> None:
        self._timers = timers
        self._resolution_s = resolution_s
        self._slots: dict[int, set[Watched]] = {}
        self._slot_of: dict[Watched, int] = {}
        self._timer: Timer | None = None
        self._timer_slot = 0

    def now(self) -> float:
        """Return the timers' time, in seconds."""
        return self._timers.time()

    def set(self, watched: Watched, when: float) -> None:
        """Wake `watched` at `when` (the timers' time), instead of at the deadline it had."""
        slot = ceil(when / self._resolution_s)
        if self._slot_of.get(watched) == slot:
            return
        self._take_out(watched)
        self._slot_of[watched] = slot
        self._slots.setdefault(slot, set()).add(watched)
        if self._timer is None or slot < self._timer_slot:
            self._start_timer(slot)

    def forget(self, watched: Watched) -> None:
        """Do not wake `watched`."""
        self._take_out(watched)
        if not self._slot_of:
            self._stop_timer()

    def _take_out(self, watched: Watched) -> None:
        slot = self._slot_of.pop(watched, None)
        if slot is not None and slot in self._slots:
            self._slots[slot].discard(watched)

    def _start_timer(self, slot: int) -> None:
        self._stop_timer()
        self._timer_slot = slot
        self._timer = self._timers.call_at(slot * self._resolution_s, self._tick)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        self._timer = None
        now = self._timers.time()
        reached = (now + _EARLY_S) / self._resolution_s
        for slot in sorted(slot for slot in self._slots if slot <= reached):
            for watched in self._slots.pop(slot):
                # Whoever was woken before may have changed this one's deadline.
                if self._slot_of.get(watched) == slot:
                    del self._slot_of[watched]
                    watched.deadline_reached(now)
        if self._slots and self._timer is None:
            self._start_timer(min(self._slots))
