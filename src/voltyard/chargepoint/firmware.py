"""Updating the firmware: fetched when it is time, installed when nobody charges, told at each step.

The record of an update changes in the same commit as the central system's next notice is posted, so that
whatever ends the charge point in the middle, the next boot goes on from there (OCPP 1.6 §5.19).
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum, auto
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from types import MappingProxyType
from typing import Final, Protocol
from weakref import finalize

from msgspec import Struct, json, structs

from voltyard.chargepoint.clock import LOOK_S, Clock
from voltyard.chargepoint.hardware import Hardware
from voltyard.chargepoint.journal import Journal
from voltyard.chargepoint.notices import Notices
from voltyard.chargepoint.orders import carried_out
from voltyard.chargepoint.store import Change, Store
from voltyard.chargepoint.surroundings import Spawn
from voltyard.chargepoint.transfer import FileTransfer, TransferFailed, without_secrets
from voltyard.chargepoint.transfer.retries import Retries, persevere, retries
from voltyard.protocol.messages import (
    FirmwareStatus,
    FirmwareStatusNotification,
    ResetType,
    UpdateFirmware,
)

FOLDER: Final = "firmware"
"""Where in the state directory the image is between its download and its installation."""
MOST_INSTALLATIONS: Final = 2
"""How often an image is installed that the charge point does not outlive; then it may be what kills it."""

_KIND: Final = "firmware"
_KEY: Final = "update"


class Emptying(Protocol):
    """Gets the charge point empty."""

    async def vacate(self) -> None:
        """Take connectors out of service as they become free; return when no transaction runs."""

    def release(self) -> None:
        """Put them back into service."""


class Firmware:
    """The firmware update of a charge point: one at a time.

    A new request replaces one whose time has not come, and is ignored later. `spawn` runs the update,
    `restart` ends this life of the charge point; images are kept in `directory`, or without one in a
    temporary place that is gone with the process.
    """

    def __init__(
        self,
        store: Store,
        notices: Notices,
        journal: Journal,
        clock: Clock,
        hardware: Hardware,
        transfer: FileTransfer,
        emptying: Emptying,
        *,
        spawn: Spawn,
        restart: Callable[[ResetType], None],
        directory: Path | None = None,
    ) -> None:
        self._store = store
        self._notices = notices
        self._journal = journal
        self._clock = clock
        self._hardware = hardware
        self._transfer = transfer
        self._emptying = emptying
        self._spawn = spawn
        self._restart = restart
        self._folder = None if directory is None else directory / FOLDER
        self._task: asyncio.Task[None] | None = None
        record = store.read(_KIND).get(_KEY)
        self._update = None if record is None else json.decode(record, type=_Update)

    def status_notification(self) -> FirmwareStatusNotification:
        """Return how far the update is, for when it is asked for; waiting for its time is Idle."""
        phase = _Phase.WAITING if self._update is None else self._update.phase
        return FirmwareStatusNotification(status=_STATUS_IN[phase])

    @property
    def is_installing(self) -> bool:
        """Whether an image is being installed."""
        return self._update is not None and self._update.phase is _Phase.INSTALLING

    def update(self, request: UpdateFirmware) -> None:
        """Take in a request for an update; it is durable then, and begins with `proceed`."""
        location = without_secrets(request.location)
        if self._update is not None and self._update.phase is not _Phase.WAITING:
            self._journal.note(f"firmware: {location} is ignored, as an update is under way")
            return
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._journal.note(f"firmware: {location} is wanted from {request.retrieve_date:%Y-%m-%dT%H:%M:%SZ}")
        asked = retries(request.retries, request.retry_interval)
        self._write(
            _Update(
                location=request.location,
                retrieve_at=request.retrieve_date,
                retries=asked.repetitions,
                interval_s=asked.interval_s,
            )
        )

    def proceed(self) -> None:
        """Begin what was taken in."""
        if self._update is not None and self._task is None:
            self._task = self._spawn(self._carry_out())

    def resume(self) -> None:
        """At boot, go on with what an earlier life left, or have told what became of it."""
        update = self._update
        if update is not None and update.phase in {_Phase.INSTALLING, _Phase.INSTALLED}:
            is_new = self._hardware.boot_notification.firmware_version != update.old_version
            if is_new or update.phase is _Phase.INSTALLED:
                self._end(FirmwareStatus.INSTALLED)
            elif update.installations < MOST_INSTALLATIONS:
                self._write(structs.replace(update, phase=_Phase.DOWNLOADED))
            else:
                self._end(FirmwareStatus.INSTALLATION_FAILED)
        self.proceed()

    # An update from phase to phase.

    async def _carry_out(self) -> None:
        while self._update is not None:
            match self._update.phase:
                case _Phase.WAITING:
                    await self._wait(self._update)
                case _Phase.DOWNLOADING:
                    await self._download(self._update)
                case _Phase.DOWNLOADED:
                    await self._install(self._update)
                case _:
                    return

    async def _wait(self, update: _Update) -> None:
        while (left_s := (update.retrieve_at - self._clock.now()).total_seconds()) > 0:
            await self._clock.sleep(min(left_s, LOOK_S))
        self._enter(_Phase.DOWNLOADING, update)

    async def _download(self, update: _Update) -> None:
        def failed(failures: int, error: TransferFailed) -> None:
            self._journal.note(f"firmware: attempt {failures} failed: {error.reason}")
            self._write(structs.replace(update, failures=failures))

        try:
            await persevere(
                lambda _: self._transfer.download(update.location, self._image),
                Retries(update.retries, update.interval_s),
                self._clock,
                failed=failed,
                failures=update.failures,
            )
        except TransferFailed:
            self._end(FirmwareStatus.DOWNLOAD_FAILED)
        except Exception as error:  # noqa: BLE001 - no disk, a defective transfer: neither may end charging
            self._journal.note(f"firmware: the download failed: {error!r}")
            self._end(FirmwareStatus.DOWNLOAD_FAILED)
        else:
            self._enter(_Phase.DOWNLOADED, update)

    async def _install(self, update: _Update) -> None:
        if not self._image.exists():
            # Somebody has tidied up while the charge point was off.
            self._enter(_Phase.DOWNLOADING, update)
            return
        await self._emptying.vacate()
        version = self._hardware.boot_notification.firmware_version
        update = structs.replace(update, old_version=version, installations=update.installations + 1)
        installing = self._enter(_Phase.INSTALLING, update)
        if not await self._is_installed():
            self._end(FirmwareStatus.INSTALLATION_FAILED)
            self._emptying.release()
            return
        self._write(structs.replace(installing, phase=_Phase.INSTALLED))
        self._tidy_up()
        # Nobody charges, so nothing has to be stopped. If the hardware does not restart, the program does.
        await carried_out(partial(self._hardware.restart, ResetType.HARD))
        self._restart(ResetType.HARD)

    async def _is_installed(self) -> bool:
        try:
            return await self._hardware.install(self._image)
        except Exception as error:  # noqa: BLE001 - a defect in the hardware's driver must not end charging
            self._journal.note(f"firmware: the hardware failed: {error!r}")
            return False

    @property
    def _image(self) -> Path:
        if self._folder is None:
            self._folder = Path(mkdtemp(prefix="voltyard-"))
            finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder / "image"

    # What is remembered and told.

    def _enter(self, phase: _Phase, update: _Update) -> _Update:
        update = structs.replace(update, phase=phase)
        self._tell(_STATUS_IN[phase], _change(update))
        self._update = update
        return update

    def _end(self, status: FirmwareStatus) -> None:
        self._tell(status, _change(None))
        self._update = None
        self._task = None
        if status is FirmwareStatus.INSTALLED:
            version = self._hardware.boot_notification.firmware_version or ""
            self._journal.note_security("FirmwareUpdated", version)
        self._tidy_up()

    def _tidy_up(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _tell(self, status: FirmwareStatus, change: Change) -> None:
        self._notices.post(FirmwareStatusNotification(status=status), change)
        self._journal.note(f"firmware: {status}")

    def _write(self, update: _Update) -> None:
        self._store.commit(_change(update))
        self._update = update


class _Phase(StrEnum):
    WAITING = auto()
    DOWNLOADING = auto()
    DOWNLOADED = auto()
    INSTALLING = auto()
    INSTALLED = auto()


# Installed is told after the boot, so until then it goes on.
_STATUS_IN: Final[Mapping[_Phase, FirmwareStatus]] = MappingProxyType(
    {
        _Phase.WAITING: FirmwareStatus.IDLE,
        _Phase.DOWNLOADING: FirmwareStatus.DOWNLOADING,
        _Phase.DOWNLOADED: FirmwareStatus.DOWNLOADED,
        _Phase.INSTALLING: FirmwareStatus.INSTALLING,
        _Phase.INSTALLED: FirmwareStatus.INSTALLING,
    }
)


class _Update(Struct, frozen=True, kw_only=True):
    """An update as it is remembered.

    `failures` is how many attempts to download it have failed, `installations` how many to install it have
    begun, `old_version` what there was before.
    """

    location: str
    retrieve_at: datetime
    retries: int
    interval_s: int
    failures: int = 0
    phase: _Phase = _Phase.WAITING
    installations: int = 0
    old_version: str | None = None


def _change(update: _Update | None) -> Change:
    return Change(_KIND, _KEY, None if update is None else json.encode(update))
