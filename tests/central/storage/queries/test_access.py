"""API keys in pages, on both databases."""

from __future__ import annotations

from voltyard.central.credentials import Role
from voltyard.central.storage.access import create_api_key
from voltyard.central.storage.database import Database
from voltyard.central.storage.queries.access import api_key_page


def test_keys_are_listed_oldest_first(database: Database) -> None:
    for name in ("c", "a", "b"):
        create_api_key(database, Role.VIEWER, name)

    with database.engine.connect() as connection:
        first = api_key_page(connection, None, 2)
        assert first.next is not None
        second = api_key_page(connection, (int(first.next[0]),), 2)

    assert [key.name for key in first.items + second.items] == ["c", "a", "b"]
    assert second.next is None
