"""Storage trouble over sockets: nothing is lost, nothing is stored twice, nobody gets a CALLERROR for it."""

from __future__ import annotations

import errno
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.aio import run
from tests.central.building import Desk, TracedDatabase, rows
from tests.central.gateway.outage import (
    System,
    charger,
    populate,
    start,
    stop,
    system_on,
    until,
    values,
)

from voltyard.central.storage.database import Database
from voltyard.central.storage.schema import (
    connectors,
    deviations,
    meter_values,
    quarantine,
    stops,
    transactions,
)
from voltyard.central.storage.work import Work
from voltyard.protocol.messages import (
    AuthorizationStatus,
    Authorize,
    BootNotification,
    ChargePointErrorCode,
    ChargePointStatus,
    Heartbeat,
    StatusNotification,
)
from voltyard.transport.errors import CallRejected, Disconnected

CHARGING = StatusNotification(
    connector_id=1, error_code=ChargePointErrorCode.NO_ERROR, status=ChargePointStatus.CHARGING
)
# A number as a string: repaired and recorded.
_LAX_STOP = b'{"meterStop":"5","timestamp":"2024-05-17T12:00:00Z","transactionId":0}'
ROOT = Path(__file__).parents[3]
# One session ends in the outage and one begins; then the program is killed.
ANSWER_IN_AN_OUTAGE = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.central.building import TracedDatabase
from tests.central.gateway.outage import charger, populate, start, stop, system_on, values
from tests.central.gateway.test_outages import write_lock
from voltyard.central.storage.database import open_database

async def main():
    database = TracedDatabase(open_database(sys.argv[1]), busy_timeout_ms=20)
    async with system_on(database, Path(sys.argv[2])) as system:
        await system.ledger.run(populate, "CP1")
        async with charger(system) as cp:
            first = (await cp.peer.call(start())).transaction_id
            await cp.peer.call(values(first, 1))
            with write_lock(database):
                await cp.peer.call(values(first, 2))
                await cp.peer.call(stop(first))
                second = (await cp.peer.call(start(1))).transaction_id
                await cp.peer.call(values(second, 61))
                print(first, second, flush=True)
                os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@pytest.fixture
def impatient(sqlite_database: Database) -> TracedDatabase:
    """A database whose writer does not wait for other programs."""
    return TracedDatabase(sqlite_database, busy_timeout_ms=20)


@contextmanager
def write_lock(database: Database) -> Iterator[None]:
    """Another program that is writing to the file."""
    path = database.engine.url.database
    assert path is not None
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def limit_file(work: Work, more_pages: int) -> None:
    """Let the database grow by so many pages and no more."""
    (pages,) = work._cursor.execute("PRAGMA page_count").fetchone()  # type: ignore[attr-defined]  # sqlite3's
    work._cursor.execute(f"PRAGMA max_page_count={pages + more_pages}")


def stored(system: System) -> tuple[list[tuple[int, int | None]], list[int]]:
    """Transactions as (meter start, meter stop), and the minutes' values in order."""
    return (
        sorted((row.meter_start, row.meter_stop) for row in rows(system.database, transactions)),
        sorted(int(row.energy_wh) for row in rows(system.database, meter_values)),
    )


def test_an_outage_in_the_middle_of_a_transaction_costs_nothing(
    impatient: TracedDatabase, tmp_path: Path
) -> None:
    """F3, finding 3: answered while the database is locked, stored once when it is not."""

    async def story() -> None:
        async with system_on(impatient, tmp_path) as system:
            await system.ledger.run(populate, "CP1")
            async with charger(system) as cp:
                id = (await cp.peer.call(start())).transaction_id
                await cp.peer.call(values(id, 1))
                with write_lock(impatient):
                    for minute in range(2, 12):
                        await cp.peer.call(values(id, minute))
                    await cp.peer.call(CHARGING)
                    await cp.peer.call(stop(id))
                    second = (await cp.peer.call(start(1))).transaction_id
                    await cp.peer.call(values(second, 61))
                    await cp.peer.call(Heartbeat())
                    assert system.fallback.in_trouble
                    assert system.fallback.spooled == system.fallback.undrained == 14
                await system.recovered()
                await cp.peer.call(values(second, 62))
                await cp.peer.call(stop(second, minute=70))

            assert stored(system) == (
                [(0, 5000), (100, 5000)],
                [*range(1001, 1012), 1061, 1062],
            )
            assert {row.id for row in rows(system.database, transactions)} == {id, second}
            assert [row.status for row in rows(system.database, connectors)] == ["Charging"]
            assert rows(system.database, stops) == []
            assert not system.fallback.is_engaged

    run(story())


