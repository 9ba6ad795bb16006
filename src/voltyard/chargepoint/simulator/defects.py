"""What is broken at a charge point, where, and what it means when several things are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from voltyard.protocol.messages import ChargePointErrorCode

_E = ChargePointErrorCode

DANGEROUS: Final = frozenset(
    {
        _E.GROUND_FAILURE,
        _E.HIGH_TEMPERATURE,
        _E.OVER_CURRENT_FAILURE,
        _E.OVER_VOLTAGE,
        _E.POWER_SWITCH_FAILURE,
        _E.UNDER_VOLTAGE,
    }
)
"""With these nothing flows, whatever the program offers: the hardware protects itself."""


class Defect(NamedTuple):
    """One thing that is broken, as StatusNotification tells it."""

    error_code: ChargePointErrorCode
    info: str = ""
    vendor_error_code: str = ""


class Defects:
    """What is broken by place: 0 is the charge point itself, then its connectors.

    StatusNotification has room for one error: of several the last one counts, and when that is repaired the
    one before it. A place is in order again when the last of them is gone. The same error code twice is one
    defect, with what was said last.
    """

    __slots__ = ("_defects",)

    def __init__(self) -> None:
        self._defects: dict[int, dict[ChargePointErrorCode, Defect]] = {}

    def __iter__(self) -> Iterator[tuple[int, Defect]]:
        """Return what counts at each place that is not in order."""
        return ((place, list(defects.values())[-1]) for place, defects in sorted(self._defects.items()))

    def add(self, place: int, defect: Defect) -> None:
        """Break something; raises `ValueError` for NoError."""
        if defect.error_code is ChargePointErrorCode.NO_ERROR:
            raise ValueError(f"{defect.error_code} is nothing that can break")
        defects = self._defects.setdefault(place, {})
        defects.pop(defect.error_code, None)
        defects[defect.error_code] = defect

    def remove(self, place: int, error_code: ChargePointErrorCode | None = None) -> bool:
        """Repair one thing, or everything at a place; return whether there was anything to repair."""
        defects = self._defects.get(place, {})
        broken = set(defects) if error_code is None else {error_code} & set(defects)
        for each in broken:
            del defects[each]
        if not defects:
            self._defects.pop(place, None)
        return bool(broken)

    def at(self, place: int) -> tuple[Defect, ...]:
        """Return what is broken at a place, the one that counts last."""
        return tuple(self._defects.get(place, {}).values())

    def has(self, place: int, *error_codes: ChargePointErrorCode) -> bool:
        """Whether any of these is broken at a place."""
        return not self._defects.get(place, {}).keys().isdisjoint(error_codes)
