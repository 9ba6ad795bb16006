"""Payloads to JSON text and back: strictly, or tolerantly with a record of what was let pass.

Tolerant reading of meter values takes bad samples out. A call whose samples are all bad is still a payload,
with an empty `meter_value`, since it has to be answered (OCPP 1.6 §4.7); one that brings no samples is not.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Generic, NamedTuple, TypeVar, cast

from msgspec import MsgspecError, json

from voltyard.protocol.document import invalid, read
from voltyard.protocol.errors import ErrorCode, InvalidPayload
from voltyard.protocol.moments import Moments, as_text
from voltyard.protocol.payload import Payload, decode_hook, encode_hook, float_hook
from voltyard.protocol.reading import Reader, ToTheLetter
from voltyard.protocol.shape import Object, shape_of
from voltyard.protocol.tolerant import Deviation, Dropped, Repairs, Rule
from voltyard.protocol.verbatim import confirmation

__all__ = ["Compliance", "Decoded", "Deviation", "Dropped", "PayloadDecoder", "Rule", "encode"]

P = TypeVar("P", bound=Payload)

_BACKSLASH = ord("\\")
_encode = json.Encoder(enc_hook=encode_hook).encode
_STRICT = Reader(ToTheLetter())
# A text that is not UTF-8 is a ValueError, nesting without end a RecursionError.
_UNREADABLE = (MsgspecError, ValueError, RecursionError)


class Compliance(StrEnum):
    """How payloads of a peer are read."""

    STRICT = "strict"
    TOLERANT = "tolerant"


class Decoded(NamedTuple, Generic[P]):
    """A payload read tolerantly.

    A field may hold what its annotation excludes: a string that is too long, or a plain string instead of
    a member of an enumeration with which a charge point describes itself.
    """

    payload: P
    deviations: tuple[Deviation, ...]
    dropped: tuple[Dropped, ...]


class PayloadDecoder(Generic[P]):
    """Reads payloads of one type. Nothing but `InvalidPayload` is raised, whatever the bytes.

    Date-times come in UTC, `null` as an empty payload (OCPP-J 1.6 §4.2.1).
    """

    __slots__ = ("_decode", "_quickly", "_shape")

    def __init__(self, type: type[P]) -> None:
        self._shape = shape_of(type)
        self._decode = _decoder(type).decode
        confirmed: Callable[[P, bytes], P | None] = confirmation(self._shape)
        self._quickly = _quick_reading(self._decode, confirmed)

    def strict(self, raw: bytes) -> P:
        """Return the payload; `InvalidPayload` if anything deviates from the specification."""
        payload = self._quickly(raw)
        if payload is not None:
            return payload
        return cast(P, _STRICT.payload(self._shape, read(raw)))  # the shape makes it a P

    def tolerant(self, raw: bytes, received_at: datetime) -> Decoded[P]:
        """Return the payload and what was let pass; `InvalidPayload` for what cannot be repaired."""
        payload = self._quickly(raw)
        if payload is not None:
            return Decoded(payload, (), ())
        value = read(raw)
        if self._may_be_strict(raw):
            with suppress(InvalidPayload):
                return Decoded(cast(P, _STRICT.payload(self._shape, value)), (), ())
        repairs = Repairs(received_at)
        payload = cast(P, Reader(repairs).payload(self._shape, value))
        return Decoded(payload, repairs.deviations(), repairs.dropped(raw))

    def _may_be_strict(self, raw: bytes) -> bool:
        """Say whether a close look is worth while: what msgspec refuses is not strict."""
        try:
            self._decode(raw)
        except _UNREADABLE:
            return False
        return True


def _quick_reading(
    decode: Callable[[bytes], P], confirmed: Callable[[P, bytes], P | None]
) -> Callable[[bytes], P | None]:
    """Return what gives a text's payload if it is beyond doubt, as nearly all are, else None."""

    def read_quickly(raw: bytes) -> P | None:
        if _BACKSLASH in raw:
            return None
        try:
            payload = decode(raw)
        except _UNREADABLE:
            return None
        return confirmed(payload, raw)

    return read_quickly


def encode(payload: Payload) -> bytes:
    """Return the JSON text of a payload; `InvalidPayload` if it breaks the specification.

    Date-times are written in UTC, to the millisecond.
    """
    return _encoder_of(type(payload))(payload)


class _PayloadEncoder:
    """Writes payloads of one type."""

    __slots__ = ("_decode", "_moments", "_shape")

    def __init__(self, type: type[Payload], shape: Object) -> None:
        self._shape = shape
        self._moments = Moments(shape)
        self._decode = _decoder(type).decode

    def encode(self, payload: Payload) -> bytes:
        text = self._written(payload)
        if self._is_doubtful(text):
            _STRICT.payload(self._shape, read(text))
        return text

    def _written(self, payload: Payload) -> bytes:
        try:
            return _encode(self._moments.replace(payload, as_text) if self._moments else payload)
        except UnicodeEncodeError:
            raise invalid(ErrorCode.FORMATION_VIOLATION, (), "a lone surrogate in a string") from None
        except (OverflowError, ValueError):
            reason = "a date-time or number that cannot be written"
            raise invalid(ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, (), reason) from None
        except (TypeError, AttributeError, NotImplementedError, RecursionError) as error:
            raise invalid(ErrorCode.TYPE_CONSTRAINT_VIOLATION, (), str(error)) from error

    def _is_doubtful(self, text: bytes) -> bool:
        """Say whether msgspec refuses what it has written, or would not notice that it is forbidden."""
        try:
            self._decode(text)
        except _UNREADABLE:
            return True
        return b"null" in text or b"\\u0000" in text


@cache
def _encoder_of(type: type[Payload]) -> Callable[[Payload], bytes]:
    shape = shape_of(type)
    return _PayloadEncoder(type, shape).encode if shape.members else _nothing


def _nothing(payload: Payload) -> bytes:
    return b"{}"


def _decoder(type: type[P]) -> json.Decoder[P]:
    return json.Decoder(type, dec_hook=decode_hook, float_hook=float_hook)
