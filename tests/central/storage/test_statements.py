"""Statements: the same language for both databases, run on the driver's own cursor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any, NamedTuple

import pytest
from sqlalchemy import bindparam, delete, insert, select, update

from voltyard.central.storage.database import Database
from voltyard.central.storage.schema import counters
from voltyard.central.storage.statements import Cursor, Statement

table = counters.c


class Counter(NamedTuple):
    name: str
    value: int


@pytest.fixture
def cursor(database: Database) -> Iterator[Any]:
    with closing(database.driver_connection()) as connection:
        yield connection.cursor()


def test_a_statement_takes_its_parameters_by_name_and_gives_rows_as_records(
    database: Database, cursor: Cursor
) -> None:
    dialect = database.dialect
    put = Statement(insert(counters).values(value=bindparam("value"), name=bindparam("name")), dialect)
    find = Statement(select(counters).where(table.name == bindparam("wanted")), dialect)

    changed = put.run(cursor, name="a", value=1)

    assert changed == 1
    assert find.one(cursor, Counter, wanted="a") == Counter("a", 1)
    assert find.one(cursor, Counter, wanted="nobody") is None


def test_all_rows_come_in_their_order(database: Database, cursor: Cursor) -> None:
    put = Statement(
        insert(counters).values(name=bindparam("name"), value=bindparam("value")), database.dialect
    )
    all_but = Statement(
        select(counters).where(table.name != bindparam("but")).order_by(table.value.desc()), database.dialect
    )

    assert put.names == ("name", "value")
    put.run_many(cursor, [("a", 1), ("b", 2)])

    assert all_but.all(cursor, Counter, but="transactions") == [Counter("b", 2), Counter("a", 1)]


def test_values_that_stand_in_a_statement_need_not_be_given(database: Database, cursor: Cursor) -> None:
    raised = Statement(
        update(counters)
        .where(table.name == "transactions", table.value < bindparam("limit"))
        .values(value=table.value + 5)
        .returning(table.value),
        database.dialect,
    )
    missing = Statement(select(table.value).where(table.name == "nobody").limit(1), database.dialect)

    assert raised.one(cursor, int, limit=1) == 5
    assert raised.one(cursor, int, limit=1) is None
    assert raised.one(cursor, int, limit=100) == 10
    assert missing.one(cursor, int) is None


def test_none_is_a_value_like_any_other(database: Database, cursor: Cursor) -> None:
    count = Statement(select(counters).where(table.name.is_(None)), database.dialect)
    remove = Statement(delete(counters).where(table.name == bindparam("name")), database.dialect)

    assert count.all(cursor, Counter) == []
    assert remove.run(cursor, name=None) == 0
