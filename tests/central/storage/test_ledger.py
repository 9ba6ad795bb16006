"""The writer: persist, then acknowledge; one bad piece harms nobody; trouble is told and overcome."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from structlog.testing import capture_logs
from tests.aio import run
from tests.central.building import TracedDatabase, charge_point, rows, tag
from tests.postgres import PostgresServer

from voltyard.central.services.events import Event
from voltyard.central.storage import ledger as ledger_module
from voltyard.central.storage.database import Database
from voltyard.central.storage.errors import StorageFailed, WorkRefused
from voltyard.central.storage.ledger import MAX_LINGER_S, Ledger
from voltyard.central.storage.message_log import unpack
from voltyard.central.storage.schema import charge_points, id_tags, message_chunks, status_reports
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


def put_and_fail(work: Work, id_tag: str) -> str:
    put(work, id_tag)
    raise ValueError(id_tag)


def put_nothing(_work: Work) -> None:
    """Change nothing."""


def break_a_rule(work: Work, identity: str) -> str:
    """Store two charge points of one identity."""
    for _ in range(2):
        work.charge_points.add(charge_point(identity))
    return identity


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
def test_a_bad_piece_harms_nobody_else(bad: Callable[[Work, str], str], database: Database) -> None:
    events: list[Event] = []

    async def story() -> list[Any]:
        async with ledger_on(database, events) as ledger:
            async with one_batch(ledger):
                futures = [ledger.run(put, id_tag) for id_tag in "AB"]
                futures.append(ledger.run(bad, "bad"))
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
    assert rows(database, status_reports) == []


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


def test_a_locked_database_fails_what_waits_at_once_and_is_used_again_when_it_can_be(
    sqlite_database: Database, ready_sqlite_url: str
) -> None:
    """No piece is tried alone: none would fare better, and each would wait for the lock again."""
    traced = TracedDatabase(sqlite_database, busy_timeout_ms=1)
    other = sqlite3.connect(ready_sqlite_url.removeprefix("sqlite:///"), isolation_level=None)

    async def story() -> None:
        async with ledger_on(traced) as ledger:
            await ledger.run(put, "before")
            other.execute(BEGIN)
            ledger.log_frame(1, 5, "in", "[]")
            ledger._flush_frames()
            outcomes = await asyncio.gather(
                *(ledger.run(put, f"T{number}") for number in range(20)), return_exceptions=True
            )
            for outcome in outcomes:
                assert isinstance(outcome, StorageFailed)
                assert (outcome.code, outcome.detail) == (1013, "database is locked")
            assert traced.count(BEGIN) <= 1 + 3
            assert ledger.is_failing

            other.execute("ROLLBACK")
            await ledger.run(put, "after")
            assert not ledger.is_failing

    with capture_logs() as logs:
        run(story())
    other.close()
    assert logged(sqlite_database) == [(5, "in", "[]")]
    assert tags(sqlite_database) == ["after", "before"]
    assert {log["event"] for log in logs} == {"commit failed"}


def test_a_full_disk_fails_what_is_committed_together_and_takes_what_fits_later(
    sqlite_database: Database,
) -> None:
    def limit_pages(work: Work) -> None:
        work._cursor.execute("PRAGMA page_count")
        [count] = work._cursor.fetchone()
        work._cursor.execute(f"PRAGMA max_page_count={count + 2}")

    def put_much(work: Work) -> None:
        work.evidence.quarantine(1, "a", "b", "c", "x" * 50_000, 0)

    async def story() -> None:
        async with ledger_on(sqlite_database) as ledger:
            await ledger.run(lambda work: work.charge_points.add(charge_point()))
            await ledger.run(limit_pages)
            with pytest.raises(StorageFailed) as caught:
                await ledger.run(put_much)
            assert caught.value.detail == "database or disk is full"
            assert ledger.is_failing
            await ledger.run(put, "little")
            assert not ledger.is_failing

    with capture_logs():
        run(story())
    assert tags(sqlite_database) == ["little"]


def break_connection(work: Work) -> None:
    """End the backend that this very work runs on."""
    work._cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def backend(work: Work) -> int:
    work._cursor.execute("SELECT pg_backend_pid()")
    return int(work._cursor.fetchone()[0])


def terminate(database: Database, pid: int) -> None:
    """End a backend and wait until it is gone."""
    with database.engine.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})


@pytest.mark.integration
def test_a_connection_that_broke_while_it_was_idle_is_replaced_unnoticed(postgres_database: Database) -> None:
    async def story() -> None:
        async with ledger_on(postgres_database) as ledger:
            await ledger.run(put, "A")
            pid = await ledger.run(backend)

            terminate(postgres_database, pid)

            assert await ledger.run(put, "B") == "B"
            assert await ledger.run(backend) != pid
            assert not ledger.is_failing

    with capture_logs():
        run(story())
    assert tags(postgres_database) == ["A", "B"]


@pytest.mark.integration
def test_a_connection_that_breaks_at_work_fails_its_batch_and_the_next_gets_a_new_one(
    postgres_database: Database,
) -> None:
    async def story() -> None:
        async with ledger_on(postgres_database) as ledger:
            async with one_batch(ledger):
                futures: list[asyncio.Future[Any]] = [
                    ledger.run(put, "A"),
                    ledger.run(break_connection),
                    ledger.run(put, "B"),
                ]
            outcomes = await asyncio.gather(*futures, return_exceptions=True)
            assert [type(outcome) for outcome in outcomes] == [StorageFailed] * 3
            await ledger.run(put, "C")

    with capture_logs():
        run(story())
    assert tags(postgres_database) == ["C"]


@pytest.mark.integration
def test_a_server_that_lets_nobody_in_fails_the_work_and_is_used_again_when_it_does(
    postgres_database: Database, postgres: PostgresServer
) -> None:
    name = postgres_database.engine.url.database

    def allow_connections(allowed: bool) -> None:
        with psycopg.connect(postgres.url("postgres"), autocommit=True) as admin:
            admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {allowed}".encode())

    async def story() -> None:
        async with ledger_on(postgres_database) as ledger:
            pid = await ledger.run(backend)
            terminate(postgres_database, pid)
            postgres_database.engine.dispose()
            allow_connections(False)
            for _ in range(2):
                with pytest.raises(StorageFailed) as caught:
                    await ledger.run(put, "refused")
                assert "not currently accepting connections" in caught.value.detail
            assert ledger.is_failing

            allow_connections(True)
            await ledger.run(put, "after")
            assert not ledger.is_failing

    with capture_logs():
        run(story())
    assert tags(postgres_database) == ["after"]


# Work that somebody else takes care of when it cannot be committed.


def test_what_cannot_be_committed_is_handed_to_its_rescue_and_to_nobody_else(database: Database) -> None:
    rescued: list[Exception] = []

    def rescue(future: asyncio.Future[Any], error: Exception) -> None:
        rescued.append(error)
        future.set_result("rescued")

    async def story() -> list[Any]:
        async with ledger_on(database) as ledger:
            results = [
                await ledger.run_or(rescue, put, "A"),
                await ledger.run_or(rescue, put_and_fail, "bad"),
                await ledger.run_or(rescue, break_a_rule, "CP1"),
            ]
            await ledger.close()
            return [*results, await ledger.run_or(rescue, put, "too late")]

    with capture_logs():
        assert run(story()) == ["A", "rescued", "rescued", "rescued"]
    assert [type(error) for error in rescued] == [ValueError, WorkRefused, StorageFailed]
    assert tags(database) == ["A"]


def test_a_slow_batch_is_told_by_how_long_it_takes(sqlite_database: Database) -> None:
    async def story() -> None:
        async with ledger_on(sqlite_database) as ledger:
            await ledger.run(put_nothing)
            gate = Gate()
            waiting = ledger.run(gate.wait)
            await gate.entered()
            assert ledger.busy_s > 0
            gate.open()
            await waiting
            await ledger.close()
            assert ledger.busy_s == 0

    run(story())


# The end.


def test_closing_commits_everything_that_is_queued(database: Database) -> None:
    events: list[Event] = []

    async def story() -> list[str]:
        async with ledger_on(database, events) as ledger:
            await ledger.run(lambda work: work.charge_points.add(charge_point()))
            async with one_batch(ledger):
                futures = [ledger.run(put, f"T{number:03}") for number in range(300)]
                ledger.log_frame(1, 5, "in", "[]")
                closing = asyncio.create_task(ledger.close())
                await asyncio.sleep(0)
            await closing
            return await asyncio.gather(*futures)

    expected = [f"T{number:03}" for number in range(300)]
    assert run(story()) == expected
    assert tags(database) == expected
    assert len(events) == 300
    assert [row.frames for row in rows(database, message_chunks)] == ["5\x1fin\x1f[]"]


def test_a_closed_ledger_takes_no_work(database: Database) -> None:
    async def story() -> None:
        async with ledger_on(database) as ledger:
            await ledger.close()

            with pytest.raises(StorageFailed):
                await ledger.run(put, "too late")

    run(story())
    assert tags(database) == []


# Frames.


def logged(database: Database) -> list[tuple[int, str, str]]:
    return [frame for row in rows(database, message_chunks) for frame in unpack(row.frames)]


def test_a_frame_is_stored_soon_without_other_work(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "_LAZY_FLUSH_S", 0.0)

    async def story() -> list[tuple[int, str, str]]:
        async with ledger_on(database) as ledger:
            await ledger.run(lambda work: work.charge_points.add(charge_point()))
            ledger.log_frame(1, 5, "in", "[1]")
            ledger.log_frame(1, 6, "out", "[2]")
            while ledger._lazy_flush is not None:
                await asyncio.sleep(0)
            await ledger.run(put_nothing)
            return logged(database)

    assert run(story()) == [(5, "in", "[1]"), (6, "out", "[2]")]


def test_frames_do_not_wait_for_their_moment_when_they_are_many(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "_LAZY_FLUSH_S", 3600.0)

    async def story() -> tuple[int, int]:
        async with ledger_on(database) as ledger:
            await ledger.run(lambda work: work.charge_points.add(charge_point()))
            for number in range(511):
                ledger.log_frame(1, number, "in", "[]")
            await ledger.run(put_nothing)
            few = len(logged(database))
            ledger.log_frame(1, 511, "in", "[]")
            await ledger.run(put_nothing)
            return few, len(logged(database))

    assert run(story()) == (0, 512)


def test_frames_survive_a_bad_piece_in_their_batch_and_the_other_way_round(database: Database) -> None:
    async def story() -> None:
        async with ledger_on(database) as ledger:
            await ledger.run(lambda work: work.charge_points.add(charge_point()))
            for stranger in (1, 999):  # a frame of 999 belongs to nobody, which PostgreSQL refuses
                ledger.log_frame(stranger, 5, "in", "[]")
                ledger._flush_frames()
                with pytest.raises(ValueError):
                    await ledger.run(put_and_fail, "bad")
                await ledger.run(put, f"T{stranger}")

    with capture_logs():
        run(story())
    assert tags(database) == ["T1", "T999"]
    assert (5, "in", "[]") in logged(database)


# How long it waits.


class FakeTime:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.slept_s: list[float] = []

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        self.slept_s.append(seconds)


def test_a_lone_write_waits_for_nobody(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "time", time := FakeTime())
    traced = TracedDatabase(sqlite_database)

    async def story() -> None:
        async with ledger_on(traced) as ledger:
            for number in range(20):
                await ledger.run(put, f"T{number}")
            assert traced.count("COMMIT") == 20

    run(story())
    assert time.slept_s == []


def test_the_rest_of_a_burst_is_waited_for_but_never_long(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "time", time := FakeTime())

    async def story() -> list[float]:
        async with ledger_on(sqlite_database) as ledger:
            for _ in range(5):
                async with one_batch(ledger):
                    futures = [ledger.run(put_nothing) for _ in range(100)]
                await asyncio.gather(*futures)
            waits = []
            for _ in range(60):
                before_s = time.now_s
                await ledger.run(put_nothing)
                waits.append(time.now_s - before_s)
            return waits

    waits = run(story())
    assert 0 < max(waits) <= MAX_LINGER_S * 1.2
    assert waits[-1] == 0


# SQLite.


def test_the_writer_syncs_each_commit_and_leaves_checkpoints_to_others(sqlite_database: Database) -> None:
    def pragmas(work: Work) -> list[Any]:
        values = []
        for name in ("synchronous", "journal_mode", "wal_autocheckpoint"):
            work._cursor.execute(f"PRAGMA {name}")
            values += work._cursor.fetchone()
        return values

    async def story() -> list[Any]:
        async with ledger_on(sqlite_database) as ledger:
            return await ledger.run(pragmas)

    full = 2
    assert run(story()) == [full, "wal", 0]


@pytest.mark.integration
def test_on_postgresql_each_batch_is_one_transaction(postgres_database: Database) -> None:
    def transaction(work: Work) -> int:
        work._cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        return int(work._cursor.fetchone()[0])

    async def story() -> list[int]:
        async with ledger_on(postgres_database) as ledger:
            async with one_batch(ledger):
                futures = [ledger.run(transaction) for _ in range(20)]
            return await asyncio.gather(*futures)

    assert len(set(run(story()))) == 1
