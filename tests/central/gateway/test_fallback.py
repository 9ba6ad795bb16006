"""What stands in for the ledger: who is answered how, what goes behind what, and when it steps back."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.aio import run
from tests.central.building import NOON_US, Desk, TracedDatabase, rows, tag
from tests.central.gateway.outage import HASTE, populate, start, stop, until, values
from tests.central.gateway.test_backlog import TOLD, call

from voltyard.central.gateway.backlog import Backlog
from voltyard.central.gateway.fallback import Fallback, InHand
from voltyard.central.services.origin import Origin
from voltyard.central.services.records import IdTag
from voltyard.central.storage.database import Database
from voltyard.central.storage.errors import StorageFailed, WorkRefused
from voltyard.central.storage.ledger import Ledger
from voltyard.central.storage.schema import meter_values, quarantine, transactions
from voltyard.protocol.codec import encode
from voltyard.protocol.errors import CallError
from voltyard.protocol.messages import (
    AuthorizationStatus,
    BootNotification,
    MeterValuesResponse,
    StartTransactionResponse,
    StopTransactionResponse,
)
from voltyard.protocol.payload import Request

BOOT = BootNotification(charge_point_vendor="V", charge_point_model="M")
TROUBLE = StorageFailed("database is locked")


class Surroundings:
    """A fallback, and what the world around it does."""

    def __init__(self, ledger: Ledger, backlog: Backlog, find_tag: Callable[[str], Awaitable[IdTag | None]]):
        self.ledger = ledger
        self.backlog = backlog
        self.recoveries = 0
        self.released: list[str] = []
        self.fallback = Fallback(ledger, backlog, find_tag, lambda: [self], self._recovered, HASTE)

    def release(self, error: StorageFailed) -> None:
        """What a session does, but that it only takes note."""
        self.released.append(error.detail)

    def _recovered(self) -> None:
        self.recoveries += 1


async def find_tag(_id_tag: str) -> IdTag | None:
    return tag("042F")


async def find_nothing_ever(_id_tag: str) -> IdTag | None:
    await asyncio.Event().wait()
    return None


async def find_trouble(_id_tag: str) -> IdTag | None:
    raise TROUBLE


@asynccontextmanager
async def fallback_on(
    database: Database,
    directory: Path,
    find: Callable[[str], Awaitable[IdTag | None]] = find_tag,
    *,
    is_open: bool = True,
) -> AsyncIterator[Surroundings]:
    ledger = Ledger(database, lambda _: None)
    backlog = await Backlog.open(directory)
    around = Surroundings(ledger, backlog, find)
    try:
        if is_open:
            await around.fallback.open()
        yield around
    finally:
        await around.fallback.close()
        await backlog.close()
        await ledger.close()


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    with Desk(sqlite_database) as desk:
        desk.do(populate, "CP1", "CP2")
    return TracedDatabase(sqlite_database, busy_timeout_ms=20)


@pytest.fixture
def other(database: Database) -> Iterator[sqlite3.Connection]:
    """Another program that may lock the database."""
    path = database.engine.url.database
    assert path is not None
    connection = sqlite3.connect(path, isolation_level=None)
    yield connection
    connection.close()


def in_hand(request: Request[Any], charge_point_id: int = 1) -> InHand:
    origin = Origin(charge_point_id, f"CP{charge_point_id}")
    return InHand(origin, request.action, encode(request), request, NOON_US)


def rescued(around: Surroundings, call: InHand, error: Exception) -> asyncio.Future[Any]:
    """The answer to a CALL whose work has failed."""
    answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    around.fallback.rescue(call, answer, error)
    return answer


# Good times.


def test_in_good_times_nothing_is_taken(database: Database, tmp_path: Path) -> None:
    async def story() -> None:
        async with fallback_on(database, tmp_path) as around:
            assert not around.fallback.is_engaged
            assert around.fallback.take(in_hand(start())) is None
            assert around.fallback.take(in_hand(BOOT)) is None
            assert len(around.fallback.reserve) == 1000

    run(story())


# A CALL whose commit failed.


def test_a_call_whose_commit_failed_is_answered_once_it_is_in_the_spool(
    database: Database, other: sqlite3.Connection, tmp_path: Path
) -> None:
    async def story() -> None:
        async with fallback_on(database, tmp_path) as around:
            other.execute("BEGIN IMMEDIATE")
            answers = [
                await rescued(around, in_hand(request), TROUBLE)
                for request in (start(), values(1, 1), stop(1))
            ]
            assert around.fallback.in_trouble
            assert (around.fallback.spooled, around.fallback.undrained) == (3, 3)
            other.execute("ROLLBACK")
            await until(lambda: not around.fallback.is_engaged)

            assert isinstance(answers[0], StartTransactionResponse)
            assert answers[1:] == [MeterValuesResponse(), StopTransactionResponse()]
            assert around.recoveries == 1
            assert len(rows(database, transactions)) == 1

    run(story())


def test_a_call_that_is_rescued_twice_is_kept_once(
    database: Database, other: sqlite3.Connection, tmp_path: Path
) -> None:
    """The stall is noticed, and then the commit fails as well."""

    async def story() -> None:
        async with fallback_on(database, tmp_path) as around:
            other.execute("BEGIN IMMEDIATE")
            answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            for _ in range(2):
                around.fallback.rescue(in_hand(values(1, 1)), answer, TROUBLE)
            await answer
            around.fallback.rescue(in_hand(values(1, 1)), answer, TROUBLE)

            assert around.fallback.undrained == 1
            other.execute("ROLLBACK")

    run(story())


def test_an_answer_that_comes_after_all_is_the_one_that_counts(database: Database, tmp_path: Path) -> None:
    async def story() -> None:
        async with fallback_on(database, tmp_path) as around:
            answer = rescued(around, in_hand(start()), TROUBLE)
            answer.set_result("from the ledger")
            await until(lambda: around.fallback.spooled == 1)

            assert await answer == "from the ledger"
            await until(lambda: not around.fallback.is_engaged)

    run(story())


def test_what_cannot_wait_is_refused(database: Database, other: sqlite3.Connection, tmp_path: Path) -> None:
    async def story() -> None:
        async with fallback_on(database, tmp_path) as around:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(CallError, match="InternalError: the storage is in trouble"):
                await rescued(around, in_hand(BOOT), TROUBLE)
            with pytest.raises(CallError, match="InternalError: the storage is in trouble"):
                around.fallback.take(in_hand(BOOT))
            other.execute("ROLLBACK")

    run(story())


@pytest.mark.parametrize("error", [KeyError("a defect"), WorkRefused("integer out of range")])
def test_a_report_that_is_at_fault_itself_is_answered_and_goes_behind_nobody(
    error: Exception, database: Database, tmp_path: Path
) -> None:
    """It is no trouble of the storage: others are not touched by it."""

    async def story() -> None:
        async with fallback_on(database, tmp_path) as around:
            assert await rescued(around, in_hand(values(0, 1)), error) == MeterValuesResponse()

            assert not around.fallback.in_trouble
            assert around.fallback.take(in_hand(values(0, 2), charge_point_id=2)) is None
            await until(lambda: not around.fallback.undrained)

    run(story())


def test_a_defect_in_what_cannot_wait_stays_what_it_is(database: Database, tmp_path: Path) -> None:
    async def story() -> None:
        async with fallback_on(database, tmp_path) as around:
            with pytest.raises(KeyError):
                await rescued(around, in_hand(BOOT), KeyError("a defect"))
            assert not around.fallback.is_engaged

    run(story())


def test_a_report_that_can_never_be_stored_ends_in_quarantine(database: Database, tmp_path: Path) -> None:
    async def story() -> None:
        async with fallback_on(database, tmp_path) as around:
            strange = in_hand(values(0, 1))._replace(content=b'{"connectorId":1}')
            await rescued(around, strange, KeyError("a defect"))
            await until(lambda: not around.fallback.is_engaged)

            assert [row.frame for row in rows(database, quarantine)] == ['{"connectorId":1}']

    run(story())


# Order.


def test_a_charge_point_with_calls_in_the_spool_queues_up_behind_them(
    database: Database, tmp_path: Path
) -> None:
    """The trouble is over, but its earlier reports are not stored yet; others are not held up."""

    async def story() -> None:
        async with fallback_on(database, tmp_path, is_open=False) as around:
            await around.backlog.add(call(start(), told=TOLD))
            around.fallback.is_engaged = True

            taken = around.fallback.take(in_hand(values(TOLD.id, 1)))
            assert taken is not None
            await taken
            assert around.fallback.take(in_hand(values(TOLD.id, 1), charge_point_id=2)) is None
            assert around.fallback.take(in_hand(BOOT)) is None
            assert around.fallback.undrained == 2

            await around.fallback.open()
            assert around.fallback.take(in_hand(values(TOLD.id, 2))) is None
            (stored,) = rows(database, transactions)
            assert [row.transaction_number for row in rows(database, meter_values)] == [stored.number]

    run(story())


def test_everything_is_stored_in_the_order_in_which_it_was_answered(
    database: Database, other: sqlite3.Connection, tmp_path: Path
) -> None:
    async def story() -> None:
        async with fallback_on(database, tmp_path) as around:
            other.execute("BEGIN IMMEDIATE")
            await rescued(around, in_hand(values(0, 0)), TROUBLE)
            for minute in range(1, 250):
                taken = around.fallback.take(in_hand(values(0, minute)))
                assert taken is not None
                await taken
            other.execute("ROLLBACK")
            await until(lambda: not around.fallback.is_engaged)

            assert [row.energy_wh for row in rows(database, meter_values)] == [*range(1000, 1250)]

    run(story())


# Starts.


@pytest.mark.parametrize("find", [find_trouble, find_nothing_ever])
def test_a_start_whose_tag_cannot_be_looked_up_is_accepted_and_marked(
    find: Callable[[str], Awaitable[IdTag | None]], database: Database, tmp_path: Path
) -> None:
    async def story() -> None:
        async with fallback_on(database, tmp_path, find) as around:
            answer = await rescued(around, in_hand(start(id_tag="STRANGER")), TROUBLE)
            assert answer.id_tag_info.status is AuthorizationStatus.ACCEPTED
            await until(lambda: not around.fallback.is_engaged)

            (stored,) = rows(database, transactions)
            assert stored.id == answer.transaction_id
            assert stored.authorization == "Invalid"
            assert set(stored.anomalies.split()) >= {"authorized_unverified", "not_authorized"}

    run(story())


def test_a_look_up_that_hangs_is_given_up(database: Database, tmp_path: Path) -> None:
    async def story() -> None:
        async with fallback_on(database, tmp_path, find_nothing_ever) as around:
            with pytest.raises(StorageFailed, match="could not be looked up in time"):
                await around.fallback.find_tag("042F")

    run(story())


# A ledger that fails or hangs.


def test_a_commit_that_failed_for_somebody_else_is_trouble_for_all(
    database: Database, other: sqlite3.Connection, tmp_path: Path
) -> None:
    """Nobody has to wait for a failure of his own."""

    async def story() -> None:
        async with fallback_on(database, tmp_path) as around:
            other.execute("BEGIN IMMEDIATE")
            around.ledger.post(lambda _: None)
            await until(lambda: bool(around.released))
            assert around.fallback.in_trouble
            other.execute("ROLLBACK")
            await until(lambda: not around.fallback.is_engaged)

    run(story())


def test_a_stall_is_trouble_and_every_session_is_told(database: Database, tmp_path: Path) -> None:
    held = threading.Event()

    async def story() -> None:
        async with fallback_on(database, tmp_path) as around:
            hanging = around.ledger.run(lambda _: held.wait(10))
            await until(lambda: around.fallback.in_trouble)
            assert around.released[0].startswith("no commit for ")
            assert around.fallback.take(in_hand(values(0, 1))) is not None
            held.set()
            await hanging
            await until(lambda: not around.fallback.is_engaged)

            assert len(rows(database, meter_values)) == 1

    run(story())


def test_work_that_was_rescued_while_it_waited_is_not_done_twice(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be harmless, but there may be thousands of them."""
    monkeypatch.setattr("voltyard.central.storage.ledger._SLOW_S", 0.05)
    held = threading.Event()
    done: list[str] = []

    def note(_work: object) -> None:
        done.append("done")

    async def story() -> None:
        async with fallback_on(database, tmp_path) as around:
            hanging = around.ledger.run(lambda _: held.wait(10))
            await until(lambda: around.ledger.busy_s > 0.06)
            waiting = around.ledger.run_or(lambda _answer, _error: None, note)
            waiting.set_result(None)
            held.set()
            await hanging
            await around.ledger.run(lambda _: None)

            assert done == []

    run(story())


