"""How values of configuration keys are read and written."""

from __future__ import annotations

import pytest

from voltyard.protocol.configuration_values import (
    MAX_INTEGER,
    Access,
    ConfigurationKey,
    Value,
    ValueType,
    parse,
    to_text,
)


def key(type: ValueType, pattern: str | None = None) -> ConfigurationKey:
    return ConfigurationKey("Key", type, Access.READ_WRITE, "A key.", pattern=pattern)


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("TRUE", True), (" False ", False), ("fAlSe", False)]
)
def test_booleans_are_read_in_any_case(text: str, value: bool) -> None:
    assert parse(key(ValueType.BOOLEAN), text) is value


@pytest.mark.parametrize("text", ["", "1", "yes", "tru", "true,false"])
def test_other_words_are_no_booleans(text: str) -> None:
    """R-298."""
    with pytest.raises(ValueError, match="true or false"):
        parse(key(ValueType.BOOLEAN), text)


@pytest.mark.parametrize(("text", "value"), [("0", 0), (" 300 ", 300), ("+5", 5), ("007", 7)])
def test_integers_are_read(text: str, value: int) -> None:
    assert parse(key(ValueType.INTEGER), text) == value


@pytest.mark.parametrize("text", ["", "abc", "1.0", "1_000", "1e3", "0x10", "- 1", "٣"])
def test_other_texts_are_no_integers(text: str) -> None:
    """R-298."""
    with pytest.raises(ValueError, match="is an integer"):
        parse(key(ValueType.INTEGER), text)


@pytest.mark.parametrize("text", ["-1", str(MAX_INTEGER + 1), "9" * 400])
def test_integers_out_of_bounds_are_refused(text: str) -> None:
    """R-298."""
    with pytest.raises(ValueError, match="lies between 0 and 2147483647"):
        parse(key(ValueType.INTEGER), text)


@pytest.mark.parametrize(
    ("text", "value"), [("", ()), ("  ", ()), ("a", ("a",)), (" a , b,c ", ("a", "b", "c"))]
)
def test_lists_are_read_without_blanks(text: str, value: tuple[str, ...]) -> None:
    assert parse(key(ValueType.LIST), text) == value


def test_a_list_may_be_as_long_as_the_charge_point_allows() -> None:
    assert parse(key(ValueType.LIST), "a,b", max_items=2) == ("a", "b")
    with pytest.raises(ValueError, match="at most 1 items, not 2"):
        parse(key(ValueType.LIST), "a,b", max_items=1)


def test_each_item_has_to_match_as_a_whole() -> None:
    letters = key(ValueType.LIST, pattern="[ab]")

    assert parse(letters, "a,b") == ("a", "b")
    with pytest.raises(ValueError, match="does not take this value"):
        parse(letters, "a,bb")


def test_strings_are_kept_as_they_are() -> None:
    assert parse(key(ValueType.STRING), " Strom & Co. ") == " Strom & Co. "


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (False, "false"), (0, "0"), (("a", "b"), "a,b"), ((), ""), ("x y", "x y")],
)
def test_values_are_written_as_the_specification_writes_them(value: Value, text: str) -> None:
    assert to_text(value) == text
