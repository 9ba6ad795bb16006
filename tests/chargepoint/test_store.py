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

from voltyard.chargepoint.errors import StateCorrupt, StateUnusable
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
def test_a_corrupt_file_is_said_to_be_one_and_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / STATE_FILE).write_bytes(content)

    with pytest.raises(StateCorrupt, match=STATE_FILE):
        open_store(tmp_path)

    assert (tmp_path / STATE_FILE).read_bytes() == content


def test_started_fresh_a_corrupt_file_is_kept_aside(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / STATE_FILE).write_bytes(b"nonsense" * 1000)

        store = open_store(tmp_path, fresh=True)

        assert store.read("a") == {}
        store.commit(Change("a", "1", b"one"))
        store.close()
        assert (tmp_path / f"{STATE_FILE}.damaged-{number}").read_bytes() == b"nonsense" * 1000


def test_started_fresh_a_good_file_goes_on_to_be_used(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    store.commit(Change("a", "1", b"one"))
    store.close()

    again = open_store(tmp_path, fresh=True)

    assert again.read("a") == {"1": b"one"}
    again.close()


def test_a_file_that_another_process_uses_is_not_kept_aside(tmp_path: Path) -> None:
    owner = SqliteStore(tmp_path)

    with pytest.raises(StateUnusable, match="locked"):
        open_store(tmp_path, fresh=True)

    owner.close()


def test_no_damage_goes_unnoticed(tmp_path: Path) -> None:
    """Whichever byte of the file changes: it is refused, or every record is what it was."""
    store = SqliteStore(tmp_path)
    records = {f"{number:03}": f"value {number}".encode() * 9 for number in range(40)}
    store.commit(*(Change("a", key, value) for key, value in records.items()))
    store.close()
    good = (tmp_path / STATE_FILE).read_bytes()
    refused = 0

    for position in range(0, len(good), 37):
        damaged = bytearray(good)
        damaged[position] ^= 0x10
        (tmp_path / STATE_FILE).write_bytes(damaged)
        try:
            opened = SqliteStore(tmp_path)
        except StateCorrupt:
            refused += 1
        else:
            assert opened.read("a") == records
            opened.close()

    assert refused > 50


def test_a_store_without_checksums_gets_them(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / STATE_FILE)
    connection.execute(
        "CREATE TABLE record (kind TEXT, key TEXT, value BLOB, PRIMARY KEY (kind, key)) WITHOUT ROWID"
    )
    connection.execute("INSERT INTO record VALUES ('a', '1', x'6f6e65')")
    connection.commit()
    connection.close()

    for _ in range(2):
        store = SqliteStore(tmp_path)
        assert store.read("a") == {"1": b"one"}
        store.close()


def test_a_directory_that_is_made_is_for_nobody_else(tmp_path: Path) -> None:
    SqliteStore(tmp_path / "state").close()

    assert (tmp_path / "state").stat().st_mode & 0o077 == 0


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
