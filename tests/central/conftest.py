"""Databases that are ready to be used, without migrating each of them anew."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from tests.postgres import PostgresServer

from voltyard.central.storage.database import Database, open_database
from voltyard.central.storage.schema import metadata

_KEPT = {"instance", "counters"}
# One after the other, in the order in which foreign keys allow it: many times faster than TRUNCATE.
_OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
_EMPTIED = [table.name for table in reversed(metadata.sorted_tables) if table.name not in _KEPT]
# One after the other, in the order in which foreign keys allow it: many times faster than TRUNCATE.
_EMPTYING = ";".join(
    [
        f"SELECT pg_terminate_backend(pid, 5000) {_OTHERS}",
        *(f"DELETE FROM {name}" for name in _EMPTIED),
        "DELETE FROM counters WHERE name <> 'transactions'",
        "UPDATE counters SET value = 0",
        "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'",
    ]
)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the newest schema and nothing in it."""
    path = tmp_path_factory.mktemp("template") / "voltyard.db"
    open_database(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def used_postgres_url(postgres: PostgresServer) -> str:
    """The one PostgreSQL database of the newest schema that tests share, one after the other."""
    url = postgres.url(postgres.create_database())
    open_database(url).close()
    return url


@pytest.fixture
def ready_sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh SQLite database of the newest schema."""
    path = tmp_path / "voltyard.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def ready_postgres_url(used_postgres_url: str) -> Iterator[str]:
    """A PostgreSQL database of the newest schema with nothing in it; making one anew takes far longer."""
    yield used_postgres_url
    with psycopg.connect(used_postgres_url, autocommit=True) as connection:
        connection.execute(_EMPTYING.encode())


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)],
)
def ready_url(request: pytest.FixtureRequest) -> str:
    """A fresh database of the newest schema, once on SQLite and once on PostgreSQL."""
    fixture = {"sqlite": "ready_sqlite_url", "postgresql": "ready_postgres_url"}[request.param]
    url = request.getfixturevalue(fixture)
    assert isinstance(url, str)
    return url


@pytest.fixture
def database(ready_url: str) -> Iterator[Database]:
    """An open fresh database, once on SQLite and once on PostgreSQL."""
    opened = open_database(ready_url)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_database(ready_sqlite_url: str) -> Iterator[Database]:
    """An open fresh SQLite database."""
    opened = open_database(ready_sqlite_url)
    yield opened
    opened.close()


@pytest.fixture
def postgres_database(ready_postgres_url: str) -> Iterator[Database]:
    """An open fresh PostgreSQL database; tests that use it are marked `integration`."""
    opened = open_database(ready_postgres_url)
    yield opened
    opened.close()
