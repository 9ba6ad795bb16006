"""What a charge point answers to the actions of the SmartCharging profile."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from voltyard.chargepoint.commands import Commands
from voltyard.protocol.errors import CallError, ErrorCode
from voltyard.protocol.messages import (
    ChargingProfileStatus,
    ClearChargingProfile,
    ClearChargingProfileResponse,
    ClearChargingProfileStatus,
    GetCompositeSchedule,
    GetCompositeScheduleResponse,
    GetCompositeScheduleStatus,
    SetChargingProfile,
    SetChargingProfileResponse,
)
from voltyard.protocol.payload import Request
from voltyard.transport.router import Handler


def set_charging_profile(commands: Commands, request: SetChargingProfile) -> SetChargingProfileResponse:
    """Answer SetChargingProfile; a connector that is not there is a CALLERROR (errata 3.39)."""
    smart_charging = commands.parts.smart_charging
    if not smart_charging.has_connector(request.connector_id):
        raise CallError(ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, "$.connectorId: no such connector")
    is_installed = smart_charging.set_profile(request.connector_id, request.cs_charging_profiles)
    status = ChargingProfileStatus.ACCEPTED if is_installed else ChargingProfileStatus.REJECTED
    return SetChargingProfileResponse(status=status)


def clear_charging_profile(commands: Commands, request: ClearChargingProfile) -> ClearChargingProfileResponse:
    """Answer ClearChargingProfile."""
    has_matched = commands.parts.smart_charging.clear_profiles(
        id=request.id,
        connector_id=request.connector_id,
        purpose=request.charging_profile_purpose,
        stack_level=request.stack_level,
    )
    status = ClearChargingProfileStatus.ACCEPTED if has_matched else ClearChargingProfileStatus.UNKNOWN
    return ClearChargingProfileResponse(status=status)


def get_composite_schedule(commands: Commands, request: GetCompositeSchedule) -> GetCompositeScheduleResponse:
    """Answer GetCompositeSchedule."""
    smart_charging = commands.parts.smart_charging
    if not smart_charging.has_connector(request.connector_id) or request.duration == 0:
        return GetCompositeScheduleResponse(status=GetCompositeScheduleStatus.REJECTED)
    start, schedule = smart_charging.composite_schedule(
        request.connector_id, request.duration, request.charging_rate_unit
    )
    return GetCompositeScheduleResponse(
        status=GetCompositeScheduleStatus.ACCEPTED,
        connector_id=request.connector_id,
        schedule_start=start,
        charging_schedule=schedule,
    )


HANDLERS: Final[Mapping[type[Request[Any]], Handler[Commands]]] = MappingProxyType(
    {
        ClearChargingProfile: clear_charging_profile,
        GetCompositeSchedule: get_composite_schedule,
        SetChargingProfile: set_charging_profile,
    }
)
