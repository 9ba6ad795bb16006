"""Segment files: in order, synced, cut where a crash has torn them, gone when nobody needs them."""

from __future__ import annotations

import errno
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from voltyard.central.storage import segments as segments_module
from voltyard.central.storage.errors import DatabaseLocked, DatabaseTrouble
from voltyard.central.storage.segments import Segments

# Appends records until the disk takes no more, then tells how many were taken and waits.
APPEND_UNTIL_FULL = """
import resource, signal, sys
from pathlib import Path
from voltyard.central.storage.segments import Segments
segments = Segments.open(Path(sys.argv[1]), lambda _: None)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
taken = 0
try:
    while True:
        segments.append([taken.to_bytes(4, "big") * 250])
        taken += 1
except OSError:
    print(taken, flush=True)
signal.pause()
"""


@contextmanager
def opened(directory: Path) -> Iterator[tuple[Segments, list[bytes]]]:
    """The segments, and what was met while they were opened."""
    met: list[bytes] = []
    segments = Segments.open(directory, met.append)
    try:
        yield segments, met
    finally:
        segments.close()


def files(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir() if path.name != "lock")


def left_behind(directory: Path, *records: bytes) -> Path:
    """What an earlier run has left in its one file."""
    with opened(directory) as (segments, _):
        segments.append(records)
    (path,) = directory.glob("*.spool")
    return path


def _input_output_error(_descriptor: int) -> None:
    raise OSError(errno.EIO, "Input/output error")


def test_records_are_read_in_the_order_in_which_they_were_written(tmp_path: Path) -> None:
    with opened(tmp_path) as (segments, _):
        segments.append([b"one", b"two"])
        segments.append([b"three"])

        assert segments.read(2) == [b"one", b"two"]
        assert segments.read(10) == [b"one", b"two", b"three"]
        assert segments.records == 3


def test_what_was_read_and_discarded_is_not_read_again(tmp_path: Path) -> None:
    with opened(tmp_path) as (segments, _):
        segments.append([b"one", b"two", b"three"])
        segments.read(2)

        segments.discard(2, keep_file=False)

        assert segments.read(10) == [b"three"]
        assert segments.records == 1


def test_records_are_there_after_a_restart(tmp_path: Path) -> None:
    left_behind(tmp_path, b"one", b"two")

    with opened(tmp_path) as (segments, met):
        assert met == [b"one", b"two"]
        segments.append([b"three"])
        assert segments.read(10) == [b"one", b"two", b"three"]


def test_a_new_run_appends_to_a_new_file(tmp_path: Path) -> None:
    """Nothing is written behind what may have been torn."""
    first = left_behind(tmp_path, b"one").read_bytes()

    with opened(tmp_path) as (segments, _):
        segments.append([b"two"])

    assert len(files(tmp_path)) == 2
    assert (tmp_path / files(tmp_path)[0]).read_bytes() == first


def test_a_file_goes_when_all_in_it_was_discarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments_module, "SEGMENT_BYTES", 100)
    with opened(tmp_path) as (segments, _):
        for number in range(9):
            segments.append([bytes([number]) * 40])
        assert len(files(tmp_path)) == 5

        segments.read(5)
        segments.discard(5, keep_file=False)
        assert len(files(tmp_path)) == 3

        segments.read(4)
        segments.discard(4, keep_file=False)
        assert files(tmp_path) == []
        segments.append([b"more"])
        assert segments.read(9) == [b"more"]


def test_a_file_that_is_kept_is_put_aside_under_a_number_that_is_not_used_again(tmp_path: Path) -> None:
    with opened(tmp_path) as (segments, _):
        segments.append([b"strange"])
        segments.read(1)
        segments.discard(1, keep_file=True)
        assert files(tmp_path) == ["000000000001.kept"]

    with opened(tmp_path) as (segments, met):
        segments.append([b"next"])

        assert met == []
        assert files(tmp_path) == ["000000000001.kept", "000000000002.spool"]
        assert b"strange" in (tmp_path / "000000000001.kept").read_bytes()


@pytest.mark.parametrize("kept_bytes", range(1, 8 + len(b"a record")))
def test_a_torn_tail_is_cut_at_any_byte(tmp_path: Path, kept_bytes: int) -> None:
    """The file was extended by a first record and torn while the second was written."""
    path = left_behind(tmp_path, b"whole")
    whole = path.read_bytes()
    second = left_behind(tmp_path / "other", b"whole", b"a record").read_bytes()[len(whole) :]
    path.write_bytes(whole + second[:kept_bytes])

    with opened(tmp_path) as (segments, met):
        assert met == [b"whole"]
        assert segments.read(9) == [b"whole"]
        assert path.read_bytes() == whole


def test_zeros_that_a_power_cut_left_are_no_records(tmp_path: Path) -> None:
    path = left_behind(tmp_path, b"whole")
    whole = path.read_bytes()
    path.write_bytes(whole + bytes(4096))

    with opened(tmp_path) as (_, met):
        assert met == [b"whole"]
        assert path.read_bytes() == whole


