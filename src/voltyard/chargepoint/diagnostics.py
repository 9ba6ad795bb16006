"""What a charge point tells of itself when somebody looks for a fault, as one file."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Callable, Mapping
from datetime import datetime
from io import BytesIO
from pathlib import PurePath
from types import MappingProxyType
from typing import Final, NamedTuple

from voltyard.chargepoint.configuration import Configuration
from voltyard.chargepoint.hardware import Hardware
from voltyard.chargepoint.journal import Journal
from voltyard.protocol.codec import encode
from voltyard.protocol.messages import LogType

_NAMES: Final[Mapping[LogType, str]] = MappingProxyType(
    {
        LogType.DIAGNOSTICS_LOG: "{}-diagnostics-{}.tar.gz",
        LogType.SECURITY_LOG: "{}-security-{}.log",
    }
)


class File(NamedTuple):
    """A file to be uploaded; `read` makes its content when it is wanted."""

    name: str
    read: Callable[[], bytes]


class Diagnostics:
    """Collects what is known, without secrets."""

    __slots__ = ("_configuration", "_hardware", "_journal", "_now")

    def __init__(
        self, journal: Journal, configuration: Configuration, hardware: Hardware, now: Callable[[], datetime]
    ) -> None:
        self._journal = journal
        self._configuration = configuration
        self._hardware = hardware
        self._now = now

    def collect(
        self, log_type: LogType, since: datetime | None = None, until: datetime | None = None
    ) -> File | None:
        """Return a log from a span of time as a file of its own, or None if there is nothing from it.

        The security log is text; around the other one there is an archive with the configuration and what the
        hardware has to say.
        """
        lines = self._journal.excerpt(log_type, since, until)
        if not lines:
            return None
        name = self._name(log_type)
        if log_type is LogType.SECURITY_LOG:
            return File(name, lambda: lines)
        return File(name, lambda: self._archive(lines))

    def _name(self, log_type: LogType) -> str:
        boot = self._hardware.boot_notification
        label = boot.charge_point_serial_number or boot.charge_point_model
        now = self._now()
        stamp = f"{now:%Y%m%dT%H%M%S}.{now.microsecond // 1000:03d}Z"
        return _NAMES[log_type].format(re.sub("[^A-Za-z0-9._-]+", "-", label), stamp)

    def _archive(self, lines: bytes) -> bytes:
        files = {
            "journal.log": lines,
            "charge-point.json": encode(self._hardware.boot_notification),
            "configuration.txt": self._settings(),
            **self._of_hardware(),
        }
        buffer = BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                member.mtime = int(self._now().timestamp())
                archive.addfile(member, BytesIO(content))
        return buffer.getvalue()

    def _settings(self) -> bytes:
        # What may only be written is not among them.
        keys = self._configuration.get().configuration_key or ()
        return "".join(f"{each.key}={each.value or ''}\n" for each in keys).encode()

    def _of_hardware(self) -> dict[str, bytes]:
        try:
            found = {
                f"hardware/{PurePath(name).name}": bytes(content)
                for name, content in self._hardware.diagnostics().items()
            }
        except Exception as error:  # noqa: BLE001 - hardware in trouble is when diagnostics are wanted
            return {"hardware/error.txt": repr(error).encode()}
        return found
