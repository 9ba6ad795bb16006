"""The primitive types of payloads, above all numbers with one decimal digit."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voltyard.protocol.payload import Structure, Tenths, decode_hook, encode_hook, float_hook


class Limit(Structure, frozen=True, kw_only=True):
    """A structure with a number."""

    limit: Tenths
    floor: Tenths | None = None


def read(text: str) -> Limit:
    decoder = msgspec.json.Decoder(Limit, dec_hook=decode_hook, float_hook=float_hook)
    return decoder.decode(text.encode())


def written(limit: Decimal) -> str:
    return msgspec.json.encode(Limit(limit=Tenths(limit)), enc_hook=encode_hook).decode()


@settings(derandomize=True, database=None, deadline=None)
@given(st.integers(-(10**15) + 1, 10**15 - 1))
def test_every_tenth_is_read_exactly_as_it_was_written(tenths: int) -> None:
    """R-073, R-074."""
    number = Decimal(tenths).scaleb(-1)

    text = written(number)

    assert read(text).limit == number
    assert "e" not in text.lower().removeprefix('{"limit"')


@pytest.mark.parametrize(
    ("number", "text"), [("16", "16"), ("16.0", "16"), ("16.5", "16.5"), ("1E+3", "1000"), ("-0.1", "-0.1")]
)
def test_is_written_as_a_plain_json_number(number: str, text: str) -> None:
    assert written(Decimal(number)) == f'{{"limit":{text}}}'


@pytest.mark.parametrize("number", ["8.1", "21.4", "6.3", "8.10", "81e-1"])
def test_numbers_that_floats_cannot_divide_by_a_tenth_are_read(number: str) -> None:
    """R-074."""
    assert read(f'{{"limit":{number}}}').limit == Decimal(number)


@pytest.mark.parametrize(
    "number",
    [
        "4.11",
        "8.695",
        "0.05",
        "16.50000000000000000000000001",
        "1e-400",
        "1e14",
        "-1e14",
        "1e400",
        "1e9999999999999999999",
        "9" * 30 + ".5",
    ],
)
def test_numbers_that_are_no_tenths_are_refused_with_their_path(number: str) -> None:
    """R-075."""
    with pytest.raises(msgspec.ValidationError, match=r"`\$\.limit`"):
        read(f'{{"limit":{number}}}')


@pytest.mark.parametrize(
    ("value", "type_name"),
    [('"16"', "str"), ("true", "bool"), ("null", "null"), ("[16]", "array"), ("{}", "object")],
)
def test_other_json_types_are_refused(value: str, type_name: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=f"Expected `number`, got `{type_name}`"):
        read(f'{{"limit":{value}}}')


@pytest.mark.parametrize("number", ["8.695", "NaN", "Infinity", "watts", "1e9999999999999999999"])
def test_cannot_be_made_of_what_is_no_tenth(number: str) -> None:
    with pytest.raises(ValueError, match="Expected `number`"):
        Tenths(number)


@pytest.mark.parametrize(
    ("number", "below"), [("8.695", "8.6"), ("8.6", "8.6"), ("-8.61", "-8.7"), ("16", "16")]
)
def test_floor_never_rounds_up(number: str, below: str) -> None:
    """R-073."""
    assert Tenths.floor(Decimal(number)) == Decimal(below)


def test_arithmetic_gives_decimals_and_copies_stay_tenths() -> None:
    limit = Tenths("16.5")

    assert limit / 4 == Decimal("4.125")
    assert deepcopy(limit) == limit
    assert type(deepcopy(limit)) is Tenths


@pytest.mark.parametrize(
    "convert", [lambda: decode_hook(complex, 1), lambda: encode_hook(1j)], ids=["reading", "writing"]
)
def test_the_hooks_know_no_other_types(convert: Any) -> None:
    with pytest.raises(NotImplementedError, match="complex"):
        convert()
