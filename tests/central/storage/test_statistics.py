"""What SQLite's planner is told, and what it makes of it: no message reads a whole history."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlalchemy import Index, UniqueConstraint
from tests.central.building import TracedDatabase

from voltyard.central.storage.database import Database
from voltyard.central.storage.schema import metadata
from voltyard.central.storage.statements import Statement
from voltyard.central.storage.statistics import STATISTICS
from voltyard.central.storage.work import Work

# By statement: the index that it must use, and how much of it.
PLANS = {
    "transactions._running": "ix_transactions_open (charge_point_id=?)",
    "transactions._count_active": "ix_transactions_active_tag (id_tag_key=?)",
    "transactions._find_start": "uq_start (charge_point_id=? AND started_at_us=? AND connector_id=?",
    "transactions._latest": "uq_start (charge_point_id=? AND started_at_us<?)",
    "transactions._next_start": "uq_start (charge_point_id=? AND started_at_us>?)",
    "transactions._unlinked_stops": "ix_stops_unlinked (charge_point_id=?)",
    "transactions._linked_to": "uq_stop (charge_point_id=? AND sent_transaction_id=?",
    "meter_values._unlinked": "uq_meter_value (transaction_number=? AND charge_point_id=? AND at_us>?",
    "meter_values._came_with": "uq_meter_value (transaction_number=? AND charge_point_id=?)",
    "meter_values._link": "INTEGER PRIMARY KEY (rowid=?)",
    "commands._next": "ix_commands_pending (charge_point_id=?)",
    "commands._interrupted": "ix_commands_pending",
    "commands._expired": "ix_commands_pending",
    "commands._awaiting_start": "ix_commands_newest (charge_point_id=? AND created_at_us>?)",
}
# They grow for ever, or nearly.
LARGE = ("transactions", "stops", "meter_values", "commands", "charge_points", "id_tags")


def statements(work: Work) -> Iterator[tuple[str, Statement]]:
    """Every statement of a unit of work that looks for something, by its place."""
    for place, store in vars(work).items():
        for name, statement in getattr(store, "__dict__", {}).items():
            if isinstance(statement, Statement) and not statement.sql.startswith("INSERT"):
                yield f"{place}.{name}", statement


@pytest.fixture
def plans(sqlite_database: Database) -> dict[str, list[str]]:
    """What the planner does for each statement."""
    database = TracedDatabase(sqlite_database)
    with closing(database.driver_connection()) as connection:
        work = Work(connection.cursor(), database.dialect)
        return {
            place: [
                row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {one.sql}", [0] * len(one.names))
            ]
            for place, one in statements(work)
        }


@pytest.mark.parametrize(("place", "index"), PLANS.items())
def test_a_statement_uses_the_index_that_was_made_for_it(
    place: str, index: str, plans: dict[str, list[str]]
) -> None:
    assert any(index in step for step in plans[place]), plans[place]


def test_no_statement_reads_a_large_table_from_one_end_to_the_other(plans: dict[str, list[str]]) -> None:
    scans = [
        (place, step)
        for place, steps in plans.items()
        for step in steps
        if step in {f"SCAN {table}" for table in LARGE}
    ]

    assert scans == []


def test_the_figures_are_about_indices_that_there_are() -> None:
    for (table, name), figures in STATISTICS.items():
        made = metadata.tables[table]
        [columns] = [
            len(index.columns)
            for index in (*made.indexes, *made.constraints)
            if isinstance(index, Index | UniqueConstraint) and index.name == name
        ]
        numbers = [int(figure) for figure in figures.split()]
        assert len(numbers) == columns + 1, (table, name)
        assert numbers == sorted(numbers, reverse=True)


def test_every_new_database_is_told(sqlite_database: Database) -> None:
    with sqlite_database.engine.connect() as connection:
        told = connection.exec_driver_sql("SELECT tbl, idx, stat FROM sqlite_stat1").all()

    assert {(row.tbl, row.idx): row.stat for row in told} == STATISTICS
