"""What a meter shows, and how it is written: measurements into sampled values (OCPP 1.6 §3.16, §7.43).

A meter is read when a value is due and at no other time. So clock-aligned voltages, currents and the like are
those of an instant and stamped with it; averages over the interval (§9.1.5) would take readings in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Final

import structlog

from voltyard.chargepoint.hardware import ConnectorHardware, Measurement, Meter
from voltyard.protocol.messages import (
    Location,
    Measurand,
    MeterValue,
    Phase,
    ReadingContext,
    SampledValue,
    UnitOfMeasure,
)

_log = structlog.get_logger()

_REGISTER: Final = Measurand.ENERGY_ACTIVE_IMPORT_REGISTER
_REGISTERS: Final = frozenset(each for each in Measurand if each.endswith(".Register"))
_BEYOND: Final = 1e15
"""More than any meter of a charge point shows."""
_DECIMALS_BY_UNIT: Final = {
    **dict.fromkeys((UnitOfMeasure.WH, UnitOfMeasure.VARH), 0),
    **dict.fromkeys((UnitOfMeasure.W, UnitOfMeasure.VAR, UnitOfMeasure.VA), 0),
    **dict.fromkeys((UnitOfMeasure.KWH, UnitOfMeasure.KVARH), 3),
    **dict.fromkeys((UnitOfMeasure.KW, UnitOfMeasure.KVAR, UnitOfMeasure.KVA), 3),
}
_DECIMALS_WITHOUT_UNIT: Final = {Measurand.POWER_FACTOR: 3, Measurand.FREQUENCY: 2, Measurand.RPM: 0}
_USUAL_DECIMALS: Final = 1
# Looked up for every value a meter shows, where an enumeration's own call would take three times as long.
_MEASURANDS: Final = {each.value: each for each in Measurand}
_UNITS: Final[Mapping[str | None, UnitOfMeasure | None]] = {
    **{each.value: each for each in UnitOfMeasure},
    # MeterValues spells it otherwise than it is spelt (OCPP-J errata 2.1).
    UnitOfMeasure.CELSIUS.value: UnitOfMeasure.CELCIUS,
    None: None,
}
_PHASES: Final[Mapping[str | None, Phase | None]] = {**{each.value: each for each in Phase}, None: None}
_LOCATIONS: Final = {each.value: each for each in Location}
_STEPS: Final = tuple(Decimal(1).scaleb(-decimals) for decimals in range(4))


def read(meter: Meter) -> tuple[Measurement, ...] | None:
    """Return what a meter shows now but for what is no number; None where it cannot be read."""
    try:
        return tuple(
            _checked(measurement) for measurement in meter.measure() if -_BEYOND < measurement.value < _BEYOND
        )
    except Exception:  # noqa: BLE001 - hardware is somebody else's code; charging goes on without a reading
        _log.warning("meter cannot be read", exc_info=True)
        return None


def read_register_wh(hardware: ConnectorHardware, otherwise_wh: int) -> int:
    """Return a connector's active import register now, in Wh, or the given one where it cannot be read."""
    try:
        return int(hardware.register_wh)
    except Exception:  # noqa: BLE001 - as in `read`
        _log.warning("energy register cannot be read", exc_info=True)
        return otherwise_wh


def write(
    measurements: Iterable[Measurement], wanted: Iterable[str], context: ReadingContext, at: datetime
) -> MeterValue | None:
    """Return the measurements that a measurand list wants as a meter value; None if there are none of them.

    An item without a phase means all phases and the overall value, `Voltage.L1` that phase alone.
    """
    items = frozenset(wanted)
    samples = tuple(_sampled(each, context) for each in measurements if _is_wanted(each, items))
    return MeterValue(timestamp=at, sampled_value=samples) if samples else None


def take(meter: Meter, wanted: Iterable[str], context: ReadingContext, now: datetime) -> MeterValue | None:
    """Read a meter and write what a measurand list wants; None where nothing of it can be measured."""
    return write(read(meter) or (), wanted, context, now)


def sole_value(meter: Meter, measurand: Measurand) -> float | None:
    """Return the overall value of a measurand now, or None where it is not measured."""
    values = (each.value for each in read(meter) or () if (each.measurand, each.phase) == (measurand, None))
    return next(values, None)


def with_register(measurements: Sequence[Measurement], register_wh: int) -> tuple[Measurement, ...]:
    """Return the measurements with this reading of the energy register, to the watt-hour.

    So what a transaction begins and ends with is what StartTransaction and StopTransaction say.
    """
    replaced = [each for each in measurements if _is_energy_register(each)]
    location = replaced[0].location if replaced else Location.OUTLET
    register = Measurement(_REGISTER, register_wh, UnitOfMeasure.WH, location=location)
    return (register, *(each for each in measurements if not _is_energy_register(each)))


def rounded(measurement: Measurement) -> Decimal:
    """Return the value with the digits it is told with; registers are rounded down, as `register_wh` is."""
    measurand, value, unit, *_ = measurement
    if unit is None:
        decimals = _DECIMALS_WITHOUT_UNIT.get(measurand, _USUAL_DECIMALS)
    else:
        decimals = _DECIMALS_BY_UNIT.get(unit, _USUAL_DECIMALS)
    rounding = ROUND_FLOOR if measurand in _REGISTERS else ROUND_HALF_EVEN
    # Adding 0 makes -0.0 a plain 0.0.
    return Decimal(repr(value)).quantize(_STEPS[decimals], rounding) + 0


def _checked(measurement: Measurement) -> Measurement:
    """Return the measurement in the specification's words; raises `KeyError` for others."""
    measurand, value, unit, phase, location = measurement
    return Measurement(
        _MEASURANDS[measurand],
        float(value),
        # Hertz is no unit of the specification (errata 3.86).
        None if measurand == Measurand.FREQUENCY else _UNITS[unit],
        _PHASES[phase],
        _LOCATIONS[location],
    )


def _is_energy_register(measurement: Measurement) -> bool:
    return (measurement.measurand, measurement.phase) == (_REGISTER, None)


def _is_wanted(measurement: Measurement, items: frozenset[str]) -> bool:
    measurand, _, _, phase, _ = measurement
    return measurand in items or (phase is not None and f"{measurand}.{phase}" in items)


def _sampled(measurement: Measurement, context: ReadingContext) -> SampledValue:
    return SampledValue(
        value=f"{rounded(measurement):f}",
        context=context,
        measurand=measurement.measurand,
        phase=measurement.phase,
        location=measurement.location,
        unit=measurement.unit,
    )
