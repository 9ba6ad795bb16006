"""Both stores keep the same contract; the one on disk keeps it over the end of its process."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from voltyard.chargepoint.errors import StateUnusable
from voltyard.chargepoint.store import STATE_FILE, Change, MemoryStore, SqliteStore, Store, open_store


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    store = open_store(None if request.param == "memory" else tmp_path)
    yield store
    store.close()


def test_records_are_read_by_kind_in_the_order_of_their_keys(store: Store) -> None:
    store.commit(Change("a", "2", b"two"), Change("b", "1", b"other"), Change("a", "1", b"one"))

    assert list(store.read("a").items()) == [("1", b"one"), ("2", b"two")]
    assert store.read("c") == {}


def test_a_record_is_replaced_and_removed(store: Store) -> None:
    store.commit(Change("a", "1", b"one"), Change("a", "2", b"two"))

    store.commit(Change("a", "1", b"uno"), Change("a", "2", None), Change("a", "3", None))

    assert store.read("a") == {"1": b"uno"}


def test_the_changes_of_a_commit_are_made_in_order(store: Store) -> None:
    store.commit(Change("a", "1", b"one"), Change("a", "1", None), Change("a", "1", b"uno"))

    assert store.read("a") == {"1": b"uno"}


def test_a_memory_store_can_be_given_to_the_next_charge_point() -> None:
    store = MemoryStore()
    store.commit(Change("a", "1", b"one"))

    store.close()

    assert store.read("a") == {"1": b"one"}


def test_what_was_committed_is_there_after_closing(tmp_path: Path) -> None:
    first = SqliteStore(tmp_path / "new" / "directory")
    first.commit(Change("a", "1", b"one"))
    first.close()

    second = SqliteStore(tmp_path / "new" / "directory")

    assert second.read("a") == {"1": b"one"}
    second.close()


@pytest.mark.integration
def test_what_was_committed_is_there_after_a_kill(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from voltyard.chargepoint.store import Change, SqliteStore\n"
        "store = SqliteStore(pathlib.Path(sys.argv[1]))\n"
        "for n in range(10**9):\n"
        "    store.commit(Change('a', f'{n:09}', b'x'), Change('b', f'{n:09}', b'y'))\n"
        "    print(n, flush=True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    for _ in range(20):
        acknowledged = int(process.stdout.readline())
    os.kill(process.pid, signal.SIGKILL)
    acknowledged = max([acknowledged, *map(int, process.stdout.read().split(b"\n")[:-1])])
    process.stdout.close()
    process.wait()

    store = SqliteStore(tmp_path)

    assert len(store.read("a")) > acknowledged
    assert store.read("a").keys() == store.read("b").keys()
    store.close()


def test_a_directory_has_one_owner(tmp_path: Path) -> None:
    owner = SqliteStore(tmp_path)

    with pytest.raises(StateUnusable, match="locked"):
        SqliteStore(tmp_path)

    owner.close()
    SqliteStore(tmp_path).close()


@pytest.mark.parametrize("content", [b"not a database at all, " * 100, b"\0" * 5000])
def test_a_corrupt_file_is_said_to_be_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / STATE_FILE).write_bytes(content)

    with pytest.raises(StateUnusable, match=STATE_FILE):
        SqliteStore(tmp_path)


def test_a_directory_that_cannot_be_made_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StateUnusable):
        SqliteStore(tmp_path / "file" / "directory")


def test_a_commit_that_fails_changes_nothing(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    store.commit(Change("a", "1", b"one"))

    with pytest.raises(StateUnusable):
        store.commit(Change("a", "2", b"two"), Change("a", "3", object()))  # type: ignore[arg-type]  # the failure

    assert store.read("a") == {"1": b"one"}
    store.close()


def test_commits_wait_for_the_disk(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)

    full = 2

    assert store._connection.execute("PRAGMA synchronous").fetchone() == (full,)
    store.close()
    assert sqlite3.sqlite_version_info >= (3, 7, 0), "WAL"
