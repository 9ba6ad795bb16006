"""Firmware updates from the request to the report of the new version, whatever comes in between."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from tests.chargepoint.central_system import CentralSystem
from tests.chargepoint.transfers import FakeTransfer
from tests.chargepoint.virtual_time import BEGINNING, VirtualClock, story
from tests.chargepoint.world import TAG, World, vehicle, world

from voltyard.chargepoint import firmware
from voltyard.chargepoint.simulator import SimulatedConnector, SimulatedHardware
from voltyard.chargepoint.simulator.firmware import image
from voltyard.chargepoint.station import Station
from voltyard.chargepoint.store import Change, MemoryStore
from voltyard.chargepoint.transfer import Failure
from voltyard.protocol.messages import (
    AvailabilityType,
    BootNotification,
    ChangeAvailability,
    ChargePointStatus,
    FirmwareStatus,
    FirmwareStatusNotification,
    LogType,
    ReserveNow,
    Reset,
    ResetStatus,
    ResetType,
    StartTransaction,
    StatusNotification,
    UpdateFirmware,
)
from voltyard.transport.errors import CallRejected

LOCATION = "ftp://user:secret@files.example/fw-2.0"
AVAILABLE, UNAVAILABLE = ChargePointStatus.AVAILABLE, ChargePointStatus.UNAVAILABLE
DOWNLOADING, DOWNLOADED = FirmwareStatus.DOWNLOADING, FirmwareStatus.DOWNLOADED
INSTALLING, INSTALLED = FirmwareStatus.INSTALLING, FirmwareStatus.INSTALLED
DOWNLOAD_FAILED = FirmwareStatus.DOWNLOAD_FAILED
INSTALLATION_FAILED = FirmwareStatus.INSTALLATION_FAILED


def update(
    seconds: float = 0, location: str = LOCATION, retries: int | None = 0, retry_interval: int | None = 10
) -> UpdateFirmware:
    """Ask for the firmware from so many seconds after the beginning on."""
    return UpdateFirmware(
        location=location,
        retrieve_date=BEGINNING + timedelta(seconds=seconds),
        retries=retries,
        retry_interval=retry_interval,
    )


def server() -> FakeTransfer:
    return FakeTransfer({LOCATION: image("2.0"), "ftp://files.example/fw-3.0": image("3.0")})


def told(central: CentralSystem) -> list[FirmwareStatus]:
    return [each.status for each in central.requests(FirmwareStatusNotification)]


def notes(w: World) -> str:
    return w.station.program.journal.excerpt(LogType.DIAGNOSTICS_LOG).decode()


@story
async def test_each_step_is_told_and_the_new_version_after_the_boot(tmp_path: Path) -> None:
    """R-376: Downloading, Downloaded, Installing, BootNotification of the new version, Installed."""
    async with world(transfer=server(), state=tmp_path) as w:
        since = len(w.central.received)
        await w.central.call(update())
        await w.after(120)

        steps = [
            each.firmware_version if isinstance(each, BootNotification) else each.status.value
            for received in w.central.received[since:]
            if isinstance(each := received.request, BootNotification | FirmwareStatusNotification)
        ]
        assert steps == ["Downloading", "Downloaded", "Installing", "2.0", "Installed"]
        assert w.status() is AVAILABLE
        assert "firmware: ftp://files.example/fw-2.0 is wanted" in notes(w)
        assert "secret" not in notes(w)
        security = w.station.program.journal.excerpt(LogType.SECURITY_LOG)
        assert security.endswith(b"FirmwareUpdated 2.0\n")
        assert not (tmp_path / "firmware").exists()


@story
async def test_it_waits_for_its_time() -> None:
    """R-375."""
    transfer = server()
    async with world(transfer=transfer) as w:
        await w.central.call(update(3600))
        await w.after(3600 - asyncio.get_running_loop().time() - 0.1)
        early = (list(transfer.started_s), told(w.central))
        await w.after(10)

        assert early == ([], [])
        assert transfer.started_s == [3600]
        assert told(w.central)[0] is DOWNLOADING


@story
async def test_a_clock_that_is_set_meanwhile_is_followed() -> None:
    transfer = server()
    async with world(transfer=transfer) as w:
        await w.central.call(update(7200))
        w.station.program._installation.clock.set(BEGINNING + timedelta(hours=3))
        await w.after(61)

        assert told(w.central)[:1] == [DOWNLOADING]


@pytest.mark.parametrize(
    ("retries", "retry_interval", "attempts_s"),
    [(0, 10, [0]), (2, 10, [0, 15, 30]), (None, None, [0, 65, 130, 195]), (-1, None, [0])],
)
@story
async def test_a_failed_download_is_repeated_and_then_told(
    retries: int | None, retry_interval: int | None, attempts_s: list[float]
) -> None:
    """R-374, R-377: retries are repetitions after the first attempt; then DownloadFailed."""
    transfer = FakeTransfer()
    async with world(transfer=transfer) as w:
        await w.central.call(update(retries=retries, retry_interval=retry_interval))
        await w.after(600)

        assert [at - transfer.started_s[0] for at in transfer.started_s] == attempts_s
        assert told(w.central) == [DOWNLOADING, DOWNLOAD_FAILED]
        assert w.status() is AVAILABLE


@story
async def test_a_repeated_download_may_succeed() -> None:
    transfer = server()
    transfer.failures += [Failure.FAILED, Failure.PERMISSION_DENIED]
    async with world(transfer=transfer) as w:
        await w.central.call(update(retries=2))
        await w.after(120)

        assert told(w.central) == [DOWNLOADING, DOWNLOADED, INSTALLING, INSTALLED]


@pytest.mark.parametrize("location", ["gopher://h/x", "sftp://h/x", "http://user:pw@h:port/"])
@story
async def test_a_location_nobody_can_get_anything_from_fails_at_once(location: str) -> None:
    """R-377."""
    async with world() as w:
        await w.central.call(update(location=location, retries=0))
        await w.after(1)

        assert told(w.central) == [DOWNLOADING, DOWNLOAD_FAILED]
        assert "pw" not in notes(w)


@story
async def test_only_supported_protocols_are_used() -> None:
    async with world(transfer=server(), SupportedFileTransferProtocols="HTTPS") as w:
        await w.central.call(update(retries=5))
        await w.after(1)

        assert told(w.central) == [DOWNLOADING, DOWNLOAD_FAILED]


@story
async def test_what_is_no_firmware_fails_and_charging_goes_on() -> None:
    """R-377: InstallationFailed."""
    async with world(transfer=FakeTransfer({LOCATION: b"something else"})) as w:
        await w.central.call(update())
        await w.after(60)

        assert told(w.central) == [DOWNLOADING, DOWNLOADED, INSTALLING, INSTALLATION_FAILED]
        assert w.reported()[-2:] == [UNAVAILABLE, AVAILABLE]
        await w.charge()
        assert w.status() is ChargePointStatus.CHARGING


@story
async def test_hardware_that_breaks_down_in_the_installation_ends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def install(*_: object) -> bool:
        raise RuntimeError("no answer from the board")

    monkeypatch.setattr(SimulatedHardware, "install", install)
    async with world(transfer=server()) as w:
        await w.central.call(update())
        await w.after(60)

        assert told(w.central)[-1] is INSTALLATION_FAILED
        assert "no answer from the board" in notes(w)
        assert w.status() is AVAILABLE


@story
async def test_who_charges_is_waited_for_and_nobody_else_begins() -> None:
    """R-378: idle connectors are Unavailable until the firmware is installed."""
    async with world(transfer=server(), connectors=4) as w:
        await w.charge()
        w.hardware.plug_in(2, vehicle())
        reservation = ReserveNow(
            connector_id=3, expiry_date=BEGINNING + timedelta(hours=9), id_tag="R", reservation_id=1
        )
        await w.central.call(reservation)
        await w.after()
        await w.central.call(update())
        await w.after(3600)
        waiting = [each.status for each in w.snapshot.connectors]
        w.hardware.tap(2, "OTHER")
        w.hardware.plug_in(4, vehicle())
        w.hardware.tap(4, "OTHER")
        await w.central.call(ChangeAvailability(connector_id=4, type=AvailabilityType.OPERATIVE))
        await w.after(5)
        meanwhile = told(w.central)
        w.hardware.tap(1, TAG)
        await w.after(60)

        assert waiting == [ChargePointStatus.CHARGING, UNAVAILABLE, UNAVAILABLE, UNAVAILABLE]
        assert meanwhile == [DOWNLOADING, DOWNLOADED]
        assert len(w.central.requests(StartTransaction)) == 1
        assert told(w.central)[2:] == [INSTALLING, INSTALLED]
        assert w.status(3) is AVAILABLE


@story
async def test_a_connector_that_was_out_of_service_stays_so() -> None:
    async with world(transfer=server()) as w:
        await w.central.call(ChangeAvailability(connector_id=2, type=AvailabilityType.INOPERATIVE))
        await w.central.call(update())
        await w.after(120)

        assert told(w.central)[-1] is INSTALLED
        assert (w.status(1), w.status(2)) == (AVAILABLE, UNAVAILABLE)


@story
async def test_another_request_replaces_one_whose_time_has_not_come() -> None:
    async with world(transfer=server()) as w:
        await w.central.call(update(3600))
        await w.after(5)
        await w.central.call(update(60, "ftp://files.example/fw-3.0"))
        await w.after(4000)

        assert told(w.central) == [DOWNLOADING, DOWNLOADED, INSTALLING, INSTALLED]
        assert w.central.requests(BootNotification)[-1].firmware_version == "3.0"


@story
async def test_another_request_is_ignored_once_the_update_has_begun() -> None:
    transfer = server()
    async with world(transfer=transfer) as w:
        await w.charge()
        await w.central.call(update())
        await w.after(2)
        await w.central.call(update(0, "ftp://files.example/fw-3.0"))
        await w.after(60)
        await w.central.call(update(0, "ftp://files.example/fw-3.0"))
        w.hardware.tap(1, TAG)
        await w.after(120)

        assert told(w.central) == [DOWNLOADING, DOWNLOADED, INSTALLING, INSTALLED]
        assert w.central.requests(BootNotification)[-1].firmware_version == "2.0"
        assert len(transfer.started_s) == 1
        assert notes(w).count("is ignored") == 2


@story
async def test_one_update_after_the_other() -> None:
    async with world(transfer=server()) as w:
        for location in (LOCATION, "ftp://files.example/fw-3.0", "ftp://files.example/gone"):
            await w.central.call(update(0, location))
            await w.after(120)

        done = [DOWNLOADING, DOWNLOADED, INSTALLING, INSTALLED]
        assert told(w.central) == [*done, *done, DOWNLOADING, DOWNLOAD_FAILED]


@story
async def test_what_happens_offline_is_told_later_in_order() -> None:
    async with world(transfer=server()) as w:
        await w.central.call(update())
        w.central.go_offline()
        await w.after(120)
        w.central.is_reachable = True
        await w.after(10)

        assert told(w.central) == [DOWNLOADING, DOWNLOADED, INSTALLING, INSTALLED]


@story
async def test_a_download_does_not_end_with_the_conversation() -> None:
    transfer = server()
    async with world(transfer=transfer) as w:
        await w.central.call(update())
        await w.after(2)
        w.central.cut()
        await w.after(120)

        assert told(w.central)[-1] is INSTALLED
        assert transfer.cancelled == 0


@pytest.mark.parametrize("seconds", [0.5, 3, 8, 15])
@story
async def test_a_reset_in_the_middle_is_got_over(seconds: float) -> None:
    transfer = server()
    async with world(transfer=transfer) as w:
        await w.charge()
        await w.central.call(update())
        if seconds > 10:
            w.hardware.tap(1, TAG)
        await w.after(seconds)
        await w.central.call(Reset(type=ResetType.SOFT))
        await w.after(200)

        assert list(dict.fromkeys(told(w.central))) == [DOWNLOADING, DOWNLOADED, INSTALLING, INSTALLED]
        assert told(w.central).count(INSTALLED) == 1
        assert w.status(2) is AVAILABLE


@story
async def test_an_image_that_got_lost_is_fetched_again(tmp_path: Path) -> None:
    transfer = server()
    async with world(transfer=transfer, state=tmp_path) as w:
        await w.charge()
        await w.central.call(update())
        await w.after(30)
        (tmp_path / "firmware" / "image").unlink()
        w.station.cut_power()
        await w.after(1)
        w.station.restore_power()
        await w.after(120)

        twice = [DOWNLOADING, DOWNLOADED] * 2
        assert told(w.central) == [*twice, INSTALLING, INSTALLED]
        assert len(transfer.started_s) == 2


class PowerCut(Exception):
    """The power is gone."""


class CutStore(MemoryStore):
    """A store whose power goes after so many commits: the last one is durable, nothing follows it."""

    def __init__(self, commits: int) -> None:
        super().__init__()
        self.commits_left = commits

    def commit(self, *changes: Change) -> None:
        if self.commits_left == 0:
            raise PowerCut
        self.commits_left -= 1
        super().commit(*changes)


async def live(store: CutStore, hardware: SimulatedHardware, central: CentralSystem, directory: Path) -> None:
    """Run a charge point for some minutes or until the power goes; ask for an update if there was none."""
    station = Station(
        hardware,
        central.stay_connected,
        store=store,
        clock=VirtualClock(),
        directory=directory,
        transfer=server(),
    )
    try:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(station.run())
            await central.until(StatusNotification, len(central.requests(StatusNotification)) + 2)
            if not told(central):
                with suppress(CallRejected):
                    await central.call(update())
            await asyncio.sleep(200)
            running.cancel()
    except* PowerCut:
        pass


@pytest.mark.parametrize("commits", range(3, 16))
@story
async def test_a_power_cut_at_any_commit_is_got_over(commits: int, tmp_path: Path) -> None:
    """Each step is told at least once and in order, and it ends well."""
    clock = VirtualClock()
    central = CentralSystem(clock.now)
    boot = BootNotification(charge_point_vendor="v", charge_point_model="m", firmware_version="1.0")
    hardware = SimulatedHardware([SimulatedConnector(clock, Random(1))], clock, boot)
    store = CutStore(commits)

    await live(store, hardware, central, tmp_path)
    central.cut()
    store.commits_left = -1
    await live(store, hardware, central, tmp_path)

    assert list(dict.fromkeys(told(central))) == [DOWNLOADING, DOWNLOADED, INSTALLING, INSTALLED]
    assert hardware.boot_notification.firmware_version == "2.0"
    assert not store.read("firmware")
    assert not store.read("notice")
    assert not (tmp_path / "firmware").exists()


@story
async def test_an_image_that_the_hardware_dies_of_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(transfer=server(), state=tmp_path) as w:

        async def die(*_: object) -> bool:
            w.station.cut_power()
            await w.after(60)
            return True

        monkeypatch.setattr(SimulatedHardware, "install", die)
        await w.central.call(update())
        for _ in range(4):
            await w.after(60)
            w.station.restore_power()
        await w.after(60)

        assert told(w.central)[2:] == [INSTALLING, INSTALLING, INSTALLATION_FAILED]
        assert w.status() is AVAILABLE


@story
async def test_without_a_directory_nothing_is_left_in_the_temporary_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    async with world(transfer=server()) as w:
        await w.central.call(update())
        await w.after(10)
        used = list(tmp_path.iterdir())
        await w.after(120)

        assert told(w.central)[-1] is INSTALLED
        assert len(used) == 1
        assert list(tmp_path.iterdir()) == []


@story
async def test_nobody_resets_a_charge_point_whose_firmware_is_being_installed() -> None:
    async with world(transfer=server()) as w:
        await w.central.call(update())
        while INSTALLING not in told(w.central):
            await w.after(1)

        answer = await w.central.call(Reset(type=ResetType.HARD))
        await w.after(120)

        assert answer.status is ResetStatus.REJECTED
        assert told(w.central) == [DOWNLOADING, DOWNLOADED, INSTALLING, INSTALLED]


@story
async def test_a_download_goes_on_after_a_reset() -> None:
    async with world(transfer=FakeTransfer({LOCATION: image("2.0")}, takes_s=60)) as w:
        await w.central.call(update())
        await w.after(5)

        answer = await w.central.call(Reset(type=ResetType.SOFT))
        await w.after(200)

        assert answer.status is ResetStatus.ACCEPTED
        assert told(w.central) == [DOWNLOADING, DOWNLOADED, INSTALLING, INSTALLED]


@story
async def test_without_a_place_for_the_image_nothing_is_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk ends the update and nothing else."""

    def fail(**_: str) -> str:
        raise OSError("no space left on device")

    monkeypatch.setattr(firmware, "mkdtemp", fail)
    async with world(transfer=server()) as w:
        await w.central.call(update())
        await w.after(10)

        assert told(w.central) == [DOWNLOADING, DOWNLOAD_FAILED]
        assert "no space left on device" in notes(w)
        await w.charge()
        assert w.status() is ChargePointStatus.CHARGING


@pytest.mark.parametrize("failing_installs", [0, 1])
@story
async def test_a_reset_that_ends_what_was_waited_for_waits_for_the_installation(
    failing_installs: int,
) -> None:
    """The transaction it stops was all that kept the image from being installed."""
    async with world(transfer=server()) as w:
        w.hardware.failing_installs = failing_installs
        await w.charge()
        await w.central.call(update())
        await w.after(30)
        assert told(w.central) == [DOWNLOADING, DOWNLOADED]

        answer = await w.central.call(Reset(type=ResetType.SOFT))
        await w.after(120)

        assert answer.status is ResetStatus.ACCEPTED
        last = INSTALLATION_FAILED if failing_installs else INSTALLED
        assert told(w.central) == [DOWNLOADING, DOWNLOADED, INSTALLING, last]
        assert len(w.central.requests(BootNotification)) == 2
