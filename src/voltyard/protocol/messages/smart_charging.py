"""The payloads of the SmartCharging feature profile."""

from __future__ import annotations

from enum import StrEnum

from voltyard.protocol.messages.common import (
    ChargingProfile,
    ChargingProfilePurpose,
    ChargingRateUnit,
    ChargingSchedule,
)
from voltyard.protocol.payload import DateTime, Integer, NonNegative, Payload, Request


class ClearChargingProfileStatus(StrEnum):
    """Whether a profile matched (OCPP 1.6 §7.21)."""

    ACCEPTED = "Accepted"
    UNKNOWN = "Unknown"


class ClearChargingProfileResponse(Payload, frozen=True, kw_only=True):
    """Whether a profile matched (OCPP 1.6 §6.14)."""

    status: ClearChargingProfileStatus


class ClearChargingProfile(Request[ClearChargingProfileResponse], frozen=True, kw_only=True):
    """Removes the profiles that match; an empty request matches all (OCPP 1.6 §6.13)."""

    action = "ClearChargingProfile"
    response = ClearChargingProfileResponse

    id: Integer | None = None
    connector_id: Integer | None = None
    charging_profile_purpose: ChargingProfilePurpose | None = None
    stack_level: Integer | None = None


class GetCompositeScheduleStatus(StrEnum):
    """Whether the charge point can tell its schedule (OCPP 1.6 §7.26)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class GetCompositeScheduleResponse(Payload, frozen=True, kw_only=True):
    """What a connector will be limited to from `schedule_start` on (OCPP 1.6 §6.22)."""

    status: GetCompositeScheduleStatus
    connector_id: Integer | None = None
    schedule_start: DateTime | None = None
    charging_schedule: ChargingSchedule | None = None


class GetCompositeSchedule(Request[GetCompositeScheduleResponse], frozen=True, kw_only=True):
    """Asks what a connector, or with 0 the whole, will be limited to (OCPP 1.6 §6.21).

    `duration` is in seconds. An unknown connector is answered with Rejected.
    """

    action = "GetCompositeSchedule"
    response = GetCompositeScheduleResponse

    connector_id: Integer
    duration: NonNegative
    charging_rate_unit: ChargingRateUnit | None = None


class ChargingProfileStatus(StrEnum):
    """Whether the charge point will obey a profile (OCPP 1.6 §7.11)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    NOT_SUPPORTED = "NotSupported"


class SetChargingProfileResponse(Payload, frozen=True, kw_only=True):
    """Whether the charge point will obey the profile (OCPP 1.6 §6.44)."""

    status: ChargingProfileStatus


class SetChargingProfile(Request[SetChargingProfileResponse], frozen=True, kw_only=True):
    """Gives a connector, or with 0 the whole charge point, a charging profile (OCPP 1.6 §6.43).

    The field's plural holds one profile.
    """

    action = "SetChargingProfile"
    response = SetChargingProfileResponse

    connector_id: NonNegative  # errata 3.39: another one is a PropertyConstraintViolation
    cs_charging_profiles: ChargingProfile
