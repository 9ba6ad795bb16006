"""Single values to the letter."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voltyard.protocol import strict
from voltyard.protocol.document import Number, Value
from voltyard.protocol.errors import ErrorCode, InvalidPayload
from voltyard.protocol.messages import ResetType
from voltyard.protocol.payload import Tenths
from voltyard.protocol.shape import Choice, Flag, Moment, Scalar, Tenth, Text, Whole

TEXT = Text(20, None)
URI = Text(None, re.compile("^[a-z]+:"))
SMALL = Whole(0, 10)
CHOICE = Choice({member.value: member for member in ResetType}, ResetType)
PATH = ("meterValue", 0, "x")

NO_STRING: list[Value] = [None, True, Number("12"), [], {}]
NO_INTEGER: list[Value] = [None, True, "3", Number("3.0"), Number("3e0"), []]
NO_NUMBER: list[Value] = [None, False, "16", {}]
NO_BOOLEAN: list[Value] = [None, Number("1"), "true"]

TYPE = ErrorCode.TYPE_CONSTRAINT_VIOLATION
PROPERTY = ErrorCode.PROPERTY_CONSTRAINT_VIOLATION


@pytest.mark.parametrize(
    ("shape", "value", "meaning"),
    [
        (TEXT, "é" * 20, "é" * 20),
        (TEXT, "", ""),
        (URI, "ftp:x", "ftp:x"),
        (SMALL, Number("0"), 0),
        (SMALL, Number("-0"), 0),
        (SMALL, Number("10"), 10),
        (Whole(-(2**63), 2**63 - 1), Number("-9223372036854775808"), -(2**63)),
        (Tenth(), Number("16"), Tenths(16)),
        (Tenth(), Number("8.1"), Tenths("8.1")),
        (Tenth(), Number("8.10"), Tenths("8.1")),
        (Tenth(), Number("1e1"), Tenths(10)),
        (Flag(), True, True),
        (Flag(), False, False),
        (CHOICE, "Hard", ResetType.HARD),
    ],
)
def test_a_good_value_is_read(shape: Scalar, value: Value, meaning: object) -> None:
    """R-074, R-077."""
    read = strict.scalar(shape, value, PATH)

    assert (read, type(read)) == (meaning, type(meaning))


@pytest.mark.parametrize(
    ("shape", "value", "code"),
    [
        *[(TEXT, value, TYPE) for value in NO_STRING],
        (TEXT, "x" * 21, PROPERTY),
        (URI, "/tmp/x", PROPERTY),
        *[(SMALL, value, TYPE) for value in NO_INTEGER],
        *[(SMALL, Number(text), PROPERTY) for text in ("-1", "11", "9" * 60_000)],
        *[(Tenth(), value, TYPE) for value in NO_NUMBER],
        *[(Tenth(), Number(text), PROPERTY) for text in ("4.11", "1e99999999999999999999", "1e20")],
        *[(Flag(), value, TYPE) for value in NO_BOOLEAN],
        *[(Moment(), value, TYPE) for value in NO_STRING],
        *[(CHOICE, value, TYPE) for value in NO_STRING],
        *[(CHOICE, text, PROPERTY) for text in ("Warm", "hard", "", "HARD")],
    ],
)
def test_a_bad_value_is_refused_with_its_code_and_path(shape: Scalar, value: Value, code: ErrorCode) -> None:
    """R-062, R-064, R-075, R-077."""
    with pytest.raises(InvalidPayload) as finding:
        strict.scalar(shape, value, PATH)

    assert finding.value.code is code
    assert finding.value.path == "$.meterValue[0].x"
    assert len(finding.value.description) <= 255


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-22T08:00:00Z", datetime(2026, 11, 22, 8, tzinfo=UTC)),
        ("2024-01-01T01:00:00.123456+02:00", datetime(2023, 12, 31, 23, 0, 0, 123456, UTC)),
        ("2024-02-29T23:59:59.1234565-05:30", datetime(2024, 3, 1, 5, 29, 59, 123457, UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59-00:00", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_date_time_of_rfc_3339_is_read_in_utc(text: str, moment: datetime) -> None:
    """R-070."""
    read = strict.scalar(Moment(), text, PATH)

    assert read == moment
    assert isinstance(read, datetime)
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2026-11-22",
        "2026-11-22T08:00Z",
        "2026-11-22T08:00:00",
        "2026-11-22 08:00:00Z",
        "2026-11-22t08:00:00Z",
        "2026-11-22T08:00:00z",
        "2026-11-22T08:00:00+0200",
        "2026-11-22T08:00:00+02",
        "2026-11-22T08:00:00,5Z",
        "2026-11-22T08:00:00.Z",
        "2026-11-22T08:00:60Z",
        "2026-11-22T24:00:00Z",
        "2026-02-29T08:00:00Z",
        "2026-11-22T08:00:00+24:00",
        "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "9999-12-31T23:59:59-00:01",
        "9999-12-31T23:59:59.9999999Z",
        "0001-01-01T00:00:00+00:01",
        "202\u0966-11-22T08:00:00Z",
        " 2026-11-22T08:00:00Z",
        "2026-11-22T08:00:00Z\n",
    ],
)
def test_any_other_date_time_is_refused(text: str) -> None:
    with pytest.raises(InvalidPayload) as finding:
        strict.scalar(Moment(), text, PATH)

    assert finding.value.code is PROPERTY


@settings(derandomize=True, database=None, deadline=None, max_examples=100)
@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1)), st.integers(-1439, 1439), st.integers(0, 9))  # noqa: DTZ001 - the offset is in the text
def test_moments_are_those_that_msgspec_reads(moment: datetime, minutes: int, digit: int) -> None:
    offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    text = f"{moment:%H:%M:%S}.{moment.microsecond:06}{digit}{offset}"
    text = f"{moment.year:04}-{moment:%m-%d}T{text}"

    read = strict.moment(text, PATH)

    assert read == msgspec.convert(text, datetime)
    assert abs(read - (moment.replace(tzinfo=UTC) - timedelta(minutes=minutes))) <= timedelta(microseconds=1)
