"""What every payload of OCPP 1.6 is made of: its struct classes and the primitive types."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_FLOOR, Decimal, InvalidOperation
from typing import Annotated, ClassVar, Generic, Self, TypeVar

from msgspec import Meta, Struct

CiString20 = Annotated[str, Meta(max_length=20)]
CiString25 = Annotated[str, Meta(max_length=25)]
CiString40 = Annotated[str, Meta(max_length=40)]
CiString50 = Annotated[str, Meta(max_length=50)]
CiString128 = Annotated[str, Meta(max_length=128)]
CiString255 = Annotated[str, Meta(max_length=255)]
CiString500 = Annotated[str, Meta(max_length=500)]
IdToken = CiString20
# anyURI without a length (OCPP 1.6 §6.25, §6.55); a scheme is the least a download or upload needs.
Uri = Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9+.\-]*:[^\s<>\"{}|\\^`]*\Z")]
DateTime = Annotated[datetime, Meta(tz=True)]
# The specification sets no range; 64 bits is what every database and peer can hold.
Integer = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
NonNegative = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Positive = Annotated[int, Meta(ge=1, le=2**63 - 1)]

_TENTH = Decimal("0.1")
# Up to here a double holds every tenth, so the number a peer reads is the number that was meant.
_TENTHS_END = Decimal(10**14)
_JSON_NAMES: dict[type, str] = {bool: "bool", str: "str", list: "array", dict: "object", type(None): "null"}


class Tenths(Decimal):
    """A number with at most one decimal digit, as charging limits are (OCPP 1.6 §7.13, §7.14).

    Cannot hold anything else: `Tenths("8.695")` raises `ValueError`, `Tenths.floor` rounds down instead.
    Arithmetic yields plain `Decimal`. On the wire it is a JSON number without an exponent (16 or 16.5).
    """

    __slots__ = ()

    def __new__(cls, value: Decimal | int | str = 0) -> Self:
        try:
            number = Decimal(value)
        except InvalidOperation:  # not a number, or one with an exponent no Decimal can hold
            raise ValueError("Expected `number`") from None
        if not number.is_finite() or not -_TENTHS_END < number < _TENTHS_END:
            raise ValueError(f"Expected `number` between -{_TENTHS_END} and {_TENTHS_END}")
        tenths = number.quantize(_TENTH, ROUND_FLOOR)
        if tenths != number:
            raise ValueError("Expected `number` with at most one decimal digit")
        whole = tenths.to_integral_value()
        return super().__new__(cls, whole if whole == tenths else tenths)

    @classmethod
    def floor(cls, value: Decimal) -> Self:
        """Return the greatest value with one decimal digit that is not above `value` (a limit must hold)."""
        return cls(value.quantize(_TENTH, ROUND_FLOOR))


class Structure(
    Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    omit_defaults=True,
    forbid_unknown_fields=True,
    gc=False,  # immutable and made of immutable parts: no cycles for the collector to look for
):
    """A structured type of the specification (OCPP 1.6 §7), part of a payload."""


class Payload(Structure, frozen=True, kw_only=True):
    """What travels in the fourth element of a CALL or the third of a CALLRESULT.

    Constructors do not check limits; encoding does (`voltyard.protocol.codec.encode`).
    """


R_co = TypeVar("R_co", bound=Payload, covariant=True)


class Request(Payload, Generic[R_co], frozen=True, kw_only=True):
    """A payload that asks the other side for an `R_co`."""

    action: ClassVar[str]
    response: ClassVar[type[Payload]]


def float_hook(number: str) -> Decimal:
    """Read a JSON number with a fraction or an exponent exactly; for the `float_hook` of msgspec's decoders.

    Raises `ValueError` for an exponent beyond what a `Decimal` can hold.
    """
    try:
        return Decimal(number)
    except InvalidOperation:
        raise ValueError("Number out of range") from None


def decode_hook(expected: type, value: object) -> object:
    """Read the types msgspec does not know; for the `dec_hook` of its decoders, together with `float_hook`.

    Raises `TypeError` for another JSON type and `ValueError` for a number that is no tenth, worded like
    msgspec's own messages; msgspec adds the path.
    """
    if expected is not Tenths:
        raise NotImplementedError(f"no reading of {expected.__name__}")
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise TypeError(f"Expected `number`, got `{_JSON_NAMES.get(type(value), type(value).__name__)}`")
    return Tenths(str(value))


def encode_hook(value: object) -> object:
    """Write the types msgspec does not know; for the `enc_hook` of its encoders."""
    if not isinstance(value, Tenths):
        raise NotImplementedError(f"no writing of {type(value).__name__}")
    return int(value) if value == int(value) else float(value)
