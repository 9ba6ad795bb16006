"""The standard configuration keys of OCPP 1.6 as a table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from voltyard.protocol.actions import FeatureProfile
from voltyard.protocol.configuration_values import Access, ConfigurationKey, ValueType
from voltyard.protocol.messages import Measurand, Phase


def find(name: str) -> ConfigurationKey | None:
    """Return the standard key of that name in any case, or `None` for a vendor's own (OCPP 1.6 §5.3)."""
    return _BY_FOLDED_NAME.get(name.casefold())


def _any_of(words: Iterable[str]) -> str:
    return "(?:" + "|".join(re.escape(word) for word in words) + ")"


_MEASURANDS = _any_of(Measurand) + r"(?:\." + _any_of(Phase) + ")?"
_ROTATIONS = r"[0-9]+\.(?:NotApplicable|Unknown|RST|RTS|SRT|STR|TRS|TSR)"
_PROFILES = _any_of(profile for profile in FeatureProfile if profile is not FeatureProfile.SECURITY)

_BOOLEAN, _INTEGER, _LIST, _STRING = ValueType.BOOLEAN, ValueType.INTEGER, ValueType.LIST, ValueType.STRING
_R, _RW = Access.READ_ONLY, Access.READ_WRITE

_CORE = (
    ConfigurationKey(
        "AllowOfflineTxForUnknownId",
        _BOOLEAN,
        _RW,
        "Whether unknown id tags may start a transaction offline; there only if the charge point can do so.",
    ),
    ConfigurationKey(
        "AuthorizationCacheEnabled",
        _BOOLEAN,
        _RW,
        "Whether the authorization cache is used; there only if the charge point has one.",
    ),
    ConfigurationKey(
        "AuthorizeRemoteTxRequests",
        _BOOLEAN,
        Access.EITHER,
        "Whether a remote start is authorized like a local one first.",
        required=True,
    ),
    ConfigurationKey(
        "BlinkRepeat", _INTEGER, _RW, "How often the lights blink when signalling.", unit="times"
    ),
    ConfigurationKey(
        "ClockAlignedDataInterval",
        _INTEGER,
        _RW,
        "Length of the clock-aligned intervals, counted from midnight; 0 sends none.",
        unit="s",
        required=True,
        default="0",
    ),
    ConfigurationKey(
        "ConnectionTimeOut",
        _INTEGER,
        _RW,
        "How long a connector stays Preparing before the incipient transaction is cancelled.",
        unit="s",
        required=True,
        default="60",
    ),
    ConfigurationKey(
        "ConnectorPhaseRotation",
        _LIST,
        _RW,
        "The phase rotation of each connector against its meter, for example 0.RST, 1.RST, 2.RTS; "
        "0 is the main meter against the grid.",
        required=True,
        pattern=_ROTATIONS,
        max_items_key="ConnectorPhaseRotationMaxLength",
    ),
    ConfigurationKey(
        "ConnectorPhaseRotationMaxLength", _INTEGER, _R, "How many items ConnectorPhaseRotation takes."
    ),
    ConfigurationKey(
        "GetConfigurationMaxKeys",
        _INTEGER,
        _R,
        "How many keys a GetConfiguration may ask for.",
        required=True,
        minimum=1,
        default="50",
    ),
    ConfigurationKey(
        "HeartbeatInterval",
        _INTEGER,
        _RW,
        "After how long without messages a Heartbeat is sent; BootNotification's answer sets it too.",
        unit="s",
        required=True,
        minimum=1,  # the text is silent; 0 would be a flood
        default="300",
    ),
    ConfigurationKey(
        "LightIntensity",
        _INTEGER,
        _RW,
        "How bright the lights are, in per cent of their maximum.",
        unit="%",
        maximum=100,
    ),
    ConfigurationKey(
        "LocalAuthorizeOffline",
        _BOOLEAN,
        _RW,
        "Whether locally authorized id tags start transactions offline.",
        required=True,
        default="true",
    ),
    ConfigurationKey(
        "LocalPreAuthorize",
        _BOOLEAN,
        _RW,
        "Whether locally authorized id tags start transactions online without asking first.",
        required=True,
        default="false",
    ),
    ConfigurationKey(
        "MaxEnergyOnInvalidId",
        _INTEGER,
        _RW,
        "How much energy may still flow when the id tag turns out invalid after the start.",
        unit="Wh",
    ),
    ConfigurationKey(
        "MessageTimeout",
        _INTEGER,
        _RW,
        "How long the charge point waits for an answer (errata 3.83).",
        unit="s",
        minimum=1,
    ),
    ConfigurationKey(
        "MeterValuesAlignedData",
        _LIST,
        _RW,
        "Which measurands are sent clock-aligned.",
        required=True,
        pattern=_MEASURANDS,
        max_items_key="MeterValuesAlignedDataMaxLength",
    ),
    ConfigurationKey(
        "MeterValuesAlignedDataMaxLength", _INTEGER, _R, "How many items MeterValuesAlignedData takes."
    ),
    ConfigurationKey(
        "MeterValuesSampledData",
        _LIST,
        _RW,
        "Which measurands are sampled during a transaction, perhaps with a phase: Voltage.L1.",
        required=True,
        pattern=_MEASURANDS,
        max_items_key="MeterValuesSampledDataMaxLength",
        default=Measurand.ENERGY_ACTIVE_IMPORT_REGISTER.value,
    ),
    ConfigurationKey(
        "MeterValuesSampledDataMaxLength", _INTEGER, _R, "How many items MeterValuesSampledData takes."
    ),
    ConfigurationKey(
        "MeterValueSampleInterval",
        _INTEGER,
        _RW,
        "How often values are sampled during a transaction, from its start; 0 samples none.",
        unit="s",
        required=True,
        default="60",
    ),
    ConfigurationKey(
        "MinimumStatusDuration",
        _INTEGER,
        _RW,
        "How long a status must be stable before it is reported.",
        unit="s",
        default="0",
    ),
    ConfigurationKey(
        "NumberOfConnectors", _INTEGER, _R, "How many connectors there are.", required=True, minimum=1
    ),
    ConfigurationKey(
        "ResetRetries",
        _INTEGER,
        _RW,
        "How often a failed reset is tried again.",
        unit="times",
        required=True,
        default="1",
    ),
    ConfigurationKey(
        "StopTransactionMaxMeterValues",
        _INTEGER,
        _R,
        "How many meter values a StopTransaction can bring (errata 3.91).",
    ),
    ConfigurationKey(
        "StopTransactionOnEVSideDisconnect",
        _BOOLEAN,
        Access.EITHER,
        "Whether unplugging the vehicle stops the transaction (optional since errata 3.80).",
        default="true",
    ),
    ConfigurationKey(
        "StopTransactionOnInvalidId",
        _BOOLEAN,
        _RW,
        "Whether a transaction stops when StartTransaction is answered with anything but Accepted.",
        required=True,
        default="true",
    ),
    ConfigurationKey(
        "StopTxnAlignedData",
        _LIST,
        _RW,
        "Which clock-aligned measurands StopTransaction brings.",
        required=True,
        pattern=_MEASURANDS,
        max_items_key="StopTxnAlignedDataMaxLength",
    ),
    ConfigurationKey("StopTxnAlignedDataMaxLength", _INTEGER, _R, "How many items StopTxnAlignedData takes."),
    ConfigurationKey(
        "StopTxnSampledData",
        _LIST,
        _RW,
        "Which sampled measurands StopTransaction brings.",
        required=True,
        pattern=_MEASURANDS,
        max_items_key="StopTxnSampledDataMaxLength",
    ),
    ConfigurationKey("StopTxnSampledDataMaxLength", _INTEGER, _R, "How many items StopTxnSampledData takes."),
    ConfigurationKey(
        "SupportedFeatureProfiles",
        _LIST,
        _R,
        "Which feature profiles the charge point supports.",
        required=True,
        pattern=_PROFILES,
        max_items_key="SupportedFeatureProfilesMaxLength",
    ),
    ConfigurationKey(
        "SupportedFeatureProfilesMaxLength",
        _INTEGER,
        _R,
        "How many items SupportedFeatureProfiles takes; useless, as it cannot be written (errata 3.81).",
    ),
    ConfigurationKey(
        "TransactionMessageAttempts",
        _INTEGER,
        _RW,
        "How often a transaction-related message is sent in all if the central system cannot process it.",
        unit="times",
        required=True,
        minimum=1,
        default="3",
    ),
    ConfigurationKey(
        "TransactionMessageRetryInterval",
        _INTEGER,
        _RW,
        "How long to wait before such a message is sent again, times the number of earlier attempts.",
        unit="s",
        required=True,
        default="60",
    ),
    ConfigurationKey(
        "UnlockConnectorOnEVSideDisconnect",
        _BOOLEAN,
        Access.EITHER,
        "Whether unplugging the vehicle unlocks the cable; read-only and false with a fixed cable.",
        required=True,
        default="true",
    ),
    ConfigurationKey(
        "WebSocketPingInterval",
        _INTEGER,
        _RW,
        "How often the charge point sends a WebSocket ping; 0 sends none.",
        unit="s",
        default="30",
    ),
)

