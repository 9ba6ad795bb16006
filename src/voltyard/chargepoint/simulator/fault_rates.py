"""What goes wrong with a network and how often, as values and as a line of text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LATE_S: Final = 2.0
"""How late a late message is at most, if nothing else is said."""


class Fault(StrEnum):
    """Something that goes wrong."""

    DROP = "drop"
    """A message gets lost."""
    DELAY = "delay"
    """A message is late, and so are those behind it in its direction."""
    REORDER = "reorder"
    """A message is late, and those behind it overtake it."""
    DUPLICATE = "duplicate"
    """A message arrives twice."""
    CUT = "cut"
    """The connection ends without a word."""
    HALF_OPEN = "half-open"
    """The connection stays, but nothing passes any more until somebody gives it up."""
    SILENCE = "silence"
    """The connection stays and calls pass, but no answers any more."""


class Direction(StrEnum):
    """Where a message goes."""

    OUT = "out"
    """To the central system."""
    IN = "in"
    """To the charge point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRate:
    """How often a fault happens: to this share of the messages, or so many times a second, not both.

    Without a direction it happens in both. `late_s` is how late a message is at most; it is for `DELAY` and
    `REORDER`. Raises `ValueError` for what makes no sense.
    """

    fault: Fault
    direction: Direction | None = None
    share: float = 0.0
    per_s: float = 0.0
    late_s: float = LATE_S

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ValueError(f"{self.fault}: {self.share:g} is no share of messages, which is 0 to 1")
        if not 0 <= self.per_s <= _MOST_PER_S:
            raise ValueError(f"{self.fault}: {self.per_s:g} times a second is not 0 to {_MOST_PER_S:g}")
        if not (0 < self.late_s <= _LONGEST_S):
            raise ValueError(f"{self.fault}: {self.late_s:g} s is not more than nothing and at most a day")
        if self.share and self.per_s:
            raise ValueError(f"{self.fault}: a share of messages and a rate in time exclude each other")
        if self.per_s and self.fault in _TO_ONE_MESSAGE:
            raise ValueError(f"{self.fault}: happens to messages, so it has a share of them and no rate")
        if self.direction is not None and self.fault is Fault.CUT:
            raise ValueError(f"{self.fault}: a connection is cut in both directions")

    def __str__(self) -> str:
        name = self.fault if self.direction is None else f"{self.fault}-{self.direction}"
        often = f"{self.per_s * 3600:.12g}/h" if self.per_s else f"{self.share:.12g}"
        return f"{name}={often}:{self.late_s:.12g}s" if self.fault in _LATE else f"{name}={often}"


class NetworkFaults:
    """All that goes wrong; without rates nothing does.

    Raises `ValueError` when a fault is given twice for a direction, or to more messages than there are.
    """

    __slots__ = ("_per_message", "_per_time", "_rates")

    def __init__(self, *rates: FaultRate) -> None:
        self._rates = rates
        self._per_message = {direction: _of_messages(rates, direction) for direction in Direction}
        self._per_time = tuple(rate for rate in rates if rate.per_s)

    @classmethod
    def parse(cls, text: str) -> NetworkFaults:
        """Return what a text like `drop=0.01,delay-in=0.05:2s,cut=1/h` says; raises `ValueError`."""
        return cls(*(_parse(item.strip()) for item in text.split(",")))

    def __str__(self) -> str:
        return ",".join(map(str, self._rates))

    def __bool__(self) -> bool:
        return bool(self._rates)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NetworkFaults) and self._rates == other._rates

    def __hash__(self) -> int:
        return hash(self._rates)

    @property
    def per_s(self) -> float:
        """How many times a second something happens, whether there are messages or not."""
        return sum(rate.per_s for rate in self._per_time)

    def to_message(self, direction: Direction, chance: float) -> FaultRate | None:
        """Return what happens to a message; `chance` is a random number in [0, 1)."""
        for rate in self._per_message[direction]:
            chance -= rate.share
            if chance < 0:
                return rate
        return None

    def in_time(self, chance: float) -> FaultRate:
        """Return which of the faults that happen in time happens; `chance` is a random number in [0, 1)."""
        left_per_s = chance * self.per_s
        for rate in self._per_time:
            left_per_s -= rate.per_s
            if left_per_s < 0:
                return rate
        return self._per_time[-1]


_LONGEST_S: Final = 86_400.0
_MOST_PER_S: Final = 1000.0
_LATE: Final = frozenset({Fault.DELAY, Fault.REORDER})
_TO_ONE_MESSAGE: Final = frozenset({Fault.DROP, Fault.DELAY, Fault.REORDER, Fault.DUPLICATE})
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}

_NUMBER: Final = r"(\d{1,12}(?:\.\d{1,12})?(?:e-?\d{1,2})?)"
_ITEM: Final = re.compile(
    r"(?P<name>[a-z-]+?)(?:-(?P<direction>in|out))?"
    rf"=(?P<often>{_NUMBER})(?:/(?P<per>[smhd]))?"
    rf"(?::(?P<late>{_NUMBER})(?P<unit>ms|s|m|h))?",
    re.ASCII,
)
_FORM: Final = "expected NAME=SHARE or NAME=TIMES/h, as in drop=0.01,delay-in=0.05:2s,cut=1/h"


def _parse(item: str) -> FaultRate:
    match = _ITEM.fullmatch(item)
    if match is None:
        raise ValueError(f"{item[:100]!a}: {_FORM}")
    name, direction, per, late = match["name"], match["direction"], match["per"], match["late"]
    if name not in set(Fault):
        raise ValueError(f"{name[:100]!a} is none of {', '.join(Fault)}")
    fault, often = Fault(name), float(match["often"])
    if late is not None and fault not in _LATE:
        raise ValueError(f"{fault}: has no time, only {' and '.join(sorted(_LATE))} have")
    return FaultRate(
        fault=fault,
        direction=None if direction is None else Direction(direction),
        share=0.0 if per else often,
        per_s=often / _SECONDS[per] if per else 0.0,
        late_s=LATE_S if late is None else float(late) * _SECONDS[match["unit"]],
    )


def _of_messages(rates: Iterable[FaultRate], direction: Direction) -> tuple[FaultRate, ...]:
    here = [rate for rate in rates if rate.direction in {None, direction}]
    seen: set[Fault] = set()
    for rate in here:
        if rate.fault in seen:
            raise ValueError(f"{rate.fault}: given twice")
        seen.add(rate.fault)
    if sum(rate.share for rate in here) > 1 + 1e-9:
        raise ValueError("faults happen to more messages than there are: the shares add up to more than 1")
    return tuple(rate for rate in here if rate.share)


NO_FAULTS: Final = NetworkFaults()
