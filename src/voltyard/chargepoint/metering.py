"""Taking meter values: which measurements, when, and how they are written (OCPP 1.6 §3.16, §7.43)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from voltyard.chargepoint.clock import Clock
from voltyard.chargepoint.configuration import Configuration
from voltyard.chargepoint.hardware import ConnectorHardware, Measurement
from voltyard.chargepoint.outbox import NO_TRANSACTION, Outbox
from voltyard.chargepoint.transactions import Transaction, Transactions
from voltyard.protocol.messages import Measurand, MeterValue, MeterValues, ReadingContext, SampledValue

_DAY_S: Final = 86_400
_DECIMALS: Final = {
    Measurand.ENERGY_ACTIVE_IMPORT_REGISTER: 0,
    Measurand.POWER_ACTIVE_IMPORT: 0,
    Measurand.POWER_FACTOR: 3,
    Measurand.FREQUENCY: 2,
}
_USUAL_DECIMALS: Final = 1


def take(
    hardware: ConnectorHardware, wanted: Iterable[str], context: ReadingContext, now: datetime
) -> MeterValue | None:
    """Measure what a measurand list wants; None where nothing of it can be measured.

    An item without a phase means all phases and the overall value, `Voltage.L1` that phase alone.
    """
    items = frozenset(wanted)
    samples = tuple(
        _sampled(measurement, context) for measurement in hardware.measure() if _is_wanted(measurement, items)
    )
    return MeterValue(timestamp=now, sampled_value=samples) if samples else None


def sole_value(hardware: ConnectorHardware, measurand: Measurand) -> float | None:
    """Return the overall value of a measurand now, or None where it is not measured."""
    values = (each.value for each in hardware.measure() if (each.measurand, each.phase) == (measurand, None))
    return next(values, None)


class Sampling:
    """Meters connectors at their intervals and has the central system told."""

    def __init__(
        self, outbox: Outbox, transactions: Transactions, configuration: Configuration, clock: Clock
    ) -> None:
        self._outbox = outbox
        self._transactions = transactions
        self._configuration = configuration
        self._clock = clock

    async def during(self, transaction: Transaction, hardware: ConnectorHardware) -> None:
        """Sample a transaction periodically until cancelled (errata 3.15)."""

        def sample() -> None:
            items = self._configuration.items("MeterValuesSampledData")
            meter_value = take(hardware, items, ReadingContext.SAMPLE_PERIODIC, self._clock.now())
            if meter_value is not None:
                self._transactions.meter(transaction.key, hardware.register_wh, meter_value)

        await periodically(self._clock, self._configuration, "MeterValueSampleInterval", sample)

    def sample_aligned(
        self, at: datetime, connector_id: int, hardware: ConnectorHardware, transaction: Transaction | None
    ) -> None:
        """Take the clock-aligned values of a connector, with or without a transaction."""
        items = self._configuration.items("MeterValuesAlignedData")
        meter_value = take(hardware, items, ReadingContext.SAMPLE_CLOCK, at)
        if meter_value is None:
            return
        if transaction is not None:
            self._transactions.meter(transaction.key, hardware.register_wh, meter_value)
        else:
            request = MeterValues(connector_id=connector_id, meter_value=(meter_value,))
            self._outbox.post(request, NO_TRANSACTION)


async def periodically(
    clock: Clock, configuration: Configuration, interval_key: str, tick: Callable[[], None]
) -> None:
    """Call `tick` whenever another interval has passed since now; 0 means never (OCPP 1.6 §3.16.1).

    A new interval counts from the last tick.
    """
    last = clock.monotonic()
    while True:
        interval_s = configuration.integer(interval_key)
        wait_s = None if interval_s == 0 else last + interval_s - clock.monotonic()
        if await configuration.sleep_unless_changed(clock, wait_s):
            continue
        last += interval_s
        tick()


async def clock_aligned(
    clock: Clock, configuration: Configuration, interval_key: str, tick: Callable[[datetime], None]
) -> None:
    """Call `tick` at each multiple of the interval since midnight UTC; 0 means never (OCPP 1.6 §3.16.2)."""
    while True:
        interval_s = configuration.integer(interval_key)
        if interval_s == 0:
            await configuration.sleep_unless_changed(clock, None)
            continue
        due = next_aligned(clock.now(), interval_s)
        changed = False
        while not changed and (wait_s := (due - clock.now()).total_seconds()) > 0:
            changed = await configuration.sleep_unless_changed(clock, wait_s)
        if not changed:
            tick(due)


def next_aligned(now: datetime, interval_s: int) -> datetime:
    """Return the next point of the grid, which starts again at midnight."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    passed_s = (now - midnight).total_seconds()
    due_s = (int(passed_s) // interval_s + 1) * interval_s
    return midnight + timedelta(seconds=min(due_s, _DAY_S))


def _is_wanted(measurement: Measurement, items: frozenset[str]) -> bool:
    return measurement.measurand in items or f"{measurement.measurand}.{measurement.phase}" in items


def _sampled(measurement: Measurement, context: ReadingContext) -> SampledValue:
    decimals = _DECIMALS.get(measurement.measurand, _USUAL_DECIMALS)
    return SampledValue(
        value=f"{measurement.value:.{decimals}f}",
        context=context,
        measurand=measurement.measurand,
        phase=measurement.phase,
        location=measurement.location,
        unit=measurement.unit,
    )