_LOCAL_LIST = FeatureProfile.LOCAL_AUTH_LIST_MANAGEMENT
_SMART = FeatureProfile.SMART_CHARGING

_OPTIONAL_PROFILES = (
    ConfigurationKey(
        "LocalAuthListEnabled",
        _BOOLEAN,
        _RW,
        "Whether the local authorization list is used.",
        required=True,
        profile=_LOCAL_LIST,
    ),
    ConfigurationKey(
        "LocalAuthListMaxLength",
        _INTEGER,
        _R,
        "How many id tags the local list holds.",
        required=True,
        profile=_LOCAL_LIST,
    ),
    ConfigurationKey(
        "SendLocalListMaxLength",
        _INTEGER,
        _R,
        "How many id tags one SendLocalList may bring.",
        required=True,
        profile=_LOCAL_LIST,
    ),
    ConfigurationKey(
        "ReserveConnectorZeroSupported",
        _BOOLEAN,
        _R,
        "Whether connector 0 can be reserved; absent means false.",
        profile=FeatureProfile.RESERVATION,
    ),
    ConfigurationKey(
        "ChargeProfileMaxStackLevel",
        _INTEGER,
        _R,
        "The highest stack level, and how many profiles each purpose may have.",
        required=True,
        profile=_SMART,
    ),
    ConfigurationKey(
        "ChargingScheduleAllowedChargingRateUnit",
        _LIST,
        _R,
        "In which quantities limits can be given: Current (A), Power (W).",
        required=True,
        pattern=_any_of(("Current", "Power")),
        profile=_SMART,
    ),
    ConfigurationKey(
        "ChargingScheduleMaxPeriods",
        _INTEGER,
        _R,
        "How many periods a charging schedule may have.",
        required=True,
        profile=_SMART,
    ),
    ConfigurationKey(
        "ConnectorSwitch3to1PhaseSupported",
        _BOOLEAN,
        _R,
        "Whether a transaction can go from three phases to one.",
        profile=_SMART,
    ),
    ConfigurationKey(
        "MaxChargingProfilesInstalled",
        _INTEGER,
        _R,
        "How many charging profiles can be installed at a time.",
        required=True,
        profile=_SMART,
    ),
    ConfigurationKey(
        "SupportedFileTransferProtocols",
        _LIST,
        _R,
        "How files can be fetched and sent.",
        pattern=_any_of(("FTP", "FTPS", "HTTP", "HTTPS", "SFTP")),
        profile=FeatureProfile.FIRMWARE_MANAGEMENT,
    ),
)

