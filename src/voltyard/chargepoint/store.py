"""What a charge point keeps over a loss of power: small records, changed a few at a time and all or none."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from voltyard.chargepoint.errors import StateUnusable


class Change(NamedTuple):
    """Write one record, or with a value of None remove it."""

    kind: str
    key: str
    value: bytes | None


class Store(Protocol):
    """Records by kind and key."""

    def read(self, kind: str) -> dict[str, bytes]:
        """Return all records of a kind in the order of their keys."""

    def commit(self, *changes: Change) -> None:
        """Make all changes or none; when this returns they are durable."""

    def close(self) -> None:
        """Let go of the store."""


class MemoryStore:
    """A store that lasts as long as its process."""

    def __init__(self) -> None:
        self._records: dict[str, dict[str, bytes]] = {}

    def read(self, kind: str) -> dict[str, bytes]:
        return dict(sorted(self._records.get(kind, {}).items()))

    def commit(self, *changes: Change) -> None:
        for kind, key, value in changes:
            records = self._records.setdefault(kind, {})
            if value is None:
                records.pop(key, None)
            else:
                records[key] = value

    def close(self) -> None:
        """Keep the records: whoever holds the store may give it to the next charge point."""


STATE_FILE: Final = "state.db"


class SqliteStore:
    """A store in a file of its own, safe against loss of power at any moment.

    One process at a time: a second one gets `StateUnusable` instead of sending everything twice.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / STATE_FILE
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self._path, isolation_level=None, timeout=0)
        except (OSError, sqlite3.Error) as error:
            raise StateUnusable(self._path, str(error)) from error
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._connection.close()
            raise StateUnusable(self._path, str(error)) from error

    def read(self, kind: str) -> dict[str, bytes]:
        rows = self._connection.execute("SELECT key, value FROM record WHERE kind = ? ORDER BY key", (kind,))
        return dict(rows.fetchall())

    def commit(self, *changes: Change) -> None:
        try:
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                for kind, key, value in changes:
                    if value is None:
                        self._connection.execute("DELETE FROM record WHERE kind = ? AND key = ?", (kind, key))
                    else:
                        self._connection.execute("REPLACE INTO record VALUES (?, ?, ?)", (kind, key, value))
        except sqlite3.Error as error:
            raise StateUnusable(self._path, str(error)) from error

    def close(self) -> None:
        self._connection.close()

    def _prepare(self) -> None:
        # EXCLUSIVE: the lock is held until the connection closes, so the file has one owner.
        self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._connection.execute("PRAGMA journal_mode = WAL")
        # FULL: a commit returns after the fsync; NORMAL would lose the last commits with the power.
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS record (kind TEXT, key TEXT, value BLOB, PRIMARY KEY (kind, key))"
            " WITHOUT ROWID"
        )
        self._connection.execute("BEGIN EXCLUSIVE")
        self._connection.execute("COMMIT")


def open_store(directory: Path | None) -> Store:
    """Open the store in a directory, or one in memory without a directory."""
    return MemoryStore() if directory is None else SqliteStore(directory)
