"""The files of the spool: records with a length and a checksum, in segments numbered in their order.

A record is synced before `append` returns. A segment is removed when all records in it have been discarded;
discarding alone leaves no trace on the disk, so after a crash records that were discarded may be met again.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from struct import Struct as Layout
from typing import IO
from zlib import crc32

import structlog

from voltyard.central.storage.errors import DatabaseLocked, DatabaseTrouble

SEGMENT_BYTES = 8 * 1024 * 1024
_MAGIC = b"vyspool1"
_HEADER = Layout("<II")  # length of the record, CRC-32 of that length and the record
_LENGTH = Layout("<I")
_DIGITS = 12
_NUMBER = "[0-9]" * _DIGITS

_log = structlog.get_logger()


class Segments:
    """The segments of one directory, which is locked as long as they are open. Belongs to one thread."""

    def __init__(self, directory: Path, lock: IO[bytes], segments: list[Segment]) -> None:
        self._directory = directory
        self._lock = lock
        self._segments = segments
        # What was put aside keeps its number.
        self._next_number = max([int(path.stem) for path in directory.glob(f"{_NUMBER}.*")], default=0) + 1
        self._active: int | None = None  # the descriptor of the last segment, if it still takes records
        self._read: list[tuple[Segment, int]] = []  # where each record that was read last ends

    @classmethod
    def open(cls, directory: Path, visit: Callable[[bytes], None]) -> Segments:
        """Lock the directory, cut what a crash has torn, and show each record."""
        try:
            directory.mkdir(parents=True, exist_ok=True)
            lock = _lock(directory)
        except OSError as error:
            raise DatabaseTrouble(f"spool {directory} cannot be used: {error.strerror}") from error
        try:
            found = [Segment(path) for path in sorted(directory.glob(f"{_NUMBER}.spool"))]
            for segment in found:
                segment.recover(visit, is_last=segment is found[-1])
            segments = cls(directory, lock, found)
            segments._remove_empty()
        except BaseException as error:
            lock.close()
            if isinstance(error, OSError):
                raise DatabaseTrouble(f"spool {directory} cannot be read: {error.strerror}") from error
            raise
        return segments

    @property
    def records(self) -> int:
        """How many records there are; may be asked from any thread."""
        return sum([segment.records for segment in tuple(self._segments)])

    def append(self, records: Sequence[bytes]) -> None:
        """Write records and sync them; raises OSError."""
        if self._active is None or self._segments[-1].end >= SEGMENT_BYTES:
            self._begin_segment()
        segment, descriptor = self._segments[-1], self._active
        assert descriptor is not None  # there is one by now
        written = b"".join([_header(record) + record for record in records])
        try:
            _write_all(descriptor, written)
            os.fdatasync(descriptor)
        except OSError:
            # After a failed sync nobody knows what is on the disk, and a later sync would not tell: nothing
            # is added behind it any more. What it had before was synced and stays.
            self._end_segment()
            with suppress(OSError):
                segment.cut()
            raise
        segment.end += len(written)
        segment.records += len(records)

    def read(self, limit: int) -> list[bytes]:
        """Return the oldest records; raises OSError."""
        self._read.clear()
        found: list[bytes] = []
        for segment in self._segments:
            if len(found) == limit:
                break
            for end, record in segment.read(limit - len(found)):
                self._read.append((segment, end))
                found.append(record)
        return found

    def discard(self, count: int, keep_file: bool) -> None:
        """Remove records that were read; raises OSError."""
        for segment, end in self._read[:count]:
            segment.start = end
            segment.records -= 1
        if keep_file and count:
            self._read[count - 1][0].is_kept = True
        del self._read[:count]
        self._remove_empty()

    def close(self) -> None:
        """Close the files."""
        self._end_segment()
        self._lock.close()

    def _remove_empty(self) -> None:
        first = len(self._segments)
        while self._segments and not self._segments[0].records:
            if len(self._segments) == 1:
                self._end_segment()
            self._segments[0].remove()
            del self._segments[0]
        if len(self._segments) < first:
            _sync_directory(self._directory)

    def _begin_segment(self) -> None:
        self._end_segment()
        path = self._directory / f"{self._next_number:0{_DIGITS}}.spool"
        # What could not be finished earlier is written over.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            _write_all(descriptor, _MAGIC)
            os.fdatasync(descriptor)
            _sync_directory(self._directory)
        except OSError:
            os.close(descriptor)
            raise
        self._segments.append(Segment(path))
        self._next_number += 1
        self._active = descriptor

    def _end_segment(self) -> None:
        descriptor, self._active = self._active, None
        if descriptor is not None:
            os.close(descriptor)


class Segment:
    """One file of records: those from `start` to `end` have not been discarded."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.start = self.end = len(_MAGIC)
        self.records = 0
        self.is_kept = False

    def recover(self, visit: Callable[[bytes], None], *, is_last: bool) -> None:
        """Find out what is in it; what a crash has torn is cut."""
        size = self.path.stat().st_size
        with self.path.open("rb") as file:
            is_ours = file.read(len(_MAGIC)) == _MAGIC
            for end, record in _records(file, self.end, size) if is_ours else ():
                visit(record)
                self.end = end
                self.records += 1
        if size <= self.end and is_ours:
            return
        _log.warning("a spool file is not whole", file=self.path.name, unreadable_bytes=size - self.end)
        # At the end a crash has interrupted a write: nobody was told that it is durable.
        self.is_kept = not (is_last and (is_ours or size < len(_MAGIC)))
        if is_ours and is_last:
            self.cut()

    def cut(self) -> None:
        """Cut what is behind the last record; raises OSError."""
        with self.path.open("rb+") as file:
            file.truncate(self.end)
            os.fsync(file.fileno())

    def read(self, limit: int) -> list[tuple[int, bytes]]:
        """Return records with where they end; raises OSError."""
        wanted = min(limit, self.records)
        with self.path.open("rb") as file:
            found = list(islice(_records(file, self.start, self.end), wanted))
        if len(found) < wanted:
            _log.error("a spool file is damaged", file=self.path.name, lost_records=self.records - len(found))
            self.records = len(found)
            self.is_kept = True
        return found

    def remove(self) -> None:
        """Delete the file, or put it aside when something in it may still be wanted."""
        if self.is_kept:
            self.path.rename(self.path.with_suffix(".kept"))
        else:
            self.path.unlink(missing_ok=True)


def _records(file: IO[bytes], start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield the records between two places with where each ends, up to the first that is not whole."""
    file.seek(start)
    while start + _HEADER.size < end:
        length, checksum = _HEADER.unpack(file.read(_HEADER.size))
        start += _HEADER.size + length
        # Zeros, which a power cut may leave behind, are no record.
        if length == 0 or start > end:
            return
        record = file.read(length)
        if _checksum(record) != checksum:
            return
        yield start, record


def _header(record: bytes) -> bytes:
    return _HEADER.pack(len(record), _checksum(record))


def _checksum(record: bytes) -> int:
    return crc32(record, crc32(_LENGTH.pack(len(record))))


def _lock(directory: Path) -> IO[bytes]:
    lock = (directory / "lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise DatabaseLocked(f"spool {directory} is in use by another central system") from error
    return lock


def _write_all(descriptor: int, written: bytes) -> None:
    rest = memoryview(written)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
