"""The writer: persist, then acknowledge; one bad piece harms nobody; trouble is told and overcome."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import func, select, text
from structlog.testing import capture_logs
from tests.aio import run
from tests.central.building import TracedDatabase, charge_point, rows, tag

from voltyard.central.services.events import Event
from voltyard.central.storage import ledger as ledger_module
from voltyard.central.storage.database import Database
from voltyard.central.storage.errors import StorageFailed
from voltyard.central.storage.ledger import MAX_LINGER_S, Ledger
from voltyard.central.storage.message_log import unpack
from voltyard.central.storage.schema import charge_points, id_tags, message_chunks
from voltyard.central.storage.work import Work

BEGIN = "BEGIN IMMEDIATE"


@asynccontextmanager
async def ledger_on(database: Database, events: list[Event] | None = None) -> AsyncIterator[Ledger]:
    """A ledger that is closed in the end."""
    ledger = Ledger(database, lambda published: None if events is None else events.extend(published))
    try:
        yield ledger
    finally:
        await ledger.close()


def put(work: Work, id_tag: str) -> str:
    """Store a tag and tell."""
    work.id_tags.put(tag(id_tag))
    work.publish(Event("id_tag.changed", None, 0, {"id_tag": id_tag}))
    return id_tag


def put_and_fail(work: Work, id_tag: str) -> None:
    put(work, id_tag)
    raise ValueError(id_tag)


def put_nothing(_work: Work) -> None:
    """Change nothing."""


def break_a_rule(work: Work, identity: str) -> None:
    """Store two charge points of one identity."""
    for _ in range(2):
        work.charge_points.add(charge_point(identity))


def tags(database: Database) -> list[str]:
    return [row.id_tag for row in rows(database, id_tags)]


class Gate:
    """Work that holds up the writer until it is let go on, so that a batch gathers behind it."""

    def __init__(self) -> None:
        self._entered = threading.Event()
        self._open = threading.Event()

    def wait(self, _work: Work) -> None:
        self._entered.set()
        assert self._open.wait(10)

    async def entered(self) -> None:
        await asyncio.to_thread(self._entered.wait, 10)

    def open(self) -> None:
        self._open.set()


@asynccontextmanager
async def one_batch(ledger: Ledger) -> AsyncIterator[None]:
    """Everything that is asked for in this block is committed together."""
    gate = Gate()
    waiting = ledger.run(gate.wait)
    await gate.entered()
    yield
    gate.open()
    await waiting


# Persist, then acknowledge.


def test_the_result_is_told_after_the_commit(database: Database) -> None:
    """What another connection sees at the very moment in which the future is done."""
    seen: list[list[str]] = []

    async def story() -> str:
        async with ledger_on(database) as ledger:
            future = ledger.run(put, "042F")
            future.add_done_callback(lambda _: seen.append(tags(database)))
            return await future

    assert run(story()) == "042F"
    assert seen == [["042F"]]


def test_what_arrives_during_a_commit_is_committed_together(sqlite_database: Database) -> None:
    traced = TracedDatabase(sqlite_database)

    async def story() -> list[str]:
        async with ledger_on(traced) as ledger:
            async with one_batch(ledger):
                futures = [ledger.run(put, f"T{number:02}") for number in range(50)]
            results = await asyncio.gather(*futures)
            assert traced.count("COMMIT") == 2
            return results

    expected = [f"T{number:02}" for number in range(50)]
    assert run(story()) == expected
    assert tags(sqlite_database) == expected


def test_a_batch_is_bounded(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "_MAX_BATCH", 10)
    traced = TracedDatabase(sqlite_database)

    async def story() -> None:
        async with ledger_on(traced) as ledger:
            async with one_batch(ledger):
                futures = [ledger.run(put, f"T{number:02}") for number in range(50)]
            await asyncio.gather(*futures)
            assert traced.count("COMMIT") == 1 + 5

    run(story())


def test_events_are_published_after_the_commit_and_before_the_next_result(database: Database) -> None:
    told: list[tuple[list[str], list[str]]] = []

    def publish(events: list[Event]) -> None:
        told.append(([event.details["id_tag"] for event in events], tags(database)))

    async def story() -> None:
        ledger = Ledger(database, publish)
        await ledger.run(put, "A")
        assert told == [(["A"], ["A"])]
        async with one_batch(ledger):
            futures = [ledger.run(put, id_tag) for id_tag in "BCD"]
        await asyncio.gather(*futures)
        await ledger.close()

    run(story())
    assert [id_tag for ids, _ in told for id_tag in ids] == ["A", "B", "C", "D"]


def test_work_of_a_waiter_that_gave_up_is_done_all_the_same(database: Database) -> None:
    async def story() -> None:
        async with ledger_on(database) as ledger:
            async with one_batch(ledger):
                ledger.run(put, "given up").cancel()
                kept = ledger.run(put, "kept")
            await kept

    run(story())
    assert tags(database) == ["given up", "kept"]


def test_arguments_are_passed_by_position(sqlite_database: Database) -> None:
    async def story() -> None:
        async with ledger_on(sqlite_database) as ledger:
            for ask in (ledger.run, ledger.post):
                with pytest.raises(TypeError):
                    ask(put, id_tag="042F")

    run(story())
    assert tags(sqlite_database) == []


# One bad piece.


@pytest.mark.parametrize("bad", [put_and_fail, break_a_rule])
def test_a_bad_piece_harms_nobody_else(bad: Callable[[Work, str], None], database: Database) -> None:
    events: list[Event] = []

    async def story() -> list[Any]:
        async with ledger_on(database, events) as ledger:
            async with one_batch(ledger):
                futures = [ledger.run(put, id_tag) for id_tag in "AB"]
                futures.append(ledger.run(bad, "bad"))  # type: ignore[arg-type]  # another result type
                futures += [ledger.run(put, id_tag) for id_tag in "CD"]
            return await asyncio.gather(*futures, return_exceptions=True)

    with capture_logs():
        *_, error, third, fourth = run(story())
    assert isinstance(error, ValueError if bad is put_and_fail else StorageFailed)
    assert (third, fourth) == ("C", "D")
    assert tags(database) == ["A", "B", "C", "D"]
    assert rows(database, charge_points) == []
    assert [event.details["id_tag"] for event in events] == ["A", "B", "C", "D"]


def test_a_bad_piece_alone_gets_its_own_error(database: Database) -> None:
    events: list[Event] = []

    async def story() -> None:
        async with ledger_on(database, events) as ledger:
            with pytest.raises(ValueError, match="bad"):
                await ledger.run(put_and_fail, "bad")
            assert not ledger.is_failing

    run(story())
    assert tags(database) == []
    assert events == []


def test_deferred_rows_of_a_bad_piece_are_forgotten(database: Database) -> None:
    """Rows that wait for the end of a batch must not end up in the next one."""

    def defer_and_fail(work: Work) -> None:
        work.evidence.status_report(1, "FirmwareStatusNotification", "Installed", None, 0)
        raise ValueError

    async def story() -> None:
        async with ledger_on(database) as ledger:
            await ledger.run(lambda work: work.charge_points.add(charge_point()))
            with pytest.raises(ValueError):
                await ledger.run(defer_and_fail)
            await ledger.run(put, "042F")

    run(story())
    assert database_count(database, "status_reports") == 0


def test_work_that_nobody_waits_for_is_done_and_its_failure_logged(database: Database) -> None:
    async def story() -> None:
        async with ledger_on(database) as ledger:
            ledger.post(put, "A")
            ledger.post(put_and_fail, "bad")
            ledger.post(put, "B")

    with capture_logs() as logs:
        run(story())
    assert tags(database) == ["A", "B"]
    assert [log["event"] for log in logs] == ["work that nobody waits for failed"]


# Trouble with the database.


def test_a_database_that_stays_locked_fails_the_batch_once_and_is_used_again_when_it_can_be(
    sqlite_database: Database, ready_sqlite_url: str
) -> None:
    traced = TracedDatabase(sqlite_database, busy_timeout_ms=1)
    other = sqlite3.connect(ready_sqlite_url.removeprefix("sqlite:///"), isolation_level=None)

    async def story() -> None:
        async with ledger_on(traced) as ledger:
            await ledger.run(put, "before")
            async with one_batch(ledger):
                futures = [ledger.run(put, f"T{number}") for number in range(20)]
                asyncio.get_running_loop().call_soon(other.execute, BEGIN)
                await asyncio.sleep(0)
                # The work that holds up the writer is in a transaction itself: it has the lock.
            outcomes = await asyncio.gather(*futures, return_exceptions=True)
            assert {type(outcome) for outcome in outcomes} <= {StorageFailed, str}

    async def locked() -> tuple[list[Any], int, bool, str, bool]:
        async with ledger_on(traced) as ledger:
            await ledger.run(put, "before")
            other.execute(BEGIN)
            begun = traced.count(BEGIN)
            ledger.log_frame(1, 0, "in", "lost with it")
            futures = [ledger.run(put, f"T{number}") for number in range(20)]
            outcomes = await asyncio.gather(*futures, return_exceptions=True)
            attempts, failing = traced.count(BEGIN) - begun, ledger.is_failing
            other.execute("ROLLBACK")
            return outcomes, attempts, failing, await ledger.run(put, "after"), ledger.is_failing

    with capture_logs() as logs:
        outcomes, attempts, was_failing, after, is_failing = run(locked())
    other.close()
    assert {type(outcome) for outcome in outcomes} == {StorageFailed}
    assert {(outcome.code, outcome.detail) for outcome in outcomes} == {(1013, "database is locked")}
    assert attempts <= 2  # one for each batch, and they may have come as two
    assert (was_failing, after, is_failing) == (True, "after", False)
    assert tags(sqlite_database) == ["after", "before"]
    assert {log["event"] for log in logs} == {"commit failed"}
    del story


def database_count(database: Database, table: str) -> int:
    with database.engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(text(table))).scalar_one()
