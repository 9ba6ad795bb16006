"""Checkpoints: what was committed gets into the database file, and nobody waits for it."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.central.building import TracedDatabase, charge_point

from voltyard.central.storage import checkpoints
from voltyard.central.storage.checkpoints import Checkpointer
from voltyard.central.storage.database import Database
from voltyard.central.storage.work import Work


class WatchedCheckpointer(Checkpointer):
    """Tells when it has made a checkpoint."""

    def __init__(self, database: Database) -> None:
        self.done = threading.Event()
        super().__init__(database)

    def settle(self) -> None:
        """Wait for the checkpoint that each start makes."""
        assert self.done.wait(10)
        self.done.clear()

    def _checkpoint(self, connection: sqlite3.Connection) -> None:
        super()._checkpoint(connection)
        self.done.set()


class Writer:
    """Commits charge points one by one, as the ledger would."""

    def __init__(self, database: Database) -> None:
        self._connection = database.driver_connection()
        self._work = Work(self._connection.cursor(), database.dialect)
        self._count = 0

    def commit(self) -> None:
        self._count += 1
        self._work.begin()
        self._work.charge_points.add(charge_point(f"CP{self._count}"))
        self._work.commit()

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def writer(sqlite_database: Database) -> Iterator[Writer]:
    with closing(Writer(sqlite_database)) as writer:
        yield writer


def in_the_file(url: str, tmp_path: Path) -> int:
    """How many charge points are in the database file itself, without its log."""
    copy = tmp_path / "copy.db"
    shutil.copy(url.removeprefix("sqlite:///"), copy)
    with closing(sqlite3.connect(copy)) as connection:
        [count] = connection.execute("SELECT count(*) FROM charge_points").fetchone()
    copy.unlink()
    return int(count)


def test_the_end_brings_everything_into_the_file(
    writer: Writer, sqlite_database: Database, ready_sqlite_url: str, tmp_path: Path
) -> None:
    checkpointer = WatchedCheckpointer(sqlite_database)
    checkpointer.settle()
    writer.commit()
    before = in_the_file(ready_sqlite_url, tmp_path)

    checkpointer.close()

    assert (before, in_the_file(ready_sqlite_url, tmp_path)) == (0, 1)


def test_many_commits_are_brought_into_the_file_while_others_go_on(
    writer: Writer, sqlite_database: Database, ready_sqlite_url: str, tmp_path: Path
) -> None:
    with closing(WatchedCheckpointer(sqlite_database)) as checkpointer:
        checkpointer.settle()
        for _ in range(200):
            writer.commit()
            checkpointer.committed()

        assert checkpointer.done.wait(10)
        assert in_the_file(ready_sqlite_url, tmp_path) == 200
        writer.commit()


def test_what_a_killed_run_left_in_the_log_is_brought_into_the_file_at_the_start(
    writer: Writer, sqlite_database: Database, ready_sqlite_url: str, tmp_path: Path
) -> None:
    for _ in range(3):
        writer.commit()

    with closing(WatchedCheckpointer(sqlite_database)) as checkpointer:
        checkpointer.settle()

        assert in_the_file(ready_sqlite_url, tmp_path) == 3


def test_log_does_not_grow_for_ever_under_a_steady_load(
    writer: Writer, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "_RESTART_PAGES", 10)
    with closing(WatchedCheckpointer(sqlite_database)) as checkpointer:
        checkpointer.settle()
        for _ in range(200):
            writer.commit()
            checkpointer.committed()
        assert checkpointer.done.wait(10)

        writer.commit()

        with closing(sqlite_database.driver_connection()) as connection:
            _, pages, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        assert pages < 10


def test_few_commits_are_brought_into_the_file_when_nothing_happens(
    writer: Writer,
    sqlite_database: Database,
    ready_sqlite_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checkpoints, "_IDLE_S", 0.01)
    with closing(WatchedCheckpointer(sqlite_database)) as checkpointer:
        checkpointer.settle()
        writer.commit()
        checkpointer.committed()

        assert checkpointer.done.wait(10)
        assert in_the_file(ready_sqlite_url, tmp_path) == 1


def test_a_log_that_readers_keep_growing_is_begun_anew(
    writer: Writer, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "_RESTART_PAGES", 0)
    traced = TracedDatabase(sqlite_database, busy_timeout_ms=1)
    writer.commit()
    reader = sqlite_database.driver_connection()
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM charge_points").fetchall()
    writer.commit()

    Checkpointer(traced).close()

    reader.close()
    assert traced.count("PRAGMA wal_checkpoint(RESTART)") >= 1


def test_a_checkpoint_that_fails_is_told_and_not_the_end(sqlite_database: Database) -> None:
    broken = sqlite_database.driver_connection()
    broken.close()

    with closing(Checkpointer(sqlite_database)) as checkpointer, capture_logs() as logs:
        checkpointer._checkpoint(broken)

    assert [log["event"] for log in logs] == ["checkpoint failed"]
