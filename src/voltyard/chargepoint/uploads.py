"""Bringing diagnostics and logs to where the central system wants them (OCPP 1.6 §5.9, white paper N01)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import Final, NamedTuple

from msgspec import json

from voltyard.chargepoint.clock import Clock
from voltyard.chargepoint.diagnostics import Diagnostics, File
from voltyard.chargepoint.journal import Journal
from voltyard.chargepoint.notices import Notice, Notices
from voltyard.chargepoint.store import Change, Store
from voltyard.chargepoint.surroundings import Spawn
from voltyard.chargepoint.transfer import Failure, FileTransfer, TransferFailed, without_secrets
from voltyard.chargepoint.transfer.retries import Retries, persevere, retries
from voltyard.protocol.messages import (
    DiagnosticsStatus,
    DiagnosticsStatusNotification,
    GetDiagnostics,
    GetLog,
    LogStatus,
    LogStatusNotification,
    LogType,
    UploadLogStatus,
)

_KIND: Final = "upload"


class _Step(Enum):
    UPLOADING = auto()
    UPLOADED = auto()


_Progress = _Step | Failure
_DIAGNOSTICS_STATUS: Final[Mapping[_Progress, DiagnosticsStatus]] = MappingProxyType(
    {
        _Step.UPLOADING: DiagnosticsStatus.UPLOADING,
        _Step.UPLOADED: DiagnosticsStatus.UPLOADED,
        **dict.fromkeys(Failure, DiagnosticsStatus.UPLOAD_FAILED),
    }
)
_LOG_STATUS: Final[Mapping[_Progress, UploadLogStatus]] = MappingProxyType(
    {
        _Step.UPLOADING: UploadLogStatus.UPLOADING,
        _Step.UPLOADED: UploadLogStatus.UPLOADED,
        Failure.NOT_SUPPORTED: UploadLogStatus.NOT_SUPPORTED_OPERATION,
        Failure.PERMISSION_DENIED: UploadLogStatus.PERMISSION_DENIED,
        Failure.BAD_MESSAGE: UploadLogStatus.BAD_MESSAGE,
        Failure.FAILED: UploadLogStatus.UPLOAD_FAILURE,
    }
)


class Uploading(NamedTuple):
    """What it takes to upload; `spawn` runs it."""

    store: Store
    notices: Notices
    journal: Journal
    clock: Clock
    transfer: FileTransfer
    spawn: Spawn


class Uploads:
    """The uploads of a charge point: at most one for GetDiagnostics and one for GetLog at a time.

    A new request takes the place of the one before it. What a boot interrupts has failed.
    """

    __slots__ = ("_collect", "_diagnostics", "_log")

    def __init__(self, diagnostics: Diagnostics, uploading: Uploading) -> None:
        self._collect = diagnostics.collect
        self._diagnostics = _Uploader("diagnostics", _diagnostics_notice, uploading)
        self._log = _Uploader("log", _log_notice, uploading)

    def take_diagnostics(self, request: GetDiagnostics) -> str | None:
        """Take in a request and return the name of the file; None if there is nothing to upload.

        The upload begins with `proceed`.
        """
        file = self._collect(LogType.DIAGNOSTICS_LOG, request.start_time, request.stop_time)
        if file is None:
            return None
        # Which of two uploads a status is about cannot be said, so the one before ends with one of its own.
        self._diagnostics.cancel(is_told=True)
        asked = retries(request.retries, request.retry_interval)
        self._diagnostics.take(_Upload(file, request.location, asked))
        return file.name

    def take_log(self, request: GetLog) -> tuple[LogStatus, str | None]:
        """Take in a request and return its answer; the upload begins with `proceed`."""
        wanted = request.log
        file = self._collect(request.log_type, wanted.oldest_timestamp, wanted.latest_timestamp)
        if file is None:
            return LogStatus.REJECTED, None
        # The answer says that the one before has ended.
        was_under_way = self._log.cancel(is_told=False)
        asked = retries(request.retries, request.retry_interval)
        self._log.take(_Upload(file, wanted.remote_location, asked, request.request_id))
        return LogStatus.ACCEPTED_CANCELED if was_under_way else LogStatus.ACCEPTED, file.name

    def proceed(self) -> None:
        """Begin what was taken in."""
        self._diagnostics.proceed()
        self._log.proceed()

    def recover(self) -> None:
        """At boot, have told that what an earlier life was uploading has failed."""
        self._diagnostics.recover()
        self._log.recover()

    def diagnostics_status_notification(self) -> DiagnosticsStatusNotification:
        """Return how far the upload for GetDiagnostics is, for when it is asked for."""
        is_idle = self._diagnostics.upload is None
        return DiagnosticsStatusNotification(
            status=DiagnosticsStatus.IDLE if is_idle else DiagnosticsStatus.UPLOADING
        )

    def log_status_notification(self) -> LogStatusNotification:
        """Return how far the upload for GetLog is, for when it is asked for."""
        upload = self._log.upload
        if upload is None:
            return LogStatusNotification(status=UploadLogStatus.IDLE)
        return LogStatusNotification(status=UploadLogStatus.UPLOADING, request_id=upload.request_id)


@dataclass(frozen=True, slots=True)
class _Upload:
    file: File
    location: str
    retries: Retries
    request_id: int | None = None


class _Uploader:
    """Uploads one file at a time and tells of it by the notices that `notice` makes."""

    __slots__ = ("_key", "_notice", "_task", "_with", "upload")

    def __init__(
        self, key: str, notice: Callable[[_Progress, int | None], Notice], uploading: Uploading
    ) -> None:
        self._key = key
        self._notice = notice
        self._with = uploading
        self._task: asyncio.Task[None] | None = None
        self.upload: _Upload | None = None

    def take(self, upload: _Upload) -> None:
        """Take in what is to be uploaded; it is durable then that there is something to tell of it."""
        self._with.store.commit(self._change(json.encode(upload.request_id)))
        self.upload = upload

    def proceed(self) -> None:
        if self.upload is not None and self._task is None:
            self._tell(self.upload, _Step.UPLOADING, json.encode(self.upload.request_id))
            self._task = self._with.spawn(self._bring(self.upload))

    def cancel(self, *, is_told: bool) -> bool:
        """End the upload under way; return whether there was one."""
        upload, task = self.upload, self._task
        self.upload = self._task = None
        if upload is None:
            return False
        if task is not None:
            task.cancel()
            self._with.journal.note(f"{self._key}: {upload.file.name} is given up for another one")
            if is_told:
                self._tell(upload, Failure.FAILED, None)
            else:
                self._with.store.commit(self._change(None))
        return True

    def recover(self) -> None:
        record = self._with.store.read(_KIND).get(self._key)
        if record is not None:
            request_id = json.decode(record, type=int | None)
            self._with.notices.post(self._notice(Failure.FAILED, request_id), self._change(None))

    async def _bring(self, upload: _Upload) -> None:
        location = without_secrets(upload.location)
        self._with.journal.note(f"{self._key}: uploading {upload.file.name} to {location}")
        progress = await self._persevere(upload)
        self.upload = self._task = None
        self._with.journal.note(f"{self._key}: {progress.name.lower()}")
        self._tell(upload, progress, None)

    async def _persevere(self, upload: _Upload) -> _Progress:
        def failed(failures: int, error: TransferFailed) -> None:
            self._with.journal.note(f"{self._key}: attempt {failures} failed: {error.reason}")

        try:
            content = upload.file.read()

            async def bring(failures: int) -> None:
                resume = failures > 0
                await self._with.transfer.upload(content, upload.location, upload.file.name, resume=resume)

            await persevere(bring, upload.retries, self._with.clock, failed=failed)
        except TransferFailed as error:
            return error.failure
        except Exception as error:  # noqa: BLE001 - a defective transfer must not end charging
            self._with.journal.note(f"{self._key}: {error!r}")
            return Failure.FAILED
        return _Step.UPLOADED

    def _tell(self, upload: _Upload, progress: _Progress, record: bytes | None) -> None:
        self._with.notices.post(self._notice(progress, upload.request_id), self._change(record))

    def _change(self, record: bytes | None) -> Change:
        return Change(_KIND, self._key, record)


def _diagnostics_notice(progress: _Progress, _: int | None) -> DiagnosticsStatusNotification:
    return DiagnosticsStatusNotification(status=_DIAGNOSTICS_STATUS[progress])


def _log_notice(progress: _Progress, request_id: int | None) -> LogStatusNotification:
    return LogStatusNotification(status=_LOG_STATUS[progress], request_id=request_id)
