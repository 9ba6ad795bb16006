"""What is kept of a reservation."""

from __future__ import annotations

import pytest
from tests.chargepoint.virtual_time import BEGINNING

from voltyard.chargepoint.authorization import Authorization
from voltyard.chargepoint.reservation_records import Reservation, ended, made, read_reservations
from voltyard.chargepoint.store import MemoryStore


def reservation(reservation_id: int = 1, parent_id_tag: str | None = "GROUP") -> Reservation:
    return Reservation(
        reservation_id=reservation_id,
        connector_id=2,
        id_tag="Tag",
        parent_id_tag=parent_id_tag,
        expires_at=BEGINNING,
    )


def test_it_is_kept_until_it_ends() -> None:
    store = MemoryStore()
    store.commit(made(reservation(1)), made(reservation(-2)), made(reservation(-2, None)))

    assert read_reservations(store) == {1: reservation(1), -2: reservation(-2, None)}
    store.commit(ended(1))

    assert list(read_reservations(store)) == [-2]


@pytest.mark.parametrize(("id_tag", "is_his"), [("TAG", True), ("Tag 2", False), ("GROUP", False)])
def test_it_is_for_a_tag_in_any_case_of_letters(id_tag: str, is_his: bool) -> None:
    assert reservation().is_for_tag(id_tag) is is_his


@pytest.mark.parametrize(
    ("reserved_for", "parent_id_tag", "is_theirs"),
    [("GROUP", "group", True), ("GROUP", "OTHER", False), ("GROUP", None, False), (None, None, False)],
)
def test_it_is_for_a_group(reserved_for: str | None, parent_id_tag: str | None, is_theirs: bool) -> None:
    somebody = Authorization("SOMEBODY", parent_id_tag)

    assert reservation(parent_id_tag=reserved_for).is_for_group(somebody) is is_theirs
