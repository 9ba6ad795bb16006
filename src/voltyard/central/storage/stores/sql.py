"""What the stores have in common: statements by table, and rows that wait for the end of a batch."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from msgspec import Struct
from sqlalchemy import Column, Dialect, Table, bindparam, insert, update
from sqlalchemy.dialects import postgresql, sqlite

from voltyard.central.storage.statements import Cursor, Row, Statement


def columns(table: Table, *, but: Collection[str] = ("id",)) -> list[str]:
    """Return the names of a table's columns, but some."""
    return [column.name for column in table.columns if column.name not in but]


def parameters(names: Collection[str]) -> dict[str, Any]:
    """Return a bound parameter for each column, by its name."""
    return {name: bindparam(name) for name in names}


def inserting(
    table: Table, dialect: Dialect, *, of: type[Struct] | None = None, but: Collection[str] = ("id",)
) -> Statement:
    """Insert one row, which may be given as a record of type `of`."""
    return rows_of(Statement(insert(table).inline().values(parameters(columns(table, but=but))), dialect), of)


def inserting_new(
    table: Table, dialect: Dialect, *, of: type[Struct] | None = None, but: Collection[str] = ("id",)
) -> Statement:
    """Insert one row unless a unique key says that it is there."""
    statement = upsert(table, dialect).inline().values(parameters(columns(table, but=but)))
    return rows_of(Statement(statement.on_conflict_do_nothing(), dialect), of)


def rows_of(statement: Statement, record: type[Struct] | None) -> Statement:
    """Return a statement after checking that the fields of a record stand in the order of its parameters."""
    assert record is None or statement.names == record.__struct_fields__, statement.names
    return statement


def upsert(table: Table, dialect: Dialect) -> postgresql.Insert | sqlite.Insert:
    """Return the insert of a dialect that knows ON CONFLICT."""
    return sqlite.insert(table) if dialect.name == "sqlite" else postgresql.insert(table)


def storable(text: str) -> str:
    """Return a text that every database takes: PostgreSQL knows no NUL."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}")


class Updates:
    """Updates of some columns of the row with a given key, compiled at first use."""

    def __init__(self, key: Column[Any], dialect: Dialect) -> None:
        self._key = key
        self._dialect = dialect
        self._statements: dict[tuple[str, ...], Statement] = {}

    def run(self, cursor: Cursor, key: object, values: dict[str, object]) -> int:
        """Change these columns and return how many rows there were."""
        names = tuple(values)
        statement = self._statements.get(names)
        if statement is None:
            statement = self._statements[names] = Statement(
                update(self._key.table).where(self._key == bindparam("key_")).values(parameters(names)),
                self._dialect,
            )
        return statement.run(cursor, key_=key, **values)


class Deferred:
    """Rows of one statement that are written together before the commit."""

    def __init__(self, cursor: Cursor, statement: Statement) -> None:
        self._cursor = cursor
        self._statement = statement
        self._rows: list[Row] = []

    def add(self, row: Row) -> None:
        """Add a row; its values stand in the order of the statement's parameters."""
        self._rows.append(row)

    def flush(self) -> None:
        """Write the rows."""
        if self._rows:
            rows, self._rows = self._rows, []
            self._statement.run_many(self._cursor, rows)

    def forget(self) -> None:
        """Drop the rows."""
        self._rows = []
