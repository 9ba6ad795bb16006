"""What a payload type allows, as data that programs can walk: read off its annotations once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TypeAlias, cast

from msgspec import inspect

from voltyard.protocol.payload import Structure, Tenths


@dataclass(frozen=True, slots=True)
class Text:
    """A string."""

    max_length: int | None
    pattern: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Whole:
    """An integer from `minimum` to `maximum`."""

    minimum: int
    maximum: int


@dataclass(frozen=True, slots=True)
class Tenth:
    """A number with at most one decimal digit."""


@dataclass(frozen=True, slots=True)
class Flag:
    """A boolean."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A date-time with a zone."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A member of an enumeration; `members` are by their spelling on the wire."""

    members: Mapping[str, StrEnum]
    enumeration: type[StrEnum]


@dataclass(frozen=True, slots=True)
class Array:
    """A list of at least `min_length` items."""

    items: Shape
    min_length: int


@dataclass(frozen=True, slots=True)
class Member:
    """A field of a structure: `name` in Python, `key` on the wire."""

    name: str
    key: str
    shape: Shape
    required: bool


@dataclass(frozen=True, slots=True)
class Object:
    """A structure; `members` are by their key."""

    type: type[Structure]
    members: Mapping[str, Member]
    required: tuple[Member, ...]


Scalar: TypeAlias = Text | Whole | Tenth | Flag | Moment | Choice
Shape: TypeAlias = Scalar | Array | Object


@cache
def shape_of(structure: type[Structure]) -> Object:
    """Return the shape of a payload or structured type; `TypeError` if it holds what OCPP 1.6 has not."""
    described = inspect.type_info(structure)
    if not isinstance(described, inspect.StructType):
        raise TypeError(f"{structure.__name__} is no structure")
    return _object(described)


def _object(described: inspect.StructType) -> Object:
    members = [
        Member(field.name, field.encode_name, _shape(field.type), field.required)
        for field in described.fields
    ]
    return Object(
        cast(type[Structure], described.cls),  # whoever asks for a shape asks for a Structure's
        {member.key: member for member in members},
        tuple(member for member in members if member.required),
    )


def _shape(described: inspect.Type) -> Shape:
    match described:
        case inspect.UnionType(types=types):
            [shape] = [_shape(type) for type in types if not isinstance(type, inspect.NoneType)]
            return shape
        case inspect.StructType():
            return _object(described)
        case inspect.VarTupleType(item_type=items, min_length=min_length, max_length=None):
            return Array(_shape(items), min_length or 0)
        case _:
            return _scalar(described)


def _scalar(described: inspect.Type) -> Scalar:
    match described:
        case inspect.StrType(min_length=None, max_length=max_length, pattern=pattern):
            return Text(max_length, re.compile(pattern) if pattern else None)
        case inspect.IntType(gt=None, ge=int(minimum), lt=None, le=int(maximum), multiple_of=None):
            return Whole(minimum, maximum)
        case inspect.CustomType(cls=cls) if cls is Tenths:
            return Tenth()
        case inspect.BoolType():
            return Flag()
        case inspect.DateTimeType(tz=True):
            return Moment()
        case inspect.EnumType(cls=cls) if issubclass(cls, StrEnum):
            return Choice({member.value: member for member in cls}, cls)
    raise TypeError(f"no shape for {described}")
