"""Whether a tag may charge: the order of verdicts, and what comes with them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.central.building import MINUTE_US, NOON, NOON_US, Desk, charge_point, tag

from voltyard.central.services.authorization import authorize, authorize_start, fold
from voltyard.central.services.transactions import start_transaction
from voltyard.protocol.messages import AuthorizationStatus, IdTagInfo, StartTransaction


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        (None, "Invalid"),
        ({}, "Accepted"),
        ({"status": "Blocked"}, "Blocked"),
        ({"status": "Blocked", "expiry_date_us": NOON_US - 1}, "Blocked"),
        ({"status": "Invalid", "expiry_date_us": NOON_US - 1}, "Invalid"),
        ({"status": "Expired", "expiry_date_us": NOON_US + 1}, "Expired"),
        ({"expiry_date_us": NOON_US - 1}, "Expired"),
        ({"expiry_date_us": NOON_US}, "Expired"),
        ({"expiry_date_us": NOON_US + 1}, "Accepted"),
        ({"max_active_transactions": 0}, "Accepted"),
    ],
)
def test_unknown_then_blocked_then_expired(changes: dict[str, Any] | None, status: str) -> None:
    """R-135, R-136: whether it charges elsewhere is not asked; a tag must be able to stop its transaction."""
    known = None if changes is None else tag(**changes)

    assert authorize(known, NOON_US).status == status


@pytest.mark.parametrize("status", ["Accepted", "Blocked", "Expired", "Invalid"])
def test_the_parent_and_the_expiry_come_with_every_verdict(status: str) -> None:
    """R-137."""
    known = tag(status=status, parent_id_tag="Fleet", expiry_date_us=NOON_US + MINUTE_US)

    assert authorize(known, NOON_US) == IdTagInfo(
        status=AuthorizationStatus(status), parent_id_tag="Fleet", expiry_date=NOON + timedelta(minutes=1)
    )


def start(desk: Desk, id_tag: str, connector_id: int) -> int:
    origin = desk.add(charge_point(f"CP{connector_id}"))
    request = StartTransaction(connector_id=connector_id, id_tag=id_tag, meter_start=0, timestamp=NOON)
    return desk.do(start_transaction, origin, request, NOON_US).transaction_id


@pytest.mark.parametrize(
    ("limit", "running", "status"),
    [
        (None, 3, "Accepted"),
        (0, 0, "ConcurrentTx"),
        (1, 0, "Accepted"),
        (1, 1, "ConcurrentTx"),
        (2, 1, "Accepted"),
    ],
)
def test_a_start_counts_what_else_the_tag_is_charging(
    limit: int | None, running: int, status: str, desk: Desk
) -> None:
    """R-139, R-140."""
    desk.add(tag("aBc", max_active_transactions=limit, parent_id_tag="Fleet"))
    for connector_id in range(running):
        start(desk, "ABC", connector_id)

    verdict = desk.do(authorize_start, "abc", NOON_US, transaction_id=0)

    assert (verdict.status, verdict.parent_id_tag) == (status, "Fleet")


def test_a_transaction_does_not_count_against_itself(desk: Desk) -> None:
    desk.add(tag("one", max_active_transactions=1))
    id = start(desk, "one", 1)

    assert desk.do(authorize_start, "one", NOON_US, transaction_id=id).status == "Accepted"
    assert desk.do(authorize_start, "one", NOON_US, transaction_id=0).status == "ConcurrentTx"


@pytest.mark.parametrize(
    ("changes", "status"), [({"status": "Blocked"}, "Blocked"), ({"expiry_date_us": 0}, "Expired")]
)
def test_another_verdict_comes_before_concurrency(changes: dict[str, Any], status: str, desk: Desk) -> None:
    desk.add(tag("one", max_active_transactions=1, **changes))
    start(desk, "one", 1)

    assert desk.do(authorize_start, "one", NOON_US, transaction_id=0).status == status


def test_letter_case_does_not_matter() -> None:
    """R-076, R-138."""
    assert fold("aBc-1") == fold("AbC-1") == "abc-1"


@settings(deadline=None)
@given(st.text(max_size=20))
def test_a_tag_that_can_be_known_is_its_own_key(id_tag: str) -> None:
    assert fold(id_tag) == id_tag.lower()


@settings(deadline=None)
@given(st.text(min_size=100), st.text(min_size=100))
def test_a_text_too_long_for_a_tag_has_a_key_that_fits_an_index(first: str, second: str) -> None:
    assert len(fold(first).encode("utf-8", "surrogatepass")) <= 300
    assert (fold(first) == fold(second)) == (first.lower() == second.lower())
