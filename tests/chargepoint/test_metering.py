"""Measurements are read with care and written as the specification wants them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.chargepoint.metered import REGISTER, ScriptedConnector
from tests.chargepoint.virtual_time import BEGINNING

from voltyard.chargepoint.hardware import Measurement, Meter
from voltyard.chargepoint.metering import (
    read,
    read_register_wh,
    rounded,
    sole_value,
    take,
    with_register,
    write,
)
from voltyard.protocol.codec import encode
from voltyard.protocol.messages import (
    Location,
    Measurand,
    MeterValues,
    Phase,
    ReadingContext,
    SampledValue,
    UnitOfMeasure,
)

PERIODIC = ReadingContext.SAMPLE_PERIODIC


class Shows(Meter):
    """A meter that shows what it is told to."""

    def __init__(self, *measurements: Measurement) -> None:
        self._measurements = measurements

    @property
    def measurands(self) -> frozenset[Measurand]:
        return frozenset(each.measurand for each in self._measurements)

    def measure(self) -> Sequence[Measurement]:
        return self._measurements


class Fails(Shows):
    """A meter that is read halfway."""

    def measure(self) -> Iterator[Measurement]:  # type: ignore[override]  # as real drivers may have it
        yield Measurement(REGISTER, 5.0, UnitOfMeasure.WH)
        raise OSError("no answer on the bus")


def text(measurement: Measurement) -> str:
    value = write([measurement], [measurement.measurand], PERIODIC, BEGINNING)
    assert value is not None
    return value.sampled_value[0].value


W, WH, KWH, A, V = (UnitOfMeasure(each) for each in ("W", "Wh", "kWh", "A", "V"))


@pytest.mark.parametrize(
    ("measurand", "value", "unit", "expected"),
    [
        (REGISTER, 1234.99, WH, "1234"),
        (REGISTER, 1.234, KWH, "1.234"),
        (REGISTER, 123456789012.0, WH, "123456789012"),
        (Measurand.POWER_ACTIVE_IMPORT, 11042.6, W, "11043"),
        (Measurand.POWER_ACTIVE_IMPORT, 1e-7, UnitOfMeasure.KW, "0.000"),
        (Measurand.CURRENT_IMPORT, 15.94, A, "15.9"),
        (Measurand.CURRENT_IMPORT, -0.01, A, "0.0"),
        (Measurand.CURRENT_EXPORT, -3.26, A, "-3.3"),
        (Measurand.VOLTAGE, 229.96, V, "230.0"),
        (Measurand.POWER_FACTOR, 0.98765, None, "0.988"),
        (Measurand.FREQUENCY, 49.987, None, "49.99"),
        (Measurand.RPM, 1400.2, None, "1400"),
        (Measurand.SOC, 100, UnitOfMeasure.PERCENT, "100.0"),
        (Measurand.TEMPERATURE, -12.34, UnitOfMeasure.CELCIUS, "-12.3"),
    ],
)
def test_values_are_written_as_plain_decimals_with_the_digits_of_their_unit(
    measurand: Measurand, value: float, unit: UnitOfMeasure | None, expected: str
) -> None:
    """R-242."""
    assert text(Measurement(measurand, value, unit)) == expected


@given(
    st.sampled_from(Measurand),
    st.floats(),
    st.sampled_from([None, *UnitOfMeasure]),
    st.sampled_from([None, *Phase]),
)
def test_whatever_a_meter_shows_can_be_sent(
    measurand: Measurand, value: float, unit: UnitOfMeasure | None, phase: Phase | None
) -> None:
    """R-242: a string, without an exponent; what is no number is not there."""
    meter = Shows(Measurement(measurand, value, unit, phase))

    meter_value = take(meter, [measurand], PERIODIC, BEGINNING)

    is_number = -1e15 < value < 1e15
    assert (meter_value is not None) is is_number
    if meter_value is not None:
        encode(MeterValues(connector_id=1, meter_value=(meter_value,)))
        (sample,) = meter_value.sampled_value
        assert set(sample.value) <= set("-0123456789.")
        assert abs(float(sample.value) - value) <= 1


def test_frequency_has_no_unit_and_a_temperature_is_in_celcius() -> None:
    """R-240, R-241: whatever the meter calls them."""
    meter = Shows(
        Measurement(Measurand.FREQUENCY, 50.0, UnitOfMeasure.PERCENT),
        Measurement(Measurand.TEMPERATURE, 20.0, UnitOfMeasure.CELSIUS, location=Location.BODY),
    )

    value = take(meter, [Measurand.FREQUENCY, Measurand.TEMPERATURE], PERIODIC, BEGINNING)

    assert value is not None
    assert [each.unit for each in value.sampled_value] == [None, UnitOfMeasure.CELCIUS]
    assert b'"unit":"Celcius"' in encode(MeterValues(connector_id=1, meter_value=(value,)))


@pytest.mark.parametrize("value", [nan, inf, -inf, 1e300, 10**400])
def test_what_is_no_number_is_left_out_and_the_rest_is_not(value: float) -> None:
    meter = Shows(Measurement(REGISTER, 5.0, WH), Measurement(Measurand.VOLTAGE, value, V))

    measured = read(meter)

    assert measured == (Measurement(REGISTER, 5.0, WH),)


@pytest.mark.parametrize(
    "meter",
    [
        Fails(),
        Shows(Measurement(REGISTER, None, WH)),  # type: ignore[arg-type]  # as careless drivers have it
        Shows(Measurement(Measurand.FREQUENCY, 50.0, None), Measurement(REGISTER, 5.0, "Joule")),  # type: ignore[arg-type]
    ],
)
def test_a_meter_that_fails_shows_nothing(meter: Meter) -> None:
    assert read(meter) is None
    assert take(meter, [REGISTER], PERIODIC, BEGINNING) is None
    assert sole_value(meter, REGISTER) is None


def test_a_register_that_cannot_be_read_is_what_it_was() -> None:
    connector = ScriptedConnector(1234.9)
    assert read_register_wh(connector, 7) == 1234

    connector.is_broken = True

    assert read_register_wh(connector, 7) == 7


PHASES = [
    Measurement(Measurand.VOLTAGE, 230.0, V, Phase.L1),
    Measurement(Measurand.VOLTAGE, 231.0, V, Phase.L2),
    Measurement(Measurand.CURRENT_IMPORT, 6.0, A),
    Measurement(Measurand.CURRENT_IMPORT, 2.0, A, Phase.L1),
]


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        (["Voltage"], [("Voltage", "L1"), ("Voltage", "L2")]),
        (["Voltage.L2"], [("Voltage", "L2")]),
        (["Voltage.L3"], []),
        (["Current.Import"], [("Current.Import", None), ("Current.Import", "L1")]),
        (["Current.Import.L1", "Voltage.L1"], [("Voltage", "L1"), ("Current.Import", "L1")]),
        (["SoC"], []),
        ([], []),
    ],
)
def test_a_bare_measurand_means_everything_and_a_phase_that_one_alone(
    items: list[str], expected: list[tuple[str, str | None]]
) -> None:
    """R-234, R-237."""
    value = write(PHASES, items, PERIODIC, BEGINNING)

    samples: tuple[SampledValue, ...] = () if value is None else value.sampled_value
    assert [(each.measurand, each.phase) for each in samples] == expected


def test_a_sample_says_where_and_when_it_was_taken() -> None:
    value = take(
        Shows(Measurement(REGISTER, 5.0, WH, Phase.L1, Location.INLET)),
        [REGISTER],
        ReadingContext.TRIGGER,
        BEGINNING,
    )

    assert value is not None
    assert value.timestamp == BEGINNING
    assert value.sampled_value == (
        SampledValue(
            value="5",
            context=ReadingContext.TRIGGER,
            measurand=REGISTER,
            phase=Phase.L1,
            location=Location.INLET,
            unit=WH,
        ),
    )


def test_the_overall_value_is_told_from_those_of_the_phases() -> None:
    assert sole_value(Shows(*PHASES), Measurand.CURRENT_IMPORT) == 6.0
    assert sole_value(Shows(*PHASES), Measurand.VOLTAGE) is None


def test_an_exact_register_takes_the_place_of_the_one_that_was_measured() -> None:
    of_phase = Measurement(REGISTER, 0.4, KWH, Phase.L1)
    measured = [*PHASES, Measurement(REGISTER, 1.2349, KWH, location=Location.CABLE), of_phase]

    assert with_register(measured, 1234) == (
        Measurement(REGISTER, 1234, WH, location=Location.CABLE),
        *PHASES,
        of_phase,
    )
    assert with_register([], 1234) == (Measurement(REGISTER, 1234, WH),)


@given(st.floats(0, 1e9), st.floats(0, 1e6))
def test_registers_are_rounded_down_so_they_never_seem_to_go_back(register_wh: float, more_wh: float) -> None:
    """R-238: neither between readings nor to what `register_wh` says."""
    before, after = (
        rounded(Measurement(REGISTER, value, WH)) for value in (register_wh, register_wh + more_wh)
    )

    assert before <= after
    assert before == Decimal(int(register_wh))
