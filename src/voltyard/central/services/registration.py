"""Who may take part: BootNotification and what it leaves behind (OCPP 1.6 §4.2)."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import json

from voltyard.central.instants import from_us
from voltyard.central.services.events import Event
from voltyard.central.services.origin import Origin
from voltyard.central.services.ports import UnitOfWork
from voltyard.protocol.codec import Deviation
from voltyard.protocol.messages import BootNotification, BootNotificationResponse, RegistrationStatus


def boot(
    work: UnitOfWork,
    origin: Origin,
    request: BootNotification,
    default_interval_s: int,
    received_at_us: int,
) -> BootNotificationResponse:
    """Answer with what the operator decided; an acceptance outlives connections and restarts."""
    charge_point = work.charge_points.get(origin.id)
    status = RegistrationStatus.REJECTED
    interval_s = default_interval_s
    if charge_point is not None and charge_point.deleted_at_us is None:
        status = RegistrationStatus(charge_point.registration)
        interval_s = charge_point.heartbeat_interval_s or default_interval_s
        accepted = status is RegistrationStatus.ACCEPTED
        work.charge_points.set(
            origin.id,
            accepted_at_us=(charge_point.accepted_at_us or received_at_us) if accepted else None,
            booted_at_us=received_at_us,
            last_seen_us=received_at_us,
            vendor=request.charge_point_vendor,
            model=request.charge_point_model,
            serial_number=request.charge_point_serial_number or request.charge_box_serial_number,
            firmware_version=request.firmware_version,
            boot_notification=json.encode(request).decode(),
        )
    work.publish(
        Event(
            "charge_point.booted",
            origin.identity,
            received_at_us,
            {
                "registration": str(status),
                "vendor": request.charge_point_vendor,
                "model": request.charge_point_model,
                "firmware_version": request.firmware_version,
            },
        )
    )
    return BootNotificationResponse(status=status, current_time=from_us(received_at_us), interval=interval_s)


def record_deviations(
    work: UnitOfWork, origin: Origin, action: str, deviations: Sequence[Deviation], received_at_us: int
) -> None:
    """Add to the conformance record of a charge point."""
    for deviation in deviations:
        work.evidence.deviation(origin.id, action, deviation, received_at_us)
    work.publish(
        Event(
            "deviation.recorded",
            origin.identity,
            received_at_us,
            {"action": action, "rules": sorted({deviation.rule for deviation in deviations})},
        )
    )


def quarantine(
    work: UnitOfWork,
    origin: Origin,
    action: str,
    error_code: str,
    reason: str,
    frame: str,
    received_at_us: int,
) -> None:
    """Keep raw what is refused: nothing that a charge point reports about a transaction vanishes."""
    work.evidence.quarantine(origin.id, action, error_code, reason, frame, received_at_us)
    work.publish(
        Event(
            "message.quarantined",
            origin.identity,
            received_at_us,
            {"action": action, "error_code": error_code, "reason": reason},
        )
    )
