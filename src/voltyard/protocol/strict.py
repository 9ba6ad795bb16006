"""What a single value must be to the letter: strings, numbers, booleans, date-times, enumerations."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import InvalidOperation

from msgspec import ValidationError, convert

from voltyard.protocol.document import Number, Path, Value, invalid, quote
from voltyard.protocol.errors import ErrorCode, InvalidPayload
from voltyard.protocol.payload import Tenths
from voltyard.protocol.shape import Choice, Moment, Scalar, Tenth, Text, Whole

DATE_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})"
_DATE_TIME = re.compile(DATE_TIME)
_INTEGER = re.compile("-?[0-9]{1,19}")


def scalar(shape: Scalar, value: Value, path: Path) -> object:
    """Return the value as the payload holds it; `InvalidPayload` with the code of the rule it breaks."""
    match shape:
        case Choice():
            return choice(shape, value, path)
        case Text():
            return text(shape, value, path)
        case Whole():
            return whole(shape, value, path)
        case Moment():
            return moment(value, path)
        case Tenth():
            return tenth(value, path)
        case _:
            return flag(value, path)


def text(shape: Text, value: Value, path: Path) -> str:
    """Return a string that is short enough (lengths count characters) and has the form it must have."""
    string = _string(value, path, "a string")
    if shape.max_length is not None and len(string) > shape.max_length:
        raise _out_of_bounds(path, f"longer than {shape.max_length} characters")
    return matching(shape, string, path)


def matching(shape: Text, string: str, path: Path) -> str:
    """Return a string that has the form it must have, however long."""
    if shape.pattern and not shape.pattern.search(string):
        raise _out_of_bounds(path, f"{quote(string)} has not the form it must have")
    return string


def whole(shape: Whole, value: Value, path: Path) -> int:
    """Return an integer within its range; 3.0 and 3e0 are none (JSON schema draft 4)."""
    if not isinstance(value, Number) or not value.text.removeprefix("-").isdecimal():
        raise wrong_type(path, "an integer")
    if not _INTEGER.fullmatch(value.text) or not shape.minimum <= int(value.text) <= shape.maximum:
        raise _out_of_bounds(path, f"{quote(value.text)} is not from {shape.minimum} to {shape.maximum}")
    return int(value.text)


def tenth(value: Value, path: Path) -> Tenths:
    """Return a number with at most one decimal digit (OCPP 1.6 §7.13, §7.14)."""
    if not isinstance(value, Number):
        raise wrong_type(path, "a number")
    try:
        return Tenths(value.text)
    except (ValueError, InvalidOperation):
        raise _out_of_bounds(
            path, f"{quote(value.text)} has more than one decimal digit or is too large"
        ) from None


def flag(value: Value, path: Path) -> bool:
    """Return a boolean."""
    if not isinstance(value, bool):
        raise wrong_type(path, "a boolean")
    return value


def moment(value: Value, path: Path) -> datetime:
    """Return a date-time of RFC 3339 in UTC; it needs a zone (OCPP-J 1.6 §4.1.2 wants ISO 8601)."""
    string = _string(value, path, "a date-time")
    if not _DATE_TIME.fullmatch(string):
        raise not_a_moment(string, path)
    try:
        return convert(string, datetime).astimezone(UTC)
    except (ValidationError, OverflowError):
        raise not_a_moment(string, path) from None


def choice(shape: Choice, value: Value, path: Path) -> str:
    """Return a member of an enumeration; the spelling counts."""
    string = _string(value, path, "a string")
    member = shape.members.get(string)
    if member is None:
        raise _out_of_bounds(path, f"{quote(string)} is no {shape.enumeration.__name__}")
    return member


def wrong_type(path: Path, expected: str) -> InvalidPayload:
    """Return the finding that a value has the wrong JSON type."""
    return invalid(ErrorCode.TYPE_CONSTRAINT_VIOLATION, path, f"not {expected}")


def not_a_moment(string: str, path: Path) -> InvalidPayload:
    """Return the finding that a string is no date-time, or one outside the years 1 to 9999."""
    return _out_of_bounds(path, f"{quote(string)} is no date-time of RFC 3339")


def _string(value: Value, path: Path, expected: str) -> str:
    if not isinstance(value, str):
        raise wrong_type(path, expected)
    return value


def _out_of_bounds(path: Path, reason: str) -> InvalidPayload:
    return invalid(ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, path, reason)
