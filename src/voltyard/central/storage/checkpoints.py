"""Checkpoints of SQLite's write-ahead log, off the path of a commit."""

from __future__ import annotations

import sqlite3
import threading

import structlog

from voltyard.central.storage.database import Database

_COMMITS_PER_CHECKPOINT = 200
_IDLE_S = 5.0
# The log begins anew only when a commit finds all of it moved, which never happens under a steady load.
# Past this size (64 MiB) a checkpoint makes it: the writer waits while the rest is moved, which is little.
_RESTART_PAGES = 16_384

_log = structlog.get_logger()


class Checkpointer:
    """Moves what was committed from the log to the database file, in a thread of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # An earlier run that was killed has left its log, and every start has to read through it.
        self._commits = 1
        self._due = threading.Event()
        self._due.set()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
        self._thread.start()

    def committed(self) -> None:
        """Note a commit of the writer."""
        self._commits += 1
        if self._commits >= _COMMITS_PER_CHECKPOINT:
            self._due.set()

    def close(self) -> None:
        """Make a last checkpoint and end the thread."""
        self._closing = True
        self._due.set()
        self._thread.join()

    def _run(self) -> None:
        connection = self._database.driver_connection()
        while not self._closing:
            self._due.wait(_IDLE_S)
            self._due.clear()
            if self._commits:
                self._commits = 0
                self._checkpoint(connection)
        self._checkpoint(connection)
        connection.close()

    def _checkpoint(self, connection: sqlite3.Connection) -> None:
        try:
            _, pages, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if pages > _RESTART_PAGES:
                connection.execute("PRAGMA wal_checkpoint(RESTART)")
        except sqlite3.Error as error:
            # The log grows, and commits go on; the next attempt may succeed.
            _log.warning("checkpoint failed", error=str(error))
