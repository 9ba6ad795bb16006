"""Amounts follow from registers and add up to what these say."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.chargepoint.metered import INTERVAL, POWER, REGISTER
from tests.chargepoint.virtual_time import BEGINNING

from voltyard.chargepoint.amounts import Amount, Amounts, at_instant, has_amounts, measurable, nothing_of
from voltyard.chargepoint.hardware import Measurement
from voltyard.protocol.messages import Location, Measurand, Phase, UnitOfMeasure

LATER = BEGINNING + timedelta(minutes=15)
WH = UnitOfMeasure.WH


def register(wh: float, phase: Phase | None = None) -> Measurement:
    return Measurement(REGISTER, wh, WH, phase)


def amount(wh: float, phase: Phase | None = None) -> Measurement:
    return Measurement(INTERVAL, wh, WH, phase)


def test_what_a_register_counts_can_be_told_by_the_interval() -> None:
    reactive = Measurand.ENERGY_REACTIVE_EXPORT_REGISTER

    assert measurable(frozenset({REGISTER, reactive, POWER})) == {
        REGISTER,
        INTERVAL,
        reactive,
        Measurand.ENERGY_REACTIVE_EXPORT_INTERVAL,
        POWER,
    }
    assert measurable(frozenset({POWER})) == {POWER}


def test_an_amount_is_the_difference_of_two_readings() -> None:
    amounts = Amounts()
    amounts.begin(1, [register(100.9), register(40.0, Phase.L1), Measurement(POWER, 5.0, None)], BEGINNING)

    flowed = amounts.so_far(1, [register(350.2), register(140.0, Phase.L1), Measurement(POWER, 7.0, None)])

    assert flowed == Amount(BEGINNING, (amount(250), amount(100, Phase.L1)))


def test_nothing_is_known_of_what_was_never_read() -> None:
    amounts = Amounts()
    assert amounts.so_far(1, [register(5)]) is None

    amounts.begin(1, [register(5)], BEGINNING)

    assert amounts.so_far(2, [register(5)]) is None
    # A register that was not there, one in another unit or at another place is another register.
    others = [
        register(9, Phase.L2),
        Measurement(REGISTER, 9.0, UnitOfMeasure.KWH),
        Measurement(REGISTER, 9.0, WH, location=Location.INLET),
    ]
    assert amounts.so_far(1, others) == Amount(BEGINNING, ())


def test_a_register_that_went_back_tells_nothing() -> None:
    amounts = Amounts()
    amounts.begin(1, [register(500)], BEGINNING)

    assert amounts.so_far(1, [register(3)]) == Amount(BEGINNING, ())


def test_counting_anew_begins_with_nothing() -> None:
    amounts = Amounts()
    amounts.begin(1, [register(100)], BEGINNING)
    amounts.begin(1, [register(150)], LATER)

    assert amounts.so_far(1, [register(150)]) == Amount(LATER, (amount(0),))
    assert nothing_of(amounts.so_far(1, [register(170)])) == Amount(LATER, (amount(0),))
    assert nothing_of(None) is None


def test_amounts_are_told_from_what_is_of_an_instant() -> None:
    measured = [register(5), amount(3), Measurement(POWER, 7.0, UnitOfMeasure.W)]

    assert at_instant(measured) == (measured[0], measured[2])
    assert has_amounts(["Voltage", "Energy.Active.Import.Interval"])
    assert has_amounts(["Energy.Active.Import.Interval.L1"])
    assert not has_amounts(["Voltage", "Energy.Active.Import.Register"])


@given(st.lists(st.floats(0, 1e5), min_size=1, max_size=30), st.sampled_from([WH, UnitOfMeasure.KWH]))
def test_amounts_add_up_to_what_the_register_counts(flows: list[float], unit: UnitOfMeasure) -> None:
    amounts, total, value = Amounts(), 0.0, 1000.7
    amounts.begin(1, [Measurement(REGISTER, value, unit)], BEGINNING)
    for flow in flows:
        value += flow
        now = [Measurement(REGISTER, value, unit)]
        flowed = amounts.so_far(1, now)
        assert flowed is not None
        total += flowed.measurements[0].value
        amounts.begin(1, now, LATER)

    step = 1.0 if unit is WH else 0.001
    assert abs(total - (value - 1000.7)) <= step * 1.01
