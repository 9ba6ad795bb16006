"""SQL that is compiled once and run on the driver's own cursor.

SQLAlchemy's execution costs some 40 µs a statement, several times what SQLite needs to run one. On the path
of a message we keep its language, which is the same for both databases, and skip its execution.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any, Protocol, TypeVar

from sqlalchemy import Dialect
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import CompilerElement

T = TypeVar("T")
Row = Sequence[Any]


class Cursor(Protocol):
    """What we use of a driver's cursor (PEP 249)."""

    rowcount: int

    def execute(self, sql: str, parameters: Any = ..., /) -> object:
        """Run one statement."""

    def executemany(self, sql: str, rows: Any, /) -> object:
        """Run one statement once per row."""

    def fetchone(self) -> Any:
        """Return the next row or None."""

    def fetchall(self) -> list[Any]:
        """Return all rows left."""

    def close(self) -> None:
        """Free it."""


class Statement:
    """One Core statement for one dialect. Parameters go by the names of its `bindparam`s."""

    __slots__ = ("_arrange", "names", "sql")

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        assert isinstance(statement, CompilerElement)  # every executable of Core is one
        compiled = statement.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        self.sql = str(compiled)
        self.names: tuple[str, ...] = tuple(compiled.positiontup or ())
        # What stands in the statement as a value, such as a status or a limit.
        constants = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        self._arrange: Callable[[dict[str, Any]], Any]
        match self.names:
            case ():
                self._arrange = lambda _: ()
            case (name,):
                self._arrange = lambda values: (values[name],)
            case names:
                self._arrange = itemgetter(*names)
        if constants:
            arrange = self._arrange
            self._arrange = lambda values: arrange(constants | values)

    def run(self, cursor: Cursor, **values: Any) -> int:
        """Run it and return how many rows it changed."""
        cursor.execute(self.sql, self._arrange(values))
        return cursor.rowcount

    def run_row(self, cursor: Cursor, row: Row) -> int:
        """Run it with the values of a row, in the order of `names`, and return how many rows it changed."""
        cursor.execute(self.sql, row)
        return cursor.rowcount

    def run_many(self, cursor: Cursor, rows: Iterable[Row]) -> None:
        """Run it once per row; the values of a row stand in the order of `names`."""
        cursor.executemany(self.sql, rows)

    def one(self, cursor: Cursor, into: Callable[..., T], **values: Any) -> T | None:
        """Return the first row as `into(*row)`, or None when there is none."""
        cursor.execute(self.sql, self._arrange(values))
        row = cursor.fetchone()
        return None if row is None else into(*row)

    def all(self, cursor: Cursor, into: Callable[..., T], **values: Any) -> list[T]:
        """Return every row as `into(*row)`."""
        cursor.execute(self.sql, self._arrange(values))
        return [into(*row) for row in cursor.fetchall()]
