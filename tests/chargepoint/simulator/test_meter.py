"""What an electricity meter shows."""

from __future__ import annotations

import pytest

from voltyard.chargepoint.hardware import Measurement
from voltyard.chargepoint.simulator.meter import ELECTRICAL, Load, Registers, electrical, registers_from
from voltyard.protocol.messages import Location, Measurand, Phase, UnitOfMeasure

VOLTS = (230.0, 231.0, 232.0)


def shown(
    load: Load, registers: Registers | None = None
) -> dict[tuple[Measurand, Phase | None], Measurement]:
    measurements = electrical(load, registers or Registers(), VOLTS, 50.0, Location.INLET)
    by_name = {(each.measurand, each.phase): each for each in measurements}
    assert len(by_name) == len(measurements)
    return by_name


def test_power_is_voltage_times_current_times_power_factor_of_each_phase() -> None:
    meter = shown(Load((3_680.0, 2_310.0, 0.0), (500.0, 0.0, 0.0)))

    for phase in (Phase.L1, Phase.L2, Phase.L3):
        volt, ampere, factor, watt = (
            meter[measurand, phase].value
            for measurand in (
                Measurand.VOLTAGE,
                Measurand.CURRENT_IMPORT,
                Measurand.POWER_FACTOR,
                Measurand.POWER_ACTIVE_IMPORT,
            )
        )
        assert volt * ampere * factor == pytest.approx(watt)
    assert meter[Measurand.CURRENT_IMPORT, Phase.L2].value == pytest.approx(10)
    assert meter[Measurand.POWER_ACTIVE_IMPORT, None].value == pytest.approx(5_990)
    assert meter[Measurand.POWER_REACTIVE_IMPORT, None].value == pytest.approx(500)


def test_each_quantity_has_its_unit_and_the_place_it_is_measured_at() -> None:
    """R-240: Frequency has no unit."""
    meter = shown(Load((1.0, 1.0, 1.0), (0.0, 0.0, 0.0)))

    units = {each.measurand: each.unit for each in meter.values()}
    assert units == {
        Measurand.CURRENT_EXPORT: UnitOfMeasure.A,
        Measurand.CURRENT_IMPORT: UnitOfMeasure.A,
        Measurand.ENERGY_ACTIVE_EXPORT_REGISTER: UnitOfMeasure.WH,
        Measurand.ENERGY_ACTIVE_IMPORT_REGISTER: UnitOfMeasure.WH,
        Measurand.ENERGY_REACTIVE_EXPORT_REGISTER: UnitOfMeasure.VARH,
        Measurand.ENERGY_REACTIVE_IMPORT_REGISTER: UnitOfMeasure.VARH,
        Measurand.FREQUENCY: None,
        Measurand.POWER_ACTIVE_EXPORT: UnitOfMeasure.W,
        Measurand.POWER_ACTIVE_IMPORT: UnitOfMeasure.W,
        Measurand.POWER_FACTOR: None,
        Measurand.POWER_REACTIVE_EXPORT: UnitOfMeasure.VAR,
        Measurand.POWER_REACTIVE_IMPORT: UnitOfMeasure.VAR,
        Measurand.VOLTAGE: UnitOfMeasure.V,
    }
    assert units.keys() == ELECTRICAL
    assert {each.location for each in meter.values()} == {Location.INLET}


def test_a_meter_of_one_phase_shows_one() -> None:
    meter = shown(Load((2_300.0,), (0.0,)))

    assert {phase for _, phase in meter} == {None, Phase.L1}


def test_without_voltage_there_is_no_current() -> None:
    measurements = electrical(Load((0.0,), (0.0,)), Registers(), (0.0, 0.0, 0.0), 0.0, Location.OUTLET)

    assert all(each.value == 0 or each.measurand == Measurand.POWER_FACTOR for each in measurements)


def test_registers_share_energy_among_the_phases_that_carry_it() -> None:
    registers = Registers().plus(900, 3, 90).plus(100, 1, 0).plus(50, 2, 5)

    assert registers == Registers(1_050, (425.0, 325.0, 300.0), 95)
    meter = shown(Load((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)), registers)
    assert meter[Measurand.ENERGY_ACTIVE_IMPORT_REGISTER, None].value == 1_050
    assert meter[Measurand.ENERGY_ACTIVE_IMPORT_REGISTER, Phase.L1].value == 425
    assert meter[Measurand.ENERGY_REACTIVE_IMPORT_REGISTER, None].value == 95


def test_registers_are_raised_to_a_known_total_and_never_lowered() -> None:
    registers = Registers(100.0, (100.0, 0.0, 0.0), 7.0)

    raised = registers.raised_to(1_000, 3)

    assert raised.total_wh == 1_000
    assert raised.active_wh == pytest.approx((400, 300, 300))
    assert raised.raised_to(500, 3) == raised


def test_registers_add_up_and_differ() -> None:
    one, other = Registers(10, (4.0, 3.0, 3.0), 1), Registers(5, (5.0, 0.0, 0.0), 2)

    both = one.together_with(other)

    assert both == Registers(15, (9.0, 3.0, 3.0), 3)
    assert both.together_with(other, -1) == one


def test_registers_are_kept_as_they_are() -> None:
    registers = Registers(10.25, (4.0, 3.0, 3.25), 1.5)

    assert registers_from(registers.to_bytes()) == registers
    assert registers_from(None) == Registers()
