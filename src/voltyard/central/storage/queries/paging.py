"""Pages of a list: read by key, never by offset, so the last page costs what the first one does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, NamedTuple, TypeVar

from sqlalchemy import Connection, ScalarSelect, select

from voltyard.central.services.errors import NotFound
from voltyard.central.storage.schema import charge_points

T = TypeVar("T")
U = TypeVar("U")
Key = tuple[int | str, ...]


class Page(NamedTuple, Generic[T]):
    """Some items of a list; the next page begins after `next`, which is None on the last one."""

    items: list[T]
    next: Key | None

    def map(self, function: Callable[[T], U]) -> Page[U]:
        """Return the same page of something made of each item."""
        return Page([function(item) for item in self.items], self.next)


def cut(rows: Iterable[T], limit: int, key: Callable[[T], Key]) -> Page[T]:
    """Return the first rows as a page."""
    found: Sequence[T] = list(rows)
    items = list(found[:limit])
    return Page(items, key(items[-1]) if len(found) > limit else None)


def id_of(identity: str) -> ScalarSelect[int]:
    """Return a subquery for the id of a charge point, a deleted one too; nothing equals that of none."""
    return select(charge_points.c.id).where(charge_points.c.identity == identity).scalar_subquery()


def require_id(connection: Connection, identity: str) -> int:
    """Return the id of a charge point that is not deleted; raises `NotFound`."""
    table = charge_points.c
    id = connection.execute(
        select(table.id).where(table.identity == identity, table.deleted_at_us.is_(None))
    ).scalar()
    if id is None:
        raise NotFound(f"no charge point {identity!r}")
    return int(id)
