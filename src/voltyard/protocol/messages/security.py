"""The payloads of the security extensions (white paper "Improved security for OCPP 1.6-J", edition 3)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from voltyard.protocol.messages.common import RequestedMessage, TriggerMessageStatus
from voltyard.protocol.payload import (
    CiString40,
    CiString50,
    CiString128,
    CiString255,
    DateTime,
    Integer,
    Payload,
    Request,
    Structure,
)

# --- certificates ----------------------------------------------------------------------------------------

CertificateChain = Annotated[str, Meta(max_length=10_000)]
Pem = Annotated[str, Meta(max_length=5500)]


class CertificateUse(StrEnum):
    """What a root certificate is for (white paper §6.4)."""

    CENTRAL_SYSTEM_ROOT_CERTIFICATE = "CentralSystemRootCertificate"
    MANUFACTURER_ROOT_CERTIFICATE = "ManufacturerRootCertificate"


class HashAlgorithm(StrEnum):
    """With what certificates are told apart (white paper §6.12)."""

    SHA256 = "SHA256"
    SHA384 = "SHA384"
    SHA512 = "SHA512"


class CertificateHashData(Structure, frozen=True, kw_only=True):
    """Tells a certificate by hashes as OCSP does, in hexadecimal (white paper §6.1)."""

    hash_algorithm: HashAlgorithm
    issuer_name_hash: CiString128
    issuer_key_hash: CiString128
    serial_number: CiString40


class CertificateSignedStatus(StrEnum):
    """Whether the charge point takes a signed certificate (white paper §6.2)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class CertificateSignedResponse(Payload, frozen=True, kw_only=True):
    """Whether the charge point takes the certificate (white paper §5.2)."""

    status: CertificateSignedStatus


class CertificateSigned(Request[CertificateSignedResponse], frozen=True, kw_only=True):
    """Brings the charge point its new certificate, leaf first, in PEM (white paper §5.1)."""

    action = "CertificateSigned"
    response = CertificateSignedResponse

    certificate_chain: CertificateChain


class DeleteCertificateStatus(StrEnum):
    """Whether the certificate is gone (white paper §6.7)."""

    ACCEPTED = "Accepted"
    FAILED = "Failed"
    NOT_FOUND = "NotFound"


class DeleteCertificateResponse(Payload, frozen=True, kw_only=True):
    """Whether the certificate is gone (white paper §5.4)."""

    status: DeleteCertificateStatus


class DeleteCertificate(Request[DeleteCertificateResponse], frozen=True, kw_only=True):
    """Asks the charge point to forget a certificate (white paper §5.3)."""

    action = "DeleteCertificate"
    response = DeleteCertificateResponse

    certificate_hash_data: CertificateHashData


class GetInstalledCertificateStatus(StrEnum):
    """Whether there are certificates of the kind asked for (white paper §6.11)."""

    ACCEPTED = "Accepted"
    NOT_FOUND = "NotFound"


class GetInstalledCertificateIdsResponse(Payload, frozen=True, kw_only=True):
    """The installed certificates; the list is left out when empty (white paper §5.8)."""

    status: GetInstalledCertificateStatus
    certificate_hash_data: Annotated[tuple[CertificateHashData, ...], Meta(min_length=1)] | None = None


class GetInstalledCertificateIds(Request[GetInstalledCertificateIdsResponse], frozen=True, kw_only=True):
    """Asks which certificates of a kind are installed (white paper §5.7)."""

    action = "GetInstalledCertificateIds"
    response = GetInstalledCertificateIdsResponse

    certificate_type: CertificateUse


class InstallCertificateStatus(StrEnum):
    """Whether the certificate is installed (white paper §6.3)."""

    ACCEPTED = "Accepted"
    FAILED = "Failed"
    REJECTED = "Rejected"


class InstallCertificateResponse(Payload, frozen=True, kw_only=True):
    """Whether the certificate is installed (white paper §5.12)."""

    status: InstallCertificateStatus


class InstallCertificate(Request[InstallCertificateResponse], frozen=True, kw_only=True):
    """Brings the charge point a root certificate in PEM (white paper §5.11)."""

    action = "InstallCertificate"
    response = InstallCertificateResponse

    certificate_type: CertificateUse
    certificate: Pem


class GenericStatus(StrEnum):
    """Whether a request is accepted (white paper §6.10)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class SignCertificateResponse(Payload, frozen=True, kw_only=True):
    """Whether the central system will have the request signed (white paper §5.18)."""

    status: GenericStatus


class SignCertificate(Request[SignCertificateResponse], frozen=True, kw_only=True):
    """Asks for a certificate; `csr` is a PKCS#10 request in PEM (white paper §5.17)."""

    action = "SignCertificate"
    response = SignCertificateResponse

    csr: Pem


# --- triggers --------------------------------------------------------------------------------------------


class ExtendedMessageTrigger(StrEnum):
    """Which message an ExtendedTriggerMessage can ask for (white paper §6.16)."""

    BOOT_NOTIFICATION = "BootNotification"
    LOG_STATUS_NOTIFICATION = "LogStatusNotification"
    FIRMWARE_STATUS_NOTIFICATION = "FirmwareStatusNotification"
    HEARTBEAT = "Heartbeat"
    METER_VALUES = "MeterValues"
    SIGN_CHARGE_POINT_CERTIFICATE = "SignChargePointCertificate"
    STATUS_NOTIFICATION = "StatusNotification"


class ExtendedTriggerMessageResponse(Payload, frozen=True, kw_only=True):
    """Whether the charge point will send the message (white paper §5.6)."""

    status: TriggerMessageStatus


