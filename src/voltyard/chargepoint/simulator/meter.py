"""An electricity meter: registers that only grow, and the quantities it shows of each phase and in all."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Final, NamedTuple

from msgspec import json

from voltyard.chargepoint.hardware import Measurement
from voltyard.protocol.messages import Location, Measurand, Phase, UnitOfMeasure

PHASES: Final = (Phase.L1, Phase.L2, Phase.L3)

ELECTRICAL: Final = frozenset(
    {
        Measurand.CURRENT_EXPORT,
        Measurand.CURRENT_IMPORT,
        Measurand.ENERGY_ACTIVE_EXPORT_REGISTER,
        Measurand.ENERGY_ACTIVE_IMPORT_REGISTER,
        Measurand.ENERGY_REACTIVE_EXPORT_REGISTER,
        Measurand.ENERGY_REACTIVE_IMPORT_REGISTER,
        Measurand.FREQUENCY,
        Measurand.POWER_ACTIVE_EXPORT,
        Measurand.POWER_ACTIVE_IMPORT,
        Measurand.POWER_FACTOR,
        Measurand.POWER_REACTIVE_EXPORT,
        Measurand.POWER_REACTIVE_IMPORT,
        Measurand.VOLTAGE,
    }
)
"""What `electrical` shows."""


class Load(NamedTuple):
    """What flows at one moment, by phase."""

    active_w: tuple[float, ...]
    reactive_var: tuple[float, ...]


class Registers(NamedTuple):
    """What has flowed since the meter was made: active energy in all and by phase, reactive energy in all."""

    total_wh: float = 0.0
    active_wh: tuple[float, float, float] = (0.0, 0.0, 0.0)
    reactive_varh: float = 0.0

    def plus(self, energy_wh: float, phases: int, reactive_varh: float) -> Registers:
        """Return the registers after energy has flowed over the first so many phases."""
        first, second, third = self.active_wh
        share_wh = energy_wh / phases
        active_wh = (
            first + share_wh,
            second + share_wh if phases > 1 else second,
            third + share_wh if phases > 2 else third,
        )
        return Registers(self.total_wh + energy_wh, active_wh, self.reactive_varh + reactive_varh)

    def raised_to(self, total_wh: float, phases: int) -> Registers:
        """Return the registers with what is missing to a total that is known to have been reached."""
        missing_wh = total_wh - self.total_wh
        return self.plus(missing_wh, phases, 0.0)._replace(total_wh=total_wh) if missing_wh > 0 else self

    def together_with(self, other: Registers, sign: int = 1) -> Registers:
        """Return what two meters have counted together, or with a sign of -1 one more than the other."""
        first, second, third = (
            own + sign * others for own, others in zip(self.active_wh, other.active_wh, strict=True)
        )
        return Registers(
            self.total_wh + sign * other.total_wh,
            (first, second, third),
            self.reactive_varh + sign * other.reactive_varh,
        )

    def to_bytes(self) -> bytes:
        """Return them as they are kept."""
        return json.encode(self)


def registers_from(kept: bytes | None) -> Registers:
    """Return kept registers; those of a new meter where none are."""
    return Registers() if kept is None else json.decode(kept, type=Registers)


def electrical(
    load: Load,
    registers: Registers,
    voltages_v: Sequence[float],
    frequency_hz: float,
    location: Location,
) -> list[Measurement]:
    """Return what a meter shows, with as many phases as the load has.

    Of each phase, active power is voltage times current times power factor. Nothing flows back to the grid.
    """
    phases = PHASES[: len(load.active_w)]
    active_w, reactive_var = sum(load.active_w), sum(load.reactive_var)
    shown = [
        Measurement(
            Measurand.ENERGY_ACTIVE_IMPORT_REGISTER, int(registers.total_wh), UnitOfMeasure.WH, None, location
        ),
        Measurement(Measurand.POWER_ACTIVE_IMPORT, active_w, UnitOfMeasure.W, None, location),
        Measurement(Measurand.POWER_REACTIVE_IMPORT, reactive_var, UnitOfMeasure.VAR, None, location),
        Measurement(Measurand.POWER_FACTOR, _power_factor(active_w, reactive_var), None, None, location),
        Measurement(
            Measurand.ENERGY_REACTIVE_IMPORT_REGISTER,
            int(registers.reactive_varh),
            UnitOfMeasure.VARH,
            None,
            location,
        ),
        # Hertz is no unit of the specification (errata 3.86).
        Measurement(Measurand.FREQUENCY, frequency_hz, None, None, location),
        *_NO_EXPORT[location],
    ]
    for phase, watt, var, volt, wh in zip(
        phases, load.active_w, load.reactive_var, voltages_v, registers.active_wh, strict=False
    ):
        shown += _of_phase(phase, watt, var, volt, wh, location)
    return shown


def _of_phase(
    phase: Phase, watt: float, var: float, volt: float, wh: float, location: Location
) -> tuple[Measurement, ...]:
    ampere = sqrt(watt * watt + var * var) / volt if volt else 0.0
    return (
        Measurement(Measurand.CURRENT_IMPORT, ampere, UnitOfMeasure.A, phase, location),
        Measurement(Measurand.VOLTAGE, volt, UnitOfMeasure.V, phase, location),
        Measurement(Measurand.POWER_ACTIVE_IMPORT, watt, UnitOfMeasure.W, phase, location),
        Measurement(Measurand.POWER_REACTIVE_IMPORT, var, UnitOfMeasure.VAR, phase, location),
        Measurement(Measurand.POWER_FACTOR, _power_factor(watt, var), None, phase, location),
        Measurement(Measurand.ENERGY_ACTIVE_IMPORT_REGISTER, int(wh), UnitOfMeasure.WH, phase, location),
        _NO_CURRENT_EXPORT[location, phase],
    )


def _power_factor(active_w: float, reactive_var: float) -> float:
    return active_w / sqrt(active_w**2 + reactive_var**2) if active_w else 1.0


_NO_EXPORT: Final = {
    location: (
        Measurement(Measurand.POWER_ACTIVE_EXPORT, 0.0, UnitOfMeasure.W, None, location),
        Measurement(Measurand.POWER_REACTIVE_EXPORT, 0.0, UnitOfMeasure.VAR, None, location),
        Measurement(Measurand.ENERGY_ACTIVE_EXPORT_REGISTER, 0, UnitOfMeasure.WH, None, location),
        Measurement(Measurand.ENERGY_REACTIVE_EXPORT_REGISTER, 0, UnitOfMeasure.VARH, None, location),
    )
    for location in (Location.OUTLET, Location.INLET)
}
_NO_CURRENT_EXPORT: Final = {
    (location, phase): Measurement(Measurand.CURRENT_EXPORT, 0.0, UnitOfMeasure.A, phase, location)
    for location in (Location.OUTLET, Location.INLET)
    for phase in PHASES
}
