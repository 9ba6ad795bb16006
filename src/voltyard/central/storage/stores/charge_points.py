"""Charge points and the newest status of their connectors."""

from __future__ import annotations

from msgspec.structs import astuple
from sqlalchemy import Dialect, bindparam, delete, insert, select

from voltyard.central.services.records import ChargePoint, ConnectorReport
from voltyard.central.storage.schema import charge_points, connectors
from voltyard.central.storage.statements import Cursor, Statement
from voltyard.central.storage.stores.sql import Updates, columns, parameters, rows_of, upsert


class ChargePointStore:
    """Implements the services' `ChargePoints`."""

    def __init__(self, cursor: Cursor, dialect: Dialect) -> None:
        self._cursor = cursor
        table = charge_points
        self._insert = Statement(
            insert(table).values(parameters(columns(table))).returning(table.c.id), dialect
        )
        self._get = Statement(select(table).where(table.c.id == bindparam("id_")), dialect)
        self._find = Statement(select(table).where(table.c.identity == bindparam("identity_")), dialect)
        self._update = Updates(table.c.id, dialect)

    def add(self, charge_point: ChargePoint) -> int:
        """Store a new one and return its id."""
        values = {name: getattr(charge_point, name) for name in columns(charge_points)}
        id = self._insert.one(self._cursor, int, **values)
        assert id is not None  # RETURNING gives a row for each inserted one
        return id

    def get(self, id: int) -> ChargePoint | None:
        """Return the one with this id."""
        return self._get.one(self._cursor, ChargePoint, id_=id)

    def find(self, identity: str) -> ChargePoint | None:
        """Return the one of this identity, deleted ones too."""
        return self._find.one(self._cursor, ChargePoint, identity_=identity)

    def set(self, id: int, **values: object) -> None:
        """Change some fields."""
        self._update.run(self._cursor, id, values)

    def seen(self, id: int, at_us: int) -> None:
        """Note when it was last heard of."""
        self._update.run(self._cursor, id, {"last_seen_us": at_us})


class ConnectorStore:
    """Implements the services' `Connectors`."""

    def __init__(self, cursor: Cursor, dialect: Dialect) -> None:
        self._cursor = cursor
        names = columns(connectors)
        statement = upsert(connectors, dialect).inline().values(parameters(names))
        keys = ("charge_point_id", "connector_id")
        self._put = rows_of(
            Statement(
                statement.on_conflict_do_update(
                    index_elements=keys,
                    set_={name: statement.excluded[name] for name in names if name not in keys},
                    # Reports sent late, after an offline time, must not hide what came since.
                    where=connectors.c.reported_at_us <= statement.excluded.reported_at_us,
                ),
                dialect,
            ),
            ConnectorReport,
        )
        self._delete = Statement(
            delete(connectors).where(connectors.c.charge_point_id == bindparam("charge_point")), dialect
        )

    def report(self, report: ConnectorReport) -> None:
        """Store a report unless a newer one is there."""
        self._put.run_row(self._cursor, astuple(report))

    def forget(self, charge_point_id: int) -> None:
        """Drop the reports of a charge point."""
        self._delete.run(self._cursor, charge_point=charge_point_id)
