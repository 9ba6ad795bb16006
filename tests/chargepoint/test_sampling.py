"""Meters are read at the right moments, and whatever they do, the transaction goes on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.chargepoint.metered import (
    INTERVAL,
    POWER,
    REGISTER,
    Bench,
    ScriptedConnector,
    samples,
    shown,
    signatures,
)
from tests.chargepoint.test_outbox import CountingStore
from tests.chargepoint.virtual_time import BEGINNING, story
from tests.chargepoint.world import TAG, World, vehicle, world

from voltyard.protocol.codec import encode
from voltyard.protocol.messages import (
    ChangeConfiguration,
    ChargePointErrorCode,
    Location,
    Measurand,
    MeterValue,
    MeterValues,
    Phase,
    ReadingContext,
    Reason,
    SampledValue,
    StartTransaction,
    StopTransaction,
    UnitOfMeasure,
)

BEGIN, END = ReadingContext.TRANSACTION_BEGIN, ReadingContext.TRANSACTION_END
PERIODIC, CLOCK = ReadingContext.SAMPLE_PERIODIC, ReadingContext.SAMPLE_CLOCK
BROKEN, MENDED = ReadingContext.INTERRUPTION_BEGIN, ReadingContext.INTERRUPTION_END
BOTH = "Energy.Active.Import.Register,Energy.Active.Import.Interval"


def of_connectors(w: World) -> list[MeterValues]:
    """Return what was told of connectors; the main meter is left out."""
    return [each for each in w.central.requests(MeterValues) if each.connector_id]


def last_samples(w: World) -> tuple[SampledValue, ...]:
    return of_connectors(w)[-1].meter_value[0].sampled_value


# Periodically.


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
        assert {each.context for each in last_samples(w)} == {PERIODIC}


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
async def test_values_are_strings_with_the_units_of_the_specification() -> None:
    """R-240 (Frequency without unit), R-241 (Celcius), R-242."""
    measurands = "Frequency,Temperature,Power.Active.Import,SoC"
    async with world(MeterValuesSampledData=measurands, MeterValueSampleInterval="10") as w:
        await w.charge()
        await w.after(11)

        units = {each.measurand: each.unit for each in last_samples(w)}
        assert units == {
            Measurand.FREQUENCY: None,
            Measurand.TEMPERATURE: UnitOfMeasure.CELCIUS,
            POWER: UnitOfMeasure.W,
            Measurand.SOC: UnitOfMeasure.PERCENT,
        }
        assert all(float(each.value) >= 0 for each in last_samples(w))


@story
async def test_every_phase_the_vehicle_uses_is_metered() -> None:
    """R-234."""
    async with world(MeterValuesSampledData="Current.Import") as w:
        await w.charge()
        await w.after(61)

        by_phase = {each.phase: float(each.value) for each in last_samples(w)}
        assert by_phase == {phase: pytest.approx(15.9, abs=0.5) for phase in (Phase.L1, Phase.L2, Phase.L3)}


# On the grid.


@story
async def test_clock_aligned_values_come_on_the_grid_from_every_connector() -> None:
    """R-228, R-230, R-231: with the transaction there is, without one where there is none."""
    async with world(ClockAlignedDataInterval="900", MeterValueSampleInterval="0") as w:
        await w.charge()
        await w.after(2000)

        values = of_connectors(w)
        ten = datetime(2024, 5, 17, 10, tzinfo=UTC)
        expected = [ten, ten, *2 * [ten + timedelta(minutes=15)], *2 * [ten + timedelta(minutes=30)]]
        assert [each.meter_value[0].timestamp for each in values] == expected
        assert [(each.connector_id, each.transaction_id) for each in values[:2]] == [(1, 1001), (2, None)]
        assert {each.context for each in last_samples(w)} == {CLOCK}


@story
async def test_a_grid_of_zero_seconds_samples_nothing_until_it_is_changed() -> None:
    """R-229."""
    async with world(MeterValueSampleInterval="0") as w:
        await w.after(4000)
        assert w.central.requests(MeterValues) == []

        await w.central.call(ChangeConfiguration(key="ClockAlignedDataInterval", value="60"))
        await w.after(60)

        assert len(of_connectors(w)) == 2


@story
async def test_all_phases_at_all_places_are_told_of_each_tick() -> None:
    """R-232, R-234: the example of OCPP 1.6 §3.16.3, a main meter and two connectors with three phases."""
    async with world(
        MeterValuesAlignedData="Current.Import", ClockAlignedDataInterval="300", MeterValueSampleInterval="0"
    ) as w:
        await w.charge(2)
        await w.after(60)

        told = w.central.requests(MeterValues)
        places = {0: Location.INLET, 1: Location.OUTLET, 2: Location.OUTLET}
        assert [(each.connector_id, each.transaction_id) for each in told] == [
            (0, None),
            (1, None),
            (2, 1001),
        ]
        for each in told:
            (value,) = each.meter_value
            assert [sample.phase for sample in value.sampled_value] == [Phase.L1, Phase.L2, Phase.L3]
            assert {sample.location for sample in value.sampled_value} == {places[each.connector_id]}


@story
async def test_a_tick_of_the_grid_is_one_commit_for_all_places() -> None:
    store = CountingStore()
    bench = Bench(store)
    bench.begin()
    before = len(bench.outbox)
    commits = store.commits

    bench.sampling.sample_aligned(bench.clock.at, bench.hardware, [bench, bench])

    assert store.commits == commits + 1
    told = (await bench.posted())[before:]
    assert [(each.connector_id, each.transaction_id) for each in told if isinstance(each, MeterValues)] == [
        (0, None),
        (1, -1),
        (1, -1),
    ]


# Whose values they are.


@story
async def test_readings_carry_only_their_own_transaction() -> None:
    """R-232, R-233: two transactions around a tick."""
    async with world(MeterValueSampleInterval="10") as w:
        await w.charge(1)
        w.hardware.plug_in(2, vehicle())
        w.hardware.tap(2, "OTHER")
        await w.after(45)

        values = w.central.requests(MeterValues)
        assert {(each.connector_id, each.transaction_id) for each in values} == {(1, 1001), (2, 1002)}


DEEDS = (
    "charge",
    "charge",
    "charge",
    "stop",
    "unplug",
    "fault",
    "clear",
    "offline",
    "online",
    "outage",
    "wait",
)
_deeds = st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(1, 2), st.integers(1, 200)), max_size=14)
metering_everything = partial(
    world,
    MeterValueSampleInterval="20",
    ClockAlignedDataInterval="60",
    MeterValuesSampledData=BOTH,
    MeterValuesAlignedData=BOTH,
    StopTxnSampledData=BOTH,
    StopTxnAlignedData=BOTH,
    StartTxnSampledData=BOTH,
    AllowOfflineTxForUnknownId="true",
)


async def do(w: World, deed: str, connector_id: int) -> None:
    match deed:
        case "charge":
            if not w.hardware.connectors[connector_id - 1].is_plugged:
                w.hardware.plug_in(connector_id, vehicle())
            w.hardware.tap(connector_id, f"TAG-{connector_id}")
        case "stop":
            w.hardware.tap(connector_id, f"TAG-{connector_id}")
        case "unplug":
            w.hardware.unplug(connector_id)
        case "fault":
            w.hardware.raise_fault(connector_id, ChargePointErrorCode.GROUND_FAILURE)
        case "clear":
            w.hardware.clear_fault(connector_id)
        case "offline":
            w.central.go_offline()
        case "online":
            w.central.is_reachable = True
        case "outage":
            w.station.cut_power()
            await w.after(3)
            w.station.restore_power()


async def live(w: World, deeds: list[tuple[str, int, int]]) -> None:
    """Let all kinds of things happen at two connectors, and everything be delivered."""
    for deed, connector_id, seconds in deeds:
        await do(w, deed, connector_id)
        await w.after(seconds)
    w.central.is_reachable = True
    for connector_id in (1, 2):
        await do(w, "unplug", connector_id)
    await w.after(60)


class Told:
    """What the central system was told of one transaction."""

    def __init__(self, w: World, transaction_id: int, start: StartTransaction) -> None:
        self.start = start
        (self.stop,) = (
            each for each in w.central.requests(StopTransaction) if each.transaction_id == transaction_id
        )
        self.requests = [
            each for each in w.central.requests(MeterValues) if each.transaction_id == transaction_id
        ]

    @property
    def values(self) -> Iterator[MeterValue]:
        for request in self.requests:
            yield from request.meter_value
        yield from self.stop.transaction_data or ()


def transactions(w: World) -> list[Told]:
    starts = w.central.requests(StartTransaction)
    return [Told(w, number, start) for number, start in enumerate(starts, 1001)]


def registers(told: Told) -> list[float]:
    """Return all readings of the energy register in order of time, from the start to the stop."""
    readings = sorted(
        (value.timestamp, float(sample.value))
        for value in told.values
        for sample in value.sampled_value
        if (sample.measurand, sample.phase) == (REGISTER, None)
    )
    return [told.start.meter_start, *(wh for _, wh in readings), told.stop.meter_stop]


def aligned_amount(told: Told) -> float:
    """Return the energy of all clock-aligned intervals that were told while the transaction ran."""
    return sum(
        float(sample.value)
        for request in told.requests
        for value in request.meter_value
        for sample in value.sampled_value
        if (sample.measurand, sample.phase, sample.context) == (INTERVAL, None, CLOCK)
    )


@settings(max_examples=40, deadline=None)
@given(_deeds)
def test_whatever_happens_values_are_of_their_transaction_and_registers_never_go_back(
    deeds: list[tuple[str, int, int]],
) -> None:
    """R-231, R-232, R-233, R-238, R-239; and intervals add up, partial ones too (OCPP 1.6 §9.1.5)."""

    @story
    async def tell() -> None:
        async with metering_everything() as w:
            await live(w, deeds)
            before_wh = {1: 0.0, 2: 0.0}
            for told in transactions(w):
                start, stop = told.start, told.stop
                assert {each.connector_id for each in told.requests} <= {start.connector_id}
                assert all(start.timestamp <= each.timestamp <= stop.timestamp for each in told.values)
                readings = registers(told)
                assert readings == sorted(readings)
                assert readings[0] >= before_wh[start.connector_id]
                before_wh[start.connector_id] = readings[-1]
                if stop.reason is not Reason.POWER_LOSS:
                    assert aligned_amount(told) == stop.meter_stop - start.meter_start
            of_main_meter = [each for each in w.central.requests(MeterValues) if not each.connector_id]
            assert {each.transaction_id for each in of_main_meter} <= {None}

    tell()


# Begin and end.


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
async def test_a_stop_says_what_it_has_to() -> None:
    """R-175, R-176, R-177."""
    async with world() as w:
        await w.charge()
        await w.after(600)
        w.hardware.tap(1, TAG)
        ended_at = w.clock.now()
        await w.after()

        (stop,) = w.central.requests(StopTransaction)
        assert (stop.transaction_id, stop.id_tag, stop.reason) == (1001, TAG, Reason.LOCAL)
        assert stop.meter_stop == w.hardware.connectors[0].register_wh > 1000
        assert stop.timestamp == ended_at


@story
async def test_a_stop_brings_begin_samples_points_of_the_grid_and_end_along() -> None:
    """R-230, R-244."""
    bench = Bench(
        MeterValuesSampledData="",
        StopTxnSampledData=f"{POWER},{REGISTER}",
        StopTxnAlignedData="Voltage.L1",
        MeterValueSampleInterval="60",
        ClockAlignedDataInterval="60",
    )
    bench.begin()
    bench.sample()
    bench.align(seconds=10)
    bench.sample()
    bench.pass_by(5, 7)
    bench.end()

    stop = await bench.stop()

    assert stop.transaction_data is not None
    assert shown(stop.transaction_data) == [
        (BEGIN, "1000"),
        (PERIODIC, "1100"),
        (PERIODIC, "1300"),
        (END, "1307"),
    ]
    assert shown(stop.transaction_data, Measurand.VOLTAGE) == [
        (BEGIN, "230.0"),
        (CLOCK, "230.0"),
        (END, "230.0"),
    ]
    assert shown(stop.transaction_data, POWER)[0][0] is BEGIN
    assert shown(stop.transaction_data, POWER)[-1][0] is END
    stamps = [(each.timestamp - BEGINNING).total_seconds() for each in stop.transaction_data]
    assert stamps == [0, 60, 70, 130, 135]
    assert (stop.meter_stop, stop.timestamp) == (1307, bench.clock.at)


@story
async def test_too_many_samples_are_thinned_out_but_begin_and_end_stay() -> None:
    """R-245: at most 4 of 102."""
    async with world(
        StopTxnSampledData=POWER, StopTransactionMaxMeterValues="4", MeterValueSampleInterval="10"
    ) as w:
        await w.charge()
        await w.after(1005)
        w.hardware.tap(1, TAG)
        await w.after()

        (start,), (stop,) = w.central.requests(StartTransaction), w.central.requests(StopTransaction)
        data = stop.transaction_data or ()
        assert [each.sampled_value[0].context for each in data] == [BEGIN, PERIODIC, END]
        assert [each.timestamp for each in data] == [
            start.timestamp,
            start.timestamp + timedelta(seconds=640),
            stop.timestamp,
        ]
        assert len(w.central.requests(MeterValues)) == 100


@story
async def test_a_stop_after_a_week_is_still_a_message_central_systems_take() -> None:
    bench = Bench(
        signature=b"x" * 4096,
        StopTxnSampledData=f"{REGISTER},{POWER},Voltage,{INTERVAL}",
        StopTxnAlignedData="Voltage,Energy.Active.Import.Register",
        MeterValuesSampledData="",
        MeterValuesAlignedData="",
        StopTransactionMaxMeterValues="0",
    )
    bench.begin()
    for _ in range(7 * 24 * 12):
        bench.sample(seconds=300)
        bench.align(seconds=0)
    bench.end()

    frame = encode(await bench.stop())

    assert 20_000 < len(frame) < 60_000


@story
async def test_energy_begins_and_ends_with_what_start_and_stop_say() -> None:
    """R-244: to the watt-hour, although the meter shows more digits."""
    bench = Bench(StopTxnSampledData=REGISTER)
    bench.hardware.energy_wh = 1234.987
    bench.begin()
    bench.pass_by(60, 0.02)
    bench.end()

    start, stop = await bench.posted()

    assert isinstance(start, StartTransaction)
    assert isinstance(stop, StopTransaction)
    assert shown(stop.transaction_data) == [(BEGIN, str(start.meter_start)), (END, str(stop.meter_stop))]
    assert (start.meter_start, stop.meter_stop) == (1234, 1235)


@story
async def test_intervals_of_zero_leave_begin_and_end() -> None:
    async with world(
        MeterValueSampleInterval="0",
        ClockAlignedDataInterval="0",
        StopTxnSampledData="Energy.Active.Import.Register",
    ) as w:
        await w.charge()
        w.hardware.raise_fault(1, ChargePointErrorCode.GROUND_FAILURE)
        await w.after(100)
        w.hardware.tap(1, TAG)
        await w.after()

        (stop,) = w.central.requests(StopTransaction)
        assert stop.transaction_data is not None
        overall = [each.sampled_value[0].context for each in stop.transaction_data]
        assert overall == [BEGIN, END]


@story
async def test_lists_that_change_meanwhile_have_begin_and_end_as_far_as_they_are_known() -> None:
    bench = Bench(StopTxnSampledData="")
    bench.begin()
    bench.pass_by(60, 50)
    bench.configuration.change("StopTxnSampledData", f"{REGISTER},{POWER}")
    bench.end()

    stop = await bench.stop()

    assert shown(stop.transaction_data) == [(BEGIN, "1000"), (END, "1050")]
    assert shown(stop.transaction_data, POWER) == [(END, "11000")]


@story
async def test_a_start_is_followed_by_its_values_where_that_is_wanted() -> None:
    """R-230."""
    bench = Bench(StartTxnSampledData=REGISTER)
    bench.begin()

    start, told = await bench.posted()

    assert isinstance(start, StartTransaction)
    assert isinstance(told, MeterValues)
    assert shown(told.meter_value) == [(BEGIN, str(start.meter_start))]
    assert (told.connector_id, told.meter_value[0].timestamp) == (1, start.timestamp)


@story
async def test_a_loss_of_power_keeps_what_was_collected() -> None:
    """R-181, R-244: the end is the last reading there was, at its time."""
    async with world(
        MeterValueSampleInterval="60", StopTxnSampledData="Energy.Active.Import.Register,Power.Active.Import"
    ) as w:
        await w.charge()
        await w.after(150)
        w.station.cut_power()
        await w.after(30)
        w.station.restore_power()
        (stop,) = await w.central.until(StopTransaction)

        last = w.central.requests(MeterValues)[-1].meter_value[0]
        assert stop.reason is Reason.POWER_LOSS
        assert stop.timestamp == last.timestamp
        assert stop.transaction_data is not None
        assert [each.sampled_value[0].context for each in stop.transaction_data] == [
            BEGIN,
            PERIODIC,
            PERIODIC,
            END,
        ]
        assert stop.transaction_data[-1].timestamp == stop.timestamp
        readings = [wh for context, wh in shown(stop.transaction_data) if context is END]
        assert readings[0] == str(stop.meter_stop)


# Amounts.


@story
async def test_amounts_are_those_since_the_last_sample_and_add_up() -> None:
    bench = Bench(MeterValuesSampledData=INTERVAL, StopTxnSampledData=INTERVAL)
    bench.begin()
    bench.sample(energy_wh=50.5)
    bench.sample(energy_wh=49.75)
    bench.pass_by(20, 10)
    bench.end()

    posted = await bench.posted()

    told = [shown(each.meter_value, INTERVAL) for each in posted if isinstance(each, MeterValues)]
    stop = posted[-1]
    assert isinstance(stop, StopTransaction)
    assert told == [[(PERIODIC, "50")], [(PERIODIC, "50")]]
    assert shown(stop.transaction_data, INTERVAL) == [
        (BEGIN, "0"),
        (PERIODIC, "50"),
        (PERIODIC, "50"),
        (END, "10"),
    ]
    assert stop.meter_stop - 1000 == 110


@story
async def test_aligned_amounts_have_the_start_of_their_interval_and_those_of_a_transaction_are_its_own() -> (
    None
):
    """R-233: the intervals around a transaction begin and end with it."""
    bench = Bench(MeterValuesAlignedData=INTERVAL, ClockAlignedDataInterval="900", MeterValuesSampledData="")
    bench.align(seconds=0, energy_wh=0)
    bench.align(seconds=900, energy_wh=3)
    bench.pass_by(300, 1)
    bench.begin()
    bench.align(seconds=600, energy_wh=40)
    bench.align(seconds=900, energy_wh=60)
    bench.pass_by(100, 7)
    bench.end()
    bench.align(seconds=800, energy_wh=2)

    told = [
        (
            each.transaction_id,
            (each.meter_value[0].timestamp - BEGINNING).total_seconds(),
            shown(each.meter_value, INTERVAL),
        )
        for each in await bench.posted()
        if isinstance(each, MeterValues)
    ]

    assert told == [
        (None, 0, [(CLOCK, "3")]),
        (-1, 1200, [(CLOCK, "40")]),
        (-1, 1800, [(CLOCK, "60")]),
        (-1, 2700, [(CLOCK, "7")]),
        (None, 2800, [(CLOCK, "2")]),
    ]


# Interruptions.


@story
async def test_an_interruption_of_the_supply_is_sampled_at_both_ends() -> None:
    """R-230."""
    async with world(MeterValueSampleInterval="600", StopTxnSampledData="Energy.Active.Import.Register") as w:
        await w.charge()
        await w.after(100)
        w.hardware.raise_fault(1, ChargePointErrorCode.GROUND_FAILURE)
        w.hardware.raise_fault(1, ChargePointErrorCode.OVER_VOLTAGE)
        await w.after(50)
        w.hardware.clear_fault(1)
        await w.after(50)
        w.hardware.tap(1, TAG)
        await w.after()

        told = w.central.requests(MeterValues)
        assert [each.transaction_id for each in told] == [1001, 1001]
        assert [each.meter_value[0].sampled_value[0].context for each in told] == [BROKEN, MENDED]
        begin, end = (each.meter_value[0] for each in told)
        assert end.timestamp - begin.timestamp == timedelta(seconds=50)
        (stop,) = w.central.requests(StopTransaction)
        contexts = [each.sampled_value[0].context for each in stop.transaction_data or ()]
        assert contexts == [BEGIN, BROKEN, MENDED, END]


@story
async def test_a_fault_without_a_transaction_interrupts_nothing() -> None:
    async with world(MeterValueSampleInterval="600") as w:
        w.hardware.raise_fault(1, ChargePointErrorCode.GROUND_FAILURE)
        await w.after(50)
        w.hardware.clear_fault(1)
        await w.after(50)

        assert w.central.requests(MeterValues) == []


# Signed readings.


@story
async def test_begin_and_end_of_a_stop_are_signed() -> None:
    bench = Bench(signature=b"OCMF", StopTxnSampledData=POWER, MeterValueSampleInterval="60")
    started_at = bench.clock.at
    bench.begin("DRIVER")
    bench.sample()
    bench.end()

    stop = await bench.stop()

    assert signatures(stop.transaction_data) == [(BEGIN, "4f434d46"), (END, "4f434d46")]
    assert bench.hardware.signed == [(BEGIN, "DRIVER", started_at), (END, "DRIVER", bench.clock.at)]


@story
async def test_samples_are_signed_where_that_is_wanted() -> None:
    bench = Bench(signature=b"OCMF", SampledDataSignUpdatedReadings="true", StopTxnSampledData=REGISTER)
    bench.begin()
    bench.sample()
    bench.end()

    posted = await bench.posted()

    (told,) = (each for each in posted if isinstance(each, MeterValues))
    assert signatures(told.meter_value) == [(PERIODIC, "4f434d46")]
    assert isinstance(posted[-1], StopTransaction)
    assert signatures(posted[-1].transaction_data) == [(BEGIN, "4f434d46"), (END, "4f434d46")]


@story
async def test_nobody_signs_what_nobody_wants() -> None:
    bench = Bench(signature=b"OCMF", MeterValueSampleInterval="60")
    bench.begin()
    bench.sample()
    bench.end()

    assert bench.hardware.signed == []
    assert (await bench.stop()).transaction_data is None


# Meters that fail.


@story
async def test_a_meter_that_fails_leaves_out_a_sample_and_nothing_else() -> None:
    bench = Bench(StopTxnSampledData=f"{REGISTER},{POWER}")
    bench.begin()
    bench.sample()
    bench.hardware.is_broken = True
    bench.sample()
    bench.align()
    bench.sampling.interrupted(bench.transaction.key if bench.transaction else "", bench.hardware)
    bench.hardware.is_broken = False
    bench.sample()
    bench.end()

    stop = await bench.stop()

    assert [context for context, _ in shown(stop.transaction_data, POWER)] == [BEGIN, PERIODIC, PERIODIC, END]
    assert stop.meter_stop == 1400


@story
async def test_a_transaction_with_a_meter_that_fails_from_start_to_end_says_what_was_known() -> None:
    bench = Bench(StopTxnSampledData=f"{REGISTER},{POWER}", SampledDataSignUpdatedReadings="true")
    bench.begin()
    bench.pass_by(60, 500)
    bench.end()
    bench.hardware.is_broken = True
    bench.begin()
    bench.sample()
    bench.end()

    start, stop = (await bench.posted())[-2:]

    assert isinstance(start, StartTransaction)
    assert isinstance(stop, StopTransaction)
    assert start.meter_start == stop.meter_stop == 1500
    assert shown(stop.transaction_data) == [(BEGIN, "1500"), (END, "1500")]
    assert len(samples(stop.transaction_data)) == 2


@story
async def test_a_main_meter_that_fails_does_not_take_the_connectors_along() -> None:
    bench, main_meter = Bench(), ScriptedConnector()
    main_meter.is_broken = True

    bench.sampling.sample_aligned(bench.clock.at, main_meter, [bench])

    assert [each.connector_id for each in await bench.posted() if isinstance(each, MeterValues)] == [1]
