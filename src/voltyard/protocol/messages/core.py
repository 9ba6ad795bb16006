"""The payloads of the Core feature profile."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from voltyard.protocol.messages.common import ChargingProfile, IdTagInfo, MeterValue
from voltyard.protocol.payload import (
    CiString20,
    CiString25,
    CiString50,
    CiString255,
    CiString500,
    DateTime,
    IdToken,
    Integer,
    NonNegative,
    Payload,
    Positive,
    Request,
    Structure,
)

# --- from the charge point -------------------------------------------------------------------------------


class AuthorizeResponse(Payload, frozen=True, kw_only=True):
    """Whether the id tag may charge (OCPP 1.6 §6.2)."""

    id_tag_info: IdTagInfo


class Authorize(Request[AuthorizeResponse], frozen=True, kw_only=True):
    """Asks whether an id tag may start or stop charging (OCPP 1.6 §6.1)."""

    action = "Authorize"
    response = AuthorizeResponse

    id_tag: IdToken


class RegistrationStatus(StrEnum):
    """Whether the central system accepts a charge point (OCPP 1.6 §7.38)."""

    ACCEPTED = "Accepted"
    PENDING = "Pending"
    REJECTED = "Rejected"


class BootNotificationResponse(Payload, frozen=True, kw_only=True):
    """Whether the charge point is accepted (OCPP 1.6 §6.4).

    `interval` is in seconds: between heartbeats when accepted, else before the next BootNotification;
    0 or less leaves the choice to the charge point.
    """

    status: RegistrationStatus
    current_time: DateTime
    interval: Integer


class BootNotification(Request[BootNotificationResponse], frozen=True, kw_only=True):
    """Says who the charge point is after each boot (OCPP 1.6 §6.3)."""

    action = "BootNotification"
    response = BootNotificationResponse

    charge_point_vendor: CiString20
    charge_point_model: CiString20
    charge_point_serial_number: CiString25 | None = None
    charge_box_serial_number: CiString25 | None = None
    firmware_version: CiString50 | None = None
    iccid: CiString20 | None = None
    imsi: CiString20 | None = None
    meter_type: CiString25 | None = None
    meter_serial_number: CiString25 | None = None


class HeartbeatResponse(Payload, frozen=True, kw_only=True):
    """The central system's time (OCPP 1.6 §6.30)."""

    current_time: DateTime


class Heartbeat(Request[HeartbeatResponse], frozen=True, kw_only=True):
    """Says that the charge point is still there (OCPP 1.6 §6.29)."""

    action = "Heartbeat"
    response = HeartbeatResponse


class MeterValuesResponse(Payload, frozen=True, kw_only=True):
    """The meter values have arrived (OCPP 1.6 §6.32)."""


class MeterValues(Request[MeterValuesResponse], frozen=True, kw_only=True):
    """Brings sampled values of a connector, or of the main meter as connector 0 (OCPP 1.6 §6.31)."""

    action = "MeterValues"
    response = MeterValuesResponse

    connector_id: NonNegative
    meter_value: Annotated[tuple[MeterValue, ...], Meta(min_length=1)]
    transaction_id: Integer | None = None


class StartTransactionResponse(Payload, frozen=True, kw_only=True):
    """The transaction's id, and whether its id tag is good (OCPP 1.6 §6.46)."""

    id_tag_info: IdTagInfo
    transaction_id: Integer


class StartTransaction(Request[StartTransactionResponse], frozen=True, kw_only=True):
    """Says that a transaction has started; `meter_start` is in Wh (OCPP 1.6 §6.45).

    It has happened and has to be answered whatever it says (§4.8), so connector 0 and negative readings
    are for the receiver to judge.
    """

    action = "StartTransaction"
    response = StartTransactionResponse

    connector_id: NonNegative
    id_tag: IdToken
    meter_start: Integer
    timestamp: DateTime
    reservation_id: Integer | None = None


class ChargePointErrorCode(StrEnum):
    """What is wrong with a charge point or connector (OCPP 1.6 §7.6)."""

    CONNECTOR_LOCK_FAILURE = "ConnectorLockFailure"
    EV_COMMUNICATION_ERROR = "EVCommunicationError"
    GROUND_FAILURE = "GroundFailure"
    HIGH_TEMPERATURE = "HighTemperature"
    INTERNAL_ERROR = "InternalError"
    LOCAL_LIST_CONFLICT = "LocalListConflict"
    NO_ERROR = "NoError"
    OTHER_ERROR = "OtherError"
    OVER_CURRENT_FAILURE = "OverCurrentFailure"
    OVER_VOLTAGE = "OverVoltage"
    POWER_METER_FAILURE = "PowerMeterFailure"
    POWER_SWITCH_FAILURE = "PowerSwitchFailure"
    READER_FAILURE = "ReaderFailure"
    RESET_FAILURE = "ResetFailure"
    UNDER_VOLTAGE = "UnderVoltage"
    WEAK_SIGNAL = "WeakSignal"


