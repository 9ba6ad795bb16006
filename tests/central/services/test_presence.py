"""Signs of life, attempts that should not have been made, and passwords that proved themselves."""

from __future__ import annotations

import pytest
from tests.central.building import NOON_US, Desk, charge_point

from voltyard.central.services.presence import record_breach, record_signs_of_life, settle_password
from voltyard.central.storage import schema


def test_signs_of_life_are_stored_by_charge_point(desk: Desk) -> None:
    first, second, third = (desk.add(charge_point(identity)) for identity in "ABC")

    desk.do(record_signs_of_life, {first.id: NOON_US, third.id: NOON_US + 1, 999: 5})

    assert [desk.charge_point(origin).last_seen_us for origin in (first, second, third)] == [
        NOON_US,
        None,
        NOON_US + 1,
    ]


def test_a_breach_is_a_security_event_of_our_own(desk: Desk) -> None:
    origin = desk.add(charge_point())

    desk.do(record_breach, origin.id, "CP1", "FailedToAuthenticateAtCentralSystem", "from 10.0.0.1", NOON_US)

    [row] = desk.rows(schema.security_events)
    assert (row.charge_point_id, row.origin, row.type, row.tech_info, row.at_us) == (
        origin.id,
        "central system",
        "FailedToAuthenticateAtCentralSystem",
        "from 10.0.0.1",
        NOON_US,
    )
    assert desk.kinds() == ["security.event"]


@pytest.mark.parametrize(
    ("proven", "valid"),
    [("old", ("old", None)), ("new", ("new", None)), ("older", ("old", "new"))],
)
def test_the_password_of_a_login_becomes_the_only_one(
    proven: str, valid: tuple[str, str | None], desk: Desk
) -> None:
    """Reference G.20: both are taken only until the next successful login."""
    origin = desk.add(charge_point(password_hash="old", next_password_hash="new"))

    desk.do(settle_password, origin.id, proven)

    record = desk.charge_point(origin)
    assert (record.password_hash, record.next_password_hash) == valid


def test_who_is_not_there_has_no_password_to_settle(desk: Desk) -> None:
    desk.do(settle_password, 999, "old")

    assert desk.rows(schema.charge_points) == []
