"""Identifiers, what is known of them, and the cache (reference C.7)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.chargepoint.virtual_time import BEGINNING

from voltyard.chargepoint.authorization import Authorization, Cache, TagRecord, is_id_token
from voltyard.chargepoint.store import MemoryStore
from voltyard.protocol.messages import AuthorizationStatus, IdTagInfo

ACCEPTED = IdTagInfo(status=AuthorizationStatus.ACCEPTED)
GROUPED = IdTagInfo(status=AuthorizationStatus.ACCEPTED, parent_id_tag="GROUP")
BLOCKED = IdTagInfo(status=AuthorizationStatus.BLOCKED)


def test_entries_expire_by_time() -> None:
    """R-120."""
    cache = Cache(MemoryStore())
    info = IdTagInfo(
        status=AuthorizationStatus.ACCEPTED, expiry_date=BEGINNING + timedelta(hours=1), parent_id_tag="P"
    )
    cache.update("A", info, BEGINNING)

    assert cache.find("A", BEGINNING) == info
    expired = cache.find("A", BEGINNING + timedelta(hours=1))

    assert expired is not None
    assert (expired.status, expired.parent_id_tag) == (AuthorizationStatus.EXPIRED, "P")


def test_a_full_cache_gives_up_what_is_not_valid_first_then_the_oldest() -> None:
    """R-121."""
    store = MemoryStore()
    cache = Cache(store, capacity=2)
    for minute, (id_tag, info) in enumerate([("old", ACCEPTED), ("bad", BLOCKED), ("new", ACCEPTED)]):
        cache.update(id_tag, info, BEGINNING + timedelta(minutes=minute))
    assert cache.find("bad", BEGINNING) is None

    cache.update("newest", ACCEPTED, BEGINNING + timedelta(minutes=9))

    assert cache.find("old", BEGINNING) is None
    assert len(Cache(store)) == len(cache) == 2


def test_the_cache_survives_a_restart_until_it_is_cleared() -> None:
    """R-122, R-133."""
    store = MemoryStore()
    Cache(store).update("A", GROUPED, BEGINNING)

    cache = Cache(store)
    assert cache.find("A", BEGINNING) == GROUPED
    cache.clear()

    assert cache.find("A", BEGINNING) is None
    assert len(Cache(store)) == 0


def test_updating_a_known_tag_in_a_full_cache_evicts_nobody() -> None:
    cache = Cache(MemoryStore(), capacity=2)
    cache.update("A", ACCEPTED, BEGINNING)
    cache.update("B", ACCEPTED, BEGINNING)

    cache.update("a", BLOCKED, BEGINNING)

    assert cache.find("A", BEGINNING) == BLOCKED
    assert cache.find("B", BEGINNING) == ACCEPTED


def test_tags_are_the_same_in_any_case_and_groups_need_a_parent() -> None:
    """R-076, R-113, R-114, R-115."""
    assert Authorization("ab12").is_same_tag("AB12")
    assert Authorization("A", "group").is_same_group(Authorization("B", "GROUP"))
    assert not Authorization("A", "one").is_same_group(Authorization("B", "two"))
    assert not Authorization("A").is_same_group(Authorization("B"))
    assert not Authorization("A", "").is_same_group(Authorization("B", ""))
    assert not Authorization("A", "B").is_same_group(Authorization("B"))


@pytest.mark.parametrize(
    ("id_tag", "is_one"),
    [
        ("", False),
        ("A", True),
        ("A" * 20, True),
        ("A" * 21, False),
        ("\u00e9 \u20ac", True),
        *((text, False) for text in ("\x00", "A\n", "\ud800", "\x7f")),
    ],
)
def test_a_tag_has_one_to_twenty_printable_characters(id_tag: str, is_one: bool) -> None:
    assert is_id_token(id_tag) is is_one


def test_some_tags_can_be_forgotten_in_any_case_of_letters() -> None:
    store = MemoryStore()
    cache = Cache(store)
    for id_tag in ("A", "B"):
        cache.update(id_tag, ACCEPTED, BEGINNING)

    cache.forget(["a", "never there"])

    assert cache.find("A", BEGINNING) is None
    assert Cache(store).find("A", BEGINNING) is None
    assert Cache(store).find("B", BEGINNING) == ACCEPTED


def test_what_a_sloppy_central_system_said_can_be_read_after_a_restart() -> None:
    """A parent that is too long is taken in tolerantly, so it has to be kept so too."""
    store = MemoryStore()
    too_long = IdTagInfo(status=AuthorizationStatus.ACCEPTED, parent_id_tag="P" * 30)
    Cache(store).update("A", too_long, BEGINNING)

    assert Cache(store).find("A", BEGINNING) == too_long
    assert TagRecord.of(too_long).at(BEGINNING) == too_long


def test_a_cache_that_became_smaller_gives_up_what_is_too_much() -> None:
    """R-121."""
    store = MemoryStore()
    large = Cache(store, capacity=4)
    for age_s, id_tag in enumerate("DCBA"):
        large.update(id_tag, ACCEPTED, BEGINNING - timedelta(seconds=age_s))

    small = Cache(store, capacity=2)
    small.update("A", ACCEPTED, BEGINNING)

    assert [len(small), len(Cache(store))] == [2, 2]
    assert {each for each in "ABCD" if small.find(each, BEGINNING)} == {"A", "D"}
