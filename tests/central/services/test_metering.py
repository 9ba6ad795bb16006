"""Meter values: answered whatever they say, stored as sent, once."""

from __future__ import annotations

import pytest
from msgspec import json
from tests.central.building import NOON_US, Desk
from tests.central.services.stations import Station, minute, minute_us, value

from voltyard.central.services.metering import meter_values
from voltyard.protocol.messages import (
    Measurand,
    MeterValue,
    MeterValues,
    MeterValuesResponse,
    ReadingContext,
    SampledValue,
    UnitOfMeasure,
    ValueFormat,
)


@pytest.mark.parametrize("transaction_id", [None, 0, -1, 5, 2**62])
@pytest.mark.parametrize("text", ["5", "abc", "", "1e400", "NaN", "-7.5", "x" * 5000])
def test_every_value_is_answered_and_stored(transaction_id: int | None, text: str, desk: Desk) -> None:
    """R-247, R-254."""
    station = Station(desk)
    request = MeterValues(
        connector_id=1, transaction_id=transaction_id, meter_value=(value(minute(1), text),)
    )

    assert desk.do(meter_values, station.origin, request, NOON_US) == MeterValuesResponse()

    [row] = station.meter_rows()
    assert json.decode(row.samples) == [{"value": text}]
    assert (row.transaction_number, row.sent_transaction_id, row.at_us) == (0, transaction_id, minute_us(1))


def test_values_without_samples_that_can_be_used_are_answered(desk: Desk) -> None:
    """Tolerant reading takes bad samples out, all of them if need be."""
    station = Station(desk)

    response = desk.do(meter_values, station.origin, MeterValues(connector_id=1, meter_value=()), NOON_US)

    assert response == MeterValuesResponse()
    assert station.meter_rows() == []
    assert desk.events == []


def test_values_are_those_of_their_transaction(desk: Desk) -> None:
    station = Station(desk)
    id = station.start(connector=2).transaction_id

    station.values(id, value(minute(5), "700"), value(minute(6), "800"), connector=2)

    assert [(row.transaction_number, row.energy_wh) for row in station.meter_rows()] == [
        (station.transaction().number, 700.0),
        (station.transaction().number, 800.0),
    ]
    assert desk.events[-1].kind == "meter_values.received"
    assert desk.events[-1].details == {"connector_id": 2, "transaction_id": id}


@pytest.mark.parametrize("id", [-1, 0, 4711])
def test_values_with_an_unusable_id_are_those_of_what_runs_there_then(id: int, desk: Desk) -> None:
    station = Station(desk)
    wanted = station.start(connector=1).transaction_id
    station.start(connector=2, at=0)

    station.values(id, value(minute(5)), connector=1)

    [row] = station.meter_rows()
    assert row.transaction_number == station.transactions()[0].number
    assert desk.events[-1].details == {"connector_id": 1, "transaction_id": wanted}


@pytest.mark.parametrize(("connector", "at"), [(2, 5), (0, 5), (1, -1), (1, 61)])
def test_values_of_another_place_or_time_belong_to_nobody(connector: int, at: int, desk: Desk) -> None:
    station = Station(desk)
    station.stop(station.start(connector=1).transaction_id, at=60)

    station.values(-1, value(minute(at)), connector=connector)

    assert [row.transaction_number for row in station.meter_rows()] == [0]
    assert desk.events[-1].details == {"connector_id": connector, "transaction_id": None}


def test_late_values_are_those_of_the_transaction_that_ran_then(desk: Desk) -> None:
    station = Station(desk)
    station.stop(station.start(at=0).transaction_id, at=10)
    station.start(at=20, received=20)

    for at in (5, 25, 15):
        station.values(-1, value(minute(at)))

    first, second = station.transactions()
    assert [row.transaction_number for row in station.meter_rows()] == [first.number, second.number, 0]


def test_the_same_value_is_stored_once(desk: Desk) -> None:
    """R-253: on whatever path it comes, before and after a restart."""
    station = Station(desk)
    id = station.start().transaction_id
    same, other = value(minute(5), "700"), value(minute(5), "701")

    station.values(id, same, same, other)
    station.values(id, same)
    desk.restart()
    station.stop(id, data=[same])
    station.stop(id, data=[same])

    assert [row.energy_wh for row in station.meter_rows()] == [700.0, 701.0]


def test_the_same_value_of_another_connector_or_charge_point_is_another_value(desk: Desk) -> None:
    first, second = Station(desk, "A"), Station(desk, "B")
    for station in (first, second):
        for connector in (1, 2):
            station.values(None, value(minute(5)), connector=connector)

    assert (len(first.meter_rows()), len(second.meter_rows())) == (2, 2)


@pytest.mark.parametrize(
    ("sample", "energy_wh"),
    [
        (SampledValue(value="5"), 5.0),
        (SampledValue(value="5", unit=UnitOfMeasure.KWH), 5000.0),
        (SampledValue(value="5", measurand=Measurand.ENERGY_ACTIVE_IMPORT_REGISTER), 5.0),
        (SampledValue(value="5", measurand=Measurand.ENERGY_ACTIVE_EXPORT_REGISTER), None),
        (SampledValue(value="0A1B", format=ValueFormat.SIGNED_DATA), None),
        (SampledValue(value="50", measurand=Measurand.FREQUENCY), None),
        (SampledValue(value="21", measurand=Measurand.TEMPERATURE, unit=UnitOfMeasure.CELCIUS), None),
    ],
)
def test_samples_are_kept_as_sent_beside_the_figures_that_people_ask_for(
    sample: SampledValue, energy_wh: float | None, desk: Desk
) -> None:
    """R-248, R-249, R-250, R-251, R-252."""
    station = Station(desk)

    station.values(None, MeterValue(timestamp=minute(5), sampled_value=(sample,)))

    [row] = station.meter_rows()
    assert row.energy_wh == energy_wh
    assert row.samples == json.encode((sample,)).decode()


def test_a_value_has_all_figures_in_one_row(desk: Desk) -> None:
    samples = (
        SampledValue(value="7", unit=UnitOfMeasure.KW, measurand=Measurand.POWER_ACTIVE_IMPORT),
        SampledValue(value="16.5", measurand=Measurand.CURRENT_IMPORT),
        SampledValue(value="80", measurand=Measurand.SOC),
        SampledValue(value="12", context=ReadingContext.TRANSACTION_END),
    )
    station = Station(desk)

    station.values(None, MeterValue(timestamp=minute(5), sampled_value=samples))

    [row] = station.meter_rows()
    assert (row.energy_wh, row.power_w, row.current_a, row.soc_percent) == (12.0, 7000.0, 16.5, 80.0)
    assert row.context is None


def test_the_context_is_that_of_the_first_sample(desk: Desk) -> None:
    station = Station(desk)

    station.values(None, value(minute(5), context=ReadingContext.SAMPLE_CLOCK))
    station.values(None, value(minute(6), context="Sample.Whatever"))

    assert [row.context for row in station.meter_rows()] == ["Sample.Clock", "Sample.Whatever"]
