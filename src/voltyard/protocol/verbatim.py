"""Whether a payload is all that its text says, which a decoder alone does not tell.

msgspec takes the last of two equal keys, null for an optional field, and date-times that RFC 3339 does
not know (`2026-11-22 08:00:00z`, `+0200`). All of that shows when the payload is written again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC
from typing import TypeVar

from msgspec import json

from voltyard.protocol.moments import Moments, in_utc
from voltyard.protocol.payload import Structure, encode_hook
from voltyard.protocol.shape import Array, Object, Shape, Tenth

S = TypeVar("S", bound=Structure)

_encode_into = json.Encoder(enc_hook=encode_hook).encode_into
_LENGTH = len("2026-11-22T08:00:00Z")
_LENGTH_OF_FRACTION = len(".123456")
_LENGTH_OF_OFFSET = len("+02:00") - len("Z")


def confirmation(shape: Object) -> Callable[[S, bytes], S | None]:
    """Return what compares payloads of one type with their texts.

    It is given what msgspec made of a text in which there is no backslash, and the text. It returns the
    payload, its date-times in UTC, if that is what the text says and all of it; else None, which is no
    verdict: then the text itself has to be looked at.

    Without backslashes every quote begins or ends a string, and a string is written again as it was read.
    A key that was dropped, with its value or its null, had two quotes at least, and nothing but dropping
    takes quotes away: equal numbers of quotes prove that all is there. So do equal lengths, once the
    date-times are set aside: what else differs (whitespace, -0) only makes the text longer.
    """
    moments = Moments(shape)
    find = moments.find if moments else None
    search = _text_of(moments.keys).search
    # 1e5 is shorter than 100000; nothing else is shorter than what is written again.
    is_length_enough = not _has_tenths(shape)

    def confirmed(payload: S, raw: bytes) -> S | None:
        again = bytearray(len(raw))  # one piece of memory; `encode` alone would ask for more several times
        _encode_into(payload, again)
        surplus = len(raw) - len(again)
        position = 0
        is_in_utc = True
        for moment in find(payload) if find else ():
            text = search(raw, position)
            if text is None:
                return None
            start, position = text.span(1)
            surplus -= position - start - _LENGTH
            if moment.microsecond:
                surplus += _LENGTH_OF_FRACTION
            if moment.tzinfo is not UTC:
                surplus += _LENGTH_OF_OFFSET
                is_in_utc = False
        if (surplus or not is_length_enough) and raw.count(b'"') != again.count(b'"'):
            return None
        return payload if is_in_utc else _in_utc(moments, payload)

    return confirmed


def _in_utc(moments: Moments, payload: S) -> S | None:
    try:
        return moments.replace(payload, in_utc)
    except OverflowError:
        return None


def _text_of(keys: frozenset[str]) -> re.Pattern[bytes]:
    """Return a pattern for these keys with a date-time of RFC 3339, given that msgspec takes it for one."""
    any_key = "|".join(sorted(keys))
    return re.compile(
        rf'"(?:{any_key})"\s*:\s*"([^"]{{10}}T[0-9:.]+(?:Z|[+-][0-9]{{2}}:[0-9]{{2}}))"'.encode()
    )


def _has_tenths(shape: Shape) -> bool:
    match shape:
        case Object():
            return any(_has_tenths(member.shape) for member in shape.members.values())
        case Array():
            return _has_tenths(shape.items)
        case _:
            return isinstance(shape, Tenth)
