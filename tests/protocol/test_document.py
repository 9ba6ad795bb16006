"""JSON text nobody vouches for."""

from __future__ import annotations

import json
import re
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voltyard.protocol.document import Number, Value, cut, excerpt, invalid, json_path, quote, read
from voltyard.protocol.errors import ErrorCode, InvalidPayload

CHARACTERS = st.characters() | st.sampled_from('\0\ud800\udfff\\"')
bounded = settings(derandomize=True, database=None, deadline=None, max_examples=100)


def plain(value: Value) -> object:
    """The value with numbers as their texts in a tuple."""
    match value:
        case Number(text=text):
            return ("number", text)
        case list():
            return [plain(item) for item in value]
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case _:
            return value


def strings_of(value: Value) -> str:
    """All keys and strings of a value, one after the other."""
    match value:
        case str():
            return value
        case list():
            return "".join(map(strings_of, value))
        case dict():
            return "".join(key + strings_of(item) for key, item in value.items())
        case _:
            return ""


def test_values_are_read_as_they_are_and_numbers_as_they_are_written() -> None:
    value = read(' {"a": [1, 1.0, -0, 1E+400, true, false, null], "é": "\\u0041\\ud83d\\ude00/"} '.encode())

    numbers = [("number", text) for text in ("1", "1.0", "-0", "1E+400")]
    assert plain(value) == {"a": [*numbers, True, False, None], "é": "A😀/"}


def test_a_number_of_any_length_is_read() -> None:
    value = read(b"9" * 60_000)

    assert isinstance(value, Number)
    assert len(value.text) == 60_000


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"", "$"),
        (b"{", "$"),
        (b"{} {}", "$"),
        (b"[1,]", "$"),
        (b'{"a":01}', "$"),
        (b"NaN", "$"),
        (b'{"a":-Infinity}', "$"),
        (b"'a'", "$"),
        (b'"a\nb"', "$"),
        (b'"\x00"', "$"),
        (b'"\\x"', "$"),
        (b"\xef\xbb\xbf{}", "$"),
        (b'"\xff"', "$"),
        (b'"\xed\xa0\x80"', "$"),
        (b'{"a":"\\u0000"}', "$.a"),
        (b'{"a":["b\\ud800"]}', "$.a[0]"),
        (b'{"a":"\\udc00\\ud800"}', "$.a"),
        (b'{"\\u0000":1}', "$.\\x00"),
        (b'{"\\ud800":1}', "$.\\ud800"),
        (b'{"a":1,"a":1}', "$.a"),
        (b'{"a":[0,{"b":1,"c":2,"b":3}]}', "$.a[1].b"),
        (b'{"a":1,"\\u0061":2}', "$.a"),
        (b'{"a":{"b":1,"b":2},"a":3}', "$.a"),
        (b"[" * 33 + b"]" * 33, "$" + "[0]" * 32),
        (b'{"a":' * 33 + b"1" + b"}" * 33, ("$" + ".a" * 32)),
        (b"[" * 65_536, "$"),
        (b'{"a":' * 10_000, "$"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_no_text_may_have_is_a_formation_violation(raw: bytes, path: str) -> None:
    with pytest.raises(InvalidPayload) as finding:
        read(raw)

    assert finding.value.code is ErrorCode.FORMATION_VIOLATION
    assert finding.value.path == path
    assert finding.value.description.startswith(f"{path}: ")


@pytest.mark.parametrize(
    "raw",
    [b"[" * 32 + b"]" * 32, b'{"a":' * 32 + b"1" + b"}" * 32, b"[" + b"[]," * 100 + b"[]]"],
    ids=["arrays", "objects", "many side by side"],
)
def test_nesting_of_32_levels_is_fine(raw: bytes) -> None:
    assert plain(read(raw)) == json.loads(raw, parse_int=lambda text: ("number", text))


@bounded
@given(
    st.recursive(
        st.none() | st.booleans() | st.text(),
        lambda some: (
            st.lists(some, max_size=3) | st.dictionaries(st.text(CHARACTERS, max_size=3), some, max_size=3)
        ),
    )
)
def test_what_json_can_write_is_read_back_unless_it_is_forbidden(value: Value) -> None:
    is_forbidden = re.search("[\x00\ud800-\udfff]", strings_of(value))

    if not is_forbidden:
        assert read(json.dumps(value).encode()) == value
    else:
        with pytest.raises(InvalidPayload):
            read(json.dumps(value).encode())


@bounded
@given(st.binary() | st.text('{}[]",:\\u0d8 1.ea', max_size=40).map(str.encode))
def test_no_bytes_raise_anything_else(raw: bytes) -> None:
    with suppress(InvalidPayload):
        read(raw)


def test_pieces_are_cut_out_as_they_stand() -> None:
    raw = b'{"a": [ {"b" : "\\u0041"} , 2.0 ], "c": null}'

    pieces = cut(raw, [("a", 0), ("a", 1), ("a", 0, "b"), ("c",), ()])

    assert pieces == [b'{"b" : "\\u0041"}', b"2.0", b'"\\u0041"', b"null", raw]


def test_a_finding_begins_with_its_path() -> None:
    finding = invalid(ErrorCode.TYPE_CONSTRAINT_VIOLATION, ("meterValue", 0, "timestamp"), "not a string")

    assert finding.path == "$.meterValue[0].timestamp"
    assert finding.description == "$.meterValue[0].timestamp: not a string"


def test_a_path_is_short_and_printable_whatever_the_keys() -> None:
    assert json_path(()) == "$"
    assert json_path(("a\nb\x00\ud800é", 3)) == "$.a\\nb\\x00\\ud800\\xe9[3]"
    assert json_path(("ä",)) == "$.ä"
    assert len(json_path(("k" * 70_000,))) == 100


def test_a_quotation_is_short_and_ascii() -> None:
    assert quote("Wh") == "'Wh'"
    assert quote("°C\n") == "'\\xb0C\\n'"
    assert len(quote("😀" * 70_000)) == 100


def test_an_excerpt_is_the_beginning_of_a_value() -> None:
    assert excerpt("é" * 101) == "é" * 100
    assert excerpt(None) == "null"
    assert excerpt(True) == "true"
    assert excerpt(Number("1.50")) == "1.50"
    assert excerpt({"a": [Number("1e5"), "b"]}) == '{"a":[1e5,"b"]}'
    assert excerpt(["x" * 200]) == '["' + "x" * 98
