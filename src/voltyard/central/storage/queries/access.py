"""API keys, oldest first."""

from __future__ import annotations

from sqlalchemy import Connection, select

from voltyard.central.services.records import ApiKey
from voltyard.central.storage.queries.paging import Page, cut
from voltyard.central.storage.schema import api_keys


def api_key_page(connection: Connection, after: tuple[int] | None, limit: int) -> Page[ApiKey]:
    """Return API keys."""
    query = select(api_keys).order_by(api_keys.c.id)
    if after is not None:
        query = query.where(api_keys.c.id > after[0])
    found = [ApiKey(*row) for row in connection.execute(query.limit(limit + 1))]
    return cut(found, limit, lambda key: (key.id,))
