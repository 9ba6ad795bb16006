"""Sharing: never more than there is, nothing too small, equal parts."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltyard.charging.balancing import MINIMUM_CURRENT_A, Claim, share


def claims(*limits: float, idle: tuple[int, ...] = ()) -> list[Claim]:
    return [Claim(Fraction(str(limit)), place not in idle) for place, limit in enumerate(limits)]


@pytest.mark.parametrize(
    ("budget", "limits", "shares"),
    [
        (64, [32, 32], [32, 32]),
        (32, [32, 32], [16, 16]),
        # What one may not take goes to the others.
        (32, [10, 32], [10, 22]),
        (32, [32, 10], [22, 10]),
        (50, [8, 32, 32], [8, 21, 21]),
        # In tenths, rounded down.
        (20, [32, 32, 32], [6.6, 6.7, 6.7]),
        (13.05, [32, 32], [6.5, 6.5]),
        # Less than 6 A is nothing (IEC 61851-1), and the first comes first.
        (16, [32, 32, 32], [8, 8, 0]),
        (11.9, [32, 32], [11.9, 0]),
        (5.9, [32, 32], [0, 0]),
        (32, [5.9, 32], [0, 32]),
        (0, [32], [0]),
        (32, [], []),
    ],
)
def test_what_there_is_is_shared_equally(budget: float, limits: list[float], shares: list[float]) -> None:
    result = share(Fraction(str(budget)), claims(*limits))

    assert [float(each) for each in result] == shares


def test_those_that_want_nothing_get_what_is_left() -> None:
    assert share(Fraction(32), claims(32, 32, idle=(0,))) == [0, 32]
    assert share(Fraction(40), claims(32, 32, idle=(0,))) == [8, 32]
    assert share(Fraction(64), claims(32, 16, 20, idle=(0, 2))) == [28, 16, 20]


LIMITS = st.integers(0, 400).map(lambda tenths: Fraction(tenths, 10))


@given(LIMITS.map(lambda limit: limit * 3), st.lists(st.builds(Claim, LIMITS, st.booleans()), max_size=6))
def test_shares_are_within_all_limits_and_big_enough_to_charge(budget: Fraction, made: list[Claim]) -> None:
    """R-338."""
    shares = share(budget, made)

    assert sum(shares) <= budget
    for part, claim in zip(shares, made, strict=True):
        assert part == 0 or MINIMUM_CURRENT_A <= part <= claim.limit_a
    if budget >= MINIMUM_CURRENT_A and any(claim.limit_a >= MINIMUM_CURRENT_A for claim in made):
        assert any(shares)
