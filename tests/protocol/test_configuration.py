"""The table of standard configuration keys against the specification."""

from __future__ import annotations

from collections import Counter

import pytest

from voltyard.protocol.actions import FeatureProfile
from voltyard.protocol.configuration import CONFIGURATION_KEYS, find
from voltyard.protocol.configuration_values import Access, ValueType, parse, to_text

DEFAULTS = {
    "ClockAlignedDataInterval": "0",
    "ConnectionTimeOut": "60",
    "GetConfigurationMaxKeys": "50",
    "HeartbeatInterval": "300",
    "LocalAuthorizeOffline": "true",
    "LocalPreAuthorize": "false",
    "MeterValueSampleInterval": "60",
    "MeterValuesSampledData": "Energy.Active.Import.Register",
    "MinimumStatusDuration": "0",
    "ResetRetries": "1",
    "SecurityProfile": "0",
    "StopTransactionOnEVSideDisconnect": "true",
    "StopTransactionOnInvalidId": "true",
    "TransactionMessageAttempts": "3",
    "TransactionMessageRetryInterval": "60",
    "UnlockConnectorOnEVSideDisconnect": "true",
    "WebSocketPingInterval": "30",
}
REQUIRED = """
AuthorizeRemoteTxRequests ClockAlignedDataInterval ConnectionTimeOut ConnectorPhaseRotation
GetConfigurationMaxKeys HeartbeatInterval LocalAuthorizeOffline LocalPreAuthorize MeterValuesAlignedData
MeterValuesSampledData MeterValueSampleInterval NumberOfConnectors ResetRetries StopTransactionOnInvalidId
StopTxnAlignedData StopTxnSampledData SupportedFeatureProfiles TransactionMessageAttempts
TransactionMessageRetryInterval UnlockConnectorOnEVSideDisconnect LocalAuthListEnabled LocalAuthListMaxLength
SendLocalListMaxLength ChargeProfileMaxStackLevel ChargingScheduleAllowedChargingRateUnit
ChargingScheduleMaxPeriods MaxChargingProfilesInstalled
"""
READ_ONLY = """
ConnectorPhaseRotationMaxLength GetConfigurationMaxKeys MeterValuesAlignedDataMaxLength
MeterValuesSampledDataMaxLength NumberOfConnectors StopTransactionMaxMeterValues StopTxnAlignedDataMaxLength
StopTxnSampledDataMaxLength SupportedFeatureProfiles SupportedFeatureProfilesMaxLength LocalAuthListMaxLength
SendLocalListMaxLength ReserveConnectorZeroSupported ChargeProfileMaxStackLevel
ChargingScheduleAllowedChargingRateUnit ChargingScheduleMaxPeriods ConnectorSwitch3to1PhaseSupported
MaxChargingProfilesInstalled SupportedFileTransferProtocols AdditionalRootCertificateCheck
CertificateSignedMaxChainSize CertificateStoreMaxLength
"""
BOOLEANS = """
AllowOfflineTxForUnknownId AuthorizationCacheEnabled AuthorizeRemoteTxRequests LocalAuthorizeOffline
LocalPreAuthorize StopTransactionOnEVSideDisconnect StopTransactionOnInvalidId
UnlockConnectorOnEVSideDisconnect LocalAuthListEnabled ReserveConnectorZeroSupported
ConnectorSwitch3to1PhaseSupported AdditionalRootCertificateCheck
"""
LISTS = """
ConnectorPhaseRotation MeterValuesAlignedData MeterValuesSampledData StopTxnAlignedData StopTxnSampledData
SupportedFeatureProfiles ChargingScheduleAllowedChargingRateUnit SupportedFileTransferProtocols
"""
CHOICE_OF_THE_CHARGE_POINT = {
    "AuthorizeRemoteTxRequests",
    "StopTransactionOnEVSideDisconnect",
    "UnlockConnectorOnEVSideDisconnect",
}


def names_with(access: Access) -> set[str]:
    return {key.name for key in CONFIGURATION_KEYS.values() if key.access is access}


def names_of(type: ValueType) -> set[str]:
    return {key.name for key in CONFIGURATION_KEYS.values() if key.type is type}


def test_each_profile_has_the_keys_of_the_specification() -> None:
    assert Counter(key.profile for key in CONFIGURATION_KEYS.values()) == {
        FeatureProfile.CORE: 36,
        FeatureProfile.LOCAL_AUTH_LIST_MANAGEMENT: 3,
        FeatureProfile.RESERVATION: 1,
        FeatureProfile.SMART_CHARGING: 5,
        FeatureProfile.FIRMWARE_MANAGEMENT: 1,
        FeatureProfile.SECURITY: 6,
    }


