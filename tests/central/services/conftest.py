"""A desk for the services, on both databases; made once, since that takes longer than a test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.central.building import Desk
from tests.postgres import PostgresServer

from voltyard.central.storage.database import open_database


@pytest.fixture(scope="session")
def sqlite_desk(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk over SQLite."""
    path = tmp_path_factory.mktemp("desk") / "voltyard.db"
    shutil.copy(sqlite_template, path)
    with closing(open_database(f"sqlite:///{path}")) as database, Desk(database) as desk:
        yield desk


@pytest.fixture(scope="session")
def postgresql_desk(postgres: PostgresServer) -> Iterator[Desk]:
    """A desk over PostgreSQL."""
    url = postgres.url(postgres.create_database())
    with closing(open_database(url)) as database, Desk(database) as desk:
        yield desk


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)],
)
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    """A desk over an empty database, once on SQLite and once on PostgreSQL."""
    desk = request.getfixturevalue(f"{request.param}_desk")
    assert isinstance(desk, Desk)
    yield desk
    desk.clear()
