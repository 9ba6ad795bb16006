"""What a charge point keeps over a loss of power: small records, changed a few at a time and all or none."""

from __future__ import annotations

import sqlite3
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple, Protocol
from zlib import crc32

from voltyard.chargepoint.errors import StateCorrupt, StateUnusable


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

    __slots__ = ("_records",)

    def __init__(self) -> None:
        self._records: dict[str, dict[str, bytes]] = {}

    def read(self, kind: str) -> dict[str, bytes]:
        return dict(sorted(self._records.get(kind, {}).items()))

    def commit(self, *changes: Change) -> None:
        for kind, key, value in changes:
            if value is not None:
                self._records.setdefault(kind, {})[key] = value
            elif kind in self._records:
                self._records[kind].pop(key, None)

    def close(self) -> None:
        """Keep the records: whoever holds the store may give it to the next charge point."""


STATE_FILE: Final = "state.db"

_VERSION: Final = 1
_CHECKSUM_LENGTH: Final = 4
_PRIMARY: Final = 0xFF
# What SQLite complains of when it is not the file's contents that are wrong.
_NO_DAMAGE: Final = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_MISUSE,
    }
)
_COMPANIONS: Final = ("", "-wal", "-shm")


class SqliteStore:
    """A store in a file of its own, safe against loss of power at any moment.

    One process at a time: a second one gets `StateUnusable` instead of sending everything twice. Every record
    has a checksum: a damaged file raises `StateCorrupt`, never wrong values.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / STATE_FILE
        try:
            # For nobody else: AuthorizationKey is in it.
            directory.mkdir(0o700, parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self._path, isolation_level=None, timeout=0)
        except (OSError, sqlite3.Error) as error:
            raise StateUnusable(self._path, str(error)) from error
        try:
            self._prepare()
            self._check()
        except sqlite3.Error as error:
            self._connection.close()
            raise self._unusable(error) from error
        except StateCorrupt:
            self._connection.close()
            raise

    def read(self, kind: str) -> dict[str, bytes]:
        try:
            rows = self._connection.execute(
                "SELECT key, value FROM record WHERE kind = ? ORDER BY key", (kind,)
            ).fetchall()
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        return {key: self._checked(kind, key, value) for key, value in rows}

    def commit(self, *changes: Change) -> None:
        try:
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                for kind, key, value in changes:
                    if value is None:
                        self._connection.execute("DELETE FROM record WHERE kind = ? AND key = ?", (kind, key))
                    else:
                        record = (kind, key, _checksum(kind, key, value) + value)
                        self._connection.execute("REPLACE INTO record VALUES (?, ?, ?)", record)
        except (sqlite3.Error, TypeError) as error:
            raise self._unusable(error) from error

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
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version < _VERSION:
            self._add_checksums()
            self._connection.execute(f"PRAGMA user_version = {_VERSION}")
        self._connection.execute("COMMIT")

    def _add_checksums(self) -> None:
        rows = self._connection.execute("SELECT kind, key, value FROM record").fetchall()
        records = [(kind, key, _checksum(kind, key, value) + value) for kind, key, value in rows]
        self._connection.executemany("REPLACE INTO record VALUES (?, ?, ?)", records)

    def _check(self) -> None:
        (verdict,) = self._connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise StateCorrupt(self._path, verdict)
        for kind, key, value in self._connection.execute("SELECT kind, key, value FROM record"):
            self._checked(kind, key, value)

    def _checked(self, kind: str, key: str, record: bytes) -> bytes:
        checksum, value = record[:_CHECKSUM_LENGTH], record[_CHECKSUM_LENGTH:]
        if checksum != _checksum(kind, key, value):
            raise StateCorrupt(self._path, f"{kind} {key}")
        return value

    def _unusable(self, error: Exception) -> StateUnusable:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE) & _PRIMARY
        return (StateUnusable if code in _NO_DAMAGE else StateCorrupt)(self._path, str(error))


def open_store(directory: Path | None, *, fresh: bool = False) -> Store:
    """Open the store in a directory, or one in memory without a directory.

    Raises `StateUnusable`, for a damaged one `StateCorrupt`; with `fresh` a damaged one is kept aside under
    another name and the charge point starts with nothing.
    """
    if directory is None:
        return MemoryStore()
    try:
        return SqliteStore(directory)
    except StateCorrupt:
        if not fresh:
            raise
    _keep_aside(directory)
    return SqliteStore(directory)


def _keep_aside(directory: Path) -> None:
    """Rename the files of the store; none that was kept aside before is overwritten."""
    name = next(
        name for number in count(1) if not (directory / (name := f"{STATE_FILE}.damaged-{number}")).exists()
    )
    # The log goes first: without it the database is merely old, with a stranger's it would be wrong.
    for suffix in reversed(_COMPANIONS):
        file = directory / (STATE_FILE + suffix)
        if file.exists():
            file.rename(directory / (name + suffix))


def _checksum(kind: str, key: str, value: bytes) -> bytes:
    return crc32(value, crc32(f"{kind}\0{key}".encode())).to_bytes(_CHECKSUM_LENGTH, "big")
