"""Transactions and what belongs to them, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.central.building import NOON, NOON_US, Desk, charge_point

from voltyard.central.services.errors import NotFound
from voltyard.central.services.metering import meter_values
from voltyard.central.services.origin import Origin
from voltyard.central.services.transactions import start_transaction, stop_transaction
from voltyard.central.storage.database import Database
from voltyard.central.storage.queries import transactions as queries
from voltyard.central.storage.queries.transactions import TransactionFilter
from voltyard.protocol.messages import (
    MeterValue,
    MeterValues,
    SampledValue,
    StartTransaction,
    StopTransaction,
)

MINUTE = timedelta(minutes=1)


def start(desk: Desk, origin: Origin, minute: int, *, connector_id: int = 1, id_tag: str = "Tag") -> int:
    request = StartTransaction(
        connector_id=connector_id, id_tag=id_tag, meter_start=100, timestamp=NOON + minute * MINUTE
    )
    return desk.do(start_transaction, origin, request, NOON_US).transaction_id


def stop(desk: Desk, origin: Origin, id: int, minute: int) -> None:
    request = StopTransaction(transaction_id=id, meter_stop=900, timestamp=NOON + minute * MINUTE)
    desk.do(stop_transaction, origin, request, NOON_US)


def meter(desk: Desk, origin: Origin, id: int | None, minute: int, energy_wh: str) -> None:
    value = MeterValue(timestamp=NOON + minute * MINUTE, sampled_value=(SampledValue(value=energy_wh),))
    request = MeterValues(connector_id=1, transaction_id=id, meter_value=(value,))
    desk.do(meter_values, origin, request, NOON_US)


def found(database: Database, **wanted: object) -> list[int]:
    """The ids that a filter lets through, in order."""
    with database.engine.connect() as connection:
        page = queries.transaction_page(connection, TransactionFilter(**wanted), None, 50)  # type: ignore[arg-type]
        return [named.record.id for named in page.items]


def test_pages_go_on_behind_equal_starts(database: Database) -> None:
    with Desk(database) as desk:
        origin = desk.add(charge_point("CP1"))
        early = start(desk, origin, 0)
        twins = [start(desk, origin, 1, connector_id=connector) for connector in (1, 2, 3)]
        late = start(desk, origin, 2)
    expected = [late, *sorted(twins, reverse=True), early]

    for running in (None, True):
        with database.engine.connect() as connection:
            seen, after = [], None
            while True:
                wanted = TransactionFilter(running=running)
                page = queries.transaction_page(connection, wanted, after, 2)
                seen += [named.record.id for named in page.items]
                if page.next is None:
                    break
                after = (int(page.next[0]), int(page.next[1]))
        assert seen == expected


def test_each_filter_narrows_and_they_go_together(database: Database) -> None:
    with Desk(database) as desk:
        cp1, cp2 = desk.add(charge_point("CP1")), desk.add(charge_point("CP2"))
        ended = start(desk, cp1, 0, id_tag="One")
        stop(desk, cp1, ended, 5)
        runs = start(desk, cp1, 10, id_tag="oNE")
        other = start(desk, cp2, 20, id_tag="Two")
    minute_us = 60 * 1_000_000

    assert found(database) == [other, runs, ended]
    assert found(database, charge_point="CP1") == [runs, ended]
    assert found(database, charge_point="nobody") == []
    assert found(database, id_tag="ONE") == [runs, ended]
    assert found(database, running=True) == [other, runs]
    assert found(database, running=False) == [ended]
    assert found(database, from_us=NOON_US + 10 * minute_us) == [other, runs]
    assert found(database, to_us=NOON_US + 10 * minute_us) == [ended]
    assert found(database, running=True, from_us=NOON_US, to_us=NOON_US + 20 * minute_us) == [runs]
    assert found(database, running=True, charge_point="CP1", id_tag="one") == [runs]


def test_the_newest_reading_counts_while_a_transaction_runs(database: Database) -> None:
    with Desk(database) as desk:
        origin = desk.add(charge_point("CP1"))
        first = start(desk, origin, 0)
        second = start(desk, origin, 1, connector_id=2)
        for minute, energy_wh in ((2, "500"), (4, "700"), (3, "600")):
            meter(desk, origin, first, minute, energy_wh)

    with database.engine.connect() as connection:
        energies = [queries.transaction(connection, id).energy_wh for id in (first, second)]
    with Desk(database) as desk:
        stop(desk, origin, first, 5)
    with database.engine.connect() as connection:
        ended = queries.transaction(connection, first)

    assert energies == [700, None]
    assert (ended.energy_wh, ended.record.meter_stop, ended.identity) == (None, 900, "CP1")


def test_a_transaction_is_found_by_another_id_that_was_told_for_it(database: Database) -> None:
    with Desk(database) as desk:
        origin = desk.add(charge_point("CP1"))
        id = start(desk, origin, 0)
        meter(desk, origin, id, 1, "500")
        desk.do(lambda work: work.transactions.add_alias(origin.id, 5, id, NOON_US))

    with database.engine.connect() as connection:
        assert queries.transaction(connection, 5).record.id == id
        assert len(queries.meter_value_page(connection, 5, None, 10).items) == 1
        for nobody in (0, 6):
            with pytest.raises(NotFound):
                queries.transaction(connection, nobody)
            with pytest.raises(NotFound):
                queries.meter_value_page(connection, nobody, None, 10)


def test_meter_values_go_by_their_time_in_pages(database: Database) -> None:
    with Desk(database) as desk:
        origin = desk.add(charge_point("CP1"))
        id = start(desk, origin, 0)
        for minute in (3, 1, 2):
            meter(desk, origin, id, minute, str(minute))
        meter(desk, origin, None, 1, "9")

    with database.engine.connect() as connection:
        first = queries.meter_value_page(connection, id, None, 2)
        assert first.next is not None
        second = queries.meter_value_page(connection, id, (int(first.next[0]), int(first.next[1])), 2)

    assert [row.energy_wh for row in first.items] == [1, 2]
    assert [row.energy_wh for row in second.items] == [3]
    assert second.next is None


def test_only_stops_that_belong_to_nothing_are_unlinked(database: Database) -> None:
    with Desk(database) as desk:
        origin, other = desk.add(charge_point("CP1")), desk.add(charge_point("CP2"))
        id = start(desk, origin, 0)
        stop(desk, origin, id, 1)
        stop(desk, origin, id, 2)  # the second stop of a transaction is evidence, not unlinked
        for unknown in (101, 102):
            stop(desk, origin, unknown, 3)
        stop(desk, other, 103, 3)

    with database.engine.connect() as connection:
        everywhere = queries.unlinked_stop_page(connection, None, None, 2)
        here = queries.unlinked_stop_page(connection, "CP1", None, 5)
        assert everywhere.next is not None
        rest = queries.unlinked_stop_page(connection, None, (int(everywhere.next[0]),), 2)

    assert [named.record.sent_transaction_id for named in everywhere.items] == [103, 102]
    assert [named.record.sent_transaction_id for named in rest.items] == [101]
    assert [(named.record.sent_transaction_id, named.identity) for named in here.items] == [
        (102, "CP1"),
        (101, "CP1"),
    ]


def test_running_transactions_are_counted(database: Database) -> None:
    with Desk(database) as desk:
        origin = desk.add(charge_point("CP1"))
        ids = [start(desk, origin, 0, connector_id=connector) for connector in (1, 2, 3)]
        stop(desk, origin, ids[0], 1)

    with database.engine.connect() as connection:
        assert queries.count_open_transactions(connection) == 2
