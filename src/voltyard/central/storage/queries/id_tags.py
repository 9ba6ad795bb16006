"""Tags, in the order of their comparable form."""

from __future__ import annotations

from sqlalchemy import Connection, select

from voltyard.central.services.records import IdTag
from voltyard.central.storage.queries.paging import Page, cut
from voltyard.central.storage.schema import id_tags


def tag_page(connection: Connection, after: tuple[str] | None, limit: int) -> Page[IdTag]:
    """Return tags."""
    key = id_tags.c.id_tag_key
    query = select(id_tags).order_by(key)
    if after is not None:
        query = query.where(key > after[0])
    found = [IdTag(*row) for row in connection.execute(query.limit(limit + 1))]
    return cut(found, limit, lambda tag: (tag.id_tag_key,))
