"""Charge points with their connectors, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.central.building import NOON, NOON_US, Desk, charge_point

from voltyard.central.services.errors import NotFound
from voltyard.central.services.origin import Origin
from voltyard.central.services.registration import record_deviations
from voltyard.central.services.reports import status
from voltyard.central.services.transactions import start_transaction, stop_transaction
from voltyard.central.storage.database import Database
from voltyard.central.storage.queries import charge_points as queries
from voltyard.protocol.codec import Deviation
from voltyard.protocol.messages import (
    ChargePointErrorCode,
    ChargePointStatus,
    StartTransaction,
    StatusNotification,
    StopTransaction,
)


def report(desk: Desk, origin: Origin, connector_id: int, what: ChargePointStatus) -> None:
    request = StatusNotification(
        connector_id=connector_id, status=what, error_code=ChargePointErrorCode.NO_ERROR
    )
    desk.do(status, origin, request, NOON_US)


def start(desk: Desk, origin: Origin, connector_id: int, minute: int) -> int:
    request = StartTransaction(
        connector_id=connector_id,
        id_tag="TAG",
        meter_start=0,
        timestamp=NOON + timedelta(minutes=minute),
    )
    return desk.do(start_transaction, origin, request, NOON_US).transaction_id


def test_a_charge_point_comes_with_reports_running_transactions_and_deviations(database: Database) -> None:
    with Desk(database) as desk:
        other = desk.add(charge_point("other"))
        report(desk, other, 1, ChargePointStatus.FAULTED)
        start(desk, other, 1, 0)
        origin = desk.add(charge_point("CP1"))
        report(desk, origin, 2, ChargePointStatus.CHARGING)
        report(desk, origin, 0, ChargePointStatus.AVAILABLE)
        ended = start(desk, origin, 1, 0)
        desk.do(
            stop_transaction,
            origin,
            StopTransaction(transaction_id=ended, meter_stop=1, timestamp=NOON),
            NOON_US,
        )
        start(desk, origin, 2, 1)
        newest = start(desk, origin, 2, 2)
        for path in ("$.a", "$.b", "$.a"):
            desk.do(record_deviations, origin, "Heartbeat", [Deviation("unknown field", path, "1")], NOON_US)

    with database.engine.connect() as connection:
        found = queries.charge_point(connection, "CP1")

    assert found.record.identity == "CP1"
    assert [(one.connector_id, one.status) for one in found.reports] == [(0, "Available"), (2, "Charging")]
    assert found.running == {2: newest}
    assert found.deviations == 3


def test_one_without_anything_has_nothing(database: Database) -> None:
    with Desk(database) as desk:
        desk.add(charge_point("CP1"))

    with database.engine.connect() as connection:
        found = queries.charge_point(connection, "CP1")

    assert (found.reports, found.running, found.deviations) == ([], {}, 0)


def test_pages_leave_out_what_is_deleted(database: Database) -> None:
    with Desk(database) as desk:
        for number in range(5):
            desk.add(charge_point(f"CP{number}", deleted_at_us=NOON_US if number == 2 else None))

    with database.engine.connect() as connection:
        first = queries.charge_point_page(connection, None, 3)
        second = queries.charge_point_page(connection, ("CP3",), 3)

    assert [known.record.identity for known in first.items] == ["CP0", "CP1", "CP3"]
    assert first.next == ("CP3",)
    assert [known.record.identity for known in second.items] == ["CP4"]
    assert second.next is None


def test_a_deleted_or_unknown_charge_point_is_not_found(database: Database) -> None:
    with Desk(database) as desk:
        desk.add(charge_point("CP1", deleted_at_us=NOON_US))

    with database.engine.connect() as connection:
        for identity in ("CP1", "CP2"):
            with pytest.raises(NotFound):
                queries.charge_point(connection, identity)
