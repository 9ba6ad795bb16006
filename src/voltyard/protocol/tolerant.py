"""What is read although it breaks the specification, and the record of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import NamedTuple

from voltyard.protocol import strict
from voltyard.protocol.document import Number, Path, Value, cut, excerpt, invalid, json_path
from voltyard.protocol.errors import ErrorCode, InvalidPayload
from voltyard.protocol.messages import (
    ChargePointErrorCode,
    ChargePointStatus,
    DiagnosticsStatus,
    FirmwareStatus,
    Location,
    Measurand,
    MeterValue,
    Phase,
    ReadingContext,
    Reason,
    SampledValue,
    SignedFirmwareStatus,
    UnitOfMeasure,
    UploadLogStatus,
    ValueFormat,
)
from voltyard.protocol.payload import Structure
from voltyard.protocol.reading import ABSENT, Absent, missing
from voltyard.protocol.shape import Array, Choice, Flag, Member, Moment, Object, Scalar, Tenth, Text, Whole


class Deviation(NamedTuple):
    """A breach of the specification that was let pass; `value` is what was sent, cut to 100 characters."""

    rule: str
    path: str
    value: str


class Dropped(NamedTuple):
    """A bad sampled value or meter value that was taken out; `raw` is its JSON text as sent."""

    path: str
    raw: bytes
    reason: str


class Rule(StrEnum):
    """What a deviation is about."""

    UNKNOWN_FIELD = "unknown-field"
    EMPTY_FIELD = "empty-field"
    NULL_FIELD = "null-field"
    LAX_SCALAR = "lax-scalar"
    LONG_STRING = "long-string"
    LENIENT_DATE_TIME = "lenient-date-time"
    UNKNOWN_MEMBER = "unknown-member"
    DROPPED_ITEM = "dropped-item"
    MISSING_TIMESTAMP = "missing-timestamp"


# The enumerations a charge point describes itself with: a word of its own tells more than a refusal.
# Celcius and Celsius need no rule, both are members of UnitOfMeasure (OCPP-J errata 2.1).
SELF_DESCRIBING: frozenset[type[StrEnum]] = frozenset(
    {
        ChargePointErrorCode,
        ChargePointStatus,
        DiagnosticsStatus,
        FirmwareStatus,
        Location,
        Measurand,
        Phase,
        ReadingContext,
        Reason,
        SignedFirmwareStatus,
        UnitOfMeasure,
        UploadLogStatus,
        ValueFormat,
    }
)
# The strings that hold a number, so that a number in their place is what it says.
NUMERIC_TEXTS: frozenset[tuple[type[Structure], str]] = frozenset({(SampledValue, "value")})
# The items that can be taken out of an array; whether that may leave a required array empty. A meter value
# without samples says nothing, but MeterValues has to be answered whatever it holds (OCPP 1.6 §4.7).
DROPPABLE: Mapping[type[Structure], bool] = {SampledValue: False, MeterValue: True}
# What deviates more often is not repaired: a hostile payload must not cost more than an honest one.
MAX_DEVIATIONS = 1000

_INTEGER = re.compile(r"-?[0-9]+(?:\.0*)?")
_DECIMAL = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
# ISO 8601 with a calendar date and a time to the minute at least, basic or extended.
_DATE_TIME = re.compile(
    r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})[Tt ]([0-9]{2}):?([0-9]{2})(?::?([0-9]{2})(?:[.,]([0-9]+))?)?"
    r"(?:[Zz]|([+-][0-9]{2})(?::?([0-9]{2}))?)?"
)
_LEAP_SECOND = "60"
_MAX_EXPONENT = 18  # of 64-bit integers


class Repairs:
    """The leniency of the tolerant path; a repair it made is a `Deviation`.

    It never makes up an idTag, a connectorId, a meter reading or a transactionId: the only value it
    invents is the time of receipt for a missing timestamp.
    """

    __slots__ = ("_deviations", "_dropped", "_received_at", "_repairs")

    def __init__(self, received_at: datetime) -> None:
        self._received_at = received_at
        self._deviations: list[Deviation] = []
        self._dropped: list[tuple[Path, str]] = []
        self._repairs = 0

    def deviations(self) -> tuple[Deviation, ...]:
        """Return what was let pass, in the order in which it was met."""
        return tuple(self._deviations)

    def dropped(self, raw: bytes) -> tuple[Dropped, ...]:
        """Return what was taken out of the payload with the text `raw`."""
        texts = cut(raw, [path for path, _ in self._dropped])
        return tuple(
            Dropped(json_path(path), text, reason)
            for text, (path, reason) in zip(texts, self._dropped, strict=True)
        )

    def unknown_field(self, value: Value, path: Path) -> None:
        self._note(Rule.UNKNOWN_FIELD, value, path)

    def given(self, owner: Object, member: Member, value: Value, path: Path) -> Value | Absent:
        if value is None and (not member.required or _is_timestamp(member)):
            self._note(Rule.NULL_FIELD, value, path)
            return ABSENT
        if value == "" and not member.required:
            self._note(Rule.EMPTY_FIELD, value, path)
            return ABSENT
        if isinstance(value, Number) and (owner.type, member.name) in NUMERIC_TEXTS:
            self._note(Rule.LAX_SCALAR, value, path)
            return value.text
        return value

    def missing(self, member: Member, path: Path) -> object:
        if not _is_timestamp(member):
            raise missing(path)
        self._note(Rule.MISSING_TIMESTAMP, "", path)
        return self._received_at

    def scalar(self, shape: Scalar, value: Value, path: Path, defect: InvalidPayload) -> object:
        mended = _mended(shape, value, path)
        if mended is None:
            raise defect
        rule, scalar = mended
        self._note(rule, value, path)
        return scalar

    def items(
        self, array: Array, values: list[Value], read: Callable[[Value, Path], object], path: Path
    ) -> list[object]:
        if not isinstance(array.items, Object) or array.items.type not in DROPPABLE:
            return [read(value, (*path, index)) for index, value in enumerate(values)]
        items: list[object] = []
        defects: list[InvalidPayload] = []
        for index, value in enumerate(values):
            mark = len(self._deviations), len(self._dropped)
            try:
                items.append(read(value, (*path, index)))
            except InvalidPayload as defect:
                self._drop(value, (*path, index), defect, mark)
                defects.append(defect)
        if defects and not items and not _may_be_left_empty(array, array.items.type, values):
            raise defects[0]
        return items

    def _drop(self, value: Value, path: Path, defect: InvalidPayload, mark: tuple[int, int]) -> None:
        deviations, dropped = mark  # what was let pass in an item that is not used does not count
        del self._deviations[deviations:], self._dropped[dropped:]
        self._note(Rule.DROPPED_ITEM, value, path)
        self._dropped.append((path, defect.description))

    def _note(self, rule: Rule, value: Value, path: Path) -> None:
        self._repairs += 1
        if self._repairs > MAX_DEVIATIONS:
            raise invalid(ErrorCode.FORMATION_VIOLATION, path, f"more than {MAX_DEVIATIONS} deviations")
        self._deviations.append(Deviation(rule, json_path(path), excerpt(value)))


def _is_timestamp(member: Member) -> bool:
    return member.key == "timestamp" and isinstance(member.shape, Moment)


def _may_be_left_empty(array: Array, items: type[Structure], values: list[Value]) -> bool:
    return array.min_length == 0 or (DROPPABLE[items] and any(_holds_samples(value) for value in values))


def _holds_samples(meter_value: Value) -> bool:
    return isinstance(meter_value, dict) and bool(meter_value.get("sampledValue"))


def _mended(shape: Scalar, value: Value, path: Path) -> tuple[Rule, object] | None:
    """Return what a value that breaks the specification stands for without doubt, if anything."""
    match shape, value:
        case Text(), str():
            return Rule.LONG_STRING, strict.matching(shape, value, path)
        case Whole(), str() | Number() if number := _integer(value):
            return Rule.LAX_SCALAR, strict.whole(shape, number, path)
        case Tenth(), str() if _DECIMAL.fullmatch(value):
            return Rule.LAX_SCALAR, strict.tenth(Number(value), path)
        case Flag(), Number(text="0" | "1"):
            return Rule.LAX_SCALAR, value.text == "1"
        case Moment(), str() if moment := _moment(value, path):
            return Rule.LENIENT_DATE_TIME, moment
        case Choice(enumeration=enumeration), str() if enumeration in SELF_DESCRIBING:
            return Rule.UNKNOWN_MEMBER, value
    return None


def _integer(value: str | Number) -> Number | None:
    """Return a number, or the string of one, as an integer if it loses nothing by that."""
    text = value.text if isinstance(value, Number) else value
    if isinstance(value, str) and not _INTEGER.fullmatch(value):
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if number.adjusted() > _MAX_EXPONENT or number != number.to_integral_value():
        return None
    return Number(str(int(number)))


def _moment(value: str, path: Path) -> datetime | None:
    """Return a date-time that RFC 3339 does not know but ISO 8601, or everybody, does; no zone means UTC."""
    parts = _DATE_TIME.fullmatch(value)
    if not parts:
        return None
    year, month, day, hour, minute, second, fraction, zone_hours, zone_minutes = parts.groups()
    leap = second == _LEAP_SECOND
    text = (
        f"{year}-{month}-{day}T{hour}:{minute}:{'59' if leap else second or '00'}.{fraction or '0'}"
        f"{f'{zone_hours}:{zone_minutes or 0:0>2}' if zone_hours else 'Z'}"
    )
    try:
        return strict.moment(text, path) + timedelta(seconds=leap)
    except (InvalidPayload, OverflowError):
        return None
