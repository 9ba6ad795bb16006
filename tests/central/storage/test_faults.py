"""What drivers raise, told apart by real databases: trouble of the storage, or of the work."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from voltyard.central.storage.errors import Contended, StorageFailed, WorkRefused, is_trouble
from voltyard.central.storage.faults import translate


def raised(connection: sqlite3.Connection | psycopg.Connection, *statements: str) -> Exception:
    """What the last of some statements raises."""
    *before, last = statements
    for statement in before:
        connection.execute(statement)
    with pytest.raises((sqlite3.Error, psycopg.Error)) as caught:
        connection.execute(last)
    return caught.value


def kind(error: Exception) -> type[Exception]:
    return type(translate(error))


def test_what_no_driver_raised_stays_as_it_is() -> None:
    error = KeyError("a defect")

    assert translate(error) is error
    assert not is_trouble(error)


def test_a_failure_of_the_storage_stays_as_it_is() -> None:
    error = StorageFailed("no database")

    assert translate(error) is error
    assert is_trouble(error)


def test_sqlite_in_trouble(tmp_path: Path) -> None:
    first, second = (sqlite3.connect(tmp_path / "file.db", isolation_level=None, timeout=0) for _ in range(2))
    with contextlib.closing(first), contextlib.closing(second):
        first.execute("CREATE TABLE stored (blob BLOB)")
        first.execute("BEGIN IMMEDIATE")
        assert kind(raised(second, "BEGIN IMMEDIATE")) is StorageFailed
        first.execute("ROLLBACK")
        full = raised(first, "PRAGMA max_page_count=2", "INSERT INTO stored VALUES (zeroblob(100000))")
        assert kind(full) is StorageFailed
    readonly = sqlite3.connect(f"file:{tmp_path / 'file.db'}?mode=ro", uri=True)
    with contextlib.closing(readonly):
        assert kind(raised(readonly, "DELETE FROM stored")) is StorageFailed


def test_work_that_sqlite_refuses() -> None:
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE stored (number INTEGER PRIMARY KEY)")
        taken = raised(connection, "INSERT INTO stored VALUES (1)", "INSERT INTO stored VALUES (1)")
        missing = raised(connection, "SELECT * FROM missing")

    assert kind(taken) is WorkRefused
    assert kind(missing) is WorkRefused
    assert not is_trouble(translate(taken))


def test_what_sqlalchemy_wraps_is_looked_into(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'no' / 'folder.db'}")
    with pytest.raises(DBAPIError) as caught:
        engine.connect()

    failure = translate(caught.value)
    assert type(failure) is StorageFailed
    assert str(failure) == "unable to open database file"


@pytest.mark.integration
def test_postgresql_in_trouble(postgres_url: str) -> None:
    engine = create_engine(postgres_url.replace("postgresql:", "postgresql+psycopg:"))
    with psycopg.connect(postgres_url, autocommit=True) as connection, engine.connect() as other:
        connection.execute("CREATE TABLE stored (number INTEGER)")
        other.execute(text("LOCK TABLE stored"))
        waited = raised(connection, "SET lock_timeout = 10", "SELECT * FROM stored")
        late = raised(connection, "SET statement_timeout = 10", "SELECT pg_sleep(10)")
        gone = raised(connection, "SELECT pg_terminate_backend(pg_backend_pid())")
    engine.dispose()
    with pytest.raises(psycopg.OperationalError) as nobody:
        psycopg.connect("postgresql://nobody@127.0.0.1:1/none")

    assert [kind(error) for error in (waited, late, gone, nobody.value)] == [StorageFailed] * 4
    assert "\n" not in str(translate(nobody.value))


@pytest.mark.integration
def test_work_that_postgresql_refuses(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE stored (number INTEGER PRIMARY KEY)")
        errors = [
            raised(connection, "INSERT INTO stored VALUES (1)", "INSERT INTO stored VALUES (1)"),
            raised(connection, "INSERT INTO stored VALUES (2147483648)"),
            raised(connection, "SELECT * FROM missing"),
            raised(connection, "SELECT repeat('x', 1500000000)"),
        ]

    assert [kind(error) for error in errors] == [WorkRefused] * 4


@pytest.mark.integration
def test_two_programs_in_each_others_way(postgres_url: str) -> None:
    """A deadlock: one of them is rolled back, and would succeed alone."""
    found: list[type[Exception]] = []

    with (
        psycopg.connect(postgres_url) as first,
        psycopg.connect(postgres_url) as second,
    ):
        first.execute("CREATE TABLE stored AS SELECT 1 AS number UNION SELECT 2")
        first.commit()
        for connection in (first, second):
            connection.execute("SET deadlock_timeout = 10")
        first.execute("UPDATE stored SET number = 1 WHERE number = 1")
        second.execute("UPDATE stored SET number = 2 WHERE number = 2")

        def cross(connection: psycopg.Connection, number: int) -> None:
            try:
                connection.execute("UPDATE stored SET number = %s WHERE number = %s", (number, number))
            except psycopg.Error as error:
                found.append(kind(error))
            connection.rollback()

        crossing = threading.Thread(target=cross, args=(first, 2))
        crossing.start()
        cross(second, 1)
        crossing.join(10)

    assert found == [Contended]
