from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from voltyard.transport.backoff import Backoff


def longest() -> float:
    return 1.0


def shortest() -> float:
    return 0.0


def test_delays_double_until_the_cap() -> None:
    backoff = Backoff(longest, initial_s=2, factor=2, cap_s=15)

    delays = [backoff.next_delay_s() for _ in range(5)]

    assert delays == [2, 4, 8, 15, 15]


def test_the_upper_half_of_a_delay_is_random() -> None:
    delays = [Backoff(random, initial_s=2).next_delay_s() for random in (shortest, longest)]

    assert delays == [1, 2]


@pytest.mark.parametrize("seed", range(20))
def test_delays_never_shrink_before_the_cap_whatever_the_jitter(seed: int) -> None:
    backoff = Backoff(Random(seed).random, initial_s=1, factor=2, cap_s=1000)

    delays = [backoff.next_delay_s() for _ in range(9)]

    assert all(earlier <= later for earlier, later in pairwise(delays))


def test_a_connection_that_lasted_begins_the_delays_again() -> None:
    backoff = Backoff(longest, initial_s=2, settled_s=60)
    delays = [backoff.next_delay_s(), backoff.next_delay_s()]

    backoff.connection_lasted(60)
    delays.append(backoff.next_delay_s())

    assert delays == [2, 4, 2]


def test_a_connection_that_was_lost_at_once_does_not() -> None:
    backoff = Backoff(longest, initial_s=2, settled_s=60)
    delays = [backoff.next_delay_s(), backoff.next_delay_s()]

    backoff.connection_lasted(59)
    delays.append(backoff.next_delay_s())

    assert delays == [2, 4, 8]


def test_the_server_may_ask_for_a_longer_delay_up_to_the_cap() -> None:
    backoff = Backoff(longest, initial_s=2, cap_s=100)

    delays = [backoff.next_delay_s(at_least_s=30), backoff.next_delay_s(at_least_s=86_400)]

    assert delays == [30, 100]


@pytest.mark.parametrize(("initial_s", "factor", "cap_s"), [(0, 2, 10), (11, 2, 10), (1, 0.5, 10)])
def test_delays_that_would_vanish_are_refused(initial_s: float, factor: float, cap_s: float) -> None:
    with pytest.raises(ValueError, match="initial_s"):
        Backoff(longest, initial_s=initial_s, factor=factor, cap_s=cap_s)
