"""What meter values mean, from the defaults of the specification to what chargers really send."""

from __future__ import annotations

from datetime import UTC, datetime
from math import isfinite
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltyard.charging.metering import Reading, Summary, reading, summarise
from voltyard.protocol.messages import (
    Location,
    Measurand,
    MeterValue,
    Phase,
    SampledValue,
    UnitOfMeasure,
    ValueFormat,
)

ENERGY = Measurand.ENERGY_ACTIVE_IMPORT_REGISTER
POWER = Measurand.POWER_ACTIVE_IMPORT
CURRENT = Measurand.CURRENT_IMPORT
NOTHING = Summary(None, None, None, None)


def summary(*samples: SampledValue) -> Summary:
    return summarise(MeterValue(timestamp=datetime(2024, 1, 1, tzinfo=UTC), sampled_value=samples))


def sample(
    value: str,
    measurand: str | None = None,
    *,
    unit: str | None = None,
    phase: str | None = None,
    location: str | None = None,
    format: str | None = None,
) -> SampledValue:
    """Build a sample as tolerant decoding may leave it: unknown names are plain strings."""
    return SampledValue(
        value=value,
        measurand=cast("Measurand | None", measurand),
        unit=cast("UnitOfMeasure | None", unit),
        phase=cast("Phase | None", phase),
        location=cast("Location | None", location),
        format=cast("ValueFormat | None", format),
    )


def by_phase(measurand: str, *values: str, phases: str = "L1 L2 L3", **fields: str) -> list[SampledValue]:
    return [
        sample(value, measurand, phase=phase, **fields)
        for value, phase in zip(values, phases.split(), strict=False)
    ]


def test_a_bare_value_is_active_energy_imported_at_the_outlet() -> None:
    """R-248: the defaults of omitted fields."""
    bare = reading(sample("5"))

    assert bare == Reading(
        measurand="Energy.Active.Import.Register",
        value=5.0,
        unit="Wh",
        context="Sample.Periodic",
        phase=None,
        location="Outlet",
        text="5",
    )
    assert summary(sample("5")) == Summary(5.0, None, None, None)


@pytest.mark.parametrize(
    ("measurand", "unit", "expected"),
    [
        (ENERGY, "kWh", ("Wh", 12_500.0)),
        (Measurand.ENERGY_REACTIVE_EXPORT_INTERVAL, "kvarh", ("varh", 12_500.0)),
        (POWER, "kW", ("W", 12_500.0)),
        (POWER, "kVA", ("VA", 12_500.0)),
        (Measurand.POWER_REACTIVE_IMPORT, "kvar", ("var", 12_500.0)),
        (Measurand.TEMPERATURE, "Celcius", ("Celsius", 12.5)),
        (Measurand.TEMPERATURE, "Celsius", ("Celsius", 12.5)),
        (Measurand.TEMPERATURE, "Fahrenheit", ("Celsius", pytest.approx(-10.8333, abs=1e-3))),
        (Measurand.TEMPERATURE, "K", ("Celsius", pytest.approx(-260.65))),
        (Measurand.FREQUENCY, "Hertz", ("Hz", 12.5)),
        (ENERGY, "parsec", ("parsec", 12.5)),
    ],
)
def test_units_are_made_one_per_quantity(measurand: str, unit: str, expected: tuple[str, float]) -> None:
    """R-249 (Celcius and Celsius), R-252 (kWh)."""
    normal = reading(sample("12.5", measurand, unit=unit))

    assert (normal.unit, normal.value) == expected


@pytest.mark.parametrize(
    ("measurand", "unit"),
    [
        (ENERGY, "Wh"),
        (Measurand.ENERGY_ACTIVE_EXPORT_INTERVAL, "Wh"),
        (Measurand.ENERGY_REACTIVE_IMPORT_REGISTER, "varh"),
        (POWER, "W"),
        (Measurand.POWER_OFFERED, "W"),
        (Measurand.POWER_REACTIVE_EXPORT, "var"),
        (Measurand.CURRENT_OFFERED, "A"),
        (Measurand.VOLTAGE, "V"),
        (Measurand.SOC, "Percent"),
        (Measurand.TEMPERATURE, "Celsius"),
        (Measurand.FREQUENCY, "Hz"),
        (Measurand.POWER_FACTOR, ""),
        (Measurand.RPM, ""),
        ("Vendor.Humidity", ""),
    ],
)
def test_an_omitted_unit_follows_from_the_measurand(measurand: str, unit: str) -> None:
    """R-250: Frequency without a unit is in Hertz."""
    assert reading(sample("50", measurand)).unit == unit


def test_every_measurand_but_the_pure_numbers_has_a_default_unit() -> None:
    without = {measurand for measurand in Measurand if not reading(sample("1", measurand)).unit}

    assert without == {Measurand.POWER_FACTOR, Measurand.RPM}


def test_a_signed_block_is_kept_as_text_and_never_read_as_a_number() -> None:
    """R-251."""
    signed = sample("0012", ENERGY, format=ValueFormat.SIGNED_DATA)

    assert reading(signed).value is None
    assert reading(signed).text == "0012"
    assert summary(signed) == NOTHING
    assert summary(sample("0012", ENERGY, format="Raw")).energy_wh == 12.0


