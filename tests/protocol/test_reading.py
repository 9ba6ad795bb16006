"""Payloads built from plain values by their shape."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from voltyard.protocol.document import Path, Value, read
from voltyard.protocol.errors import ErrorCode, InvalidPayload
from voltyard.protocol.messages import (
    AuthorizationStatus,
    Heartbeat,
    IdTagInfo,
    MeterValues,
    Phase,
    StartTransactionResponse,
)
from voltyard.protocol.payload import Structure
from voltyard.protocol.reading import ABSENT, Absent, Reader, ToTheLetter
from voltyard.protocol.shape import Array, Member, Object, Scalar, shape_of

SAMPLES = b'{"connectorId":1,"meterValue":[{"timestamp":"2026-11-22T08:00:00Z","sampledValue":[%s]}]}'


def to_the_letter(type: type[Structure], raw: bytes) -> Structure:
    return Reader(ToTheLetter()).payload(shape_of(type), read(raw))


def test_a_payload_is_built_of_its_structures() -> None:
    raw = b'{"transactionId":7,"idTagInfo":{"status":"Accepted","parentIdTag":"P"}}'

    payload = to_the_letter(StartTransactionResponse, raw)

    info = IdTagInfo(status=AuthorizationStatus.ACCEPTED, parent_id_tag="P")
    assert payload == StartTransactionResponse(id_tag_info=info, transaction_id=7)


def test_arrays_become_tuples() -> None:
    payload = to_the_letter(MeterValues, SAMPLES % b'{"value":"1"},{"value":"2","phase":"L1"}')

    assert isinstance(payload, MeterValues)
    [meter_value] = payload.meter_value
    assert [(sample.value, sample.phase) for sample in meter_value.sampled_value] == [
        ("1", None),
        ("2", Phase.L1),
    ]


@pytest.mark.parametrize("raw", [b"{}", b"null"])
def test_null_is_an_empty_payload(raw: bytes) -> None:
    """R-042."""
    assert to_the_letter(Heartbeat, raw) == Heartbeat()


@pytest.mark.parametrize(
    ("type", "raw", "code", "path"),
    [
        (Heartbeat, b"[]", ErrorCode.FORMATION_VIOLATION, "$"),
        (Heartbeat, b'"x"', ErrorCode.FORMATION_VIOLATION, "$"),
        (Heartbeat, b'{"x":1}', ErrorCode.FORMATION_VIOLATION, "$.x"),
        (MeterValues, b"null", ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION, "$.connectorId"),
        (MeterValues, b'{"connectorId":1}', ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION, "$.meterValue"),
        (
            MeterValues,
            b'{"connectorId":1,"meterValue":{}}',
            ErrorCode.TYPE_CONSTRAINT_VIOLATION,
            "$.meterValue",
        ),
        (
            MeterValues,
            b'{"connectorId":1,"meterValue":[]}',
            ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION,
            "$.meterValue",
        ),
        (MeterValues, SAMPLES % b"7", ErrorCode.TYPE_CONSTRAINT_VIOLATION, "$.meterValue[0].sampledValue[0]"),
        (
            MeterValues,
            SAMPLES % b'{"value":"1"},{"value":1}',
            ErrorCode.TYPE_CONSTRAINT_VIOLATION,
            "$.meterValue[0].sampledValue[1].value",
        ),
        (
            MeterValues,
            b'{"connectorId":1,"transactionId":null,"meterValue":[]}',
            ErrorCode.TYPE_CONSTRAINT_VIOLATION,
            "$.transactionId",
        ),
    ],
)
def test_a_deviation_is_refused_to_the_letter(
    type: type[Structure], raw: bytes, code: ErrorCode, path: str
) -> None:
    with pytest.raises(InvalidPayload) as finding:
        to_the_letter(type, raw)

    assert (finding.value.code, finding.value.path) == (code, path)


class Forgiving:
    """A leniency with an answer to everything."""

    def unknown_field(self, value: Value, path: Path) -> None:
        pass

    def given(self, owner: Object, member: Member, value: Value, path: Path) -> Value | Absent:
        return ABSENT if value is None else value

    def missing(self, member: Member, path: Path) -> object:
        return f"no {member.name}"

    def scalar(self, shape: Scalar, value: Value, path: Path, defect: InvalidPayload) -> object:
        return defect.code

    def items(
        self, array: Array, values: list[Value], read: Callable[[Value, Path], object], path: Path
    ) -> list[object]:
        return [read(values[-1], (*path, "last"))]


def test_a_leniency_decides_about_every_deviation() -> None:
    raw = SAMPLES % b'{},{"value":"1","phase":null,"unit":5,"vendor":1}'

    payload = Reader(Forgiving()).payload(shape_of(MeterValues), read(raw[:-1] + b',"connectorIds":[]}'))

    assert isinstance(payload, MeterValues)
    [sample] = payload.meter_value[0].sampled_value
    assert (sample.value, sample.phase, str(sample.unit)) == ("1", None, "TypeConstraintViolation")


def test_a_leniency_gives_what_is_missing() -> None:
    payload = Reader(Forgiving()).payload(shape_of(StartTransactionResponse), read(b'{"idTagInfo":null}'))

    assert isinstance(payload, StartTransactionResponse)
    assert [str(payload.id_tag_info), str(payload.transaction_id)] == ["no id_tag_info", "no transaction_id"]
