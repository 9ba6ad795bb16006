"""Databases that are ready to be used, without migrating each of them anew."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.postgres import PostgresServer

from voltyard.central.storage.database import Database, open_database


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the newest schema and nothing in it."""
    path = tmp_path_factory.mktemp("template") / "voltyard.db"
    open_database(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer) -> str:
    """The name of a database with the newest schema and nothing in it."""
    name = postgres.create_database()
    open_database(postgres.url(name)).close()
    return name


@pytest.fixture
def ready_sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh SQLite database of the newest schema."""
    path = tmp_path / "voltyard.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def ready_postgres_url(postgres: PostgresServer, postgres_template: str) -> Iterator[str]:
    """A fresh PostgreSQL database of the newest schema."""
    name = postgres.create_database(template=postgres_template)
    yield postgres.url(name)
    postgres.drop_database(name)


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
