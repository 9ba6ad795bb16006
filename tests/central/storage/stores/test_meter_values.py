"""Meter values: once each, and found when their transaction becomes known."""

from __future__ import annotations

from typing import Any

from tests.central.building import NOON_US, Desk, charge_point

from voltyard.central.services.records import MeterRow, Stop
from voltyard.central.storage.database import Database
from voltyard.central.storage.schema import meter_values
from voltyard.central.storage.work import Work


def row(**fields: Any) -> MeterRow:
    values: dict[str, Any] = {
        "charge_point_id": 1,
        "transaction_number": 0,
        "sent_transaction_id": -1,
        "connector_id": 1,
        "at_us": NOON_US,
        "digest": b"digested",
        "context": None,
        "samples": "[]",
        "energy_wh": None,
        "power_w": None,
        "current_a": None,
        "soc_percent": None,
        "received_at_us": NOON_US,
    }
    return MeterRow(**values | fields)


def add(work: Work, *some: MeterRow) -> None:
    for one in some:
        work.meter_values.add(one)


def test_a_value_comes_back_as_it_was_stored(database: Database) -> None:
    stored = row(
        transaction_number=2**40,
        sent_transaction_id=2**62,
        digest=b"\x00\xff" * 4,
        context="Sample.Clock",
        samples='[{"value":"é"}]',
        energy_wh=1e300,
        power_w=-0.5,
        current_a=16.1,
        soc_percent=0.0,
    )
    with Desk(database) as desk:
        desk.add(charge_point())
        desk.do(add, stored)

        [found] = desk.rows(meter_values)
        assert MeterRow(*tuple(found)[1:]) == stored


def test_the_same_value_is_stored_once_in_a_batch_and_after_it(database: Database) -> None:
    with Desk(database) as desk:
        desk.add(charge_point("A"), charge_point("B"))
        variants = [
            row(),
            row(charge_point_id=2),
            row(transaction_number=5),
            row(connector_id=2),
            row(at_us=NOON_US + 1),
            row(digest=b"another!"),
        ]

        desk.do(add, *variants, *variants)
        desk.do(add, *variants)
        desk.do(add, row(received_at_us=NOON_US + 5, samples="other"))

        assert len(desk.rows(meter_values)) == len(variants)


def test_values_of_a_place_and_a_time_are_found_with_the_id_they_named(database: Database) -> None:
    with Desk(database) as desk:
        desk.add(charge_point("A"), charge_point("B"))
        desk.do(
            add,
            row(at_us=NOON_US, sent_transaction_id=7),
            row(at_us=NOON_US + 10),
            row(at_us=NOON_US - 1),
            row(at_us=NOON_US + 11),
            row(at_us=NOON_US + 1, sent_transaction_id=None),
            row(at_us=NOON_US + 2, connector_id=2),
            row(at_us=NOON_US + 3, charge_point_id=2),
            row(at_us=NOON_US + 4, transaction_number=9),
        )

        unlinked = desk.do(lambda work: work.meter_values.unlinked(1, 0, 1, NOON_US, NOON_US + 10))
        matched = desk.do(lambda work: work.meter_values.unlinked(1, 9, 1, NOON_US, NOON_US + 10))

        assert [sent for _, sent in unlinked] == [7, -1]
        assert [sent for _, sent in matched] == [-1]


def test_values_of_the_same_batch_are_found_too(database: Database) -> None:
    def add_and_find(work: Work) -> int:
        add(work, row())
        return len(work.meter_values.unlinked(1, 0, 1, NOON_US, NOON_US))

    with Desk(database) as desk:
        desk.add(charge_point())

        assert desk.do(add_and_find) == 1
        assert len(desk.rows(meter_values)) == 1


def test_a_linked_value_has_a_transaction_and_a_connector(database: Database) -> None:
    with Desk(database) as desk:
        desk.add(charge_point())
        desk.do(add, row(connector_id=0))

        desk.do(lambda work: work.meter_values.link(1, 5, 2))

        [found] = desk.rows(meter_values)
        assert (found.transaction_number, found.connector_id) == (5, 2)


def test_what_is_linked_already_is_not_linked_twice(database: Database) -> None:
    with Desk(database) as desk:
        desk.add(charge_point())
        desk.do(add, row(transaction_number=5, connector_id=2), row(connector_id=0))

        desk.do(lambda work: work.meter_values.link(2, 5, 2))

        assert [found.transaction_number for found in desk.rows(meter_values)] == [5, 0]


def test_the_values_of_a_stop_are_those_that_came_with_it(database: Database) -> None:
    stop = Stop(1, -1, None, None, 0, NOON_US, None, received_at_us=NOON_US + 5)
    with Desk(database) as desk:
        desk.add(charge_point("A"), charge_point("B"))
        desk.do(
            add,
            row(connector_id=0, received_at_us=NOON_US + 5),
            row(connector_id=0, received_at_us=NOON_US + 6, digest=b"later..."),
            row(connector_id=1, received_at_us=NOON_US + 5),
            row(connector_id=0, received_at_us=NOON_US + 5, sent_transaction_id=0, digest=b"another!"),
            row(connector_id=0, received_at_us=NOON_US + 5, charge_point_id=2),
            row(connector_id=0, received_at_us=NOON_US + 5, transaction_number=5),
        )

        assert desk.do(lambda work: work.meter_values.came_with(stop)) == [1]
