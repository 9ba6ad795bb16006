"""Tags in pages, on both databases."""

from __future__ import annotations

from tests.central.building import Desk, tag

from voltyard.central.storage.database import Database
from voltyard.central.storage.queries.id_tags import tag_page


def test_tags_go_by_their_comparable_form(database: Database) -> None:
    with Desk(database) as desk:
        desk.add(*[tag(name) for name in ("b", "C", "A", "d")])

    with database.engine.connect() as connection:
        first = tag_page(connection, None, 2)
        second = tag_page(connection, ("b",), 2)

    assert [one.id_tag for one in first.items] == ["A", "b"]
    assert first.next == ("b",)
    assert [one.id_tag for one in second.items] == ["C", "d"]
    assert second.next is None
