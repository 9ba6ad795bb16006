"""The table of actions against the specification's lists."""

from __future__ import annotations

import pytest

from voltyard.protocol.actions import ACTIONS, FeatureProfile

FROM_CHARGE_POINT = """
Authorize BootNotification DataTransfer DiagnosticsStatusNotification FirmwareStatusNotification Heartbeat
MeterValues StartTransaction StatusNotification StopTransaction LogStatusNotification
SecurityEventNotification SignCertificate SignedFirmwareStatusNotification
"""
FROM_CENTRAL_SYSTEM = """
CancelReservation ChangeAvailability ChangeConfiguration ClearCache ClearChargingProfile DataTransfer
GetCompositeSchedule GetConfiguration GetDiagnostics GetLocalListVersion RemoteStartTransaction
RemoteStopTransaction ReserveNow Reset SendLocalList SetChargingProfile TriggerMessage UnlockConnector
UpdateFirmware CertificateSigned DeleteCertificate ExtendedTriggerMessage GetInstalledCertificateIds GetLog
InstallCertificate SignedUpdateFirmware
"""
PROFILES = {
    FeatureProfile.CORE: """
        Authorize BootNotification ChangeAvailability ChangeConfiguration ClearCache DataTransfer
        GetConfiguration Heartbeat MeterValues RemoteStartTransaction RemoteStopTransaction Reset
        StartTransaction StopTransaction StatusNotification UnlockConnector
    """,
    FeatureProfile.FIRMWARE_MANAGEMENT: """
        GetDiagnostics DiagnosticsStatusNotification FirmwareStatusNotification UpdateFirmware
    """,
    FeatureProfile.LOCAL_AUTH_LIST_MANAGEMENT: "GetLocalListVersion SendLocalList",
    FeatureProfile.RESERVATION: "ReserveNow CancelReservation",
    FeatureProfile.SMART_CHARGING: "SetChargingProfile ClearChargingProfile GetCompositeSchedule",
    FeatureProfile.REMOTE_TRIGGER: "TriggerMessage",
    FeatureProfile.SECURITY: """
        CertificateSigned DeleteCertificate ExtendedTriggerMessage GetInstalledCertificateIds GetLog
        InstallCertificate LogStatusNotification SecurityEventNotification SignCertificate
        SignedFirmwareStatusNotification SignedUpdateFirmware
    """,
}


def test_the_directions_are_those_of_the_specification() -> None:
    assert {name for name, action in ACTIONS.items() if action.from_charge_point} == set(
        FROM_CHARGE_POINT.split()
    )
    assert {name for name, action in ACTIONS.items() if action.from_central_system} == set(
        FROM_CENTRAL_SYSTEM.split()
    )


@pytest.mark.parametrize("profile", FeatureProfile)
def test_the_profiles_are_those_of_the_specification(profile: FeatureProfile) -> None:
    """Errata 3.2 put the table of the second edition right."""
    assert {name for name, action in ACTIONS.items() if action.profile is profile} == set(
        PROFILES[profile].split()
    )


def test_there_are_39_actions() -> None:
    assert len(ACTIONS) == 39


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_is_named_like_its_request_and_its_response_after_it(name: str) -> None:
    action = ACTIONS[name]

    assert action.name == action.request.action == action.request.__name__ == name
    assert action.response is action.request.response
    assert action.response.__name__ == f"{name}Response"


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        del ACTIONS["Authorize"]  # type: ignore[attr-defined]  # the point of the test
