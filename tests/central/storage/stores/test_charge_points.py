"""Charge points and the newest report of each connector."""

from __future__ import annotations

import pytest
from tests.central.building import NOON_US, Desk, charge_point

from voltyard.central.services.records import ConnectorReport
from voltyard.central.storage.database import Database
from voltyard.central.storage.errors import WorkRefused
from voltyard.central.storage.faults import translate
from voltyard.central.storage.schema import connectors
from voltyard.central.storage.work import Work


def report(work: Work, connector_id: int, status: str, reported_at_us: int, charge_point_id: int = 1) -> None:
    work.connectors.report(
        ConnectorReport(
            charge_point_id=charge_point_id,
            connector_id=connector_id,
            status=status,
            error_code="NoError",
            text=None,
            vendor_id=None,
            vendor_error_code=None,
            reported_at_us=reported_at_us,
            received_at_us=NOON_US,
        )
    )


def test_a_charge_point_is_found_by_id_and_identity_with_all_that_was_stored(database: Database) -> None:
    record = charge_point("RDAM 123", vendor="Acmé", firmware_version="", accepted_at_us=2**62)
    with Desk(database) as desk:
        first = desk.add(record)
        second = desk.add(charge_point("other"))

        expected = charge_point(
            "RDAM 123", id=first.id, vendor="Acmé", firmware_version="", accepted_at_us=2**62
        )
        assert desk.do(lambda work: work.charge_points.get(first.id)) == expected
        assert desk.do(lambda work: work.charge_points.find("RDAM 123")) == expected
        assert desk.do(lambda work: work.charge_points.get(second.id + 1)) is None
        assert desk.do(lambda work: work.charge_points.find("nobody")) is None


def test_an_identity_is_there_once(database: Database) -> None:
    with Desk(database) as desk:
        desk.add(charge_point("CP1"))

        with pytest.raises(Exception, match="identity") as caught:
            desk.add(charge_point("CP1"))

        assert isinstance(translate(caught.value), WorkRefused)


def test_fields_change_one_by_one_or_together(database: Database) -> None:
    with Desk(database) as desk:
        origin, other = desk.add(charge_point("A")), desk.add(charge_point("B"))

        desk.do(lambda work: work.charge_points.set(origin.id, vendor="V", model="M"))
        desk.do(lambda work: work.charge_points.set(origin.id, vendor=None))
        desk.do(lambda work: work.charge_points.seen(origin.id, 77))

        changed = desk.charge_point(origin)
        assert (changed.vendor, changed.model, changed.last_seen_us) == (None, "M", 77)
        assert desk.charge_point(other) == charge_point("B", id=other.id)


def test_the_newest_report_of_each_connector_is_kept(database: Database) -> None:
    with Desk(database) as desk:
        desk.add(charge_point())
        for connector_id, status, at_us in [
            (0, "Available", 10),
            (1, "Preparing", 10),
            (1, "Charging", 20),
            (1, "Available", 15),
            (2**40, "Faulted", 10),
        ]:
            desk.do(report, connector_id, status, at_us)

        assert [(row.connector_id, row.status, row.reported_at_us) for row in desk.rows(connectors)] == [
            (0, "Available", 10),
            (1, "Charging", 20),
            (2**40, "Faulted", 10),
        ]


def test_of_two_reports_of_one_instant_the_later_one_counts(database: Database) -> None:
    with Desk(database) as desk:
        desk.add(charge_point())
        desk.do(report, 1, "Preparing", 10)
        desk.do(report, 1, "Charging", 10)

        assert [row.status for row in desk.rows(connectors)] == ["Charging"]


def test_reports_are_forgotten_with_their_charge_point(database: Database) -> None:
    with Desk(database) as desk:
        first, second = desk.add(charge_point("A")), desk.add(charge_point("B"))
        desk.do(report, 1, "Available", 10, first.id)
        desk.do(report, 1, "Available", 10, second.id)

        desk.do(lambda work: work.connectors.forget(first.id))

        assert [row.charge_point_id for row in desk.rows(connectors)] == [second.id]