_SECURITY = (
    ConfigurationKey(
        "AdditionalRootCertificateCheck",
        _BOOLEAN,
        _R,
        "Whether there is one central system root only, and a new one has to be signed by it; "
        "required beyond security profile 1.",
        profile=FeatureProfile.SECURITY,
    ),
    ConfigurationKey(
        "AuthorizationKey",
        _STRING,
        Access.WRITE_ONLY,
        "The password of HTTP basic authentication, 16 to 20 bytes in hexadecimal; required unless the "
        "charge point knows security profile 3 only.",
        pattern=r"(?:[0-9A-Fa-f]{2}){16,20}",
        profile=FeatureProfile.SECURITY,
    ),
    ConfigurationKey(
        "CertificateSignedMaxChainSize",
        _INTEGER,
        _R,
        "How long the chain of a CertificateSigned may be.",
        unit="characters",
        maximum=10_000,
        profile=FeatureProfile.SECURITY,
    ),
    ConfigurationKey(
        "CertificateStoreMaxLength",
        _INTEGER,
        _R,
        "How many root and CA certificates can be installed.",
        profile=FeatureProfile.SECURITY,
    ),
    ConfigurationKey(
        "CpoName",
        _STRING,
        _RW,
        "The organization in the charge point's certificates; needed before one can be asked for.",
        profile=FeatureProfile.SECURITY,
    ),
    ConfigurationKey(
        "SecurityProfile",
        _INTEGER,
        _RW,
        "The security profile in use; it can only be raised, and the charge point then reconnects.",
        maximum=3,
        default="0",
        profile=FeatureProfile.SECURITY,
    ),
)

CONFIGURATION_KEYS: Mapping[str, ConfigurationKey] = MappingProxyType(
    {key.name: key for key in _CORE + _OPTIONAL_PROFILES + _SECURITY}
)

_BY_FOLDED_NAME: Mapping[str, ConfigurationKey] = MappingProxyType(
    {name.casefold(): key for name, key in CONFIGURATION_KEYS.items()}
)
