"""What flows between two readings: the Interval measurands, derived from the registers (OCPP 1.6 §7.31)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final, NamedTuple

from voltyard.chargepoint.hardware import Measurement
from voltyard.chargepoint.metering import rounded
from voltyard.protocol.messages import Location, Measurand, Phase, UnitOfMeasure

_INTERVALS: Final = MappingProxyType(
    {
        register: Measurand(register.replace(".Register", ".Interval"))
        for register in Measurand
        if register.endswith(".Register")
    }
)
_AMOUNTS: Final = frozenset(_INTERVALS.values())


class Amount(NamedTuple):
    """What has flowed since a time."""

    began_at: datetime
    measurements: tuple[Measurement, ...]


class Amounts:
    """The last readings of registers, by what they belong to, and what has flowed since."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: dict[Hashable, _Reading] = {}

    def begin(self, of: Hashable, measurements: Iterable[Measurement], at: datetime) -> None:
        """Count from now on."""
        self._last[of] = _Reading(at, tuple(each for each in measurements if each.measurand in _INTERVALS))

    def so_far(self, of: Hashable, measurements: Sequence[Measurement]) -> Amount | None:
        """Return what has flowed until now; None where nothing has been counted."""
        last = self._last.get(of)
        if last is None:
            return None
        before = {_of(each): each for each in last.registers}
        flowed = (_difference(before[_of(each)], each) for each in measurements if _of(each) in before)
        return Amount(last.at, tuple(each for each in flowed if each.value >= 0))


def measurable(measurands: frozenset[Measurand]) -> frozenset[Measurand]:
    """Return what a meter can measure and what follows from it: the amounts its registers count."""
    return measurands | {amount for register, amount in _INTERVALS.items() if register in measurands}


def at_instant(measurements: Iterable[Measurement]) -> tuple[Measurement, ...]:
    """Return the measurements without amounts: which interval a meter's own are of, it does not say."""
    return tuple(each for each in measurements if each.measurand not in _AMOUNTS)


def has_amounts(items: Iterable[str]) -> bool:
    """Whether a measurand list has an amount among its items."""
    return any(".Interval" in item for item in items)


def nothing_of(amount: Amount | None) -> Amount | None:
    """Return the amount as it is when counting begins anew."""
    if amount is None:
        return None
    return Amount(amount.began_at, tuple(each._replace(value=0.0) for each in amount.measurements))


class _Reading(NamedTuple):
    at: datetime
    registers: tuple[Measurement, ...]


_Place = tuple[Measurand, UnitOfMeasure | None, Phase | None, Location]


def _of(measurement: Measurement) -> _Place:
    measurand, _, unit, phase, location = measurement
    return measurand, unit, phase, location


def _difference(before: Measurement, after: Measurement) -> Measurement:
    # Of the readings as they are reported, so that amounts add up to what the registers say.
    flowed = float(rounded(after) - rounded(before))
    return after._replace(measurand=_INTERVALS[after.measurand], value=flowed)