def test_a_start_in_the_outage_keeps_its_id_on_any_socket(impatient: TracedDatabase, tmp_path: Path) -> None:
    """The answer may be lost; the same start again is the same transaction, now and afterwards."""

    async def story() -> None:
        async with system_on(impatient, tmp_path) as system:
            await system.ledger.run(populate, "CP1")
            with write_lock(impatient):
                async with charger(system) as cp:
                    first = await cp.peer.call(start())
                    again = await cp.peer.call(start(id_tag="042f"))
                async with charger(system) as cp:
                    elsewhere = await cp.peer.call(start())
                    other = await cp.peer.call(start(connector_id=2))
            await system.recovered()
            async with charger(system) as cp:
                afterwards = await cp.peer.call(start())

            ids = {answer.transaction_id for answer in (first, again, elsewhere, afterwards)}
            assert ids == {first.transaction_id}
            assert other.transaction_id not in ids
            assert len(rows(system.database, transactions)) == 2

    run(story())


def test_a_tag_that_can_be_read_is_judged_in_the_outage_too(
    impatient: TracedDatabase, tmp_path: Path
) -> None:
    """SQLite can be read while somebody else writes."""

    async def story() -> None:
        async with system_on(impatient, tmp_path) as system:
            await system.ledger.run(populate, "CP1")
            async with charger(system) as cp:
                with write_lock(impatient):
                    authorized = await cp.peer.call(Authorize(id_tag="042F"))
                    known = await cp.peer.call(start())
                    unknown = await cp.peer.call(start(1, id_tag="STRANGER", connector_id=2))
            await system.recovered()

            assert authorized.id_tag_info.status is AuthorizationStatus.ACCEPTED
            assert known.id_tag_info.status is AuthorizationStatus.ACCEPTED
            assert unknown.id_tag_info.status is AuthorizationStatus.INVALID
            assert {row.anomalies for row in rows(system.database, transactions)} == {"", "not_authorized"}

    run(story())


def test_what_cannot_wait_is_refused_and_the_socket_stays(impatient: TracedDatabase, tmp_path: Path) -> None:
    async def story() -> None:
        async with system_on(impatient, tmp_path) as system:
            await system.ledger.run(populate, "CP1")
            async with charger(system) as cp:
                boot = BootNotification(charge_point_vendor="V", charge_point_model="M")
                with write_lock(impatient):
                    for _ in range(2):  # the first finds out, the second is told at once
                        with pytest.raises(CallRejected, match="InternalError: the storage is in trouble"):
                            await cp.peer.call(boot)
                    await cp.peer.call(values(0, 1))
                await system.recovered()
                await cp.peer.call(boot)

    run(story())


def test_a_malformed_report_in_the_outage_is_kept_before_it_is_refused(
    impatient: TracedDatabase, tmp_path: Path
) -> None:
    """Finding 4: nothing rejected may vanish, not even now."""

    async def story() -> None:
        async with system_on(impatient, tmp_path) as system:
            await system.ledger.run(populate, "CP1")
            async with charger(system) as cp:
                with write_lock(impatient):
                    for number in range(2):
                        with pytest.raises(CallRejected, match="OccurenceConstraintViolation"):
                            await cp.peer.call_raw("StopTransaction", b'{"meterStop":%d}' % number)
            await system.recovered()

            kept = [row.frame for row in rows(system.database, quarantine)]
            assert [frame.rpartition("StopTransaction")[2] for frame in kept] == [
                '",{"meterStop":0}]',
                '",{"meterStop":1}]',
            ]

    run(story())


@pytest.mark.parametrize("is_locked", [True, False])
def test_a_frame_that_is_not_even_a_call_is_kept_in_any_weather(
    is_locked: bool, impatient: TracedDatabase, tmp_path: Path
) -> None:
    frames = [b'[2,"%d","StopTransaction"]' % number for number in range(2)]

    async def story() -> None:
        async with system_on(impatient, tmp_path) as system:
            await system.ledger.run(populate, "CP1")
            async with charger(system) as cp:
                with write_lock(impatient) if is_locked else nullcontext():
                    for frame in frames:
                        cp.peer._link.send(frame)
                    await cp.peer.call(values(0, 1))
            await system.recovered()

            kept = [row.frame for row in rows(system.database, quarantine)]
            assert kept == [frame.decode() for frame in frames]

    run(story())


def test_repairs_of_a_report_in_the_outage_are_recorded_once(
    impatient: TracedDatabase, tmp_path: Path
) -> None:
    async def story() -> None:
        async with system_on(impatient, tmp_path) as system:
            await system.ledger.run(populate, "CP1")
            async with charger(system) as cp:
                with write_lock(impatient):
                    await cp.peer.call(values(0, 1))
                    await cp.peer.call_raw("StopTransaction", _LAX_STOP)
            await system.recovered()

            assert [row._mapping["count"] for row in rows(system.database, deviations)] == [1]
            assert [row.meter_stop for row in rows(system.database, stops)] == [5]

    run(story())


