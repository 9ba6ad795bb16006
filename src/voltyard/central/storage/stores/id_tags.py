"""The tags that are known."""

from __future__ import annotations

from msgspec.structs import astuple
from sqlalchemy import Dialect, bindparam, delete, select

from voltyard.central.services.authorization import fold
from voltyard.central.services.records import IdTag
from voltyard.central.storage.schema import id_tags
from voltyard.central.storage.statements import Cursor, Statement
from voltyard.central.storage.stores.sql import columns, parameters, rows_of, upsert


class IdTagStore:
    """Implements the services' `IdTags`."""

    def __init__(self, cursor: Cursor, dialect: Dialect) -> None:
        self._cursor = cursor
        key = id_tags.c.id_tag_key
        self._get = Statement(select(id_tags).where(key == bindparam("key_")), dialect)
        self._delete = Statement(delete(id_tags).where(key == bindparam("key_")), dialect)
        names = columns(id_tags)
        statement = upsert(id_tags, dialect).inline().values(parameters(names))
        self._put = rows_of(
            Statement(
                statement.on_conflict_do_update(
                    index_elements=["id_tag_key"],
                    set_={
                        name: statement.excluded[name]
                        for name in names
                        if name not in {"id_tag_key", "created_at_us"}
                    },
                ),
                dialect,
            ),
            IdTag,
        )

    def get(self, id_tag: str) -> IdTag | None:
        """Return a tag; letter case does not matter (OCPP 1.6 §2.2)."""
        return self._get.one(self._cursor, IdTag, key_=fold(id_tag))

    def put(self, tag: IdTag) -> None:
        """Store a tag, in place of an earlier one."""
        self._put.run_row(self._cursor, astuple(tag))

    def remove(self, id_tag: str) -> bool:
        """Forget a tag and say whether it was there."""
        return self._delete.run(self._cursor, key_=fold(id_tag)) > 0
