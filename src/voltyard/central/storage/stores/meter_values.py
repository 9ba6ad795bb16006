"""Meter values: one row per timestamp, the same value of the same sender once."""

from __future__ import annotations

from msgspec.structs import astuple
from sqlalchemy import Dialect, bindparam, exists, select, update

from voltyard.central.services.records import MeterRow
from voltyard.central.storage.schema import meter_values
from voltyard.central.storage.statements import Cursor, Statement
from voltyard.central.storage.stores.sql import Deferred, columns, inserting_new


class MeterValueStore:
    """Implements the services' `MeterValues`; rows are written at the end of the batch."""

    def __init__(self, cursor: Cursor, dialect: Dialect) -> None:
        self._cursor = cursor
        statement = inserting_new(meter_values, dialect)
        # A row is handed on as it is, which is right as long as the record has the statement's order.
        assert statement.names == MeterRow.__struct_fields__ == tuple(columns(meter_values))
        self.deferred = Deferred(cursor, statement)
        table = meter_values.c
        self._unlinked = Statement(
            select(table.id).where(
                table.charge_point_id == bindparam("charge_point"),
                table.transaction_number == 0,
                table.at_us >= bindparam("from_"),
                table.at_us <= bindparam("to"),
                table.connector_id == bindparam("connector"),
                table.sent_transaction_id.is_not(None),
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
                    other.c.connector_id == table.connector_id,
                    other.c.digest == table.digest,
                ),
            )
            .values(transaction_number=bindparam("transaction")),
            dialect,
        )

    def add(self, row: MeterRow) -> None:
        """Store a meter value."""
        self.deferred.add(astuple(row))

    def unlinked(self, charge_point_id: int, connector_id: int, from_us: int, to_us: int) -> list[int]:
        """Return the row ids of values of a time that named a transaction which we do not know."""
        self.deferred.flush()
        return self._unlinked.all(
            self._cursor, int, charge_point=charge_point_id, connector=connector_id, from_=from_us, to=to_us
        )

    def link(self, row_id: int, transaction_number: int) -> None:
        """Note which transaction a value belongs to."""
        self._link.run(self._cursor, id_=row_id, transaction=transaction_number)