@pytest.mark.parametrize("begun", [b"", b"vyspo", bytes(8)[:5]])
def test_a_file_that_was_only_begun_goes(tmp_path: Path, begun: bytes) -> None:
    (tmp_path / "000000000007.spool").write_bytes(begun)

    with opened(tmp_path) as (segments, met):
        segments.append([b"next"])

        assert met == []
        assert files(tmp_path) == ["000000000008.spool"]


def test_a_file_of_another_format_is_put_aside_and_not_cut(tmp_path: Path) -> None:
    (tmp_path / "000000000007.spool").write_bytes(b"vyspool2 and what comes after")

    with opened(tmp_path) as (_, met):
        assert met == []
        assert (tmp_path / "000000000007.kept").read_bytes() == b"vyspool2 and what comes after"


def test_damage_in_an_older_file_costs_only_what_is_damaged_and_the_file_is_kept(tmp_path: Path) -> None:
    path = left_behind(tmp_path, b"one", b"two", b"three")
    left_behind_later = b"four"
    with opened(tmp_path) as (segments, _):
        segments.append([left_behind_later])
    path.write_bytes(path.read_bytes().replace(b"two", b"TWO"))

    with opened(tmp_path) as (segments, met):
        assert met == [b"one", b"four"]
        assert segments.read(9) == [b"one", b"four"]
        segments.discard(2, keep_file=False)
        assert files(tmp_path) == [path.with_suffix(".kept").name]
        assert b"three" in path.with_suffix(".kept").read_bytes()


def test_damage_that_happens_while_running_does_not_hold_up_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments_module, "SEGMENT_BYTES", 10)
    with opened(tmp_path) as (segments, _):
        for record in (b"one", b"two", b"three"):
            segments.append([record])
        first = tmp_path / files(tmp_path)[0]
        first.write_bytes(first.read_bytes().replace(b"one", b"ONE"))

        assert segments.read(9) == [b"two", b"three"]
        assert segments.records == 2
        segments.discard(2, keep_file=False)

        assert files(tmp_path) == [first.with_suffix(".kept").name]


def test_a_full_disk_is_told_and_what_was_taken_before_stays(tmp_path: Path) -> None:
    """F6: 1 000 bytes each, into files that may have 5 000; then the program is killed."""
    with subprocess.Popen(
        [sys.executable, "-c", APPEND_UNTIL_FULL, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        taken = int(program.stdout.readline())
        program.kill()

    with opened(tmp_path) as (segments, met):
        assert taken == 4
        assert met == [number.to_bytes(4, "big") * 250 for number in range(taken)]
        assert segments.records == taken


def test_after_a_failed_write_a_new_file_takes_what_fits(tmp_path: Path) -> None:
    """The disk heals by itself; what failed is not behind what is written then."""
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    with opened(tmp_path) as (segments, _):
        segments.append([b"before"])
        resource.setrlimit(resource.RLIMIT_FSIZE, (200, unlimited[1]))
        try:
            with pytest.raises(OSError):
                segments.append([b"too long" * 100])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)

        segments.append([b"after"])

        assert segments.read(9) == [b"before", b"after"]
    with opened(tmp_path) as (_, met):
        assert met == [b"before", b"after"]


def test_nothing_is_written_behind_a_sync_that_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F7: a second sync of the same file would succeed and prove nothing."""
    with opened(tmp_path) as (segments, _):
        segments.append([b"before"])
        with monkeypatch.context() as faulty:
            faulty.setattr("os.fdatasync", _input_output_error)
            with pytest.raises(OSError, match="Input/output error"):
                segments.append([b"lost"])

        segments.append([b"after"])

        assert len(files(tmp_path)) == 2
        assert segments.read(9) == [b"before", b"after"]
        assert segments.records == 2


def test_a_directory_belongs_to_one_at_a_time(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(DatabaseLocked, match="in use by another central system"):
        Segments.open(tmp_path, lambda _: None)

    with opened(tmp_path) as (segments, _):
        assert segments.records == 0


def test_a_directory_that_cannot_be_made_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(DatabaseTrouble, match="cannot be used: Not a directory"):
        Segments.open(tmp_path / "file" / "spool", lambda _: None)


def test_a_file_that_cannot_be_read_is_told_and_the_lock_is_given_up(tmp_path: Path) -> None:
    (tmp_path / "000000000001.spool").mkdir()

    with pytest.raises(DatabaseTrouble, match="cannot be read: Is a directory"):
        Segments.open(tmp_path, lambda _: None)

    (tmp_path / "000000000001.spool").rmdir()
    with opened(tmp_path) as (segments, _):
        assert segments.records == 0


def test_python_is_told_of_files_that_are_too_long_by_an_error() -> None:
    """What the tests above rely on: the signal alone would end the program."""
    assert signal.getsignal(signal.SIGXFSZ) is signal.SIG_IGN
