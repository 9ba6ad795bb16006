"""Cursors: they lead back to their key, and anything else is refused."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from voltyard.central.operations.cursors import (
    NUMBER,
    NUMBER_AND_TEXT,
    NUMBERS,
    TEXT,
    BadCursor,
    Listed,
    Span,
    listed,
)
from voltyard.central.storage.queries.paging import Page

NUMBERS_OF_DATABASES = st.integers(-(2**63), 2**63 - 1)
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=200)


@given(NUMBERS_OF_DATABASES, TEXTS)
def test_a_cursor_leads_back_to_its_key(number: int, text: str) -> None:
    cursor = listed(Page([1], (number, text))).next

    assert Span(cursor=cursor).after(NUMBER_AND_TEXT) == (number, text)


def test_the_last_page_has_no_cursor() -> None:
    assert listed(Page([1, 2], None)) == Listed([1, 2], None)
    assert Span().after(NUMBER) is None


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "xxxx",
        "\u00e4",
        "====",
        "\x00",
        "W10",
        "W10=",
        "bnVsbA==",
        "e30=",
        "WzEuNV0=",
        "WyIxIl0=",
        "A" * 10_000,
    ],
)
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(BadCursor) as caught:
        Span(cursor=cursor).after(NUMBER)

    assert caught.value.field == "cursor"


@pytest.mark.parametrize(
    "document", ["[9223372036854775808]", "[-9223372036854775809]", "[1,2]", "[" * 5000, "[1]]", "[NaN]"]
)
def test_a_key_that_no_database_has_is_refused(document: str) -> None:
    with pytest.raises(BadCursor):
        Span(cursor=urlsafe_b64encode(document.encode()).decode()).after(NUMBER)


@pytest.mark.parametrize("text", ["a\\u0000", "a" * 201])
def test_a_text_that_no_database_has_is_refused(text: str) -> None:
    with pytest.raises(BadCursor):
        Span(cursor=urlsafe_b64encode(f'["{text}"]'.encode()).decode()).after(TEXT)


@given(st.text(max_size=50))
def test_no_text_raises_anything_else(text: str) -> None:
    kinds: tuple[json.Decoder[Any], ...] = (NUMBER, NUMBERS, TEXT, NUMBER_AND_TEXT)
    for kind in kinds:
        try:
            Span(cursor=text).after(kind)
        except BadCursor:
            continue
