"""Random numbers from little memory."""

from __future__ import annotations

import sys
from collections import Counter
from itertools import pairwise
from math import sqrt
from random import Random

import pytest

from voltyard.chargepoint.simulator.dice import Chance, Dice

COUNT = 20_000


def mean(numbers: list[float]) -> float:
    return sum(numbers) / len(numbers)


def test_numbers_are_spread_evenly_and_independent_of_the_one_before() -> None:
    dice = Dice("any")

    numbers = [dice.random() for _ in range(COUNT)]

    assert all(0 <= number < 1 for number in numbers)
    tenths = Counter(int(number * 10) for number in numbers)
    assert all(tenths[tenth] == pytest.approx(COUNT / 10, rel=0.1) for tenth in range(10))
    products = [(a - 0.5) * (b - 0.5) for a, b in pairwise(numbers)]
    assert abs(mean(products)) < 4 / 12 / sqrt(COUNT)


@pytest.mark.parametrize("chance", [Dice("any"), Random(1)], ids=["dice", "random"])
def test_distributions_are_those_of_the_standard_library(chance: Chance) -> None:
    assert mean([chance.uniform(20, 240) for _ in range(COUNT)]) == pytest.approx(130, rel=0.02)
    assert mean([chance.expovariate(0.1) for _ in range(COUNT)]) == pytest.approx(10, rel=0.05)
    assert mean([chance.triangular(0, 9, 3) for _ in range(COUNT)]) == pytest.approx(4, rel=0.02)
    chosen = Counter(chance.choice("abcd") for _ in range(COUNT))
    assert all(chosen[each] == pytest.approx(COUNT / 4, rel=0.1) for each in "abcd")


def test_numbers_stay_within_their_bounds() -> None:
    dice = Dice("any")

    assert all(1 <= dice.uniform(1, 2) <= 2 for _ in range(1000))
    assert all(2 <= dice.triangular(2, 5, 3) <= 5 for _ in range(1000))
    assert all(dice.expovariate(1.0) >= 0 for _ in range(1000))


def test_the_same_seed_gives_the_same_numbers_and_another_one_others() -> None:
    def some(seed: str) -> list[float]:
        dice = Dice(seed)
        return [dice.random() for _ in range(5)]

    assert some("1/FLEET-00001") == some("1/FLEET-00001")
    assert len({*some("1/FLEET-00001"), *some("1/FLEET-00002"), *some("2/FLEET-00001")}) == 15


def test_thousands_of_them_weigh_little() -> None:
    assert sys.getsizeof(Dice("any")) < 100 < sys.getsizeof(Random(1))
