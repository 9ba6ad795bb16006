"""A desk for the services, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.central.building import Desk

from voltyard.central.storage.database import Database


@pytest.fixture
def desk(database: Database) -> Iterator[Desk]:
    """A desk over an empty database."""
    with Desk(database) as opened:
        yield opened
