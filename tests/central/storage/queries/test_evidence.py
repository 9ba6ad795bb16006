"""Deviations, quarantine and reports in pages, on both databases."""

from __future__ import annotations

import pytest
from tests.central.building import NOON_US, Desk, charge_point

from voltyard.central.services.errors import NotFound
from voltyard.central.storage.database import Database
from voltyard.central.storage.queries.evidence import Kind, evidence, evidence_page, evidence_page_of
from voltyard.central.storage.work import Work
from voltyard.protocol.codec import Deviation


def keep(work: Work, charge_point_id: int) -> None:
    """Keep one of each kind."""
    work.evidence.deviation(charge_point_id, "Heartbeat", Deviation("r", "$", "v"), NOON_US)
    work.evidence.quarantine(charge_point_id, "A", "Code", "why", "[]", NOON_US)
    work.evidence.status_report(charge_point_id, "A", "Done", None, NOON_US)
    work.evidence.security_event(charge_point_id, "here", "T", NOON_US, None, NOON_US)
    work.evidence.data_transfer(charge_point_id, "V", None, None, "S", NOON_US)


def fill(desk: Desk) -> None:
    """Keep one of each kind for CP1 and CP2, and a security event of nobody we know."""
    for identity in ("CP1", "CP2"):
        desk.do(keep, desk.add(charge_point(identity)).id)
    desk.do(lambda work: work.evidence.security_event(None, "here", "T", NOON_US, "who", NOON_US))


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_is_listed_newest_first_for_all_or_for_one(database: Database, kind: Kind) -> None:
    with Desk(database) as desk:
        fill(desk)
    nobody = [None] if kind is Kind.SECURITY_EVENTS else []

    with database.engine.connect() as connection:
        everything = evidence_page(connection, kind, None, None, 10)
        one = evidence_page(connection, kind, "CP1", None, 10)
        none = evidence_page(connection, kind, "CP3", None, 10)
        first = evidence_page(connection, kind, None, None, 1)
        assert first.next is not None
        rest = evidence_page(connection, kind, None, (int(first.next[0]),), 10)

    assert [row["identity"] for row in everything.items] == [*nobody, "CP2", "CP1"]
    assert [row["identity"] for row in one.items] == ["CP1"]
    assert none.items == []
    assert first.items + rest.items == everything.items


def test_the_records_of_a_charge_point_need_it_to_be_there(database: Database) -> None:
    with Desk(database) as desk:
        fill(desk)
        gone = desk.add(charge_point("CP3", deleted_at_us=NOON_US))

    with database.engine.connect() as connection:
        page = evidence_page_of(connection, Kind.DEVIATIONS, "CP2", None, 10)
        with pytest.raises(NotFound):
            evidence_page_of(connection, Kind.DEVIATIONS, gone.identity, None, 10)

    assert [(row["identity"], row["rule"], row["count"]) for row in page.items] == [("CP2", "r", 1)]


def test_one_record_is_found_by_its_id(database: Database) -> None:
    with Desk(database) as desk:
        fill(desk)

    with database.engine.connect() as connection:
        newest = evidence_page(connection, Kind.QUARANTINE, None, None, 1).items[0]
        assert evidence(connection, Kind.QUARANTINE, newest["id"]) == newest
        with pytest.raises(NotFound):
            evidence(connection, Kind.QUARANTINE, newest["id"] + 1)
