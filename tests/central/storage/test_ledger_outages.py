"""The writer in an outage: frames are kept for later within bounds, and closing does not wait for ever."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from structlog.testing import capture_logs
from tests.aio import run
from tests.central.building import Desk, TracedDatabase, charge_point, rows

from voltyard.central.storage import ledger as ledger_module
from voltyard.central.storage.database import Database
from voltyard.central.storage.errors import StorageFailed
from voltyard.central.storage.ledger import Ledger
from voltyard.central.storage.message_log import unpack
from voltyard.central.storage.schema import message_chunks
from voltyard.central.storage.work import Work


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    with Desk(sqlite_database) as desk:
        desk.add(charge_point())
    return TracedDatabase(sqlite_database, busy_timeout_ms=10)


@pytest.fixture
def other(database: Database) -> Iterator[sqlite3.Connection]:
    """Another program that may lock the database."""
    path = database.engine.url.database
    assert path is not None
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def nothing(_work: Work) -> None:
    """Commit what else is there."""


def frames(database: Database) -> list[str]:
    return [frame for row in rows(database, message_chunks) for _, _, frame in unpack(row.frames)]


def fail_with_frames(database: Database, other: sqlite3.Connection, first: int, last: int) -> list[str]:
    """The frames that are stored after a failed attempt to store some."""

    async def story() -> None:
        ledger = Ledger(database, lambda _: None)
        other.execute("BEGIN IMMEDIATE")
        for number in range(first, last):
            ledger.log_frame(1, number, "in", str(number))
        ledger._flush_frames()
        with pytest.raises(StorageFailed):
            await ledger.run(nothing)
        ledger.log_frame(1, last, "in", str(last))
        other.execute("ROLLBACK")
        await ledger.close()

    run(story())
    return frames(database)


def test_frames_of_an_outage_are_stored_after_it_in_their_order(
    database: Database, other: sqlite3.Connection
) -> None:
    assert fail_with_frames(database, other, 0, 10) == [str(number) for number in range(11)]


def test_of_too_many_frames_the_newest_are_kept(
    database: Database, other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "_MAX_FRAMES", 5)

    assert fail_with_frames(database, other, 0, 10) == ["6", "7", "8", "9", "10"]


def test_closing_gives_up_on_a_database_that_hangs(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "_CLOSE_WITHIN_S", 0.05)
    held = threading.Event()

    async def story() -> None:
        ledger = Ledger(database, lambda _: None)
        hanging = ledger.run(lambda _: held.wait(10))
        await ledger.close()
        assert not hanging.done()
        held.set()
        await asyncio.to_thread(ledger._thread.join)

    with capture_logs() as logs:
        run(story())
    assert [line["event"] for line in logs] == ["the database does not answer; its last commit is left alone"]


def test_work_that_comes_too_late_is_rescued_too(database: Database) -> None:
    async def story() -> None:
        ledger = Ledger(database, lambda _: None)
        await ledger.close()
        rescued: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        answer = ledger.run_or(lambda _answer, error: rescued.set_result(error), nothing)

        assert isinstance(await rescued, StorageFailed)
        assert not answer.done()

    run(story())
