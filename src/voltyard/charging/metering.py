"""What a meter value says: defaults (OCPP 1.6 §7.43), one unit per quantity, the figures people ask for.

Everything here takes what tolerant decoding lets through (unknown names as plain strings, values that are no
numbers, signed blocks) and never raises.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Final, NamedTuple

from voltyard.protocol.messages import (
    Location,
    Measurand,
    MeterValue,
    Phase,
    ReadingContext,
    SampledValue,
    UnitOfMeasure,
    ValueFormat,
)


class Summary(NamedTuple):
    """The figures of one meter value that queries and charts need; None where it does not say."""

    energy_wh: float | None
    power_w: float | None
    current_a: float | None
    soc_percent: float | None


class Reading(NamedTuple):
    """One sample with its defaults filled in and its unit made one per quantity.

    `value` is None for a signed block and for text that is no finite number; `text` is as it was sent.
    Names the specification does not know stay as they came; a phase of None is the overall value.
    """

    measurand: str
    value: float | None
    unit: str
    context: str
    phase: str | None
    location: str
    text: str


def reading(sample: SampledValue) -> Reading:
    """Return the sample as the specification wants it read.

    Units come out as Wh, varh, W, VA, var, A, V, Hz, Percent and Celsius, or "" where there is none.
    """
    measurand: str = sample.measurand or Measurand.ENERGY_ACTIVE_IMPORT_REGISTER
    unit: str = sample.unit or _DEFAULT_UNITS.get(measurand, "")
    unit, factor, offset = _SCALES.get(unit, (unit, 1.0, 0.0))
    signed = sample.format == ValueFormat.SIGNED_DATA
    return Reading(
        measurand=measurand,
        value=None if signed else _number(sample.value, factor, offset),
        unit=unit,
        context=sample.context or ReadingContext.SAMPLE_PERIODIC,
        phase=sample.phase,
        location=sample.location or Location.OUTLET,
        text=sample.value,
    )


def summarise(meter_value: MeterValue) -> Summary:
    """Return the meter value's active import energy, power and current, and the state of charge.

    Samples at the outlet come before those measured elsewhere; at one place the overall value comes before
    its phases. Of phases, energy and power are the sum, current is that of the most loaded one: it is what
    fuses and cables see, and an average would third a car that charges on one phase. Neutral and
    phase-to-phase values say nothing here, nor does a unit that does not fit.
    """
    figures: list[float | None] = [None, None, None, None]
    elsewhere: list[_Elsewhere] = []
    for sample in meter_value.sampled_value:
        column = _COLUMNS.get(sample.measurand)
        if column is None:
            continue
        index, factors, direct = column
        format: str | None = sample.format
        if format is not None and format is not _RAW and format != "Raw":
            continue
        try:
            value = float(sample.value) * factors[sample.unit]
        except (ValueError, KeyError):
            continue
        if value - value != 0.0:  # NaN and infinities; isfinite costs three times as much
            continue
        phase = sample.phase
        location = sample.location
        if phase is None and location in direct:
            figures[index] = value
        else:
            elsewhere.append((index, location, phase, value))
    if elsewhere:
        _fill(figures, elsewhere)
    return Summary(*figures)


_Elsewhere = tuple[int, str | None, str | None, float]

_RAW: Final = ValueFormat.RAW
_ENERGY, _POWER, _CURRENT, _SOC = range(4)
_AT_OUTLET: Final = frozenset[str | None]({None, Location.OUTLET})
_ENERGY_FACTORS: Final[Mapping[str | None, float]] = {
    None: 1.0,
    UnitOfMeasure.WH: 1.0,
    UnitOfMeasure.KWH: 1e3,
}
_Column = tuple[int, Mapping[str | None, float], frozenset[str | None]]
_COLUMNS: Final[Mapping[str | None, _Column]] = {
    None: (_ENERGY, _ENERGY_FACTORS, _AT_OUTLET),
    Measurand.ENERGY_ACTIVE_IMPORT_REGISTER: (_ENERGY, _ENERGY_FACTORS, _AT_OUTLET),
    Measurand.POWER_ACTIVE_IMPORT: (
        _POWER,
        {None: 1.0, UnitOfMeasure.W: 1.0, UnitOfMeasure.KW: 1e3},
        _AT_OUTLET,
    ),
    Measurand.CURRENT_IMPORT: (_CURRENT, {None: 1.0, UnitOfMeasure.A: 1.0}, _AT_OUTLET),
    Measurand.SOC: (_SOC, {None: 1.0, UnitOfMeasure.PERCENT: 1.0}, _AT_OUTLET | {Location.EV}),
}
_OVERALL, _LINES, _LINES_TO_NEUTRAL, _FAMILY_COUNT = range(4)
_FAMILIES: Final[Mapping[str | None, int]] = {
    None: _OVERALL,
    Phase.L1: _LINES,
    Phase.L2: _LINES,
    Phase.L3: _LINES,
    Phase.L1_N: _LINES_TO_NEUTRAL,
    Phase.L2_N: _LINES_TO_NEUTRAL,
    Phase.L3_N: _LINES_TO_NEUTRAL,
}
# The nearer to the driver's plug, the better.
_PLACES: Final[Mapping[str | None, int]] = {
    None: 0,
    Location.OUTLET: 0,
    Location.CABLE: 1,
    Location.EV: 2,
    Location.BODY: 3,
    Location.INLET: 4,
}
_UNKNOWN_PLACE: Final = len(_PLACES)
_WORST_RANK: Final = (_UNKNOWN_PLACE + 1) * _FAMILY_COUNT


def _fill(figures: list[float | None], elsewhere: list[_Elsewhere]) -> None:
    """Fill the empty figures from values by phase or away from the outlet."""
    ranks = [_WORST_RANK] * len(figures)
    groups: dict[int, dict[str | None, float]] = {}
    for index, location, phase, value in elsewhere:
        family = _FAMILIES.get(phase)
        if family is None:
            continue
        rank = _PLACES.get(location, _UNKNOWN_PLACE) * _FAMILY_COUNT + family
        if rank < ranks[index]:
            ranks[index] = rank
            groups[index] = {phase: value}
        elif rank == ranks[index]:
            groups[index][phase] = value
    for index, phases in groups.items():
        total = max(phases.values()) if index == _CURRENT else sum(phases.values())
        if figures[index] is None and isfinite(total):
            figures[index] = total


_DEFAULT_UNITS: Final[Mapping[str, str]] = {
    **{measurand: UnitOfMeasure.WH for measurand in Measurand if measurand.startswith("Energy.Active")},
    **{measurand: UnitOfMeasure.VARH for measurand in Measurand if measurand.startswith("Energy.Reactive")},
    **{measurand: UnitOfMeasure.A for measurand in Measurand if measurand.startswith("Current")},
    Measurand.POWER_ACTIVE_IMPORT: UnitOfMeasure.W,
    Measurand.POWER_ACTIVE_EXPORT: UnitOfMeasure.W,
    Measurand.POWER_OFFERED: UnitOfMeasure.W,
    Measurand.POWER_REACTIVE_IMPORT: UnitOfMeasure.VAR,
    Measurand.POWER_REACTIVE_EXPORT: UnitOfMeasure.VAR,
    Measurand.VOLTAGE: UnitOfMeasure.V,
    Measurand.TEMPERATURE: UnitOfMeasure.CELSIUS,
    Measurand.SOC: UnitOfMeasure.PERCENT,
    # The enumeration of units has no Hertz (errata 3.86).
    Measurand.FREQUENCY: "Hz",
}
# value in the unit on the right = factor * (value + offset)
_SCALES: Final[Mapping[str, tuple[str, float, float]]] = {
    UnitOfMeasure.KWH: (UnitOfMeasure.WH, 1e3, 0.0),
    UnitOfMeasure.KVARH: (UnitOfMeasure.VARH, 1e3, 0.0),
    UnitOfMeasure.KW: (UnitOfMeasure.W, 1e3, 0.0),
    UnitOfMeasure.KVA: (UnitOfMeasure.VA, 1e3, 0.0),
    UnitOfMeasure.KVAR: (UnitOfMeasure.VAR, 1e3, 0.0),
    UnitOfMeasure.CELCIUS: (UnitOfMeasure.CELSIUS, 1.0, 0.0),
    UnitOfMeasure.FAHRENHEIT: (UnitOfMeasure.CELSIUS, 5 / 9, -32.0),
    UnitOfMeasure.K: (UnitOfMeasure.CELSIUS, 1.0, -273.15),
    # What chargers say of Frequency although the enumeration does not have it.
    "Hertz": ("Hz", 1.0, 0.0),
}


def _number(text: str, factor: float, offset: float = 0.0) -> float | None:
    try:
        value = (float(text) + offset) * factor
    except ValueError:
        return None
    return value if isfinite(value) else None