class ChargePointStatus(StrEnum):
    """The state of a connector; connector 0 knows Available, Unavailable and Faulted (OCPP 1.6 §7.7)."""

    AVAILABLE = "Available"
    PREPARING = "Preparing"
    CHARGING = "Charging"
    SUSPENDED_EVSE = "SuspendedEVSE"
    SUSPENDED_EV = "SuspendedEV"
    FINISHING = "Finishing"
    RESERVED = "Reserved"
    UNAVAILABLE = "Unavailable"
    FAULTED = "Faulted"


class StatusNotificationResponse(Payload, frozen=True, kw_only=True):
    """The status has arrived (OCPP 1.6 §6.48)."""


class StatusNotification(Request[StatusNotificationResponse], frozen=True, kw_only=True):
    """Says that the state of a connector has changed (OCPP 1.6 §6.47)."""

    action = "StatusNotification"
    response = StatusNotificationResponse

    connector_id: NonNegative
    error_code: ChargePointErrorCode
    status: ChargePointStatus
    info: CiString50 | None = None
    timestamp: DateTime | None = None
    vendor_id: CiString255 | None = None
    vendor_error_code: CiString50 | None = None


class Reason(StrEnum):
    """Why a transaction stopped; absent means Local (OCPP 1.6 §7.36)."""

    DE_AUTHORIZED = "DeAuthorized"
    EMERGENCY_STOP = "EmergencyStop"
    EV_DISCONNECTED = "EVDisconnected"
    HARD_RESET = "HardReset"
    LOCAL = "Local"
    OTHER = "Other"
    POWER_LOSS = "PowerLoss"
    REBOOT = "Reboot"
    REMOTE = "Remote"
    SOFT_RESET = "SoftReset"
    UNLOCK_COMMAND = "UnlockCommand"


class StopTransactionResponse(Payload, frozen=True, kw_only=True):
    """The stop has arrived; what is known of the id tag, if one was given (OCPP 1.6 §6.50)."""

    id_tag_info: IdTagInfo | None = None


class StopTransaction(Request[StopTransactionResponse], frozen=True, kw_only=True):
    """Says that a transaction has stopped; `meter_stop` is in Wh (OCPP 1.6 §6.49)."""

    action = "StopTransaction"
    response = StopTransactionResponse

    meter_stop: Integer
    timestamp: DateTime
    transaction_id: Integer
    id_tag: IdToken | None = None
    reason: Reason | None = None
    transaction_data: tuple[MeterValue, ...] | None = None


# --- from either side ------------------------------------------------------------------------------------


class DataTransferStatus(StrEnum):
    """What became of a vendor's message (OCPP 1.6 §7.23)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    UNKNOWN_MESSAGE_ID = "UnknownMessageId"
    UNKNOWN_VENDOR_ID = "UnknownVendorId"


class DataTransferResponse(Payload, frozen=True, kw_only=True):
    """What became of a vendor's message (OCPP 1.6 §6.16)."""

    status: DataTransferStatus
    data: str | None = None


class DataTransfer(Request[DataTransferResponse], frozen=True, kw_only=True):
    """Brings what OCPP has no message for; JSON goes into the string `data` (OCPP 1.6 §6.15)."""

    action = "DataTransfer"
    response = DataTransferResponse

    vendor_id: CiString255
    message_id: CiString50 | None = None
    data: str | None = None


# --- from the central system -----------------------------------------------------------------------------


class AvailabilityType(StrEnum):
    """Which availability is asked for (OCPP 1.6 §7.4)."""

    INOPERATIVE = "Inoperative"
    OPERATIVE = "Operative"


class AvailabilityStatus(StrEnum):
    """Whether the availability changes, now or after the transaction (OCPP 1.6 §7.3)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    SCHEDULED = "Scheduled"


class ChangeAvailabilityResponse(Payload, frozen=True, kw_only=True):
    """Whether the availability changes (OCPP 1.6 §6.8)."""

    status: AvailabilityStatus


class ChangeAvailability(Request[ChangeAvailabilityResponse], frozen=True, kw_only=True):
    """Takes a connector, or with 0 all of them, into or out of service (OCPP 1.6 §6.7)."""

    action = "ChangeAvailability"
    response = ChangeAvailabilityResponse

    connector_id: NonNegative
    type: AvailabilityType


class ConfigurationStatus(StrEnum):
    """What became of a change of the configuration (OCPP 1.6 §7.22)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    REBOOT_REQUIRED = "RebootRequired"
    NOT_SUPPORTED = "NotSupported"


