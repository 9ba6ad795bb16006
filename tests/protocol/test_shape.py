"""What payload types allow, as data."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import pytest
from msgspec import Meta
from tests.protocol.oracle import PAYLOADS

from voltyard.protocol.messages import (
    ChargingSchedulePeriod,
    KeyValue,
    MeterValue,
    Reason,
    StopTransaction,
    UpdateFirmware,
)
from voltyard.protocol.payload import DateTime, Payload, Structure
from voltyard.protocol.shape import Array, Choice, Flag, Member, Moment, Object, Tenth, Text, Whole, shape_of

INT64 = Whole(-(2**63), 2**63 - 1)


def test_the_members_of_a_structure_are_found_by_their_key_on_the_wire() -> None:
    shape = shape_of(StopTransaction)

    assert shape.type is StopTransaction
    assert list(shape.members) == [
        "meterStop",
        "timestamp",
        "transactionId",
        "idTag",
        "reason",
        "transactionData",
    ]
    assert shape.members["meterStop"] == Member("meter_stop", "meterStop", INT64, required=True)
    assert shape.members["idTag"] == Member("id_tag", "idTag", Text(20, None), required=False)
    assert [member.key for member in shape.required] == ["meterStop", "timestamp", "transactionId"]


def test_enumerations_are_known_by_their_spelling() -> None:
    reason = shape_of(StopTransaction).members["reason"].shape

    assert isinstance(reason, Choice)
    assert reason.enumeration is Reason
    assert reason.members["PowerLoss"] is Reason.POWER_LOSS


def test_arrays_say_what_they_hold_and_how_many_at_least() -> None:
    transaction_data = shape_of(StopTransaction).members["transactionData"].shape
    sampled_value = shape_of(MeterValue).members["sampledValue"].shape

    assert isinstance(transaction_data, Array)
    assert isinstance(sampled_value, Array)
    assert isinstance(transaction_data.items, Object)
    assert transaction_data.items.type is MeterValue
    assert (transaction_data.min_length, sampled_value.min_length) == (0, 1)


def test_every_kind_of_value_has_its_shape() -> None:
    period = shape_of(ChargingSchedulePeriod).members
    location = shape_of(UpdateFirmware).members["location"].shape

    assert period["limit"].shape == Tenth()
    assert period["numberPhases"].shape == Whole(1, 3)
    assert shape_of(KeyValue).members["readonly"].shape == Flag()
    assert shape_of(MeterValue).members["timestamp"].shape == Moment()
    assert isinstance(location, Text)
    assert location.pattern
    assert location.pattern.search("ftp://host/file")


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_every_payload_has_a_shape(payload: type[Payload]) -> None:
    shape = shape_of(payload)

    assert [member.name for member in shape.members.values()] == list(payload.__struct_fields__)


class _Naive(Structure, frozen=True, kw_only=True):
    moment: datetime


class _Unbounded(Structure, frozen=True, kw_only=True):
    number: int


class _ShortArray(Structure, frozen=True, kw_only=True):
    texts: Annotated[tuple[str, ...], Meta(max_length=2)]


class _Float(Structure, frozen=True, kw_only=True):
    number: float


@pytest.mark.parametrize("structure", [_Naive, _Unbounded, _ShortArray, _Float])
def test_what_the_reader_could_not_check_has_no_shape(structure: type[Structure]) -> None:
    with pytest.raises(TypeError, match="no shape"):
        shape_of(structure)


def test_only_structures_have_a_shape() -> None:
    not_a_structure: type = DateTime

    with pytest.raises(TypeError, match="no structure"):
        shape_of(not_a_structure)
