"""Pages: cut behind the last item, and continued from its key."""

from __future__ import annotations

import pytest
from tests.central.building import NOON_US, Desk, charge_point

from voltyard.central.services.errors import NotFound
from voltyard.central.storage.database import Database
from voltyard.central.storage.queries.paging import Page, cut, require_id


def test_a_page_that_is_not_the_last_names_the_key_of_its_last_item() -> None:
    page = cut([3, 5, 8], 2, lambda item: (item, "x"))

    assert page == Page([3, 5], (5, "x"))


@pytest.mark.parametrize("found", [[], [3], [3, 5]])
def test_the_last_page_has_no_key(found: list[int]) -> None:
    assert cut(found, 2, lambda item: (item,)) == Page(found, None)


def test_a_page_can_be_mapped() -> None:
    assert Page([1, 2], (2,)).map(str) == Page(["1", "2"], (2,))


def test_only_a_charge_point_that_is_not_deleted_has_an_id(database: Database) -> None:
    with Desk(database) as desk:
        origin = desk.add(charge_point("CP1"))
        desk.add(charge_point("CP2", deleted_at_us=NOON_US))

    with database.engine.connect() as connection:
        assert require_id(connection, "CP1") == origin.id
        for identity in ("CP2", "CP3", ""):
            with pytest.raises(NotFound):
                require_id(connection, identity)