@pytest.mark.parametrize(
    "value", ["", "abc", "12,5", "NaN", "inf", "-Infinity", "1e999", "0x10", "None", "\ud800"]
)
def test_what_is_no_finite_number_is_no_reading(value: str) -> None:
    """R-247: garbage values are answered all the same."""
    assert reading(sample(value)).value is None
    assert summary(sample(value), sample("7", POWER)) == Summary(None, 7.0, None, None)


def test_the_four_figures_come_from_one_meter_value() -> None:
    figures = summary(
        sample("12.345", ENERGY, unit="kWh", location="Outlet"),
        sample("11.04", POWER, unit="kW"),
        sample("16", CURRENT, unit="A"),
        sample("55", Measurand.SOC, unit="Percent", location="EV"),
        sample("230", Measurand.VOLTAGE, unit="V"),
        sample("31", Measurand.TEMPERATURE, unit="Celcius", location="Body"),
        sample("3", "Vendor.Mood"),
    )

    assert figures == pytest.approx((12_345.0, 11_040.0, 16.0, 55.0))


@pytest.mark.parametrize("reverse", [False, True], ids=["in order", "reversed"])
def test_the_overall_value_comes_before_its_phases(reverse: bool) -> None:
    samples = [sample("100", ENERGY), *by_phase(ENERGY, "30", "30", "30")]

    figures = summary(*(reversed(samples) if reverse else samples))

    assert figures.energy_wh == 100.0


@pytest.mark.parametrize("reverse", [False, True], ids=["in order", "reversed"])
def test_the_outlet_comes_before_other_places_and_the_cable_before_the_inlet(reverse: bool) -> None:
    inlet, cable = sample("900", ENERGY, location="Inlet"), sample("500", ENERGY, location="Cable")
    outlet = by_phase(ENERGY, "30", "30", "31", location="Outlet")
    order = -1 if reverse else 1

    assert summary(*[inlet, cable, *outlet][::order]).energy_wh == 91.0
    assert summary(*[inlet, cable][::order]).energy_wh == 500.0
    assert summary(*[sample("1", ENERGY, location="Roof"), inlet][::order]).energy_wh == 900.0


def test_energy_and_power_by_phase_are_summed() -> None:
    figures = summary(*by_phase(ENERGY, "1", "2", "3", unit="kWh"), *by_phase(POWER, "1", "2", "3.5"))

    assert figures == Summary(6_000.0, 6.5, None, None)


def test_current_by_phase_is_that_of_the_most_loaded_one() -> None:
    figures = summary(*by_phase(CURRENT, "0", "15.9", "0"), sample("99", CURRENT, phase="N"))

    assert figures.current_a == 15.9


def test_both_families_of_phases_are_not_added_up() -> None:
    lines = by_phase(POWER, "10", "10", "10")
    to_neutral = by_phase(POWER, "9", "9", "9", phases="L1-N L2-N L3-N")

    assert summary(*lines, *to_neutral).power_w == 30.0
    assert summary(*to_neutral).power_w == 27.0


def test_a_sum_beyond_all_numbers_is_no_figure() -> None:
    assert summary(*by_phase(ENERGY, "1e308", "1e308", "1e308")) == NOTHING


def test_a_phase_that_is_given_twice_counts_once() -> None:
    figures = summary(*by_phase(ENERGY, "1", "2", "3"), *by_phase(ENERGY, "1", "2", "3"))

    assert figures.energy_wh == 6.0


def test_phase_to_phase_and_unknown_phases_say_nothing() -> None:
    assert summary(sample("400", POWER, phase="L1-L2"), sample("1", POWER, phase="L4")) == NOTHING


@pytest.mark.parametrize(
    ("measurand", "unit"),
    [(ENERGY, "W"), (POWER, "kWh"), (CURRENT, "V"), (Measurand.SOC, "A"), (ENERGY, "GWh")],
)
def test_a_unit_that_does_not_fit_the_measurand_is_no_figure(measurand: str, unit: str) -> None:
    assert summary(sample("5", measurand, unit=unit)) == NOTHING


def test_other_energies_and_powers_are_not_mistaken_for_the_import() -> None:
    others = [
        measurand for measurand in Measurand if measurand not in {ENERGY, POWER, CURRENT, Measurand.SOC}
    ]

    assert summary(*(sample("5", measurand) for measurand in others)) == NOTHING


def test_names_left_as_plain_strings_mean_the_same() -> None:
    plain = sample("5", "Energy.Active.Import.Register", unit="kWh", location="Outlet", format="Raw")

    assert summary(plain) == Summary(5_000.0, None, None, None)


ANY = st.one_of(st.none(), st.text(max_size=5))


@given(
    st.lists(
        st.builds(
            sample,
            st.one_of(st.text(), st.floats().map(str), st.integers().map(str)),
            st.one_of(st.sampled_from(Measurand), ANY),
            unit=st.one_of(st.sampled_from(UnitOfMeasure), ANY),
            phase=st.one_of(st.sampled_from(Phase), ANY),
            location=st.one_of(st.sampled_from(Location), ANY),
            format=st.one_of(st.sampled_from(ValueFormat), ANY),
        ),
        max_size=12,
    )
)
def test_nothing_that_decoding_lets_through_raises(samples: list[SampledValue]) -> None:
    figures = summary(*samples)

    assert all(figure is None or isfinite(figure) for figure in figures)
    for each in samples:
        value = reading(each).value
        assert value is None or isfinite(value)
