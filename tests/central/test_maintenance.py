"""What has to be done from time to time, also after it has failed once."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.aio import run
from tests.central.building import TracedDatabase, charge_point, rows

from voltyard.central import maintenance
from voltyard.central.instants import now_us
from voltyard.central.maintenance import expire_commands, keep_messages
from voltyard.central.services.commands import create_command, read_command
from voltyard.central.storage.database import Database
from voltyard.central.storage.ledger import Ledger
from voltyard.central.storage.message_log import LoggedFrame
from voltyard.central.storage.schema import commands, message_chunks
from voltyard.central.storage.work import Work

DAY_US = 24 * 3600 * 1_000_000


@pytest.fixture(autouse=True)
def haste(monkeypatch: pytest.MonkeyPatch) -> None:
    for interval in ("_EXPIRY_INTERVAL_S", "_RETENTION_INTERVAL_S", "_PAUSE_S"):
        monkeypatch.setattr(maintenance, interval, 0.001)


async def until_done(endless: Coroutine[Any, Any, None], done: Any) -> None:
    """Run what never ends until a condition holds."""
    task = asyncio.create_task(endless)
    while not done():
        assert not task.done()
        await asyncio.sleep(0.001)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def ask(work: Work) -> None:
    request = read_command("ClearCache", b"{}")
    create_command(work, "CP1", request, "{}", 0, now_us())


def log(work: Work, at_us: int) -> None:
    work.message_log.write([LoggedFrame(1, at_us, "in", "[]")])


def test_commands_that_nobody_fetches_expire(database: Database) -> None:
    async def story() -> None:
        ledger = Ledger(database, lambda _: None)
        await ledger.run(lambda work: work.charge_points.add(charge_point()))
        await ledger.run(ask)
        await until_done(
            expire_commands(ledger),
            lambda: [row.status for row in rows(database, commands)] == ["expired"],
        )
        await ledger.close()

    run(story())


def test_frames_go_when_they_have_been_kept_long_enough(database: Database) -> None:
    async def story() -> None:
        ledger = Ledger(database, lambda _: None)
        await ledger.run(lambda work: work.charge_points.add(charge_point()))
        now = now_us()
        for age_days in (40, 31, 29, 0):
            await ledger.run(log, now - age_days * DAY_US)
        await until_done(keep_messages(ledger, 30), lambda: len(rows(database, message_chunks)) == 2)
        await ledger.close()

    run(story())


def test_a_database_in_trouble_does_not_end_either(sqlite_database: Database, ready_sqlite_url: str) -> None:
    impatient = TracedDatabase(sqlite_database, busy_timeout_ms=1)
    other = sqlite3.connect(ready_sqlite_url.removeprefix("sqlite:///"), isolation_level=None)

    async def story() -> None:
        ledger = Ledger(impatient, lambda _: None)
        await ledger.run(lambda work: work.charge_points.add(charge_point()))
        await ledger.run(ask)
        await ledger.run(log, 0)
        other.execute("BEGIN IMMEDIATE")
        attempts = iter(range(50))

        def done() -> bool:
            if next(attempts, None) == 49:
                other.execute("ROLLBACK")
            return rows(sqlite_database, message_chunks) == [] and [
                row.status for row in rows(sqlite_database, commands)
            ] == ["expired"]

        await asyncio.gather(
            until_done(expire_commands(ledger), done), until_done(keep_messages(ledger, 30), done)
        )
        await ledger.close()

    with capture_logs() as logs:
        run(story())
    other.close()
    assert {"commands could not be expired", "old frames could not be deleted"} <= {
        entry["event"] for entry in logs
    }
