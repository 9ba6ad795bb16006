"""Names in the values of a scenario, and what they stand for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from voltyard.chargepoint.scenario.errors import StepFailed
from voltyard.chargepoint.scenario.values import Names, Value, names_in, read_json

NOON = datetime(2024, 5, 17, 12, tzinfo=UTC)


def names(**known: Value) -> Names:
    return Names(known, lambda: NOON)


@pytest.mark.parametrize(
    ("value", "meaning"),
    [
        ("{transaction}", 7),
        ("number {transaction}", "number 7"),
        ("{transaction+100}", 107),
        ("{transaction - 2}", 5),
        ("{limit+1}", 9.1),
        ("{now}", "2024-05-17T12:00:00.000Z"),
        ("{now+90}", "2024-05-17T12:01:30.000Z"),
        ("{now-3600}", "2024-05-17T11:00:00.000Z"),
        ({"a": ["{tag}", 1, True, None]}, {"a": ["TAG", 1, True, None]}),
        ('{"json": 1}', '{"json": 1}'),
        ("{}", "{}"),
    ],
)
def test_a_name_stands_for_what_was_seen(value: Value, meaning: Value) -> None:
    assert names(transaction=7, limit=8.1, tag="TAG").fill_in(value) == meaning


def test_what_is_learned_replaces_what_was_known() -> None:
    known = names(transaction=7)

    known.learn({"transaction": 8, "other": 1})

    assert known.fill_in(["{transaction}", "{other}"]) == [8, 1]


@pytest.mark.parametrize("value", ["TAG", True, None, [1]])
def test_only_to_a_number_something_can_be_added(value: Value) -> None:
    with pytest.raises(StepFailed, match=r"\{tag\} stands for .*, which is no number"):
        names(tag=value).fill_in("{tag+1}")


def test_an_unknown_name_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        names().fill_in("{transaction}")


def test_the_names_in_a_value_are_found_wherever_they_are() -> None:
    value: Value = {"a": ["{b}-{c+1}", {"d": "{now}"}], "{key}": 1, "e": "{ f }"}

    assert list(names_in(value)) == ["b", "c", "now"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a":[1,null]}', {"a": [1, None]}),
        (b"nonsense", "nonsense"),
        (b"", ""),
        (b"\xff", "\ufffd"),
        (b'"\xff"', '"\ufffd"'),
        (b"[" * 100_000, "[" * 100_000),
    ],
)
def test_what_is_no_json_is_a_text(text: bytes, value: Value) -> None:
    assert read_json(text) == value
