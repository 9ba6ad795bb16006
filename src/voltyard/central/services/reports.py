"""What charge points report beside transactions: status, files, firmware, security, their own messages."""

from __future__ import annotations

from voltyard.central.instants import to_us
from voltyard.central.services.events import Event
from voltyard.central.services.origin import Origin
from voltyard.central.services.ports import UnitOfWork
from voltyard.central.services.records import ConnectorReport
from voltyard.protocol.messages import (
    DataTransfer,
    DataTransferResponse,
    DiagnosticsStatusNotification,
    DiagnosticsStatusNotificationResponse,
    FirmwareStatusNotification,
    FirmwareStatusNotificationResponse,
    GenericStatus,
    LogStatusNotification,
    LogStatusNotificationResponse,
    SecurityEventNotification,
    SecurityEventNotificationResponse,
    SignCertificate,
    SignCertificateResponse,
    SignedFirmwareStatusNotification,
    SignedFirmwareStatusNotificationResponse,
    StatusNotification,
    StatusNotificationResponse,
)

CHARGE_POINT = "charge point"


def status(
    work: UnitOfWork, origin: Origin, request: StatusNotification, received_at_us: int
) -> StatusNotificationResponse:
    """Keep the newest status of a connector; any sequence is taken, and none ends a transaction."""
    work.connectors.report(
        ConnectorReport(
            charge_point_id=origin.id,
            connector_id=request.connector_id,
            status=str(request.status),
            error_code=str(request.error_code),
            text=request.info,
            vendor_id=request.vendor_id,
            vendor_error_code=request.vendor_error_code,
            reported_at_us=_reported_at_us(request, received_at_us),
            received_at_us=received_at_us,
        )
    )
    work.publish(
        Event(
            "connector.status_changed",
            origin.identity,
            received_at_us,
            {
                "connector_id": request.connector_id,
                "status": str(request.status),
                "error_code": str(request.error_code),
            },
        )
    )
    return StatusNotificationResponse()


def diagnostics_status(
    work: UnitOfWork, origin: Origin, request: DiagnosticsStatusNotification, received_at_us: int
) -> DiagnosticsStatusNotificationResponse:
    """Keep how an upload of diagnostics goes."""
    _report(work, origin, request.action, str(request.status), None, received_at_us)
    return DiagnosticsStatusNotificationResponse()


def firmware_status(
    work: UnitOfWork, origin: Origin, request: FirmwareStatusNotification, received_at_us: int
) -> FirmwareStatusNotificationResponse:
    """Keep how a firmware update goes."""
    _report(work, origin, request.action, str(request.status), None, received_at_us)
    return FirmwareStatusNotificationResponse()


def signed_firmware_status(
    work: UnitOfWork, origin: Origin, request: SignedFirmwareStatusNotification, received_at_us: int
) -> SignedFirmwareStatusNotificationResponse:
    """Keep how a signed firmware update goes."""
    _report(work, origin, request.action, str(request.status), request.request_id, received_at_us)
    return SignedFirmwareStatusNotificationResponse()


def log_status(
    work: UnitOfWork, origin: Origin, request: LogStatusNotification, received_at_us: int
) -> LogStatusNotificationResponse:
    """Keep how an upload of a log goes."""
    _report(work, origin, request.action, str(request.status), request.request_id, received_at_us)
    return LogStatusNotificationResponse()


def security_event(
    work: UnitOfWork, origin: Origin, request: SecurityEventNotification, received_at_us: int
) -> SecurityEventNotificationResponse:
    """Keep a security event; unknown types are as welcome as known ones (WP A04.FR.03)."""
    work.evidence.security_event(
        origin.id,
        CHARGE_POINT,
        request.type,
        to_us(request.timestamp),
        request.tech_info,
        received_at_us,
    )
    work.publish(
        Event(
            "security.event", origin.identity, received_at_us, {"origin": CHARGE_POINT, "type": request.type}
        )
    )
    return SecurityEventNotificationResponse()


def sign_certificate(
    work: UnitOfWork, origin: Origin, request: SignCertificate, received_at_us: int
) -> SignCertificateResponse:
    """Keep a signing request; it is refused while no certificate authority can sign it (WP A02.FR.12)."""
    answer = GenericStatus.REJECTED
    work.evidence.certificate_request(origin.id, request.csr, answer, received_at_us)
    work.publish(Event("certificate.requested", origin.identity, received_at_us, {"answer": str(answer)}))
    return SignCertificateResponse(status=answer)


def data_transfer(
    work: UnitOfWork,
    origin: Origin,
    request: DataTransfer,
    response: DataTransferResponse,
    received_at_us: int,
) -> DataTransferResponse:
    """Keep what a charge point sent and what its vendor's handler answered."""
    work.evidence.data_transfer(
        origin.id, request.vendor_id, request.message_id, request.data, str(response.status), received_at_us
    )
    work.publish(
        Event(
            "data_transfer.received",
            origin.identity,
            received_at_us,
            {
                "vendor_id": request.vendor_id,
                "message_id": request.message_id,
                "status": str(response.status),
            },
        )
    )
    return response


def _reported_at_us(request: StatusNotification, received_at_us: int) -> int:
    # No timestamp means now (OCPP 1.6 §6.47). A clock that is ahead must not hide what comes after it is set.
    if request.timestamp is None:
        return received_at_us
    return min(to_us(request.timestamp), received_at_us)


def _report(
    work: UnitOfWork, origin: Origin, action: str, status: str, request_id: int | None, received_at_us: int
) -> None:
    work.evidence.status_report(origin.id, action, status, request_id, received_at_us)
    work.publish(
        Event(
            "status.reported",
            origin.identity,
            received_at_us,
            {"action": action, "status": status, "request_id": request_id},
        )
    )
