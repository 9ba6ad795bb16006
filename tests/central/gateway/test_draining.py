"""Draining: in order, after the commit, and one bad CALL does not hold up the others."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.aio import run
from tests.central.building import Desk, TracedDatabase, rows
from tests.central.gateway.outage import populate, start, stop, values
from tests.central.gateway.test_backlog import TOLD, call

from voltyard.central.gateway import draining
from voltyard.central.gateway.backlog import Backlog
from voltyard.central.gateway.draining import Drain
from voltyard.central.services.transactions import Told
from voltyard.central.storage.database import Database
from voltyard.central.storage.errors import StorageFailed
from voltyard.central.storage.ledger import Ledger
from voltyard.central.storage.schema import meter_values, quarantine, transactions
from voltyard.central.storage.spool import Spool


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    with Desk(sqlite_database) as desk:
        desk.do(populate, "CP1", "CP2")
    return TracedDatabase(sqlite_database, busy_timeout_ms=20)


@asynccontextmanager
async def drain_on(database: Database, directory: Path) -> AsyncIterator[tuple[Drain, Backlog]]:
    """A drain and what it drains."""
    ledger = Ledger(database, lambda _: None)
    backlog = await Backlog.open(directory)
    try:
        yield Drain(ledger, backlog), backlog
    finally:
        await backlog.close()
        await ledger.close()


def test_an_empty_spool_has_nothing_to_drain(database: Database, tmp_path: Path) -> None:
    async def story() -> bool:
        async with drain_on(database, tmp_path) as (drain, _):
            return await drain.step()

    assert run(story()) is False


def test_a_bounded_number_is_stored_at_a_time_oldest_first(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draining, "BATCH", 2)
    calls = [
        call(start(), told=TOLD),
        call(values(TOLD.id, 1)),
        call(values(TOLD.id, 2)),
        call(stop(TOLD.id)),
    ]

    async def story() -> None:
        async with drain_on(database, tmp_path) as (drain, backlog):
            for each in calls:
                await backlog.add(each)

            assert await drain.step()
            assert [row.meter_stop for row in rows(database, transactions)] == [None]
            assert [row.energy_wh for row in rows(database, meter_values)] == [1001]
            assert len(backlog) == 2
            assert await drain.step()
            assert [row.meter_stop for row in rows(database, transactions)] == [5000]
            assert not await drain.step()

    run(story())


def test_nothing_leaves_the_spool_when_the_commit_fails(database: Database, tmp_path: Path) -> None:
    path = database.engine.url.database
    assert path is not None
    other = sqlite3.connect(path, isolation_level=None)

    async def story() -> None:
        async with drain_on(database, tmp_path) as (drain, backlog):
            await backlog.add(call(start(), told=TOLD))
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StorageFailed):
                await drain.step()
            assert len(backlog) == 1
            assert 1 in backlog.waiting
            other.execute("ROLLBACK")

            assert await drain.step()
            assert len(backlog) == 0
            assert len(rows(database, transactions)) == 1

    run(story())
    other.close()


@pytest.mark.parametrize(
    "bad",
    [
        # The number is taken: the spool of another database, or one that was restored.
        call(start(5, connector_id=2), told=Told(number=TOLD.number, id=1, is_unverified=False)),
        call(values(0, 1), action="NoSuchAction"),
    ],
    ids=["refused by the database", "refused by the service"],
)
def test_a_call_that_cannot_be_stored_is_set_aside_and_harms_nobody_else(
    bad: Any, database: Database, tmp_path: Path
) -> None:
    async def story() -> None:
        async with drain_on(database, tmp_path) as (drain, backlog):
            for each in (call(start(), told=TOLD), bad, call(stop(TOLD.id))):
                await backlog.add(each)

            assert await drain.step()

            assert len(backlog) == 0
            assert [row.meter_stop for row in rows(database, transactions)] == [5000]
            (kept,) = rows(database, quarantine)
            assert (kept.action, kept.error_code) == (bad.action, "InternalError")
            assert kept.frame == bad.content.decode()

    run(story())


def test_what_belongs_to_no_charge_point_is_put_aside_with_its_file(
    database: Database, tmp_path: Path
) -> None:
    async def story() -> None:
        async with drain_on(database, tmp_path) as (drain, backlog):
            await backlog.add(call(start(), identity="STRANGER", told=TOLD))
            await backlog.add(call(values(0, 1)))

            assert await drain.step()

            assert len(backlog) == 0
            assert len(rows(database, meter_values)) == 1
            (file,) = tmp_path.glob("*.kept")
            assert b"STRANGER" in file.read_bytes()

    run(story())


def test_what_cannot_be_read_is_put_aside_with_its_file(database: Database, tmp_path: Path) -> None:
    async def story() -> None:
        spool = await Spool.open(tmp_path, lambda _: None)
        await spool.append(b"not a call")
        await spool.close()
        async with drain_on(database, tmp_path) as (drain, backlog):
            assert await drain.step()

            assert len(backlog) == 0
            (file,) = tmp_path.glob("*.kept")
            assert b"not a call" in file.read_bytes()

    run(story())