# The spool fails, or hangs.


def test_a_spool_that_hangs_is_given_up_in_time(
    database: Database, other: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never silence: without an answer in time the connection is closed."""
    held = threading.Event()

    def hang(_descriptor: int) -> None:
        held.wait(10)

    async def story() -> None:
        async with fallback_on(database, tmp_path) as around:
            around.fallback._pace = HASTE._replace(spool_within_s=0.1)
            other.execute("BEGIN IMMEDIATE")
            monkeypatch.setattr("os.fdatasync", hang)
            with pytest.raises(StorageFailed) as raised:
                await rescued(around, in_hand(values(0, 1)), TROUBLE)
            assert raised.value.code == 1013
            held.set()
            other.execute("ROLLBACK")

    run(story())


def test_a_spool_that_cannot_be_drained_does_not_keep_the_trouble_alive(
    database: Database, other: sqlite3.Connection, tmp_path: Path
) -> None:
    async def story() -> None:
        async with fallback_on(database, tmp_path) as around:
            other.execute("BEGIN IMMEDIATE")
            await rescued(around, in_hand(values(0, 1)), TROUBLE)
            for file in tmp_path.glob("*.spool"):
                file.unlink()
            other.execute("ROLLBACK")
            await until(lambda: not around.fallback.in_trouble)

            assert around.fallback.take(in_hand(values(0, 1), charge_point_id=2)) is None
            assert around.fallback.undrained == 1

    run(story())
