"""Which values are sampled, when, and how they are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.chargepoint.virtual_time import story
from tests.chargepoint.world import TAG, World, vehicle, world

from voltyard.chargepoint.metering import next_aligned
from voltyard.protocol.messages import (
    ChangeConfiguration,
    Measurand,
    MeterValues,
    Phase,
    ReadingContext,
    SampledValue,
    StartTransaction,
    StopTransaction,
    UnitOfMeasure,
)


def samples(w: World, number: int = -1) -> tuple[SampledValue, ...]:
    return w.central.requests(MeterValues)[number].meter_value[0].sampled_value


@story
async def test_a_transaction_is_sampled_at_the_interval_from_its_start() -> None:
    """R-226, R-230, R-231."""
    async with world(MeterValueSampleInterval="10") as w:
        await w.charge()
        await w.after(35)

        (start,) = w.central.requests(StartTransaction)
        values = w.central.requests(MeterValues)
        offsets = [each.meter_value[0].timestamp - start.timestamp for each in values]
        assert offsets == [timedelta(seconds=10), timedelta(seconds=20), timedelta(seconds=30)]
        assert {(each.connector_id, each.transaction_id) for each in values} == {(1, 1001)}
        assert {each.context for each in samples(w)} == {ReadingContext.SAMPLE_PERIODIC}


@story
async def test_an_interval_of_zero_samples_nothing() -> None:
    """R-227."""
    async with world(MeterValueSampleInterval="0") as w:
        await w.charge()
        await w.after(1000)

        assert w.central.requests(MeterValues) == []


@story
async def test_a_new_interval_takes_effect_during_the_transaction() -> None:
    async with world(MeterValueSampleInterval="0") as w:
        await w.charge()
        await w.central.call(ChangeConfiguration(key="MeterValueSampleInterval", value="50"))
        await w.after(101)
        assert len(w.central.requests(MeterValues)) == 2

        await w.central.call(ChangeConfiguration(key="MeterValueSampleInterval", value="10"))
        await w.after(30)

        assert len(w.central.requests(MeterValues)) == 5


@story
async def test_sampling_ends_with_the_transaction() -> None:
    """R-231."""
    async with world(MeterValueSampleInterval="10") as w:
        await w.charge()
        await w.after(15)
        w.hardware.tap(1, TAG)
        await w.after(100)

        assert len(w.central.requests(MeterValues)) == 1


@story
async def test_clock_aligned_values_come_on_the_grid_from_every_connector() -> None:
    """R-228, R-230, R-231: with the transaction there is, without one where there is none."""
    async with world(ClockAlignedDataInterval="900", MeterValueSampleInterval="0") as w:
        await w.charge()
        await w.after(2000)

        values = w.central.requests(MeterValues)
        ten = datetime(2024, 5, 17, 10, tzinfo=UTC)
        expected = [ten, ten, *2 * [ten + timedelta(minutes=15)], *2 * [ten + timedelta(minutes=30)]]
        assert [each.meter_value[0].timestamp for each in values] == expected
        assert [(each.connector_id, each.transaction_id) for each in values[:2]] == [(1, 1001), (2, None)]
        assert {each.context for each in samples(w)} == {ReadingContext.SAMPLE_CLOCK}


@story
async def test_a_clock_aligned_interval_of_zero_sends_nothing_until_it_is_changed() -> None:
    """R-229."""
    async with world(MeterValueSampleInterval="0") as w:
        await w.after(4000)
        assert w.central.requests(MeterValues) == []

        await w.central.call(ChangeConfiguration(key="ClockAlignedDataInterval", value="60"))
        await w.after(60)

        assert len(w.central.requests(MeterValues)) == 2


@story
async def test_an_empty_list_of_measurands_sends_nothing() -> None:
    async with world(
        MeterValuesSampledData="",
        MeterValuesAlignedData="",
        MeterValueSampleInterval="10",
        ClockAlignedDataInterval="60",
    ) as w:
        await w.charge()
        await w.after(200)

        assert w.central.requests(MeterValues) == []


@story
async def test_a_bare_measurand_means_all_phases_and_a_phase_that_one_alone() -> None:
    """R-234, R-237."""
    async with world(MeterValuesSampledData="Current.Import,Voltage.L2", MeterValueSampleInterval="10") as w:
        await w.charge()
        await w.after(11)

        assert sorted((str(each.measurand), str(each.phase)) for each in samples(w)) == [
            ("Current.Import", "L1"),
            ("Current.Import", "L2"),
            ("Current.Import", "L3"),
            ("Voltage", "L2"),
        ]


@story
async def test_values_are_strings_with_the_units_of_the_specification() -> None:
    """R-240 (Frequency without unit), R-241 (Celcius), R-242."""
    measurands = "Frequency,Temperature,Energy.Active.Import.Register,SoC"
    async with world(MeterValuesSampledData=measurands, MeterValueSampleInterval="10") as w:
        await w.charge()
        await w.after(11)

        units = {each.measurand: each.unit for each in samples(w)}
        assert units == {
            Measurand.FREQUENCY: None,
            Measurand.TEMPERATURE: UnitOfMeasure.CELCIUS,
            Measurand.ENERGY_ACTIVE_IMPORT_REGISTER: UnitOfMeasure.WH,
            Measurand.SOC: UnitOfMeasure.PERCENT,
        }
        assert all(float(each.value) >= 0 for each in samples(w))


@story
async def test_registers_grow_and_go_on_from_one_transaction_to_the_next() -> None:
    """R-238, R-239."""
    async with world(MeterValueSampleInterval="10") as w:
        for _ in range(3):
            await w.charge()
            await w.after(100)
            w.hardware.tap(1, TAG)
            await w.after(5)
            w.hardware.unplug(1)
            await w.after(5)

        starts = [each.meter_start for each in w.central.requests(StartTransaction)]
        stops = [each.meter_stop for each in w.central.requests(StopTransaction)]
        assert starts[1:] == stops[:-1]
        registers = [
            float(each.meter_value[0].sampled_value[0].value) for each in w.central.requests(MeterValues)
        ]
        assert registers == sorted(registers)
        assert registers[-1] <= stops[-1]


@story
async def test_readings_carry_only_their_own_transaction() -> None:
    """R-232, R-233: two transactions around a tick, and nothing about connector 0."""
    async with world(MeterValueSampleInterval="10") as w:
        await w.charge(1)
        w.hardware.plug_in(2, vehicle())
        w.hardware.tap(2, "OTHER")
        await w.after(45)

        values = w.central.requests(MeterValues)
        assert {(each.connector_id, each.transaction_id) for each in values} == {(1, 1001), (2, 1002)}


@story
async def test_without_stop_lists_a_stop_brings_no_data() -> None:
    """R-243."""
    async with world(MeterValueSampleInterval="10") as w:
        await w.charge()
        await w.after(25)
        w.hardware.tap(1, TAG)
        await w.after()

        (stop,) = w.central.requests(StopTransaction)
        assert stop.transaction_data is None


@story
async def test_every_phase_the_vehicle_uses_is_metered() -> None:
    async with world(MeterValuesSampledData="Current.Import,Power.Active.Import") as w:
        await w.charge()
        await w.after(61)

        by_phase = {
            each.phase: float(each.value) for each in samples(w) if each.measurand == "Current.Import"
        }
        assert by_phase == {phase: pytest.approx(15.9, abs=0.5) for phase in (Phase.L1, Phase.L2, Phase.L3)}


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 - made aware below
    st.integers(1, 100_000),
)
def test_the_grid_starts_again_at_midnight(naive: datetime, interval_s: int) -> None:
    now = naive.replace(tzinfo=UTC)

    due = next_aligned(now, interval_s)

    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    since_midnight_s = (due - midnight).total_seconds()
    assert timedelta() < due - now <= timedelta(seconds=interval_s)
    assert since_midnight_s == 86_400 or since_midnight_s % interval_s == 0
