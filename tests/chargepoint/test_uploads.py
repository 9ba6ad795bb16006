"""Diagnostics and logs are brought where the central system wants them, and each upload has one end."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.chargepoint.central_system import CentralSystem
from tests.chargepoint.transfers import FakeTransfer, unpack
from tests.chargepoint.virtual_time import BEGINNING, story
from tests.chargepoint.world import World, world

from voltyard.chargepoint.transfer import Failure
from voltyard.protocol.messages import (
    DiagnosticsStatus,
    DiagnosticsStatusNotification,
    FirmwareStatus,
    FirmwareStatusNotification,
    GetDiagnostics,
    GetLog,
    LogParameters,
    LogStatus,
    LogStatusNotification,
    LogType,
    Reset,
    ResetType,
    UpdateFirmware,
    UploadLogStatus,
)

INBOX = "https://user:secret@files.example/in"
UPLOADING, UPLOADED = DiagnosticsStatus.UPLOADING, DiagnosticsStatus.UPLOADED
UPLOAD_FAILED = DiagnosticsStatus.UPLOAD_FAILED
LOG_UPLOADING, LOG_UPLOADED = UploadLogStatus.UPLOADING, UploadLogStatus.UPLOADED


def get_log(
    request_id: int = 1,
    log_type: LogType = LogType.DIAGNOSTICS_LOG,
    location: str = INBOX,
    retries: int | None = 0,
    **window: Any,
) -> GetLog:
    """Ask for a log; `window` is in seconds from the beginning."""
    bounds = {name: BEGINNING + timedelta(seconds=seconds) for name, seconds in window.items()}
    return GetLog(
        log=LogParameters(remote_location=location, **bounds),
        log_type=log_type,
        request_id=request_id,
        retries=retries,
        retry_interval=10,
    )


def diagnostics_told(central: CentralSystem) -> list[DiagnosticsStatus]:
    return [each.status for each in central.requests(DiagnosticsStatusNotification)]


def log_told(central: CentralSystem) -> list[tuple[UploadLogStatus, int | None]]:
    return [(each.status, each.request_id) for each in central.requests(LogStatusNotification)]


def notes(w: World) -> str:
    return w.station.program.journal.excerpt(LogType.DIAGNOSTICS_LOG).decode()


@story
async def test_diagnostics_are_named_uploaded_and_told_of() -> None:
    """R-371."""
    transfer = FakeTransfer()
    async with world(transfer=transfer) as w:
        await w.charge()
        answer = await w.central.call(GetDiagnostics(location=INBOX))
        await w.after(60)

        (brought,) = transfer.brought
        assert answer.file_name == brought.file_name
        assert brought.file_name.startswith("CP-1-diagnostics-")
        assert brought.location == INBOX
        assert diagnostics_told(w.central) == [UPLOADING, UPLOADED]
        files = unpack(brought.content)
        assert b"connector 1: Charging" in files["journal.log"]
        assert b"hardware/hardware.txt" in b"".join(name.encode() for name in files)
        assert "secret" not in notes(w)


@pytest.mark.parametrize(
    ("start_s", "stop_s", "is_anything"),
    [(0, 3600, True), (7200, None, False), (None, -1, False), (60, 0, False)],
)
@story
async def test_what_is_not_there_is_not_uploaded(
    start_s: float | None, stop_s: float | None, is_anything: bool
) -> None:
    """R-372: no fileName and no upload."""
    transfer = FakeTransfer()
    async with world(transfer=transfer) as w:
        request = GetDiagnostics(
            location=INBOX,
            start_time=None if start_s is None else BEGINNING + timedelta(seconds=start_s),
            stop_time=None if stop_s is None else BEGINNING + timedelta(seconds=stop_s),
        )
        answer = await w.central.call(request)
        await w.after(60)

        assert (answer.file_name is not None) is is_anything
        assert len(transfer.brought) == is_anything
        assert diagnostics_told(w.central) == [UPLOADING, UPLOADED] * is_anything


@story
async def test_only_what_happened_in_the_window_is_uploaded() -> None:
    transfer = FakeTransfer()
    async with world(transfer=transfer) as w:
        await w.after(3600)
        await w.charge()
        await w.central.call(GetDiagnostics(location=INBOX, start_time=BEGINNING + timedelta(seconds=1800)))
        await w.after(10)

        lines = unpack(transfer.brought[0].content)["journal.log"].splitlines()
        assert b"connector 1: Preparing" in lines[0]


@pytest.mark.parametrize(("retries", "attempts"), [(0, 1), (2, 3), (None, 4)])
@story
async def test_an_upload_that_fails_is_repeated_and_then_told(retries: int | None, attempts: int) -> None:
    """R-373, R-374."""
    transfer = FakeTransfer()
    transfer.failures += [Failure.FAILED] * 10
    async with world(transfer=transfer) as w:
        await w.central.call(GetDiagnostics(location=INBOX, retries=retries, retry_interval=30))
        await w.after(600)

        assert [at - transfer.started_s[0] for at in transfer.started_s] == [
            35 * attempt for attempt in range(attempts)
        ]
        assert diagnostics_told(w.central) == [UPLOADING, UPLOAD_FAILED]
        assert notes(w).count("scripted: FAILED") == attempts


@story
async def test_a_repeated_upload_may_go_on_where_the_last_one_ended() -> None:
    transfer = FakeTransfer()
    transfer.failures += [Failure.FAILED]
    async with world(transfer=transfer) as w:
        await w.central.call(GetDiagnostics(location=INBOX, retries=1, retry_interval=30))
        await w.after(600)

        assert diagnostics_told(w.central) == [UPLOADING, UPLOADED]
        assert transfer.brought[0].resume


@story
async def test_another_get_diagnostics_takes_the_place_of_the_first() -> None:
    """A.16: told consistently, each Uploading has its end."""
    transfer = FakeTransfer()
    async with world(transfer=transfer) as w:
        await w.central.call(GetDiagnostics(location=INBOX))
        await w.after(2)
        second = await w.central.call(GetDiagnostics(location="ftp://elsewhere.example/"))
        await w.after(60)

        assert [each.file_name for each in transfer.brought] == [second.file_name]
        assert transfer.cancelled == 1
        assert diagnostics_told(w.central) == [UPLOADING, UPLOAD_FAILED, UPLOADING, UPLOADED]


@story
async def test_a_get_diagnostics_without_anything_to_upload_disturbs_nothing() -> None:
    transfer = FakeTransfer()
    async with world(transfer=transfer) as w:
        await w.central.call(GetDiagnostics(location=INBOX))
        await w.after(2)
        await w.central.call(GetDiagnostics(location=INBOX, stop_time=BEGINNING - timedelta(days=1)))
        await w.after(60)

        assert diagnostics_told(w.central) == [UPLOADING, UPLOADED]


@pytest.mark.parametrize(
    ("log_type", "kind"), [(LogType.DIAGNOSTICS_LOG, "diagnostics"), (LogType.SECURITY_LOG, "security")]
)
@story
async def test_the_log_that_was_asked_for_is_uploaded(log_type: LogType, kind: str) -> None:
    """R-388, R-389: with the requestId of the request in each notification."""
    transfer = FakeTransfer()
    async with world(transfer=transfer) as w:
        answer = await w.central.call(get_log(17, log_type))
        await w.after(60)

        (brought,) = transfer.brought
        assert (answer.status, answer.filename) == (LogStatus.ACCEPTED, brought.file_name)
        assert f"-{kind}-" in brought.file_name
        assert log_told(w.central) == [(LOG_UPLOADING, 17), (LOG_UPLOADED, 17)]
        is_archive = log_type is LogType.DIAGNOSTICS_LOG
        log = unpack(brought.content)["journal.log"] if is_archive else brought.content
        assert (b"StartupOfTheDevice" in log) is not is_archive


@story
async def test_a_log_nothing_is_in_is_refused() -> None:
    async with world(transfer=FakeTransfer()) as w:
        answer = await w.central.call(get_log(oldest_timestamp=3600))
        await w.after(60)

        assert (answer.status, answer.filename) == (LogStatus.REJECTED, None)
        assert log_told(w.central) == []


@story
async def test_a_new_get_log_ends_the_upload_under_way() -> None:
    """R-390."""
    transfer = FakeTransfer()
    async with world(transfer=transfer) as w:
        await w.central.call(get_log(1))
        await w.after(2)
        second = await w.central.call(get_log(2, LogType.SECURITY_LOG))
        await w.after(60)
        third = await w.central.call(get_log(3))
        await w.after(60)

        assert (second.status, third.status) == (LogStatus.ACCEPTED_CANCELED, LogStatus.ACCEPTED)
        assert transfer.cancelled == 1
        assert [each.file_name for each in transfer.brought] == [second.filename, third.filename]
        assert log_told(w.central) == [
            (LOG_UPLOADING, 1),
            (LOG_UPLOADING, 2),
            (LOG_UPLOADED, 2),
            (LOG_UPLOADING, 3),
            (LOG_UPLOADED, 3),
        ]


@story
async def test_two_requests_at_the_same_moment_are_one_after_the_other() -> None:
    transfer = FakeTransfer()
    async with world(transfer=transfer) as w:
        for request_id in (1, 2, 3):
            w.central.send_raw(
                b'[2,"%d","GetLog",{"logType":"SecurityLog","requestId":%d,"log":{"remoteLocation":"ftp://h/"}}]'
                % (request_id, request_id)
            )
        await w.after(60)

        assert len(transfer.brought) == 1
        assert log_told(w.central) == [
            (LOG_UPLOADING, 1),
            (LOG_UPLOADING, 2),
            (LOG_UPLOADING, 3),
            (LOG_UPLOADED, 3),
        ]


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (Failure.FAILED, UploadLogStatus.UPLOAD_FAILURE),
        (Failure.PERMISSION_DENIED, UploadLogStatus.PERMISSION_DENIED),
        (Failure.BAD_MESSAGE, UploadLogStatus.BAD_MESSAGE),
        (Failure.NOT_SUPPORTED, UploadLogStatus.NOT_SUPPORTED_OPERATION),
    ],
)
@story
async def test_why_a_log_was_not_uploaded_is_told(failure: Failure, status: UploadLogStatus) -> None:
    """R-391."""
    transfer = FakeTransfer()
    transfer.failures += [Failure.FAILED, failure]
    async with world(transfer=transfer) as w:
        await w.central.call(get_log(5, retries=1))
        await w.after(60)

        assert log_told(w.central) == [(LOG_UPLOADING, 5), (status, 5)]


@story
async def test_a_location_that_is_not_supported_is_told_at_once() -> None:
    """R-391."""
    async with world() as w:
        answer = await w.central.call(get_log(5, location="gopher://files.example/in", retries=9))
        await w.after(1)

        assert answer.status is LogStatus.ACCEPTED
        assert log_told(w.central) == [(LOG_UPLOADING, 5), (UploadLogStatus.NOT_SUPPORTED_OPERATION, 5)]


@story
async def test_diagnostics_and_a_log_do_not_disturb_each_other() -> None:
    transfer = FakeTransfer()
    async with world(transfer=transfer) as w:
        await w.central.call(get_log(5))
        await w.central.call(GetDiagnostics(location=INBOX))
        await w.after(60)

        assert len(transfer.brought) == 2
        assert transfer.cancelled == 0


@story
async def test_an_upload_while_offline_is_told_of_later() -> None:
    async with world(transfer=FakeTransfer()) as w:
        await w.central.call(get_log(5))
        await w.after(1)
        w.central.go_offline()
        await w.after(60)
        w.central.is_reachable = True
        await w.after(10)

        assert log_told(w.central) == [(LOG_UPLOADING, 5), (LOG_UPLOADED, 5)]


@pytest.mark.parametrize("how", ["reset", "power"])
@story
async def test_an_upload_that_a_boot_interrupts_has_failed(how: str, tmp_path: Path) -> None:
    transfer = FakeTransfer(takes_s=600)
    async with world(transfer=transfer, state=tmp_path) as w:
        await w.central.call(get_log(5))
        await w.central.call(GetDiagnostics(location=INBOX))
        await w.after(2)
        if how == "reset":
            await w.central.call(Reset(type=ResetType.SOFT))
        else:
            w.station.cut_power()
            await w.after(1)
            w.station.restore_power()
        await w.after(60)

        assert transfer.cancelled == 2
        assert log_told(w.central) == [(LOG_UPLOADING, 5), (UploadLogStatus.UPLOAD_FAILURE, 5)]
        assert diagnostics_told(w.central) == [UPLOADING, UPLOAD_FAILED]


class DefectiveTransfer(FakeTransfer):
    """A transfer that does what no transfer should."""

    async def upload(self, content: bytes, location: str, file_name: str, *, resume: bool = False) -> None:
        raise ZeroDivisionError

    async def download(self, location: str, target: Path) -> None:
        raise ZeroDivisionError


@story
async def test_a_defective_transfer_fails_and_ends_nothing() -> None:
    async with world(transfer=DefectiveTransfer()) as w:
        await w.charge()
        await w.central.call(get_log(5))
        await w.central.call(UpdateFirmware(location="ftp://files.example/fw", retrieve_date=BEGINNING))
        await w.after(10)

        assert log_told(w.central) == [(LOG_UPLOADING, 5), (UploadLogStatus.UPLOAD_FAILURE, 5)]
        told = w.central.requests(FirmwareStatusNotification)
        assert [each.status for each in told] == [FirmwareStatus.DOWNLOADING, FirmwareStatus.DOWNLOAD_FAILED]
        assert w.connector().transaction_id == 1001
