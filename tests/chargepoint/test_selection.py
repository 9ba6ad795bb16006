"""The keys of the configuration say which values go where."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.chargepoint.metered import EQUIPMENT, INTERVAL, POWER, REGISTER, samples, shown
from tests.chargepoint.virtual_time import BEGINNING

from voltyard.chargepoint.amounts import Amount
from voltyard.chargepoint.configuration import Configuration
from voltyard.chargepoint.hardware import Measurement
from voltyard.chargepoint.keys import table_of
from voltyard.chargepoint.selection import Selection, Shown
from voltyard.chargepoint.store import MemoryStore
from voltyard.chargepoint.transactions import Transaction
from voltyard.protocol.messages import ReadingContext, SampledValue, UnitOfMeasure, ValueFormat

NOW = BEGINNING + timedelta(minutes=30)
WH = UnitOfMeasure.WH
PERIODIC, CLOCK = ReadingContext.SAMPLE_PERIODIC, ReadingContext.SAMPLE_CLOCK
BEGIN, END = ReadingContext.TRANSACTION_BEGIN, ReadingContext.TRANSACTION_END
TRANSACTION = Transaction(
    key="t",
    connector_id=1,
    id_tag="A",
    parent_id_tag=None,
    started_at=BEGINNING,
    meter_start_wh=100,
    metered_at=BEGINNING,
    meter_wh=100,
)
SIGNATURE = (SampledValue(value="ff", format=ValueFormat.SIGNED_DATA),)
BOTH = "Energy.Active.Import.Register,Energy.Active.Import.Interval"


def selection(**settings: str) -> Selection:
    return Selection(Configuration(MemoryStore(), table_of(EQUIPMENT, settings)))


def amount(wh: float, minutes: float = 15) -> Amount:
    return Amount(NOW - timedelta(minutes=minutes), (Measurement(INTERVAL, wh, WH),))


SHOWN = Shown(
    NOW,
    (Measurement(REGISTER, 150.8, WH), Measurement(POWER, 11_000.0, UnitOfMeasure.W)),
    sampled=amount(7, 1),
    aligned=amount(33),
    register_wh=151,
)


def test_without_lists_nothing_goes_anywhere() -> None:
    """R-243."""
    nothing = selection(MeterValuesSampledData="", MeterValuesAlignedData="")

    assert not nothing.wants_begin
    assert not nothing.wants_end
    assert not nothing.wants_amounts
    for values in (
        nothing.begin(SHOWN, SIGNATURE),
        nothing.sample(SHOWN, PERIODIC, TRANSACTION, SIGNATURE),
        nothing.grid(SHOWN, TRANSACTION),
        nothing.grid(SHOWN),
        nothing.end(SHOWN, TRANSACTION, SIGNATURE),
    ):
        assert (values.told, values.begin, values.kept, values.end) == ((), None, (), None)


@pytest.mark.parametrize(
    ("key", "measurand"), [("StopTxnSampledData", REGISTER), ("StopTxnAlignedData", POWER)]
)
def test_either_list_of_a_stop_takes_begin_and_end_along(key: str, measurand: str) -> None:
    """R-244."""
    chosen = selection(**{key: measurand})

    begin, end = chosen.begin(SHOWN, ()).begin, chosen.end(SHOWN, TRANSACTION, ()).end

    assert chosen.wants_begin
    assert chosen.wants_end
    assert begin is not None
    assert end is not None
    assert [each.measurand for each in (*begin.sampled_value, *end.sampled_value)] == 2 * [measurand]
    assert (begin.sampled_value[0].context, end.sampled_value[0].context) == (BEGIN, END)


def test_what_is_in_both_lists_is_there_once() -> None:
    chosen = selection(StopTxnSampledData="Power.Active.Import", StopTxnAlignedData="Power.Active.Import")

    end = chosen.end(SHOWN, TRANSACTION, ()).end

    assert end is not None
    assert len(end.sampled_value) == 1


def test_begin_and_end_say_exactly_what_start_and_stop_say() -> None:
    end = selection(StopTxnSampledData=REGISTER).end(SHOWN, TRANSACTION, ()).end

    assert end is not None
    assert shown([end]) == [(END, "151")]


def test_sampled_and_aligned_lists_are_told_apart() -> None:
    chosen = selection(
        MeterValuesSampledData=POWER,
        MeterValuesAlignedData=REGISTER,
        StopTxnSampledData=REGISTER,
        StopTxnAlignedData=POWER,
        ClockAlignedDataInterval="900",
    )

    sample, grid = chosen.sample(SHOWN, PERIODIC, TRANSACTION), chosen.grid(SHOWN, TRANSACTION)

    assert shown(sample.told, POWER) == [(PERIODIC, "11000")]
    assert shown(sample.kept, REGISTER) == [(PERIODIC, "150")]
    assert shown(grid.told, REGISTER) == [(CLOCK, "150")]
    assert shown(grid.kept, POWER) == [(CLOCK, "11000")]
    assert all(len(samples(each)) == 1 for each in (sample.told, sample.kept, grid.told, grid.kept))


def test_on_the_grid_an_amount_bears_the_time_its_interval_began_at() -> None:
    grid = selection(MeterValuesAlignedData=BOTH, ClockAlignedDataInterval="900").grid(SHOWN)

    assert [(each.timestamp, shown([each], INTERVAL), shown([each])) for each in grid.told] == [
        (NOW - timedelta(minutes=15), [(CLOCK, "33")], []),
        (NOW, [], [(CLOCK, "150")]),
    ]


@pytest.mark.parametrize(
    ("aligned", "is_told"),
    [
        (None, False),
        (amount(5, 16), False),
        (amount(5, -1), False),
        (amount(5, 15), True),
        (amount(5, 0), True),
    ],
)
def test_an_amount_of_another_span_than_the_interval_is_none_of_the_grid(
    aligned: Amount | None, is_told: bool
) -> None:
    chosen = selection(MeterValuesAlignedData=INTERVAL, ClockAlignedDataInterval="900")

    grid = chosen.grid(SHOWN._replace(aligned=aligned))

    assert bool(grid.told) is is_told


def test_only_periodic_samples_have_amounts() -> None:
    chosen = selection(MeterValuesSampledData=BOTH)

    periodic = chosen.sample(SHOWN, PERIODIC, TRANSACTION)
    interruption = chosen.sample(SHOWN, ReadingContext.INTERRUPTION_BEGIN, TRANSACTION)

    assert shown(periodic.told, INTERVAL) == [(PERIODIC, "7")]
    assert shown(interruption.told, INTERVAL) == []
    assert shown(interruption.told) == [(ReadingContext.INTERRUPTION_BEGIN, "150")]


@pytest.mark.parametrize(
    "key",
    [
        "MeterValuesSampledData",
        "MeterValuesAlignedData",
        "StopTxnSampledData",
        "StopTxnAlignedData",
        "StartTxnSampledData",
    ],
)
def test_amounts_are_wanted_where_any_list_has_one(key: str) -> None:
    assert selection(**{key: BOTH}).wants_amounts
    assert not selection(**{key: REGISTER}).wants_amounts


@pytest.mark.parametrize(("key", "expected"), [("StopTxnSampledData", "7"), ("StopTxnAlignedData", "33")])
def test_the_amount_at_the_end_is_that_since_the_last_reading_of_its_list(key: str, expected: str) -> None:
    end = selection(**{key: INTERVAL}).end(SHOWN, TRANSACTION, ()).end

    assert end is not None
    assert shown([end], INTERVAL) == [(END, expected)]


@pytest.mark.parametrize("key", ["StopTxnSampledData", "StopTxnAlignedData"])
def test_had_the_transaction_ended_with_a_reading_nothing_would_have_flowed_since(key: str) -> None:
    chosen = selection(**{key: INTERVAL})

    of_sample = chosen.sample(SHOWN, PERIODIC, TRANSACTION).end
    of_grid = chosen.grid(SHOWN, TRANSACTION).end

    assert of_sample is not None
    assert of_grid is not None
    is_sampled = key == "StopTxnSampledData"
    assert shown([of_sample], INTERVAL) == [(END, "0" if is_sampled else "33")]
    assert shown([of_grid], INTERVAL) == [(END, "7" if is_sampled else "0")]


def test_the_partial_interval_at_the_end_of_a_transaction_is_told() -> None:
    chosen = selection(MeterValuesAlignedData=BOTH, ClockAlignedDataInterval="900")

    values = chosen.end(SHOWN._replace(aligned=amount(5, 4)), TRANSACTION, ())

    assert [(each.timestamp, len(each.sampled_value)) for each in values.told] == [
        (NOW - timedelta(minutes=4), 1)
    ]
    assert shown(values.told, INTERVAL) == [(CLOCK, "5")]


def test_signed_readings_go_where_values_go() -> None:
    stop = selection(StopTxnSampledData=POWER)
    start = selection(StartTxnSampledData=POWER)

    kept, told = stop.begin(SHOWN, SIGNATURE), start.begin(SHOWN, SIGNATURE)

    assert kept.begin is not None
    assert kept.begin.sampled_value[1:] == SIGNATURE
    assert kept.told == ()
    assert told.begin is None
    assert told.told[0].sampled_value[1:] == SIGNATURE


def test_a_signed_reading_goes_alone_where_nothing_else_can_be_measured() -> None:
    blind = SHOWN._replace(measured=())

    values = selection(StartTxnSampledData=POWER).begin(blind, SIGNATURE)

    assert [each.sampled_value for each in values.told] == [SIGNATURE]


def test_of_a_start_nothing_was_wanted_of_the_register_is_known() -> None:
    values = selection(StopTxnSampledData=f"{POWER},{REGISTER}").sample(SHOWN, PERIODIC, TRANSACTION)

    assert values.begin is not None
    assert values.begin.timestamp == BEGINNING
    assert shown([values.begin]) == [(BEGIN, "100")]
