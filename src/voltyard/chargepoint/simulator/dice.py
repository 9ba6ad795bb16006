"""Random numbers from eight bytes of memory: `random.Random` keeps two and a half thousand."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from math import log, sqrt
from typing import Final, Protocol, TypeVar

T = TypeVar("T")

_MASK: Final = (1 << 64) - 1
_GOLDEN: Final = 0x9E3779B97F4A7C15
_BITS: Final = 53
"""As many as a float has."""


class Chance(Protocol):
    """Where random numbers come from; `random.Random` is one, too."""

    def random(self) -> float:
        """Return a number in [0, 1)."""

    def uniform(self, a: float, b: float, /) -> float:
        """Return a number between two."""

    def expovariate(self, lambd: float, /) -> float:
        """Return a number that is 1 / `lambd` on average, exponentially distributed."""

    def triangular(self, low: float, high: float, mode: float, /) -> float:
        """Return a number between two, most likely near the third."""

    def choice(self, seq: Sequence[T], /) -> T:
        """Return one of several."""


class Dice:
    """The generator SplitMix64; the same seed gives the same numbers, on every machine."""

    __slots__ = ("_state",)

    def __init__(self, seed: str) -> None:
        self._state = int.from_bytes(blake2b(seed.encode(), digest_size=8).digest(), "big")

    def random(self) -> float:
        self._state = (self._state + _GOLDEN) & _MASK
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return ((mixed ^ (mixed >> 31)) >> (64 - _BITS)) / (1 << _BITS)

    def uniform(self, a: float, b: float, /) -> float:
        return a + (b - a) * self.random()

    def expovariate(self, lambd: float, /) -> float:
        return -log(1.0 - self.random()) / lambd

    def triangular(self, low: float, high: float, mode: float, /) -> float:
        drawn, peak = self.random(), (mode - low) / (high - low)
        if drawn < peak:
            return low + (high - low) * sqrt(drawn * peak)
        return high - (high - low) * sqrt((1.0 - drawn) * (1.0 - peak))

    def choice(self, seq: Sequence[T], /) -> T:
        return seq[int(self.random() * len(seq))]
