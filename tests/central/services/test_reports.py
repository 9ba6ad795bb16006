"""What charge points report beside transactions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.central.building import MINUTE_US, NOON, NOON_US, Desk, charge_point
from tests.central.services.stations import Station, minute

from voltyard.central.services import reports
from voltyard.central.services.origin import Origin
from voltyard.central.storage import schema
from voltyard.protocol.messages import (
    ChargePointErrorCode,
    ChargePointStatus,
    DataTransfer,
    DataTransferResponse,
    DataTransferStatus,
    DiagnosticsStatus,
    DiagnosticsStatusNotification,
    FirmwareStatus,
    FirmwareStatusNotification,
    GenericStatus,
    LogStatusNotification,
    SecurityEventNotification,
    SignCertificate,
    SignedFirmwareStatus,
    SignedFirmwareStatusNotification,
    StatusNotification,
    StatusNotificationResponse,
    UploadLogStatus,
)

LAST_INSTANT = datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)


@pytest.fixture
def origin(desk: Desk) -> Origin:
    return desk.add(charge_point())


def notification(status: ChargePointStatus, at: datetime | None = None, **fields: Any) -> StatusNotification:
    return StatusNotification(
        **{"connector_id": 1, "error_code": ChargePointErrorCode.NO_ERROR, **fields},
        status=status,
        timestamp=at,
    )


def connector(desk: Desk) -> Any:
    [row] = desk.rows(schema.connectors)
    return row


def test_any_sequence_of_statuses_is_answered_and_the_last_one_shown(desk: Desk, origin: Origin) -> None:
    """R-221, R-223: an error code with any status is a warning, nothing is refused."""
    for status in [*ChargePointStatus, *reversed(ChargePointStatus)]:
        request = notification(status, error_code=ChargePointErrorCode.WEAK_SIGNAL)
        assert desk.do(reports.status, origin, request, NOON_US) == StatusNotificationResponse()

    shown = connector(desk)
    assert (shown.status, shown.error_code) == ("Available", "WeakSignal")


def test_every_connector_has_its_own_status(desk: Desk, origin: Origin) -> None:
    """R-224."""
    for connector_id in (0, 1, 7):
        desk.do(
            reports.status,
            origin,
            notification(ChargePointStatus.FAULTED, connector_id=connector_id),
            NOON_US,
        )

    assert [row.connector_id for row in desk.rows(schema.connectors)] == [0, 1, 7]


def test_all_that_a_vendor_adds_is_kept(desk: Desk, origin: Origin) -> None:
    request = notification(ChargePointStatus.FAULTED, info="hot", vendor_id="acme", vendor_error_code="E-7")
    desk.do(reports.status, origin, request, NOON_US)

    shown = connector(desk)
    assert (shown.text, shown.vendor_id, shown.vendor_error_code) == ("hot", "acme", "E-7")
    assert desk.events[-1].details == {"connector_id": 1, "status": "Faulted", "error_code": "NoError"}


def test_a_status_without_a_timestamp_is_of_now(desk: Desk, origin: Origin) -> None:
    """R-222."""
    desk.do(reports.status, origin, notification(ChargePointStatus.PREPARING), NOON_US)

    assert connector(desk).reported_at_us == NOON_US


def test_a_late_report_does_not_hide_a_newer_one(desk: Desk, origin: Origin) -> None:
    desk.do(
        reports.status, origin, notification(ChargePointStatus.CHARGING, minute(5)), NOON_US + 5 * MINUTE_US
    )
    desk.do(
        reports.status, origin, notification(ChargePointStatus.PREPARING, minute(1)), NOON_US + 9 * MINUTE_US
    )

    shown = connector(desk)
    assert (shown.status, shown.reported_at_us) == ("Charging", NOON_US + 5 * MINUTE_US)


@pytest.mark.parametrize("ahead", [minute(60), datetime(2034, 1, 1, tzinfo=UTC), LAST_INSTANT])
def test_a_clock_that_is_ahead_does_not_hide_what_comes_after_it_is_set(
    ahead: datetime, desk: Desk, origin: Origin
) -> None:
    """F19."""
    desk.do(reports.status, origin, notification(ChargePointStatus.FAULTED, ahead), NOON_US)
    desk.do(reports.status, origin, notification(ChargePointStatus.AVAILABLE, minute(1)), NOON_US + MINUTE_US)

    assert connector(desk).status == "Available"


def test_a_status_never_ends_a_transaction(desk: Desk, origin: Origin) -> None:
    station = Station(desk, "CP2")
    station.start()

    desk.do(reports.status, station.origin, notification(ChargePointStatus.AVAILABLE), NOON_US + MINUTE_US)

    assert station.transaction().stopped_at_us is None


@pytest.mark.parametrize(
    ("service", "request_", "stored"),
    [
        (
            reports.diagnostics_status,
            DiagnosticsStatusNotification(status=DiagnosticsStatus.UPLOADED),
            ("DiagnosticsStatusNotification", "Uploaded", None),
        ),
        (
            reports.firmware_status,
            FirmwareStatusNotification(status=FirmwareStatus.INSTALLING),
            ("FirmwareStatusNotification", "Installing", None),
        ),
        (
            reports.signed_firmware_status,
            SignedFirmwareStatusNotification(status=SignedFirmwareStatus.INVALID_SIGNATURE, request_id=7),
            ("SignedFirmwareStatusNotification", "InvalidSignature", 7),
        ),
        (
            reports.log_status,
            LogStatusNotification(status=UploadLogStatus.PERMISSION_DENIED, request_id=2**62),
            ("LogStatusNotification", "PermissionDenied", 2**62),
        ),
        (
            reports.firmware_status,
            FirmwareStatusNotification(status="Cooking"),  # type: ignore[arg-type]  # as tolerant reading gives it
            ("FirmwareStatusNotification", "Cooking", None),
        ),
    ],
)
def test_how_files_and_firmware_go_is_kept(
    service: Callable[..., Any], request_: Any, stored: tuple[object, ...], desk: Desk, origin: Origin
) -> None:
    """R-380."""
    response = desk.do(service, origin, request_, NOON_US)

    [row] = desk.rows(schema.status_reports)
    assert isinstance(response, request_.response)
    assert (row.action, row.status, row.request_id) == stored
    assert desk.events[-1].details == dict(zip(("action", "status", "request_id"), stored, strict=True))


@pytest.mark.parametrize("type_", ["FirmwareUpdated", "SomethingOfOurOwn", "é" * 5000])
def test_a_security_event_is_kept_whatever_its_type(type_: str, desk: Desk, origin: Origin) -> None:
    """R-394."""
    request = SecurityEventNotification(type=type_, timestamp=minute(-5), tech_info="port 1")

    for _ in range(2):
        desk.do(reports.security_event, origin, request, NOON_US)

    [row] = desk.rows(schema.security_events)
    assert (row.origin, row.type, row.at_us, row.tech_info) == (
        "charge point",
        type_,
        NOON_US - 5 * MINUTE_US,
        "port 1",
    )


def test_a_signing_request_is_refused_and_kept(desk: Desk, origin: Origin) -> None:
    """R-401: nobody can sign it yet."""
    response = desk.do(reports.sign_certificate, origin, SignCertificate(csr="-----BEGIN"), NOON_US)

    [row] = desk.rows(schema.certificate_requests)
    assert response.status is GenericStatus.REJECTED
    assert (row.csr, row.answer) == ("-----BEGIN", "Rejected")


def test_a_transfer_of_data_is_kept_with_its_answer(desk: Desk, origin: Origin) -> None:
    """R-291."""
    answer = DataTransferResponse(status=DataTransferStatus.UNKNOWN_MESSAGE_ID, data="what?")

    response = desk.do(
        reports.data_transfer,
        origin,
        DataTransfer(vendor_id="acme", message_id="m", data='{"a":1}'),
        answer,
        NOON_US,
    )

    [row] = desk.rows(schema.data_transfers)
    assert response is answer
    assert (row.vendor_id, row.message_id, row.payload, row.status) == (
        "acme",
        "m",
        '{"a":1}',
        "UnknownMessageId",
    )


@pytest.mark.parametrize("at", [datetime(1, 1, 1, tzinfo=UTC), LAST_INSTANT, NOON])
def test_no_instant_is_too_far_away(at: datetime, desk: Desk, origin: Origin) -> None:
    desk.do(reports.status, origin, notification(ChargePointStatus.AVAILABLE, at), NOON_US)
    desk.do(reports.security_event, origin, SecurityEventNotification(type="x", timestamp=at), NOON_US)

    assert connector(desk).reported_at_us <= NOON_US
    assert len(desk.rows(schema.security_events)) == 1
