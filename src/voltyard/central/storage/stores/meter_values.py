"""Meter values: one row per timestamp, the same value of the same sender once."""

from __future__ import annotations

from msgspec.structs import astuple
from sqlalchemy import Dialect, bindparam, exists, select, update

from voltyard.central.services.records import MeterRow, Stop
from voltyard.central.storage.schema import meter_values
from voltyard.central.storage.statements import Cursor, Statement
from voltyard.central.storage.stores.sql import Deferred, inserting_new


class MeterValueStore:
    """Implements the services' `MeterValues`; rows are written at the end of the batch."""

    def __init__(self, cursor: Cursor, dialect: Dialect) -> None:
        self._cursor = cursor
        self.deferred = Deferred(cursor, inserting_new(meter_values, dialect, of=MeterRow))
        table = meter_values.c
        self._unlinked = Statement(
            select(table.id, table.sent_transaction_id).where(
                table.charge_point_id == bindparam("charge_point"),
                table.transaction_number == bindparam("transaction"),
                table.at_us >= bindparam("from_"),
                table.at_us <= bindparam("to"),
                table.connector_id == bindparam("connector"),
                table.sent_transaction_id.is_not(None),
            ),
            dialect,
        )
        self._came_with = Statement(
            select(table.id).where(
                table.charge_point_id == bindparam("charge_point"),
                table.transaction_number == 0,
                table.connector_id == 0,
                table.sent_transaction_id == bindparam("sent"),
                # What tells the values of one message from those of another.
                table.received_at_us == bindparam("received_at"),
            ),
            dialect,
        )
        other = meter_values.alias("other")
        self._link = Statement(
            update(meter_values)
            .where(
                table.id == bindparam("id_"),
                # The same value may have come twice, unlinked and linked: then it is stored already.
                ~exists().where(
                    other.c.charge_point_id == table.charge_point_id,
                    other.c.transaction_number == bindparam("transaction"),
                    other.c.at_us == table.at_us,
                    other.c.connector_id == bindparam("connector"),
                    other.c.digest == table.digest,
                ),
            )
            .values(transaction_number=bindparam("transaction"), connector_id=bindparam("connector")),
            dialect,
        )

    def add(self, row: MeterRow) -> None:
        """Store a meter value."""
        self.deferred.add(astuple(row))

    def unlinked(
        self, charge_point_id: int, transaction_number: int, connector_id: int, from_us: int, to_us: int
    ) -> list[tuple[int, int]]:
        """Return the row id and the sent transaction id of values of a time that named a transaction.

        Number 0 has those of none that we knew.
        """
        self.deferred.flush()
        return self._unlinked.all(
            self._cursor,
            _pair,
            charge_point=charge_point_id,
            transaction=transaction_number,
            connector=connector_id,
            from_=from_us,
            to=to_us,
        )

    def came_with(self, stop: Stop) -> list[int]:
        """Return the row ids of the values of an unlinked stop, which have no connector."""
        self.deferred.flush()
        return self._came_with.all(
            self._cursor,
            int,
            charge_point=stop.charge_point_id,
            sent=stop.sent_transaction_id,
            received_at=stop.received_at_us,
        )

    def link(self, row_id: int, transaction_number: int, connector_id: int) -> None:
        """Note which transaction a value belongs to."""
        self._link.run(self._cursor, id_=row_id, transaction=transaction_number, connector=connector_id)


def _pair(row_id: int, sent_transaction_id: int) -> tuple[int, int]:
    return row_id, sent_transaction_id
