"""The keys of the API; only their hashes are stored."""

from __future__ import annotations

from msgspec.structs import replace
from sqlalchemy import Dialect, bindparam, delete, insert

from voltyard.central.services.records import ApiKey
from voltyard.central.storage.schema import api_keys
from voltyard.central.storage.statements import Cursor, Statement
from voltyard.central.storage.stores.sql import columns, parameters


class ApiKeyStore:
    """Implements the services' `ApiKeys`."""

    def __init__(self, cursor: Cursor, dialect: Dialect) -> None:
        self._cursor = cursor
        table = api_keys.c
        self._insert = Statement(
            insert(api_keys).values(parameters(columns(api_keys))).returning(table.id), dialect
        )
        self._delete = Statement(delete(api_keys).where(table.id == bindparam("id_")), dialect)
        self._delete_expired = Statement(
            delete(api_keys).where(table.expires_at_us <= bindparam("at")), dialect
        )

    def add(self, key: ApiKey) -> ApiKey:
        """Store a new key and return it with its id."""
        values = {name: getattr(key, name) for name in columns(api_keys)}
        id = self._insert.one(self._cursor, int, **values)
        assert id is not None  # RETURNING gives a row for each inserted one
        return replace(key, id=id)

    def remove(self, id: int) -> bool:
        """Remove a key and say whether it was there."""
        return self._delete.run(self._cursor, id_=id) > 0

    def remove_expired(self, at_us: int) -> None:
        """Remove the keys whose time is over."""
        self._delete_expired.run(self._cursor, at=at_us)
