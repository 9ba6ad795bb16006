"""What tests of the central system are made of: records with sensible fields, and a desk for services."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from msgspec.structs import replace
from sqlalchemy import Row, Table, delete, select

from voltyard.central.instants import to_us
from voltyard.central.services.authorization import fold
from voltyard.central.services.events import Event
from voltyard.central.services.origin import Origin
from voltyard.central.services.records import ChargePoint, IdTag
from voltyard.central.storage.database import Database
from voltyard.central.storage.schema import metadata
from voltyard.central.storage.work import Work

P = ParamSpec("P")
T = TypeVar("T")

NOON = datetime(2024, 5, 17, 12, tzinfo=UTC)
NOON_US = to_us(NOON)
SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US

_CHARGE_POINT = ChargePoint(
    id=0,
    identity="CP1",
    password_hash=None,
    next_password_hash=None,
    security_profile=0,
    compliance="tolerant",
    registration="Accepted",
    assume_ocpp16=0,
    heartbeat_interval_s=None,
    accepted_at_us=None,
    booted_at_us=None,
    last_seen_us=None,
    vendor=None,
    model=None,
    serial_number=None,
    firmware_version=None,
    boot_notification=None,
    created_at_us=NOON_US,
    deleted_at_us=None,
)


def charge_point(identity: str = "CP1", **changes: Any) -> ChargePoint:
    """A charge point that may connect, accepted by the operator, never seen."""
    return replace(_CHARGE_POINT, identity=identity, **changes)


def tag(id_tag: str = "042F", **changes: Any) -> IdTag:
    """A tag that may charge as often as it likes."""
    accepted = IdTag(
        id_tag_key=fold(id_tag),
        id_tag=id_tag,
        status="Accepted",
        parent_id_tag=None,
        expiry_date_us=None,
        max_active_transactions=None,
        created_at_us=NOON_US,
    )
    return replace(accepted, **changes)


def rows(database: Database, table: Table) -> list[Row[Any]]:
    """All rows of a table, as another connection sees them, in the order of the primary key."""
    with database.engine.connect() as connection:
        return list(connection.execute(select(table).order_by(*table.primary_key.columns)))


class Desk:
    """Calls services as the ledger does, each in a transaction of its own, and keeps what they publish."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.events: list[Event] = []
        self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def do(self, function: Callable[Concatenate[Any, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what `function(work, ...)` returns, after the commit."""
        self.work.begin()
        try:
            result = function(self.work, *args, **kwargs)
            self.work.commit()
        except BaseException:
            self.work.roll_back()
            raise
        self.events += self.work.take_events()
        return result

    def add(self, *records: ChargePoint | IdTag) -> Origin:
        """Store records and say who the last charge point is."""
        origin = Origin(0, "")
        for record in records:
            match record:
                case IdTag():
                    self.do(_put_tag, record)
                case ChargePoint():
                    origin = Origin(self.do(_add_charge_point, record), record.identity)
        return origin

    def charge_point(self, origin: Origin) -> ChargePoint:
        """The record of a charge point."""
        record = self.do(_get_charge_point, origin.id)
        assert record is not None
        return record

    def rows(self, table: Table) -> list[Row[Any]]:
        """All rows of a table, as another connection sees them."""
        return rows(self.database, table)

    def kinds(self) -> list[str]:
        """What was published so far, in order."""
        return [event.kind for event in self.events]

    def restart(self) -> None:
        """Go on with a new connection that remembers nothing."""
        self._connection.close()
        self._open()

    def clear(self) -> None:
        """Empty the tables; ids go on from where they are."""
        with self.database.engine.begin() as connection:
            for table in reversed(metadata.sorted_tables):
                if table.name not in {"instance", "counters"}:
                    connection.execute(delete(table))
        self.events.clear()

    def _open(self) -> None:
        self._connection = self.database.driver_connection()
        self.work = Work(self._connection.cursor(), self.database.dialect)


def _put_tag(work: Work, record: IdTag) -> None:
    work.id_tags.put(record)


def _add_charge_point(work: Work, record: ChargePoint) -> int:
    return work.charge_points.add(record)


def _get_charge_point(work: Work, id: int) -> ChargePoint | None:
    return work.charge_points.get(id)


class TracedDatabase(Database):
    """A SQLite database that keeps the statements of the connections it hands to their owners."""

    def __init__(self, database: Database, *, busy_timeout_ms: int = 5000) -> None:
        super().__init__(database.engine, None)
        self.statements: list[str] = []
        self._busy_timeout_ms = busy_timeout_ms

    def driver_connection(self) -> Any:
        connection: sqlite3.Connection = super().driver_connection()
        connection.execute(f"PRAGMA busy_timeout={self._busy_timeout_ms}")
        connection.set_trace_callback(self.statements.append)
        return connection

    def count(self, statement: str) -> int:
        """How often a statement was run."""
        return self.statements.count(statement)
