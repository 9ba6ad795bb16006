"""What the stores have in common."""

from __future__ import annotations

from tests.central.building import Desk, charge_point

from voltyard.central.storage.database import Database
from voltyard.central.storage.schema import charge_points, counters, id_tags
from voltyard.central.storage.stores.sql import (
    Deferred,
    Updates,
    columns,
    inserting,
    inserting_new,
    parameters,
    storable,
    upsert,
)
from voltyard.central.storage.work import Work


def test_columns_come_in_the_order_of_the_table() -> None:
    assert columns(counters) == ["name", "value"]
    assert columns(charge_points)[:2] == ["identity", "password_hash"]
    assert columns(charge_points, but=())[0] == "id"
    assert [*parameters(["a", "b"])] == ["a", "b"]


def test_rows_are_inserted_in_the_order_of_the_columns(database: Database) -> None:
    dialect = database.dialect

    assert inserting(counters, dialect).names == ("name", "value")
    assert inserting_new(id_tags, dialect).names == tuple(columns(id_tags))
    assert upsert(counters, dialect).table is counters


def test_deferred_rows_are_written_when_they_are_flushed_and_only_then(database: Database) -> None:
    def defer(work: Work) -> Deferred:
        deferred = Deferred(work._cursor, inserting_new(counters, database.dialect))
        for value in (1, 2):
            deferred.add(("a", value))
        return deferred

    def flush(work: Work) -> None:
        deferred = defer(work)
        deferred.flush()
        deferred.flush()

    def forget(work: Work) -> None:
        deferred = defer(work)
        deferred.forget()
        deferred.flush()

    with Desk(database) as desk:
        for function, expected in ((defer, []), (forget, []), (flush, [("a", 1)])):
            desk.do(function)
            found = [(row.name, row.value) for row in desk.rows(counters) if row.name != "transactions"]
            assert found == expected


def test_an_update_changes_one_row_and_says_so(database: Database) -> None:
    def change(work: Work, key: int, values: dict[str, object]) -> int:
        updates = Updates(charge_points.c.id, database.dialect)
        return sum(updates.run(work._cursor, key, values) for _ in range(2))

    with Desk(database) as desk:
        first, second = desk.add(charge_point("A")), desk.add(charge_point("B"))

        assert desk.do(change, first.id, {"vendor": "V", "model": "M"}) == 2
        assert desk.do(change, 999, {"vendor": "V"}) == 0
        assert (desk.charge_point(first).vendor, desk.charge_point(second).vendor) == ("V", None)


def test_nul_is_no_text() -> None:
    assert storable("a\x00b\x00") == "a\ufffdb\ufffd"
    assert storable("é😀") == "é😀"
