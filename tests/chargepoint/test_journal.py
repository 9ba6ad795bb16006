"""The journal: what is noted is found again by its time, the oldest goes first, and nothing breaks it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from voltyard.chargepoint.journal import FileLog, Journal, Log, MemoryLog, open_journal
from voltyard.protocol.messages import LogType

BEGINNING = datetime(2024, 5, 17, 10, 0, tzinfo=UTC)
DIAGNOSTICS, SECURITY = LogType.DIAGNOSTICS_LOG, LogType.SECURITY_LOG


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return BEGINNING + timedelta(seconds=self.seconds)


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture(params=["memory", "files"])
def journal(request: pytest.FixtureRequest, watch: Watch, tmp_path: Path) -> Journal:
    return open_journal(watch.now, tmp_path if request.param == "files" else None, limit_bytes=2000)


@pytest.fixture(params=["memory", "file"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Log:
    return MemoryLog(200) if request.param == "memory" else FileLog(tmp_path, "log", 200)


def test_notes_have_their_time(journal: Journal, watch: Watch) -> None:
    journal.note("booted")
    watch.seconds = 1.2345
    journal.note("connected")

    assert journal.excerpt(DIAGNOSTICS) == (
        b"2024-05-17T10:00:00.000Z booted\n2024-05-17T10:00:01.234Z connected\n"
    )


def test_what_concerns_security_is_kept_apart(journal: Journal) -> None:
    journal.note("connected")
    journal.note_security("StartupOfTheDevice")
    journal.note_security("FirmwareUpdated", "2.0")

    assert journal.excerpt(SECURITY).splitlines() == [
        b"2024-05-17T10:00:00.000Z StartupOfTheDevice",
        b"2024-05-17T10:00:00.000Z FirmwareUpdated 2.0",
    ]
    assert journal.excerpt(DIAGNOSTICS).count(b"\n") == 1


@pytest.mark.parametrize(
    ("since_s", "until_s", "found"),
    [
        (None, None, b"012345"),
        (2, None, b"2345"),
        (None, 3, b"0123"),
        (2, 3, b"23"),
        (2.5, 2.9, b""),
        (4, 1, b""),
        (100, None, b""),
    ],
)
def test_an_excerpt_is_of_a_span_of_time(
    journal: Journal, watch: Watch, since_s: float | None, until_s: float | None, found: bytes
) -> None:
    for number in range(6):
        watch.seconds = number
        journal.note(str(number))
    # Whatever zone the bounds are given in.
    zone = timezone(timedelta(hours=2))
    since = None if since_s is None else (BEGINNING + timedelta(seconds=since_s)).astimezone(zone)
    until = None if until_s is None else BEGINNING + timedelta(seconds=until_s)

    lines = journal.excerpt(DIAGNOSTICS, since, until).splitlines()

    assert b"".join(line[-1:] for line in lines) == found


def test_any_year_may_bound_an_excerpt(journal: Journal) -> None:
    journal.note("booted")

    assert journal.excerpt(DIAGNOSTICS, datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))
    assert not journal.excerpt(DIAGNOSTICS, until=datetime(999, 1, 1, tzinfo=UTC))


def test_a_note_is_one_line_of_limited_length(journal: Journal) -> None:
    journal.note("a\r\n2024-05-17T10:00:00.000Z forged\x00\ud800 " + "x" * 5000)

    (line,) = journal.excerpt(DIAGNOSTICS).splitlines()
    assert b"a\\r\\n2024" in line
    assert len(line) < 500


def test_the_oldest_lines_go_first(log: Log) -> None:
    for number in range(100):
        log.append(b"line %02d\n" % number)

    lines = log.read().splitlines()
    assert len(log.read()) <= 200
    assert lines == [b"line %02d" % number for number in range(100 - len(lines), 100)]
    assert len(lines) >= 12


def test_files_outlive_the_process(tmp_path: Path, watch: Watch) -> None:
    open_journal(watch.now, tmp_path).note("before")
    open_journal(watch.now, tmp_path).note("after")

    assert [line[25:] for line in open_journal(watch.now, tmp_path).excerpt(DIAGNOSTICS).splitlines()] == [
        b"before",
        b"after",
    ]


def test_a_line_the_power_went_in_spoils_no_other(tmp_path: Path, watch: Watch) -> None:
    (tmp_path / "journal.log").write_bytes(b"2024-05-17T09:00:00.000Z whole\n2024-05-17T09:00:0")

    journal = open_journal(watch.now, tmp_path)
    journal.note("next")

    lines = journal.excerpt(DIAGNOSTICS, BEGINNING).splitlines()
    assert lines == [b"2024-05-17T10:00:00.000Z next"]


def test_a_directory_that_is_lost_stops_nothing_and_is_noted(tmp_path: Path, watch: Watch) -> None:
    directory = tmp_path / "state"
    journal = open_journal(watch.now, directory)
    journal.note("lost")
    journal.note("lost too")
    nothing = journal.excerpt(DIAGNOSTICS)
    directory.mkdir()

    journal.note("back")
    journal.note("usual")

    assert nothing == b""
    assert [line[25:] for line in journal.excerpt(DIAGNOSTICS).splitlines()] == [
        b"back (2 notes before this could not be written)",
        b"usual",
    ]


def test_a_log_that_cannot_be_read_is_empty(tmp_path: Path, watch: Watch) -> None:
    (tmp_path / "security.log").mkdir()

    journal = open_journal(watch.now, tmp_path)
    journal.note_security("StartupOfTheDevice")

    assert journal.excerpt(SECURITY) == b""


def test_in_memory_the_journal_is_small(watch: Watch) -> None:
    journal = open_journal(watch.now, limit_bytes=4000)

    for number in range(1000):
        journal.note(f"note {number}")

    assert 1900 < len(journal.excerpt(DIAGNOSTICS)) <= 4000
