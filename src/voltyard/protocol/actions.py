"""The 39 actions of OCPP 1.6 as a table: their payloads, feature profile and direction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from voltyard.protocol import messages
from voltyard.protocol.payload import Payload, Request


class FeatureProfile(StrEnum):
    """A part of OCPP a charge point supports or not; values as in SupportedFeatureProfiles (OCPP 1.6 §3.2).

    SECURITY has no such value in the specification: a charge point shows it by its configuration keys.
    """

    CORE = "Core"
    FIRMWARE_MANAGEMENT = "FirmwareManagement"
    LOCAL_AUTH_LIST_MANAGEMENT = "LocalAuthListManagement"
    RESERVATION = "Reservation"
    SMART_CHARGING = "SmartCharging"
    REMOTE_TRIGGER = "RemoteTrigger"
    SECURITY = "Security"


@dataclass(frozen=True, slots=True)
class Action:
    """An action: what asks, what answers, and who may ask."""

    name: str
    request: type[Request[Any]]
    response: type[Payload]
    profile: FeatureProfile
    from_charge_point: bool
    from_central_system: bool


_FROM_CHARGE_POINT: dict[FeatureProfile, tuple[type[Request[Any]], ...]] = {
    FeatureProfile.CORE: (
        messages.Authorize,
        messages.BootNotification,
        messages.DataTransfer,
        messages.Heartbeat,
        messages.MeterValues,
        messages.StartTransaction,
        messages.StatusNotification,
        messages.StopTransaction,
    ),
    FeatureProfile.FIRMWARE_MANAGEMENT: (
        messages.DiagnosticsStatusNotification,
        messages.FirmwareStatusNotification,
    ),
    FeatureProfile.SECURITY: (
        messages.LogStatusNotification,
        messages.SecurityEventNotification,
        messages.SignCertificate,
        messages.SignedFirmwareStatusNotification,
    ),
}

_FROM_CENTRAL_SYSTEM: dict[FeatureProfile, tuple[type[Request[Any]], ...]] = {
    FeatureProfile.CORE: (
        messages.ChangeAvailability,
        messages.ChangeConfiguration,
        messages.ClearCache,
        messages.DataTransfer,
        messages.GetConfiguration,
        messages.RemoteStartTransaction,
        messages.RemoteStopTransaction,
        messages.Reset,
        messages.UnlockConnector,
    ),
    FeatureProfile.FIRMWARE_MANAGEMENT: (messages.GetDiagnostics, messages.UpdateFirmware),
    FeatureProfile.LOCAL_AUTH_LIST_MANAGEMENT: (messages.GetLocalListVersion, messages.SendLocalList),
    FeatureProfile.RESERVATION: (messages.CancelReservation, messages.ReserveNow),
    FeatureProfile.SMART_CHARGING: (
        messages.ClearChargingProfile,
        messages.GetCompositeSchedule,
        messages.SetChargingProfile,
    ),
    FeatureProfile.REMOTE_TRIGGER: (messages.TriggerMessage,),
    FeatureProfile.SECURITY: (
        messages.CertificateSigned,
        messages.DeleteCertificate,
        messages.ExtendedTriggerMessage,
        messages.GetInstalledCertificateIds,
        messages.GetLog,
        messages.InstallCertificate,
        messages.SignedUpdateFirmware,
    ),
}


def _table() -> dict[str, Action]:
    from_charge_point = _profiles(_FROM_CHARGE_POINT)
    from_central_system = _profiles(_FROM_CENTRAL_SYSTEM)
    profiles = from_charge_point | from_central_system
    return {
        request.action: Action(
            name=request.action,
            request=request,
            response=request.response,
            profile=profiles[request],
            from_charge_point=request in from_charge_point,
            from_central_system=request in from_central_system,
        )
        for request in sorted(profiles, key=lambda request: request.action)
    }


def _profiles(
    table: dict[FeatureProfile, tuple[type[Request[Any]], ...]],
) -> dict[type[Request[Any]], FeatureProfile]:
    return {request: profile for profile, requests in table.items() for request in requests}


ACTIONS: Mapping[str, Action] = MappingProxyType(_table())
