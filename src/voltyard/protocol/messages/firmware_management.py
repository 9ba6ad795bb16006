"""The payloads of the FirmwareManagement feature profile: firmware and diagnostics without signatures."""

from __future__ import annotations

from enum import StrEnum

from voltyard.protocol.payload import CiString255, DateTime, Integer, Payload, Request, Uri


class DiagnosticsStatus(StrEnum):
    """How far the upload of diagnostics is (OCPP 1.6 §7.24)."""

    IDLE = "Idle"
    UPLOADED = "Uploaded"
    UPLOAD_FAILED = "UploadFailed"
    UPLOADING = "Uploading"


class DiagnosticsStatusNotificationResponse(Payload, frozen=True, kw_only=True):
    """The status has arrived (OCPP 1.6 §6.18)."""


class DiagnosticsStatusNotification(
    Request[DiagnosticsStatusNotificationResponse], frozen=True, kw_only=True
):
    """Says how far the upload of diagnostics is (OCPP 1.6 §6.17)."""

    action = "DiagnosticsStatusNotification"
    response = DiagnosticsStatusNotificationResponse

    status: DiagnosticsStatus


class FirmwareStatus(StrEnum):
    """How far the firmware update is (OCPP 1.6 §7.25)."""

    DOWNLOADED = "Downloaded"
    DOWNLOAD_FAILED = "DownloadFailed"
    DOWNLOADING = "Downloading"
    IDLE = "Idle"
    INSTALLATION_FAILED = "InstallationFailed"
    INSTALLING = "Installing"
    INSTALLED = "Installed"


class FirmwareStatusNotificationResponse(Payload, frozen=True, kw_only=True):
    """The status has arrived (OCPP 1.6 §6.20)."""


class FirmwareStatusNotification(Request[FirmwareStatusNotificationResponse], frozen=True, kw_only=True):
    """Says how far the firmware update is (OCPP 1.6 §6.19)."""

    action = "FirmwareStatusNotification"
    response = FirmwareStatusNotificationResponse

    status: FirmwareStatus


class GetDiagnosticsResponse(Payload, frozen=True, kw_only=True):
    """The name of the file that will be uploaded; none when there is nothing to upload (OCPP 1.6 §6.26)."""

    file_name: CiString255 | None = None


class GetDiagnostics(Request[GetDiagnosticsResponse], frozen=True, kw_only=True):
    """Asks for diagnostics at the directory `location`; `retry_interval` is in seconds (OCPP 1.6 §6.25)."""

    action = "GetDiagnostics"
    response = GetDiagnosticsResponse

    location: Uri
    retries: Integer | None = None
    retry_interval: Integer | None = None
    start_time: DateTime | None = None
    stop_time: DateTime | None = None


class UpdateFirmwareResponse(Payload, frozen=True, kw_only=True):
    """The request has arrived (OCPP 1.6 §6.56)."""


class UpdateFirmware(Request[UpdateFirmwareResponse], frozen=True, kw_only=True):
    """Asks for the firmware at `location` to be fetched and installed (OCPP 1.6 §6.55).

    `retry_interval` is in seconds.
    """

    action = "UpdateFirmware"
    response = UpdateFirmwareResponse

    location: Uri
    retrieve_date: DateTime
    retries: Integer | None = None
    retry_interval: Integer | None = None
