"""Tags: one each, whatever the letter case."""

from __future__ import annotations

from tests.central.building import NOON_US, Desk, tag

from voltyard.central.services.records import IdTag
from voltyard.central.storage.database import Database
from voltyard.central.storage.work import Work


def get(work: Work, id_tag: str) -> IdTag | None:
    return work.id_tags.get(id_tag)


def test_a_tag_is_found_in_any_letter_case_and_keeps_its_own(database: Database) -> None:
    """R-076, R-138."""
    with Desk(database) as desk:
        desk.add(tag("AbC"))

        found = [desk.do(get, spelling) for spelling in ("abc", "ABC", "AbC", "abcd")]

        assert found == [tag("AbC"), tag("AbC"), tag("AbC"), None]


def test_a_tag_stored_again_is_replaced_but_for_its_age(database: Database) -> None:
    with Desk(database) as desk:
        desk.add(tag("AbC", parent_id_tag="P", max_active_transactions=2))
        desk.add(tag("ABC", status="Blocked", expiry_date_us=-5, created_at_us=NOON_US + 99))

        assert desk.do(lambda work: work.id_tags.get("abc")) == tag(
            "ABC", status="Blocked", expiry_date_us=-5, created_at_us=NOON_US
        )


def test_a_tag_is_removed_once(database: Database) -> None:
    with Desk(database) as desk:
        desk.add(tag("AbC"))

        assert desk.do(lambda work: work.id_tags.remove("aBc"))
        assert not desk.do(lambda work: work.id_tags.remove("aBc"))
        assert desk.do(lambda work: work.id_tags.get("AbC")) is None
