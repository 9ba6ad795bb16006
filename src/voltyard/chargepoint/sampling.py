"""Metering connectors: at the start and end of transactions, in between, and on the grid of the day.

What is read is told the central system at once and, as the configuration says, kept for the StopTransaction.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterable
from datetime import datetime
from functools import partial
from typing import Any, Final, Protocol

from voltyard.chargepoint.amounts import Amounts
from voltyard.chargepoint.clock import Clock
from voltyard.chargepoint.collection import Series
from voltyard.chargepoint.configuration import Configuration
from voltyard.chargepoint.hardware import ConnectorHardware, Measurement, Meter
from voltyard.chargepoint.metering import read, read_register_wh
from voltyard.chargepoint.selection import Selection, Shown, Signature
from voltyard.chargepoint.signing import signed
from voltyard.chargepoint.ticks import periodically
from voltyard.chargepoint.transactions import Reading, Transaction, Transactions, Values
from voltyard.protocol.messages import ReadingContext, Reason

_BEGIN: Final = ReadingContext.TRANSACTION_BEGIN
_END: Final = ReadingContext.TRANSACTION_END
_PERIODIC: Final = ReadingContext.SAMPLE_PERIODIC
_INTERVAL: Final = "MeterValueSampleInterval"
_MAIN_METER: Final = 0


class MeteringPoint(Protocol):
    """A connector, and the transaction in progress there."""

    @property
    def connector_id(self) -> int:
        """Its number."""

    @property
    def hardware(self) -> ConnectorHardware:
        """Its meter."""

    @property
    def transaction(self) -> Transaction | None:
        """The transaction, if there is one."""


class Sampling:
    """Reads meters when it is time to and has recorded what they show.

    A meter that cannot be read leaves out that reading and nothing else.
    """

    __slots__ = ("_amounts", "_clock", "_configuration", "_selection", "_transactions")

    def __init__(self, transactions: Transactions, configuration: Configuration, clock: Clock) -> None:
        self._transactions = transactions
        self._configuration = configuration
        self._clock = clock
        self._selection = Selection(configuration)
        self._amounts = Amounts()

    def begin(
        self,
        connector_id: int,
        hardware: ConnectorHardware,
        id_tag: str,
        parent_id_tag: str | None = None,
        *,
        reservation_id: int | None = None,
    ) -> Transaction:
        """Begin a transaction with what the meter shows now.

        `reservation_id` is the reservation that it ends (OCPP 1.6 §4.8).
        """
        now = self._clock.now()
        measured = read(hardware) or ()
        register_wh = read_register_wh(hardware, self._transactions.last_register_wh(connector_id))
        self._count_anew(connector_id, Series.SAMPLED, measured, now)
        self._count_anew(connector_id, Series.ALIGNED, measured, now)
        shown = self._shown(connector_id, measured, now, register_wh)
        return self._transactions.begin(
            connector_id,
            id_tag,
            parent_id_tag,
            register_wh,
            now,
            reservation_id=reservation_id,
            values=self._begin_values(shown, hardware, id_tag),
        )

    def during(self, transaction: Transaction, hardware: ConnectorHardware) -> Coroutine[Any, Any, None]:
        """Sample a transaction periodically from now on until cancelled (errata 3.15)."""
        sample = partial(self.sample, transaction.key, hardware)
        return periodically(
            self._clock, self._configuration, _INTERVAL, sample, since_s=self._clock.monotonic()
        )

    def sample(self, key: str, hardware: ConnectorHardware) -> None:
        """Take a sample of a transaction."""
        transaction, now = self._transactions[key], self._clock.now()
        measured = read(hardware)
        if measured is None:
            return
        shown = self._shown_in(transaction, hardware, measured, now)
        self._count_anew(transaction.connector_id, Series.SAMPLED, measured, now)
        signature: Signature = ()
        if self._configuration.boolean("SampledDataSignUpdatedReadings"):
            signature = signed(hardware, _PERIODIC, transaction.id_tag, now)
        values = self._selection.sample(shown, _PERIODIC, transaction, signature)
        self._transactions.meter(_reading(transaction, shown, values, Series.SAMPLED))

    def interrupted(self, key: str, hardware: ConnectorHardware) -> None:
        """Sample a transaction whose supply of energy is interrupted (OCPP 1.6 §7.35)."""
        self._sample_interruption(key, hardware, ReadingContext.INTERRUPTION_BEGIN)

    def resumed(self, key: str, hardware: ConnectorHardware) -> None:
        """Sample a transaction whose supply of energy is no longer interrupted."""
        self._sample_interruption(key, hardware, ReadingContext.INTERRUPTION_END)

    def end(
        self, key: str, hardware: ConnectorHardware, reason: Reason, id_tag: str | None = None
    ) -> Transaction:
        """End a transaction with what the meter shows now."""
        transaction, now = self._transactions[key], self._clock.now()
        measured = read(hardware) or ()
        register_wh = read_register_wh(hardware, transaction.meter_wh)
        shown = self._shown(transaction.connector_id, measured, now, register_wh)
        # What flows from now on is no part of it.
        self._count_anew(transaction.connector_id, Series.ALIGNED, measured, now)
        signature: Signature = ()
        if self._selection.wants_end:
            signature = signed(hardware, _END, transaction.id_tag, now)
        values = self._selection.end(shown, transaction, signature)
        return self._transactions.end(key, register_wh, now, reason, id_tag, values=values)

    def sample_aligned(
        self, at: datetime, main_meter: Meter | None, connectors: Iterable[MeteringPoint]
    ) -> None:
        """Take the clock-aligned values of the main meter and of all connectors (OCPP 1.6 §3.16.3).

        Connectors have them also without a transaction; connector 0 never has one (errata 3.16).
        """
        readings = [] if main_meter is None else [self._main_meter_aligned(at, main_meter)]
        readings += (self._aligned(at, connector) for connector in connectors)
        self._transactions.meter(*(reading for reading in readings if reading is not None))

    def _begin_values(self, shown: Shown, hardware: ConnectorHardware, id_tag: str) -> Values:
        if not self._selection.wants_begin:
            return Values()
        return self._selection.begin(shown, signed(hardware, _BEGIN, id_tag, shown.at))

    def _sample_interruption(self, key: str, hardware: ConnectorHardware, context: ReadingContext) -> None:
        transaction = self._transactions[key]
        is_sampled = self._configuration.integer(_INTERVAL) > 0
        measured = read(hardware) if is_sampled else None
        if measured is None:
            return
        shown = self._shown_in(transaction, hardware, measured, self._clock.now())
        values = self._selection.sample(shown, context, transaction)
        reading = _reading(transaction, shown, values, Series.INTERRUPTION)
        self._transactions.meter(reading._replace(is_sequel=context is ReadingContext.INTERRUPTION_END))

    def _main_meter_aligned(self, at: datetime, meter: Meter) -> Reading | None:
        measured = read(meter)
        if measured is None:
            return None
        shown = self._shown(_MAIN_METER, measured, at)
        self._count_anew(_MAIN_METER, Series.ALIGNED, measured, at)
        return Reading(_MAIN_METER, at, self._selection.grid(shown))

    def _aligned(self, at: datetime, connector: MeteringPoint) -> Reading | None:
        connector_id, transaction = connector.connector_id, connector.transaction
        measured = read(connector.hardware)
        if measured is None:
            return None
        if transaction is None:
            shown = self._shown(connector_id, measured, at)
        else:
            shown = self._shown_in(transaction, connector.hardware, measured, at)
        self._count_anew(connector_id, Series.ALIGNED, measured, at)
        values = self._selection.grid(shown, transaction)
        if transaction is None:
            return Reading(connector_id, at, values)
        return _reading(transaction, shown, values, Series.ALIGNED)

    def _shown_in(
        self,
        transaction: Transaction,
        hardware: ConnectorHardware,
        measured: tuple[Measurement, ...],
        at: datetime,
    ) -> Shown:
        # Read after the rest, so that the last known reading is not behind what was told.
        register_wh = read_register_wh(hardware, transaction.meter_wh)
        return self._shown(transaction.connector_id, measured, at, register_wh)

    def _shown(
        self, connector_id: int, measured: tuple[Measurement, ...], at: datetime, register_wh: int = 0
    ) -> Shown:
        sampled = aligned = None
        if self._selection.wants_amounts:
            sampled = self._amounts.so_far((connector_id, Series.SAMPLED), measured)
            aligned = self._amounts.so_far((connector_id, Series.ALIGNED), measured)
        return Shown(at, measured, sampled, aligned, register_wh)

    def _count_anew(
        self, connector_id: int, series: Series, measured: tuple[Measurement, ...], at: datetime
    ) -> None:
        if self._selection.wants_amounts:
            self._amounts.begin((connector_id, series), measured, at)


def _reading(transaction: Transaction, shown: Shown, values: Values, series: Series) -> Reading:
    return Reading(transaction.connector_id, shown.at, values, transaction.key, shown.register_wh, series)