class ChangeConfigurationResponse(Payload, frozen=True, kw_only=True):
    """What became of the change (OCPP 1.6 §6.10)."""

    status: ConfigurationStatus


class ChangeConfiguration(Request[ChangeConfigurationResponse], frozen=True, kw_only=True):
    """Sets one configuration key; values are strings of any kind (OCPP 1.6 §6.9)."""

    action = "ChangeConfiguration"
    response = ChangeConfigurationResponse

    key: CiString50
    value: CiString500


class ClearCacheStatus(StrEnum):
    """Whether the authorization cache is empty now (OCPP 1.6 §7.20)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class ClearCacheResponse(Payload, frozen=True, kw_only=True):
    """Whether the authorization cache is empty now (OCPP 1.6 §6.12)."""

    status: ClearCacheStatus


class ClearCache(Request[ClearCacheResponse], frozen=True, kw_only=True):
    """Empties the authorization cache (OCPP 1.6 §6.11)."""

    action = "ClearCache"
    response = ClearCacheResponse


class KeyValue(Structure, frozen=True, kw_only=True):
    """A configuration key as reported (OCPP 1.6 §7.29)."""

    key: CiString50
    readonly: bool
    value: CiString500 | None = None


class GetConfigurationResponse(Payload, frozen=True, kw_only=True):
    """The known ones of the keys asked for, and the unknown ones (OCPP 1.6 §6.24)."""

    configuration_key: tuple[KeyValue, ...] | None = None
    unknown_key: tuple[CiString50, ...] | None = None


class GetConfiguration(Request[GetConfigurationResponse], frozen=True, kw_only=True):
    """Asks for configuration keys; none or an empty list means all (OCPP 1.6 §6.23)."""

    action = "GetConfiguration"
    response = GetConfigurationResponse

    key: tuple[CiString50, ...] | None = None


class RemoteStartStopStatus(StrEnum):
    """Whether the charge point will try to start or stop (OCPP 1.6 §7.39)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class RemoteStartTransactionResponse(Payload, frozen=True, kw_only=True):
    """Whether the charge point will try to start (OCPP 1.6 §6.34)."""

    status: RemoteStartStopStatus


class RemoteStartTransaction(Request[RemoteStartTransactionResponse], frozen=True, kw_only=True):
    """Asks for a transaction; the charge point answers Rejected for connector 0 (OCPP 1.6 §6.33)."""

    action = "RemoteStartTransaction"
    response = RemoteStartTransactionResponse

    id_tag: IdToken
    connector_id: NonNegative | None = None
    charging_profile: ChargingProfile | None = None


class RemoteStopTransactionResponse(Payload, frozen=True, kw_only=True):
    """Whether the charge point will try to stop (OCPP 1.6 §6.36)."""

    status: RemoteStartStopStatus


class RemoteStopTransaction(Request[RemoteStopTransactionResponse], frozen=True, kw_only=True):
    """Asks for the end of a transaction (OCPP 1.6 §6.35)."""

    action = "RemoteStopTransaction"
    response = RemoteStopTransactionResponse

    transaction_id: Integer


class ResetType(StrEnum):
    """What to restart: the hardware or the application (OCPP 1.6 §7.42)."""

    HARD = "Hard"
    SOFT = "Soft"


class ResetStatus(StrEnum):
    """Whether the charge point will reset (OCPP 1.6 §7.41)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class ResetResponse(Payload, frozen=True, kw_only=True):
    """Whether the charge point will reset (OCPP 1.6 §6.40)."""

    status: ResetStatus


class Reset(Request[ResetResponse], frozen=True, kw_only=True):
    """Asks the charge point to restart (OCPP 1.6 §6.39)."""

    action = "Reset"
    response = ResetResponse

    type: ResetType


class UnlockStatus(StrEnum):
    """Whether the connector is unlocked (OCPP 1.6 §7.46)."""

    UNLOCKED = "Unlocked"
    UNLOCK_FAILED = "UnlockFailed"
    NOT_SUPPORTED = "NotSupported"


class UnlockConnectorResponse(Payload, frozen=True, kw_only=True):
    """Whether the connector is unlocked (OCPP 1.6 §6.54)."""

    status: UnlockStatus


class UnlockConnector(Request[UnlockConnectorResponse], frozen=True, kw_only=True):
    """Asks for a connector's cable to be let go (OCPP 1.6 §6.53)."""

    action = "UnlockConnector"
    response = UnlockConnectorResponse

    connector_id: Positive
