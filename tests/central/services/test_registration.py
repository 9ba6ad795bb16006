"""Who may take part: what a boot is answered, and what it leaves behind."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import json
from tests.central.building import NOON, NOON_US, Desk, charge_point

from voltyard.central.services.origin import Origin
from voltyard.central.services.registration import boot, quarantine, record_deviations
from voltyard.central.storage import schema
from voltyard.protocol.codec import Deviation
from voltyard.protocol.messages import BootNotification, BootNotificationResponse, RegistrationStatus

REQUEST = BootNotification(
    charge_point_vendor="Acme",
    charge_point_model="One",
    charge_point_serial_number="S-1",
    charge_box_serial_number="B-1",
    firmware_version="1.2.3",
    iccid="89",
)


def booted(desk: Desk, origin: Origin, at_us: int = NOON_US) -> BootNotificationResponse:
    return desk.do(boot, origin, REQUEST, 300, at_us)


@pytest.mark.parametrize("status", RegistrationStatus)
@pytest.mark.parametrize(("interval", "told"), [(None, 300), (7, 7)])
def test_a_boot_is_answered_with_what_the_operator_decided(
    status: RegistrationStatus, interval: int | None, told: int, desk: Desk
) -> None:
    """R-098."""
    origin = desk.add(charge_point(registration=status, heartbeat_interval_s=interval))

    response = booted(desk, origin)

    assert response == BootNotificationResponse(status=status, current_time=NOON, interval=told)
    record = desk.charge_point(origin)
    assert (record.vendor, record.model, record.serial_number, record.firmware_version) == (
        "Acme",
        "One",
        "S-1",
        "1.2.3",
    )
    assert (record.booted_at_us, record.last_seen_us) == (NOON_US, NOON_US)
    assert record.boot_notification is not None
    assert json.decode(record.boot_notification)["iccid"] == "89"
    assert desk.events[-1].details == {
        "registration": status,
        "vendor": "Acme",
        "model": "One",
        "firmware_version": "1.2.3",
    }


def test_an_acceptance_is_stored_and_stays_that_of_the_first_boot(desk: Desk) -> None:
    """R-035, R-036."""
    origin = desk.add(charge_point())

    booted(desk, origin, NOON_US)
    booted(desk, origin, NOON_US + 5)
    desk.restart()

    assert desk.charge_point(origin).accepted_at_us == NOON_US


@pytest.mark.parametrize("status", ["Pending", "Rejected"])
def test_an_acceptance_ends_with_the_next_boot_that_is_not_accepted(status: str, desk: Desk) -> None:
    origin = desk.add(charge_point())
    booted(desk, origin)

    desk.do(lambda work: work.charge_points.set(origin.id, registration=status))
    booted(desk, origin)

    assert desk.charge_point(origin).accepted_at_us is None


@pytest.mark.parametrize("record", [charge_point(deleted_at_us=5), None])
def test_who_is_not_there_any_more_is_rejected_and_nothing_is_stored(record: Any, desk: Desk) -> None:
    origin = Origin(99, "nobody") if record is None else desk.add(record)

    response = booted(desk, origin)

    assert (response.status, response.interval) == (RegistrationStatus.REJECTED, 300)
    assert [row.vendor for row in desk.rows(schema.charge_points)] == [None] * (record is not None)


def test_the_serial_number_may_be_that_of_the_box(desk: Desk) -> None:
    origin = desk.add(charge_point())
    request = BootNotification(
        charge_point_vendor="Acme", charge_point_model="One", charge_box_serial_number="B-1"
    )

    desk.do(boot, origin, request, 300, NOON_US)

    assert desk.charge_point(origin).serial_number == "B-1"


def test_over_long_strings_of_a_boot_are_kept_whole(desk: Desk) -> None:
    origin = desk.add(charge_point())
    long = "é" * 60_000

    desk.do(boot, origin, BootNotification(charge_point_vendor=long, charge_point_model=long), 300, NOON_US)

    assert desk.charge_point(origin).vendor == long


def test_deviations_make_a_record_of_conformance(desk: Desk) -> None:
    origin = desk.add(charge_point())
    deviations = [
        Deviation("unknown-field", "$.a", "1"),
        Deviation("lax-scalar", "$.connectorId", "1"),
        Deviation("unknown-field", "$.b", "2"),
    ]

    for number in range(3):
        desk.do(record_deviations, origin, "StatusNotification", deviations, NOON_US + number)

    assert [(row.rule, row.path, row._mapping["count"]) for row in desk.rows(schema.deviations)] == [
        ("unknown-field", "$.a", 3),
        ("lax-scalar", "$.connectorId", 3),
        ("unknown-field", "$.b", 3),
    ]
    assert desk.events[-1].details == {
        "action": "StatusNotification",
        "rules": ["lax-scalar", "unknown-field"],
    }


def test_what_is_refused_is_kept_raw(desk: Desk) -> None:
    origin = desk.add(charge_point())
    frame = '[2,"1","StopTransaction",{"transactionId":1}]'

    desk.do(quarantine, origin, "StopTransaction", "FormationViolation", "$: why", frame, NOON_US)

    [kept] = desk.rows(schema.quarantine)
    assert (kept.charge_point_id, kept.action, kept.error_code, kept.reason, kept.frame) == (
        origin.id,
        "StopTransaction",
        "FormationViolation",
        "$: why",
        frame,
    )
    assert desk.kinds() == ["message.quarantined"]
