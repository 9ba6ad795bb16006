"""A charge point at the desk of the services: what it reports, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row
from tests.central.building import MINUTE_US, NOON, NOON_US, Desk, charge_point

from voltyard.central.services.metering import meter_values
from voltyard.central.services.transactions import start_transaction, stop_transaction
from voltyard.central.storage import schema
from voltyard.protocol.messages import (
    MeterValue,
    MeterValues,
    Reason,
    SampledValue,
    StartTransaction,
    StartTransactionResponse,
    StopTransaction,
    StopTransactionResponse,
)


def minute(number: float) -> datetime:
    """So many minutes after noon."""
    return NOON + timedelta(minutes=number)


def minute_us(number: int) -> int:
    """So many minutes after noon, as it is stored."""
    return NOON_US + number * MINUTE_US


def value(at: datetime, text: str = "5", **fields: Any) -> MeterValue:
    """A meter value of one sample."""
    return MeterValue(timestamp=at, sampled_value=(SampledValue(value=text, **fields),))


class Station:
    """One charge point; instants are minutes after noon."""

    def __init__(self, desk: Desk, identity: str = "CP1") -> None:
        self.desk = desk
        self.origin = desk.add(charge_point(identity))
        self._messages = 0

    def start(
        self, id_tag: str = "042F", *, connector: int = 1, meter: int = 0, at: float = 0, received: int = 0
    ) -> StartTransactionResponse:
        request = StartTransaction(
            connector_id=connector, id_tag=id_tag, meter_start=meter, timestamp=minute(at)
        )
        return self.report_start(request, received)

    def report_start(self, request: StartTransaction, received: int = 0) -> StartTransactionResponse:
        return self.desk.do(start_transaction, self.origin, request, self._received_at_us(received))

    def stop(
        self,
        id: int,
        *,
        id_tag: str | None = None,
        meter: int = 1000,
        at: float = 60,
        received: int = 60,
        reason: Reason | None = None,
        data: Iterable[MeterValue] | None = None,
    ) -> StopTransactionResponse:
        request = StopTransaction(
            transaction_id=id,
            id_tag=id_tag,
            meter_stop=meter,
            timestamp=minute(at),
            reason=reason,
            transaction_data=None if data is None else tuple(data),
        )
        return self.report_stop(request, received)

    def report_stop(self, request: StopTransaction, received: int = 60) -> StopTransactionResponse:
        return self.desk.do(stop_transaction, self.origin, request, self._received_at_us(received))

    def values(self, id: int | None, *values: MeterValue, connector: int = 1, received: int = 30) -> None:
        request = MeterValues(connector_id=connector, transaction_id=id, meter_value=values)
        self.desk.do(meter_values, self.origin, request, self._received_at_us(received))

    def _received_at_us(self, minutes: int) -> int:
        # No two messages arrive in the same microsecond.
        self._messages += 1
        return minute_us(minutes) + self._messages

    def transactions(self) -> list[Row[Any]]:
        """Its transactions, in the order in which they were recorded."""
        return [row for row in self.desk.rows(schema.transactions) if row.charge_point_id == self.origin.id]

    def transaction(self) -> Row[Any]:
        """Its only transaction."""
        [transaction] = self.transactions()
        return transaction

    def anomalies(self) -> list[str]:
        """The anomalies of its only transaction."""
        return sorted(self.transaction().anomalies.split())

    def stops(self) -> list[Row[Any]]:
        """Its stops that ended nothing when they came."""
        return [row for row in self.desk.rows(schema.stops) if row.charge_point_id == self.origin.id]

    def meter_rows(self) -> list[Row[Any]]:
        """Its meter values."""
        return [row for row in self.desk.rows(schema.meter_values) if row.charge_point_id == self.origin.id]
