"""A charge point, its central system and real servers for files: firmware comes, diagnostics and logs go."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.aio import run
from tests.chargepoint.central_system import CentralSystem
from tests.chargepoint.transfer.servers import ftp_server, http_server
from tests.chargepoint.transfers import unpack
from tests.serving import free_port

from voltyard.chargepoint.simulator import SimulatedStation, Simulation
from voltyard.chargepoint.simulator.firmware import image
from voltyard.protocol.messages import (
    BootNotification,
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
    StatusNotification,
    UpdateFirmware,
    UploadLogStatus,
)

pytestmark = pytest.mark.integration

SPEED = 50
FIRMWARE = image("2.0", bytes(200_000))


class FastClock:
    """The machine's clock, but time passes faster."""

    def __init__(self) -> None:
        self._beginning = datetime.now(UTC)
        self._began = time.monotonic()

    def now(self) -> datetime:
        return self._beginning + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return (time.monotonic() - self._began) * SPEED

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / SPEED)


@asynccontextmanager
async def charge_point(state: Path) -> AsyncIterator[tuple[SimulatedStation, CentralSystem]]:
    """Run a charge point that has booted."""
    clock = FastClock()
    central = CentralSystem(clock.now)
    simulation = Simulation(identity="CP-1", state_directory=state, has_drivers=False)
    station = SimulatedStation(simulation, central.stay_connected, clock=clock)
    running = asyncio.create_task(station.run())
    try:
        await central.until(StatusNotification, 3, within_s=10)
        yield station, central
    finally:
        running.cancel()
        await asyncio.wait({running})


def played(
    story: Callable[[SimulatedStation, CentralSystem], Coroutine[Any, Any, None]], state: Path
) -> None:
    """Run a story of a charge point."""

    async def main() -> None:
        async with charge_point(state) as (station, central):
            await story(station, central)

    run(main(), timeout=30)


def log(location: str, request_id: int, log_type: LogType = LogType.SECURITY_LOG) -> GetLog:
    return GetLog(
        log=LogParameters(remote_location=location),
        log_type=log_type,
        request_id=request_id,
        retries=1,
        retry_interval=1,
    )


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_so():
            await asyncio.sleep(0.02)


def test_diagnostics_arrive_by_ftp_and_can_be_read(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()

    async def story(_: SimulatedStation, central: CentralSystem) -> None:
        with ftp_server(inbox) as url:
            answer = await central.call(GetDiagnostics(location=url))
            told = await central.until(DiagnosticsStatusNotification, 2, within_s=10)

        assert [each.status for each in told] == [DiagnosticsStatus.UPLOADING, DiagnosticsStatus.UPLOADED]
        (arrived,) = inbox.iterdir()
        assert arrived.name == answer.file_name
        assert b"booted with firmware 1.0" in unpack(arrived.read_bytes())["journal.log"]

    played(story, tmp_path / "state")


def test_logs_arrive_by_http(tmp_path: Path) -> None:
    async def story(_: SimulatedStation, central: CentralSystem) -> None:
        with http_server() as site:
            answer = await central.call(log(f"{site.url}/logs", 7))
            told = await central.until(LogStatusNotification, 2, within_s=10)

            assert [(each.status, each.request_id) for each in told] == [
                (UploadLogStatus.UPLOADING, 7),
                (UploadLogStatus.UPLOADED, 7),
            ]
            assert list(site.files) == [f"/logs/{answer.filename}"]
            assert b"StartupOfTheDevice" in site.files[f"/logs/{answer.filename}"]

    played(story, tmp_path)


def test_an_upload_that_is_cut_off_or_refused_is_repeated_and_told(tmp_path: Path) -> None:
    async def story(_: SimulatedStation, central: CentralSystem) -> None:
        with http_server() as site:
            site.cut_after = 10
            await central.call(log(site.url, 1, LogType.DIAGNOSTICS_LOG))
            await central.until(LogStatusNotification, 2, within_s=10)
        await central.call(log(f"ftp://127.0.0.1:{free_port()}/", 2))
        told = await central.until(LogStatusNotification, 4, within_s=10)

        uploading, failed = UploadLogStatus.UPLOADING, UploadLogStatus.UPLOAD_FAILURE
        assert [(each.status, each.request_id) for each in told] == [
            *((uploading, 1), (failed, 1)),
            *((uploading, 2), (failed, 2)),
        ]

    played(story, tmp_path)


def test_a_replaced_upload_really_ends(tmp_path: Path) -> None:
    async def story(_: SimulatedStation, central: CentralSystem) -> None:
        with http_server() as slow, http_server() as site:
            slow.hold_after = 10
            await central.call(log(slow.url, 1, LogType.DIAGNOSTICS_LOG))
            await until(slow.is_held.is_set)
            second = await central.call(log(site.url, 2))
            await until(slow.client_gone.is_set)
            told = await central.until(LogStatusNotification, 3, within_s=10)

        assert second.status is LogStatus.ACCEPTED_CANCELED
        assert (told[-1].status, told[-1].request_id) == (UploadLogStatus.UPLOADED, 2)

    played(story, tmp_path)


def test_firmware_is_fetched_again_after_a_cut_and_installed(tmp_path: Path) -> None:
    async def story(station: SimulatedStation, central: CentralSystem) -> None:
        with http_server() as site:
            site.files["/fw"] = FIRMWARE
            site.cut_after = 1000
            await central.call(
                UpdateFirmware(
                    location=f"{site.url}/fw",
                    retrieve_date=datetime.now(UTC),
                    retries=3,
                    retry_interval=SPEED // 2,
                )
            )
            await until(lambda: _has_failed_once(station))
            site.cut_after = None
            told = await central.until(FirmwareStatusNotification, 4, within_s=10)

        assert [each.status for each in told] == [
            FirmwareStatus.DOWNLOADING,
            FirmwareStatus.DOWNLOADED,
            FirmwareStatus.INSTALLING,
            FirmwareStatus.INSTALLED,
        ]
        assert central.requests(BootNotification)[-1].firmware_version == "2.0"
        assert not (tmp_path / "firmware").exists()

    played(story, tmp_path)


def _has_failed_once(station: SimulatedStation) -> bool:
    return b"attempt 1 failed" in station.program.journal.excerpt(LogType.DIAGNOSTICS_LOG)
