"""Sharing what the charge point may draw among the connectors that charge (OCPP 1.6 §3.13.3)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final, NamedTuple

MINIMUM_CURRENT_A: Final = 6
"""The least current per phase that can be offered to a vehicle (IEC 61851-1); less means none."""


class Claim(NamedTuple):
    """One connector's: the amperes per phase it may have, and whether its vehicle wants any."""

    limit_a: Fraction
    wants_energy: bool


def share(budget_a: Fraction, claims: Sequence[Claim]) -> list[Fraction]:
    """Return how many amperes per phase each may have, in tenths; together at most `budget_a`.

    Those that want energy come first and get equal parts, but for those that may have less. When there is
    not enough for all, earlier claims come before later ones. What is left is offered to the others, so that
    their vehicles can begin at any time.
    """
    shares = [Fraction()] * len(claims)
    for wants_energy in (True, False):
        places = [place for place, claim in enumerate(claims) if claim.wants_energy is wants_energy]
        _fill(shares, places, claims, budget_a - sum(shares))
    return shares


def _fill(shares: list[Fraction], places: list[int], claims: Sequence[Claim], budget_a: Fraction) -> None:
    able = [place for place in places if claims[place].limit_a >= MINIMUM_CURRENT_A]
    served = able[: int(budget_a // MINIMUM_CURRENT_A)]
    # From the smallest limit up: what one cannot take goes to those after it.
    for done, place in enumerate(sorted(served, key=lambda place: claims[place].limit_a)):
        equal_a = budget_a / (len(served) - done)
        shares[place] = _in_tenths(min(claims[place].limit_a, equal_a))
        budget_a -= shares[place]


def _in_tenths(current_a: Fraction) -> Fraction:
    return Fraction(current_a * 10 // 1, 10)
