"""The unit of work: all of it or nothing, and events of what was committed only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from tests.central.building import NOON_US, charge_point, rows, tag

from voltyard.central.services.events import Event
from voltyard.central.services.ports import UnitOfWork
from voltyard.central.storage.database import Database
from voltyard.central.storage.schema import id_tags, status_reports
from voltyard.central.storage.work import Work


@pytest.fixture
def work(database: Database) -> Iterator[Work]:
    with closing(database.driver_connection()) as connection:
        yield Work(connection.cursor(), database.dialect)


def change(work: UnitOfWork, id_tag: str) -> None:
    """Do what services do: write now, write at the end, tell."""
    work.id_tags.put(tag(id_tag))
    work.evidence.status_report(1, "FirmwareStatusNotification", id_tag, None, NOON_US)
    work.publish(Event("id_tag.changed", None, NOON_US, {"id_tag": id_tag}))


def test_what_is_committed_is_there_with_what_was_put_off(work: Work, database: Database) -> None:
    work.begin()
    work.charge_points.add(charge_point())
    change(work, "a")
    assert rows(database, id_tags) == []

    work.commit()

    assert [row.id_tag for row in rows(database, id_tags)] == ["a"]
    assert [row.status for row in rows(database, status_reports)] == ["a"]
    assert [event.details for event in work.take_events()] == [{"id_tag": "a"}]
    assert work.take_events() == []


def test_what_is_rolled_back_is_gone_with_what_was_put_off_and_what_was_to_be_told(
    work: Work, database: Database
) -> None:
    work.begin()
    work.charge_points.add(charge_point())
    work.commit()
    work.begin()
    change(work, "a")

    work.roll_back()
    work.begin()
    change(work, "b")
    work.commit()

    assert [row.id_tag for row in rows(database, id_tags)] == ["b"]
    assert [row.status for row in rows(database, status_reports)] == ["b"]
    assert [event.details for event in work.take_events()] == [{"id_tag": "b"}]


def test_the_lock_of_sqlite_is_taken_at_the_beginning(sqlite_database: Database) -> None:
    """Otherwise it might not be got at the first write, when it is too late to wait."""
    with (
        closing(sqlite_database.driver_connection()) as connection,
        closing(sqlite_database.driver_connection()) as other,
    ):
        other.execute("PRAGMA busy_timeout=1")
        Work(connection.cursor(), sqlite_database.dialect).begin()

        with pytest.raises(Exception, match="locked"):
            Work(other.cursor(), sqlite_database.dialect).begin()
