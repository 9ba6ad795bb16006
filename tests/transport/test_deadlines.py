from __future__ import annotations

from collections.abc import Callable

from tests.aio import FakeTimers

from voltyard.transport.deadlines import Deadlines


class Sleeper:
    def __init__(self, woken: Callable[[float], None] = lambda _: None) -> None:
        self.woken_at: list[float] = []
        self._woken = woken

    def deadline_reached(self, now: float) -> None:
        self.woken_at.append(now)
        self._woken(now)


def test_everybody_is_woken_at_their_own_deadline() -> None:
    timers, early, late = FakeTimers(), Sleeper(), Sleeper()
    deadlines = Deadlines(timers, resolution_s=0.25)

    deadlines.set(late, 2.0)
    deadlines.set(early, 1.0)
    timers.advance(10)

    assert (early.woken_at, late.woken_at) == ([1.0], [2.0])


def test_nobody_is_woken_early_and_nobody_later_than_the_resolution() -> None:
    timers, sleeper = FakeTimers(), Sleeper()
    deadlines = Deadlines(timers, resolution_s=0.25)

    deadlines.set(sleeper, 1.01)
    timers.advance(10)

    assert sleeper.woken_at == [1.25]


def test_deadlines_of_the_same_resolution_share_one_timer() -> None:
    timers, sleepers = FakeTimers(), [Sleeper() for _ in range(100)]
    deadlines = Deadlines(timers, resolution_s=0.25)

    for number, sleeper in enumerate(sleepers):
        deadlines.set(sleeper, 1 + number / 1000)
    pending = len(timers.pending)
    timers.advance(10)

    assert pending == 1
    assert all(len(sleeper.woken_at) == 1 for sleeper in sleepers)


def test_a_deadline_that_is_moved_wakes_once_and_at_the_new_time() -> None:
    timers, moved, other = FakeTimers(), Sleeper(), Sleeper()
    deadlines = Deadlines(timers, resolution_s=0.25)

    deadlines.set(moved, 1.0)
    deadlines.set(other, 1.0)
    deadlines.set(moved, 3.0)
    timers.advance(10)

    assert moved.woken_at == [3.0]


def test_a_deadline_that_is_forgotten_wakes_nobody() -> None:
    timers, forgotten, other = FakeTimers(), Sleeper(), Sleeper()
    deadlines = Deadlines(timers, resolution_s=0.25)

    deadlines.set(forgotten, 1.0)
    deadlines.set(other, 1.0)
    deadlines.forget(forgotten)
    timers.advance(10)

    assert (forgotten.woken_at, other.woken_at) == ([], [1.0])


def test_no_timer_is_left_when_nobody_has_a_deadline() -> None:
    timers, sleeper = FakeTimers(), Sleeper()
    deadlines = Deadlines(timers)

    deadlines.set(sleeper, 1.0)
    deadlines.forget(sleeper)

    assert timers.pending == []


def test_the_first_one_woken_may_forget_and_postpone_the_others() -> None:
    timers = FakeTimers()
    deadlines = Deadlines(timers, resolution_s=0.25)
    sleepers: list[Sleeper] = []

    def woken(now: float) -> None:
        _, second, third = sorted(sleepers, key=lambda sleeper: not sleeper.woken_at)
        if now == 1.0:
            assert not second.woken_at + third.woken_at
            deadlines.forget(second)
            deadlines.set(third, 2.0)

    sleepers += [Sleeper(woken), Sleeper(woken), Sleeper(woken)]
    for sleeper in sleepers:
        deadlines.set(sleeper, 1.0)
    timers.advance(10)

    assert sorted(sleeper.woken_at for sleeper in sleepers) == [[], [1.0], [2.0]]


def test_who_is_woken_may_ask_for_the_next_deadline() -> None:
    timers = FakeTimers()
    deadlines = Deadlines(timers, resolution_s=0.25)

    sleeper = Sleeper(lambda now: deadlines.set(sleeper, now + 1))
    deadlines.set(sleeper, 1.0)
    timers.advance(3.5)

    assert sleeper.woken_at == [1.0, 2.0, 3.0]