def test_the_required_keys_are_those_of_the_specification() -> None:
    """R-310."""
    required = {key.name for key in CONFIGURATION_KEYS.values() if key.required}

    assert required == set(REQUIRED.split())


def test_the_access_is_that_of_the_specification() -> None:
    """R-295."""
    assert names_with(Access.READ_ONLY) == set(READ_ONLY.split())
    assert names_with(Access.EITHER) == CHOICE_OF_THE_CHARGE_POINT
    assert names_with(Access.WRITE_ONLY) == {"AuthorizationKey"}


def test_the_types_are_those_of_the_specification() -> None:
    assert names_of(ValueType.BOOLEAN) == set(BOOLEANS.split())
    assert names_of(ValueType.LIST) == set(LISTS.split())
    assert names_of(ValueType.STRING) == {"AuthorizationKey", "CpoName"}


def test_the_defaults_are_the_sensible_start_set() -> None:
    defaults = {key.name: key.default for key in CONFIGURATION_KEYS.values() if key.default is not None}

    assert defaults == DEFAULTS


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_default_is_a_value_the_key_takes(name: str) -> None:
    key = CONFIGURATION_KEYS[name]
    assert key.default is not None

    assert to_text(parse(key, key.default)) == key.default


@pytest.mark.parametrize("name", sorted(CONFIGURATION_KEYS))
def test_a_key_says_what_it_is_for_and_fits_on_the_wire(name: str) -> None:
    key = CONFIGURATION_KEYS[name]

    assert key.name == name
    assert len(name) <= 50
    assert key.meaning.endswith(".")


@pytest.mark.parametrize("name", sorted(names_of(ValueType.LIST) - {"SupportedFeatureProfiles"}))
def test_the_length_of_a_writable_list_is_told_by_another_key(name: str) -> None:
    key = CONFIGURATION_KEYS[name]

    assert (key.max_items_key in CONFIGURATION_KEYS) == (key.access is Access.READ_WRITE)


@pytest.mark.parametrize("name", ["HeartbeatInterval", "heartbeatinterval", "HEARTBEATINTERVAL"])
def test_keys_are_found_in_any_case(name: str) -> None:
    """R-294."""
    assert find(name) is CONFIGURATION_KEYS["HeartbeatInterval"]


def test_a_key_of_a_vendor_is_not_found() -> None:
    assert find("AcmeLidLock") is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("HeartbeatInterval", "0"),
        ("LightIntensity", "101"),
        ("SecurityProfile", "4"),
        ("CertificateSignedMaxChainSize", "10001"),
        ("NumberOfConnectors", "0"),
        ("WebSocketPingInterval", "-1"),
    ],
)
def test_bounds_of_the_specification_hold(name: str, text: str) -> None:
    """R-299."""
    with pytest.raises(ValueError, match=f"{name} lies between"):
        parse(CONFIGURATION_KEYS[name], text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("MeterValuesSampledData", "Voltage.L1,Current.Import.L1-N, SoC"),
        ("StopTxnAlignedData", ""),
        ("ConnectorPhaseRotation", "0.RST, 1.RST, 12.NotApplicable"),
        ("SupportedFeatureProfiles", "Core,SmartCharging"),
        ("ChargingScheduleAllowedChargingRateUnit", "Current,Power"),
        ("SupportedFileTransferProtocols", "FTP,HTTPS"),
        ("AuthorizationKey", "0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF"),
        ("AuthorizationKey", "a" * 32),
        ("CpoName", "Zürich, Strom & Co."),
    ],
)
def test_values_of_the_specification_are_taken(name: str, text: str) -> None:
    assert parse(CONFIGURATION_KEYS[name], text) is not None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("MeterValuesSampledData", "Voltage.L4"),
        ("MeterValuesSampledData", "energy.active.import.register"),
        ("MeterValuesAlignedData", "SoC,,Voltage"),
        ("ConnectorPhaseRotation", "RST"),
        ("ConnectorPhaseRotation", "1.RSS"),
        ("SupportedFeatureProfiles", "Security"),
        ("ChargingScheduleAllowedChargingRateUnit", "A"),
        ("AuthorizationKey", "0" * 30),
        ("AuthorizationKey", "0" * 33),
        ("AuthorizationKey", "0" * 42),
        ("AuthorizationKey", "g" * 40),
    ],
)
def test_other_values_are_refused_and_not_repeated(name: str, text: str) -> None:
    """R-298, R-304; an AuthorizationKey must not get into a log."""
    with pytest.raises(ValueError, match=f"^{name} does not take this value$"):
        parse(CONFIGURATION_KEYS[name], text)
