"""Which of what a meter shows goes where: MeterValues, StopTransaction, or nowhere (OCPP 1.6 §3.16)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from voltyard.chargepoint.amounts import Amount, at_instant, has_amounts, nothing_of
from voltyard.chargepoint.configuration import Configuration
from voltyard.chargepoint.hardware import Measurement
from voltyard.chargepoint.metering import with_register, write
from voltyard.chargepoint.transactions import Transaction, Values
from voltyard.protocol.messages import MeterValue, ReadingContext, SampledValue

Signature = Sequence[SampledValue]
"""A signed reading, or nothing."""

_BEGIN: Final = ReadingContext.TRANSACTION_BEGIN
_END: Final = ReadingContext.TRANSACTION_END
_CLOCK: Final = ReadingContext.SAMPLE_CLOCK
_LISTS: Final = (
    "MeterValuesSampledData",
    "MeterValuesAlignedData",
    "StopTxnSampledData",
    "StopTxnAlignedData",
    "StartTxnSampledData",
)


class Shown(NamedTuple):
    """What a meter shows.

    `register_wh` is a connector's energy register; `sampled` has flowed since the last sample, `aligned`
    since the last point of the grid, either since the transaction began at the earliest; None is unknown.
    """

    at: datetime
    measured: tuple[Measurement, ...]
    sampled: Amount | None
    aligned: Amount | None
    register_wh: int = 0


class Selection:
    """What the keys of the configuration select."""

    __slots__ = ("_configuration",)

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration

    @property
    def wants_begin(self) -> bool:
        """Whether anything is to be told or kept of the start of a transaction."""
        return bool(self._start_items or self._stop_items)

    @property
    def wants_end(self) -> bool:
        """Whether a StopTransaction brings meter values along."""
        return bool(self._stop_items)

    @property
    def wants_amounts(self) -> bool:
        """Whether anything is to be told or kept of what flows between two readings."""
        return any(has_amounts(self._configuration.items(key)) for key in _LISTS)

    def begin(self, shown: Shown, signature: Signature) -> Values:
        """Select from what is shown when a transaction begins."""
        measurements = self._exactly(shown)
        told = _written(measurements, self._start_items, _BEGIN, shown.at, signature)
        begin = _written(measurements, self._stop_items, _BEGIN, shown.at, signature)
        return Values(told=_present(told), begin=begin, end=self._end(shown))

    def sample(
        self, shown: Shown, context: ReadingContext, transaction: Transaction, signature: Signature = ()
    ) -> Values:
        """Select from what is shown within a transaction; amounts belong to a Sample.Periodic only."""
        measurements = at_instant(shown.measured)
        if context is ReadingContext.SAMPLE_PERIODIC:
            measurements += shown.sampled.measurements if shown.sampled else ()
            shown = shown._replace(sampled=nothing_of(shown.sampled))
        items = self._configuration.items
        told = _written(measurements, items("MeterValuesSampledData"), context, shown.at, signature)
        kept = _written(measurements, items("StopTxnSampledData"), context, shown.at)
        return Values(
            told=_present(told),
            begin=self._late_begin(transaction),
            kept=_present(kept),
            end=self._end(shown),
        )

    def grid(self, shown: Shown, transaction: Transaction | None = None) -> Values:
        """Select from what is shown at a point of the grid."""
        told = self._on_grid(shown, "MeterValuesAlignedData")
        if transaction is None:
            return Values(told=told)
        return Values(
            told=told,
            begin=self._late_begin(transaction),
            kept=self._on_grid(shown, "StopTxnAlignedData"),
            end=self._end(shown._replace(aligned=nothing_of(shown.aligned))),
        )

    def end(self, shown: Shown, transaction: Transaction, signature: Signature) -> Values:
        """Select from what is shown when a transaction ends.

        The partial interval since the last point of the grid is told too (OCPP 1.6 §9.1.5).
        """
        tail = self._amount_on_grid(shown, "MeterValuesAlignedData")
        end = self._end(shown, signature)
        return Values(told=_present(tail), begin=self._late_begin(transaction), end=end)

    @property
    def _start_items(self) -> tuple[str, ...]:
        return self._configuration.items("StartTxnSampledData")

    @property
    def _stop_items(self) -> tuple[str, ...]:
        items = self._configuration.items
        return items("StopTxnSampledData") + items("StopTxnAlignedData")

    def _end(self, shown: Shown, signature: Signature = ()) -> MeterValue | None:
        items = self._stop_items
        return _written(self._exactly(shown), items, _END, shown.at, signature) if items else None

    def _late_begin(self, transaction: Transaction) -> MeterValue | None:
        """Return what is known of the start if nothing was wanted of it then, but is now."""
        items = self._stop_items
        register = with_register((), transaction.meter_start_wh) if items else ()
        return write(register, items, _BEGIN, transaction.started_at)

    def _exactly(self, shown: Shown) -> tuple[Measurement, ...]:
        """Return what is measured with the very reading of the register that the transaction has."""
        is_sampled = has_amounts(self._configuration.items("StopTxnSampledData"))
        amount = shown.sampled if is_sampled else shown.aligned
        instant = with_register(at_instant(shown.measured), shown.register_wh)
        return instant if amount is None else instant + amount.measurements

    def _on_grid(self, shown: Shown, key: str) -> tuple[MeterValue, ...]:
        # What is of a period bears the time at which that began, the rest that of its instant.
        instant = write(at_instant(shown.measured), self._configuration.items(key), _CLOCK, shown.at)
        return (*_present(self._amount_on_grid(shown, key)), *_present(instant))

    def _amount_on_grid(self, shown: Shown, key: str) -> MeterValue | None:
        amount = shown.aligned
        interval = timedelta(seconds=self._configuration.integer("ClockAlignedDataInterval"))
        if amount is None or not timedelta() <= shown.at - amount.began_at <= interval:
            # Counting has only begun, or the clock was set since.
            return None
        return write(amount.measurements, self._configuration.items(key), _CLOCK, amount.began_at)


def _written(
    measurements: Sequence[Measurement],
    items: Sequence[str],
    context: ReadingContext,
    at: datetime,
    signature: Signature = (),
) -> MeterValue | None:
    value = write(measurements, items, context, at)
    if not items or not signature:
        return value
    samples = () if value is None else value.sampled_value
    return MeterValue(timestamp=at, sampled_value=(*samples, *signature))


def _present(value: MeterValue | None) -> tuple[MeterValue, ...]:
    return () if value is None else (value,)
