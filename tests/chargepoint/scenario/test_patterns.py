"""Patterns: what they match, what they say when they do not, and what they remember."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from voltyard.chargepoint.scenario.patterns import ABSENT, Absent, Mismatch, Pattern, shown
from voltyard.chargepoint.scenario.values import Names, Value

NAMES = Names({"transaction": 7, "tag": "TAG", "start": 100}, lambda: datetime(2024, 5, 17, tzinfo=UTC))


def matches(source: object, value: Value | Absent) -> bool:
    try:
        Pattern(source).match(value, NAMES)
    except Mismatch:
        return False
    return True


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("Charging", "Charging"),
        (16, 16),
        (16, 16.0),
        (True, True),
        ("", ""),
        ("{transaction}", 7),
        ("any", None),
        ("any", ""),
        ("absent", ABSENT),
        ("> 5", 5.1),
        ("> 5", "5.1"),
        (">= 5", 5),
        ("< {start}", 99),
        ("<= {start+1}", "101"),
        ("> 2024-05-17T12:00:00Z", "2024-05-17T14:00:01+02:00"),
        (">= {now}", "2024-05-17T00:00:00Z"),
        ("= 5", "5.0"),
        ("= Accepted", "Accepted"),
        ("!= 5", 6),
        ("!= Accepted", "Rejected"),
        ("one of Accepted, RebootRequired", "RebootRequired"),
        ("one of 1, {transaction}", 7),
        ("one of Local, absent", ABSENT),
        ("like *.zip", "log.zip"),
        ("like {tag}*", "TAG-1"),
        ({}, {"a": 1}),
        ({"a": 1, "b": "absent"}, {"a": 1, "c": 2}),
        ({"a": {"b": "> 1"}}, {"a": {"b": 2}}),
        ([], [1]),
        ([1, 3], [1, 2, 3]),
        ([{"a": 2}], [{"a": 1}, {"a": 2, "b": 3}]),
    ],
)
def test_these_match(source: object, value: Value | Absent) -> None:
    assert matches(source, value)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("Charging", "charging"),
        ("Charging", ABSENT),
        (16, "16"),
        (1, True),
        (True, 1),
        (False, 0),
        ("{transaction}", 8),
        ("any", ABSENT),
        ("absent", None),
        ("> 5", 5),
        ("> 5", True),
        ("> 5", "much"),
        ("> 5", "nan"),
        ("> 5", ABSENT),
        ("> 5", [6]),
        (">= 5", 4.9),
        ("< 5", "2024-05-17T12:00:00Z"),
        ("<= 5", 5.5),
        ("> 2024-05-17T12:00:00Z", "2024-05-17T13:00:00"),
        ("= 5", 6),
        ("= 5", ABSENT),
        ("!= 5", 5.0),
        ("!= 5", ABSENT),
        ("one of Accepted, RebootRequired", "Rejected"),
        ("one of Accepted, RebootRequired", ABSENT),
        ("like *.zip", "log.tar"),
        ("like *", 7),
        ({}, []),
        ({"a": 1}, {"b": 1}),
        ([1], {}),
        ([3, 1], [1, 2, 3]),
        ([1, 1], [1]),
    ],
)
def test_these_do_not_match(source: object, value: Value | Absent) -> None:
    assert not matches(source, value)


def test_what_matches_may_get_a_name() -> None:
    pattern = Pattern({"a": "> 0 -> number", "b": [{"c": "-> inner"}], "d": "absent -> nothing", "e": "any"})

    seen = pattern.match({"a": 3, "b": [{}, {"c": "x"}], "e": 1}, NAMES)

    assert seen == {"number": 3, "inner": "x", "nothing": None}
    assert pattern.gives == {"number", "inner", "nothing"}


@pytest.mark.parametrize(
    ("source", "value", "message"),
    [
        ("Charging", "Available", '$ is "Available", not "Charging"'),
        ({"a": {"b": "> {start}"}}, {"a": {"b": 1}}, "$.a.b is 1, not > 100"),
        ({"a": "any"}, {}, "$.a is absent, not there"),
        ({"a": "absent"}, {"a": 1}, "$.a is 1, not absent"),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}, {"b": 3}]}, "$.a[1].b is 3, not 1"),
        ([1, 1], [1], "$ is [], not an array with one more element"),
        ([1], 1, "$ is 1, not an array"),
        ({}, 1, "$ is 1, not an object"),
        ("one of A, {transaction}", "C", '$ is "C", not one of A, 7'),
        ("like *.zip", "x", '$ is "x", not like *.zip'),
        ("= 5", 6, "$ is 6, not = 5"),
    ],
)
def test_a_mismatch_says_where_and_what(source: object, value: Value, message: str) -> None:
    with pytest.raises(Mismatch) as caught:
        Pattern(source).match(value, NAMES)

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("> much", "'> much': only numbers and date-times come one after the other"),
        ({"a": ["< Accepted"]}, "only numbers and date-times"),
        (date(2024, 5, 17), "2024-05-17 has to stand in quotation marks"),
        (None, "None has to stand in quotation marks"),
    ],
)
def test_nothing_can_be_made_of_these(source: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Pattern(source)


def test_an_exact_pattern_gives_no_word_a_meaning() -> None:
    pattern = Pattern.exactly({"a": "any", "b": [1]})

    assert pattern.match({"a": "any", "b": [1]}, NAMES) == {}
    with pytest.raises(Mismatch):
        pattern.match({"a": "other", "b": [1]}, NAMES)
    with pytest.raises(Mismatch):
        pattern.match({"a": "any", "b": [1], "c": 2}, NAMES)


def test_patterns_are_equal_by_what_they_were_made_of() -> None:
    assert Pattern({"a": 1}) == Pattern({"a": 1})
    assert hash(Pattern({"a": 1})) == hash(Pattern({"a": 1}))
    assert Pattern({"a": 1}) != Pattern({"a": 2})
    assert Pattern("a") != "a"


def test_what_is_shown_is_not_too_long() -> None:
    assert shown("x" * 1000) == '"' + "x" * 199 + "…"
    assert shown({"a": [1, None]}) == '{"a":[1,null]}'
