"""The charge point's own log: what happened and when, the latest of it; what concerns security apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol

from voltyard.protocol.messages import LogType

FILE_BYTES: Final = 1024 * 1024
"""How much of each log is kept in files."""
MEMORY_BYTES: Final = 16 * 1024
"""How much of each log is kept in memory, where there is no directory for it."""

_LONGEST_TEXT: Final = 400
_FILE_NAMES: Final[Mapping[LogType, str]] = MappingProxyType(
    {LogType.DIAGNOSTICS_LOG: "journal", LogType.SECURITY_LOG: "security"}
)


class Log(Protocol):
    """Lines, of which the oldest go when there are too many."""

    def append(self, line: bytes) -> None:
        """Add a line; raises `OSError`."""

    def read(self) -> bytes:
        """Return all lines there are; raises `OSError`."""


class MemoryLog:
    """A log that lasts as long as its process."""

    __slots__ = ("_half_bytes", "_lines", "_older")

    def __init__(self, limit_bytes: int = MEMORY_BYTES) -> None:
        self._half_bytes = limit_bytes // 2
        self._older = b""
        self._lines = bytearray()

    def append(self, line: bytes) -> None:
        if len(self._lines) + len(line) > self._half_bytes:
            self._older, self._lines = bytes(self._lines), bytearray()
        self._lines += line

    def read(self) -> bytes:
        return self._older + self._lines


class FileLog:
    """A log in two files of a directory, `name.log` and before it `name.1.log`."""

    def __init__(self, directory: Path, name: str, limit_bytes: int = FILE_BYTES) -> None:
        self._path = directory / f"{name}.log"
        self._older = directory / f"{name}.1.log"
        self._half_bytes = limit_bytes // 2
        self._ends_within_line = not self._tail().endswith(b"\n")

    def append(self, line: bytes) -> None:
        if self._ends_within_line:
            # The power went while the last line was written.
            line = b"\n" + line
        with suppress(FileNotFoundError):
            if self._path.stat().st_size + len(line) > self._half_bytes:
                self._path.replace(self._older)
        with self._path.open("ab") as file:
            file.write(line)
        self._ends_within_line = False

    def read(self) -> bytes:
        return b"".join(path.read_bytes() for path in (self._older, self._path) if path.exists())

    def _tail(self) -> bytes:
        try:
            with self._path.open("rb") as file:
                file.seek(max(0, self._path.stat().st_size - 1))
                return file.read() or b"\n"
        except OSError:
            return b"\n"


class Journal:
    """Takes notes, which cost little and never fail: what cannot be written is missing, and that is noted.

    `now` stamps them. No secrets belong into a note.
    """

    __slots__ = ("_logs", "_missing", "_now")

    def __init__(self, now: Callable[[], datetime], logs: Mapping[LogType, Log]) -> None:
        self._now = now
        self._logs = logs
        self._missing = 0

    def note(self, text: str) -> None:
        """Note what happened."""
        self._write(LogType.DIAGNOSTICS_LOG, text)

    def note_security(self, event: str, text: str = "") -> None:
        """Note a security event by its type in white paper §8; not only critical ones (A04)."""
        self._write(LogType.SECURITY_LOG, f"{event} {text}".strip())

    def excerpt(
        self, log_type: LogType, since: datetime | None = None, until: datetime | None = None
    ) -> bytes:
        """Return the lines of a log from a span of time, whose ends are in it."""
        first = b"" if since is None else _stamp(since)
        # A stamp ends in Z, and so does the last one that is wanted.
        last = b"~" if until is None else _stamp(until)
        try:
            lines = self._logs[log_type].read().splitlines(keepends=True)
        except OSError:
            return b""
        return b"".join(line for line in lines if first <= line[: len(_STAMP)] <= last)

    def _write(self, log_type: LogType, text: str) -> None:
        if self._missing:
            text = f"{text} ({self._missing} notes before this could not be written)"
        readable = text if text.isprintable() else text.encode("unicode_escape").decode()
        line = b"%s %s\n" % (_stamp(self._now()), readable[:_LONGEST_TEXT].encode())
        try:
            self._logs[log_type].append(line)
        except OSError:
            # A full disk must not end charging.
            self._missing += 1
        else:
            self._missing = 0


def open_journal(
    now: Callable[[], datetime], directory: Path | None = None, *, limit_bytes: int | None = None
) -> Journal:
    """Return the journal in a directory, or without one in memory.

    `limit_bytes` bounds each of both logs.
    """
    if directory is None:
        return Journal(now, {kind: MemoryLog(limit_bytes or MEMORY_BYTES) for kind in _FILE_NAMES})
    logs = {kind: FileLog(directory, name, limit_bytes or FILE_BYTES) for kind, name in _FILE_NAMES.items()}
    return Journal(now, logs)


_STAMP: Final = "2024-05-17T09:59:30.000Z"


def _stamp(moment: datetime) -> bytes:
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00").encode() + b"Z"