def test_the_trouble_is_logged_when_it_begins_and_when_it_ends(
    impatient: TracedDatabase, tmp_path: Path
) -> None:
    async def story() -> None:
        async with system_on(impatient, tmp_path) as system:
            await system.ledger.run(populate, "CP1")
            async with charger(system) as cp:
                with write_lock(impatient):
                    for minute in range(10):
                        await cp.peer.call(values(0, minute))
                await system.recovered()

    with capture_logs() as logs:
        run(story())
    told = Counter(line["event"] for line in logs)
    assert told["commit failed"] == 1
    assert told["the storage is in trouble, reports go to the spool"] == 1
    assert told["the storage works again"] == 1


def test_a_full_disk_of_the_database_is_bridged(impatient: TracedDatabase, tmp_path: Path) -> None:
    """F6: the spool has room of its own; what did not fit is stored when there is room again."""

    async def story() -> None:
        async with system_on(impatient, tmp_path) as system:
            await system.ledger.run(populate, "CP1")
            async with charger(system) as cp:
                id = (await cp.peer.call(start())).transaction_id
                await system.ledger.run(limit_file, 0)
                for minute in range(1, 101):
                    await cp.peer.call(values(id, minute))
                assert system.fallback.undrained > 0
                await system.ledger.run(limit_file, 1000)
                await system.recovered()
                await cp.peer.call(stop(id))

            assert stored(system) == ([(0, 5000)], [*range(1001, 1101)])

    run(story())


# If the program ends in the outage.


@pytest.mark.integration
def test_what_was_answered_in_the_outage_survives_a_kill(sqlite_database: Database, tmp_path: Path) -> None:
    """Crash rule: a new program over the same directory stores it before it lets anybody in."""
    url = sqlite_database.engine.url.render_as_string()
    done = subprocess.run(
        [sys.executable, "-c", ANSWER_IN_AN_OUTAGE, url, str(tmp_path)],
        capture_output=True,
        check=False,
        cwd=ROOT,
        text=True,
        timeout=30,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    first, second = map(int, done.stdout.splitlines()[-1].split())

    async def story() -> None:
        async with system_on(sqlite_database, tmp_path) as system:
            assert not system.fallback.is_engaged
            assert stored(system) == ([(0, 5000), (100, None)], [1001, 1002, 1061])
            async with charger(system) as cp:
                assert (await cp.peer.call(start(1))).transaction_id == second
                await cp.peer.call(stop(second, minute=70))

            assert {row.id for row in rows(sqlite_database, transactions)} == {first, second}
            assert stored(system)[0] == [(0, 5000), (100, 5000)]

    run(story())


def test_what_is_left_of_an_outage_is_stored_behind_if_it_takes_long(
    impatient: TracedDatabase, tmp_path: Path
) -> None:
    """The database is still in trouble when the program starts again: it answers all the same."""

    async def outage() -> None:
        async with system_on(impatient, tmp_path) as system, charger(system) as cp:
            with write_lock(impatient):
                await cp.peer.call(values(0, 1))

    async def afterwards() -> None:
        with write_lock(impatient):
            async with system_on(impatient, tmp_path) as system, charger(system) as cp:
                assert system.fallback.undrained == 1
                await cp.peer.call(values(0, 2))
        async with system_on(impatient, tmp_path) as system:
            await system.recovered()
            assert stored(system) == ([], [1001, 1002])

    with Desk(impatient) as desk:
        desk.do(populate, "CP1")
    run(outage())
    run(afterwards())


# If the spool fails too.


def test_if_the_spool_fails_too_the_socket_is_closed_and_the_report_can_come_again(
    impatient: TracedDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F6: a charger without a connection keeps what it has to report; the disk heals by itself."""

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def story() -> None:
        async with system_on(impatient, tmp_path) as system:
            await system.ledger.run(populate, "CP1")
            with write_lock(impatient):
                with monkeypatch.context() as faulty:
                    faulty.setattr("os.fdatasync", full)
                    async with charger(system) as cp:
                        with pytest.raises(Disconnected):
                            await cp.peer.call(start())
                        assert (await cp.lost)[0] == 1013
                async with charger(system) as cp:
                    id = (await cp.peer.call(start())).transaction_id
            await system.recovered()
            async with charger(system) as cp:
                await cp.peer.call(stop(id))

            assert stored(system) == ([(0, 5000)], [])

    run(story())


def test_without_an_id_in_reserve_a_start_is_not_answered(impatient: TracedDatabase, tmp_path: Path) -> None:
    async def story() -> None:
        async with system_on(impatient, tmp_path) as system:
            await system.ledger.run(populate, "CP1")
            while system.fallback.reserve.take() is not None:
                pass
            with write_lock(impatient):
                async with charger(system) as cp:
                    with pytest.raises(Disconnected):
                        await cp.peer.call(start())
                    assert (await cp.lost)[0] == 1013
            await until(lambda: not system.fallback.in_trouble)
            async with charger(system) as cp:
                assert (await cp.peer.call(start())).transaction_id > 0

            assert len(system.fallback.reserve) == 1000

    run(story())
