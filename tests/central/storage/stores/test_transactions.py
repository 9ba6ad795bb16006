"""Transactions and stops, as they are asked for; always with their owner."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from tests.central.building import NOON_US, Desk, charge_point

from voltyard.central.services.records import STOP_MISSING, Stop, Transaction
from voltyard.central.storage.database import Database
from voltyard.central.storage.errors import WorkRefused
from voltyard.central.storage.faults import translate
from voltyard.central.storage.schema import stops
from voltyard.central.storage.work import Work

STOP = Stop(
    charge_point_id=1,
    sent_transaction_id=-1,
    transaction_id=None,
    id_tag="x",
    meter_stop=5,
    stopped_at_us=NOON_US,
    reason="Local",
    received_at_us=NOON_US,
)


def transaction(number: int, **fields: Any) -> Transaction:
    values: dict[str, Any] = {
        "number": number,
        "id": 1000 + number,
        "charge_point_id": 1,
        "connector_id": 1,
        "id_tag": "Tag",
        "id_tag_key": "tag",
        "authorization": "Accepted",
        "reservation_id": None,
        "meter_start": 0,
        "started_at_us": NOON_US + number,
        "start_received_at_us": NOON_US,
        "meter_stop": None,
        "stopped_at_us": None,
        "stop_received_at_us": None,
        "stop_reason": None,
        "stop_id_tag": None,
        "anomalies": "",
    }
    return Transaction(**values | fields)


def add(work: Work, *some: Transaction) -> None:
    for one in some:
        work.transactions.add(one)


@pytest.fixture
def desk(database: Database) -> Any:
    with Desk(database) as opened:
        opened.add(charge_point("A"), charge_point("B"))
        yield opened


def test_a_transaction_belongs_to_its_charge_point_only(desk: Desk) -> None:
    mine = transaction(1, reservation_id=2**62, anomalies="a b")
    desk.do(add, mine)

    assert desk.do(lambda work: work.transactions.get(1, 1001)) == mine
    assert desk.do(lambda work: work.transactions.get(2, 1001)) is None
    assert desk.do(lambda work: work.transactions.get(1, 1)) is None
    assert desk.do(lambda work: work.transactions.number_of(1, 1001)) == 1
    assert desk.do(lambda work: work.transactions.number_of(2, 1001)) == 0


def test_a_number_is_remembered_unless_it_was_never_committed(desk: Desk) -> None:
    def add_and_ask(work: Work) -> int:
        add(work, transaction(1))
        return work.transactions.number_of(1, 1001)

    def add_ask_and_fail(work: Work) -> None:
        add_and_ask(work)
        raise ValueError

    with pytest.raises(ValueError):
        desk.do(add_ask_and_fail)
    assert desk.do(lambda work: work.transactions.number_of(1, 1001)) == 0

    assert desk.do(add_and_ask) == 1
    assert desk.do(lambda work: work.transactions.number_of(1, 1001)) == 1


def test_a_start_is_found_by_all_that_makes_it_the_same(desk: Desk) -> None:
    known = transaction(1)
    desk.do(add, known)
    key = {
        "charge_point_id": 1,
        "connector_id": 1,
        "started_at_us": NOON_US + 1,
        "id_tag_key": "tag",
        "meter_start": 0,
    }

    assert desk.do(lambda work: work.transactions.find_start(**key)) == known
    for name in key:
        other = {**key, name: "other" if name == "id_tag_key" else 99}
        assert desk.do(lambda work, other=other: work.transactions.find_start(**other)) is None  # type: ignore[misc]


def test_the_database_itself_keeps_a_start_from_being_there_twice(desk: Desk) -> None:
    desk.do(add, transaction(1))

    with pytest.raises(Exception, match=r"started_at_us|uq_start") as caught:
        desk.do(add, replace(transaction(2), started_at_us=NOON_US + 1))

    assert isinstance(translate(caught.value), WorkRefused)


def test_an_id_that_was_told_later_names_the_same_transaction(desk: Desk) -> None:
    known = transaction(1)
    desk.do(add, known)
    for alias, told_at_us in ((2001, 5), (2002, 9), (2001, 7)):
        desk.do(lambda work, alias=alias, at=told_at_us: work.transactions.add_alias(1, alias, 1001, at))  # type: ignore[misc]

    assert desk.do(lambda work: work.transactions.get(1, 2001)) == known
    assert desk.do(lambda work: work.transactions.get(2, 2001)) is None
    assert desk.do(lambda work: work.transactions.number_of(1, 2002)) == 1
    assert desk.do(lambda work: work.transactions.told_id(1, 1001)) == 2002
    assert desk.do(lambda work: work.transactions.told_id(2, 1001)) == 1001


def test_what_runs_comes_oldest_first(desk: Desk) -> None:
    desk.do(
        add,
        transaction(1, started_at_us=NOON_US + 9),
        transaction(2),
        transaction(3, stopped_at_us=NOON_US),
        transaction(4, charge_point_id=2),
    )

    assert [one.number for one in desk.do(lambda work: work.transactions.running(1))] == [2, 1]


def test_which_began_before_and_after_an_instant_on_a_connector(desk: Desk) -> None:
    desk.do(
        add,
        transaction(10, stopped_at_us=NOON_US + 15),
        transaction(20),
        transaction(15, connector_id=2),
        transaction(16, charge_point_id=2),
    )

    latest = [
        desk.do(lambda work, at=at: work.transactions.latest_at(1, 1, NOON_US + at))  # type: ignore[misc]
        for at in (9, 10, 19, 20, 99)
    ]
    nexts = [
        desk.do(lambda work, at=at: work.transactions.next_start_us(1, 1, NOON_US + at))  # type: ignore[misc]
        for at in (9, 10, 19, 20)
    ]

    assert [one and one.number for one in latest] == [None, 10, 10, 20, 20]
    assert nexts == [NOON_US + 10, NOON_US + 20, NOON_US + 20, None]


def test_what_a_tag_is_charging_counts_everywhere(desk: Desk) -> None:
    desk.do(
        add,
        transaction(1),
        transaction(2, charge_point_id=2),
        transaction(3, stopped_at_us=NOON_US),
        transaction(4, anomalies=f"not_authorized {STOP_MISSING}"),
        transaction(5, id_tag_key="other"),
    )

    assert desk.do(lambda work: work.transactions.count_active("tag", but=0)) == 2
    assert desk.do(lambda work: work.transactions.count_active("tag", but=1001)) == 1
    assert desk.do(lambda work: work.transactions.count_active("nobody", but=0)) == 0


def test_fields_change(desk: Desk) -> None:
    desk.do(add, transaction(1), transaction(2))

    desk.do(lambda work: work.transactions.set(1001, meter_stop=-5, stop_reason="Local"))

    first, second = (desk.do(lambda work, id_=id_: work.transactions.get(1, id_)) for id_ in (1001, 1002))  # type: ignore[misc]
    assert first == replace(transaction(1), meter_stop=-5, stop_reason="Local")
    assert second == transaction(2)


def test_a_stop_is_kept_once_and_linked_once_it_is_known_to_what(desk: Desk) -> None:
    assert desk.do(lambda work: work.transactions.add_stop(STOP))
    assert not desk.do(lambda work: work.transactions.add_stop(replace(STOP, reason="Other")))
    assert desk.do(lambda work: work.transactions.add_stop(replace(STOP, stopped_at_us=NOON_US - 1)))
    assert desk.do(lambda work: work.transactions.add_stop(replace(STOP, charge_point_id=2)))
    assert desk.do(lambda work: work.transactions.linked_to(STOP)) is None
    assert [one.stopped_at_us for one in desk.do(lambda work: work.transactions.unlinked_stops(1))] == [
        NOON_US - 1,
        NOON_US,
    ]

    desk.do(lambda work: work.transactions.link_stop(STOP, 1001))

    assert desk.do(lambda work: work.transactions.linked_to(STOP)) == 1001
    assert len(desk.do(lambda work: work.transactions.unlinked_stops(1))) == 1
    assert [row.transaction_id for row in desk.rows(stops)] == [1001, None, None]


def test_ids_are_issued_and_reserved_from_one_count(desk: Desk) -> None:
    first = desk.do(lambda work: work.transactions.issue_id())
    reserved = desk.do(lambda work: list(work.transactions.reserve_ids(3)))
    last = desk.do(lambda work: work.transactions.issue_id())

    issued = [first, *reserved, last]
    assert [number for number, _ in issued] == [1, 2, 3, 4, 5]
    assert len({id for _, id in issued}) == 5
    assert all(1 <= id <= 2**31 - 1 for _, id in issued)


def test_an_id_whose_work_failed_is_not_lost_but_neither_given_twice(desk: Desk) -> None:
    def issue_and_fail(work: Work) -> None:
        work.transactions.issue_id()
        raise ValueError

    with pytest.raises(ValueError):
        desk.do(issue_and_fail)

    assert desk.do(lambda work: work.transactions.issue_id())[0] == 1