class ExtendedTriggerMessage(Request[ExtendedTriggerMessageResponse], frozen=True, kw_only=True):
    """Asks for a message; `requested_message` should be an `ExtendedMessageTrigger` (white paper §5.5).

    One that is none of them is answered with NotImplemented. Without `connector_id`: all connectors.
    """

    action = "ExtendedTriggerMessage"
    response = ExtendedTriggerMessageResponse

    requested_message: RequestedMessage
    connector_id: Integer | None = None


# --- logs and security events ----------------------------------------------------------------------------

RemoteLocation = Annotated[str, Meta(max_length=512)]


class LogType(StrEnum):
    """Which log is asked for (white paper §6.13)."""

    DIAGNOSTICS_LOG = "DiagnosticsLog"
    SECURITY_LOG = "SecurityLog"


class LogParameters(Structure, frozen=True, kw_only=True):
    """Where a log goes and which span of time it covers (white paper §6.14)."""

    remote_location: RemoteLocation
    oldest_timestamp: DateTime | None = None
    latest_timestamp: DateTime | None = None


class LogStatus(StrEnum):
    """Whether the log will be uploaded, and whether that ended another upload (white paper §6.15)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    ACCEPTED_CANCELED = "AcceptedCanceled"


class GetLogResponse(Payload, frozen=True, kw_only=True):
    """The name of the file that will be uploaded (white paper §5.10)."""

    status: LogStatus
    filename: CiString255 | None = None


class GetLog(Request[GetLogResponse], frozen=True, kw_only=True):
    """Asks for the upload of a log; `retry_interval` is in seconds (white paper §5.9)."""

    action = "GetLog"
    response = GetLogResponse

    log: LogParameters
    log_type: LogType
    request_id: Integer
    retries: Integer | None = None
    retry_interval: Integer | None = None


class UploadLogStatus(StrEnum):
    """How far the upload of a log is (white paper §6.19)."""

    BAD_MESSAGE = "BadMessage"
    IDLE = "Idle"
    NOT_SUPPORTED_OPERATION = "NotSupportedOperation"
    PERMISSION_DENIED = "PermissionDenied"
    UPLOADED = "Uploaded"
    UPLOAD_FAILURE = "UploadFailure"
    UPLOADING = "Uploading"


class LogStatusNotificationResponse(Payload, frozen=True, kw_only=True):
    """The status has arrived (white paper §5.14)."""


class LogStatusNotification(Request[LogStatusNotificationResponse], frozen=True, kw_only=True):
    """Says how far the upload of a log is (white paper §5.13)."""

    action = "LogStatusNotification"
    response = LogStatusNotificationResponse

    status: UploadLogStatus
    request_id: Integer | None = None


class SecurityEventNotificationResponse(Payload, frozen=True, kw_only=True):
    """The security event has arrived (white paper §5.16)."""


class SecurityEventNotification(Request[SecurityEventNotificationResponse], frozen=True, kw_only=True):
    """Reports a security event; its type may be one the receiver does not know (white paper §5.15)."""

    action = "SecurityEventNotification"
    response = SecurityEventNotificationResponse

    type: CiString50
    timestamp: DateTime
    tech_info: CiString255 | None = None


# --- signed firmware -------------------------------------------------------------------------------------


class SignedFirmwareStatus(StrEnum):
    """How far the update with signed firmware is (white paper §6.8)."""

    DOWNLOADED = "Downloaded"
    DOWNLOAD_FAILED = "DownloadFailed"
    DOWNLOADING = "Downloading"
    DOWNLOAD_SCHEDULED = "DownloadScheduled"
    DOWNLOAD_PAUSED = "DownloadPaused"
    IDLE = "Idle"
    INSTALLATION_FAILED = "InstallationFailed"
    INSTALLING = "Installing"
    INSTALLED = "Installed"
    INSTALL_REBOOTING = "InstallRebooting"
    INSTALL_SCHEDULED = "InstallScheduled"
    INSTALL_VERIFICATION_FAILED = "InstallVerificationFailed"
    INVALID_SIGNATURE = "InvalidSignature"
    SIGNATURE_VERIFIED = "SignatureVerified"


class SignedFirmwareStatusNotificationResponse(Payload, frozen=True, kw_only=True):
    """The status has arrived (white paper §5.20)."""


class SignedFirmwareStatusNotification(
    Request[SignedFirmwareStatusNotificationResponse], frozen=True, kw_only=True
):
    """Says how far the update is; `request_id` is absent only with Idle (white paper §5.19)."""

    action = "SignedFirmwareStatusNotification"
    response = SignedFirmwareStatusNotificationResponse

    status: SignedFirmwareStatus
    request_id: Integer | None = None


class Firmware(Structure, frozen=True, kw_only=True):
    """Where signed firmware is and what proves it: PEM and base64 (white paper §6.9)."""

    location: RemoteLocation
    retrieve_date_time: DateTime
    signing_certificate: Pem
    signature: Annotated[str, Meta(max_length=800)]
    install_date_time: DateTime | None = None


class UpdateFirmwareStatus(StrEnum):
    """Whether the update will take place (white paper §6.18)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    ACCEPTED_CANCELED = "AcceptedCanceled"
    INVALID_CERTIFICATE = "InvalidCertificate"
    REVOKED_CERTIFICATE = "RevokedCertificate"


class SignedUpdateFirmwareResponse(Payload, frozen=True, kw_only=True):
    """Whether the update will take place (white paper §5.22)."""

    status: UpdateFirmwareStatus


class SignedUpdateFirmware(Request[SignedUpdateFirmwareResponse], frozen=True, kw_only=True):
    """Asks for signed firmware to be fetched and installed; `retry_interval` in s (white paper §5.21)."""

    action = "SignedUpdateFirmware"
    response = SignedUpdateFirmwareResponse

    request_id: Integer
    firmware: Firmware
    retries: Integer | None = None
    retry_interval: Integer | None = None
