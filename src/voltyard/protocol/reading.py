"""A payload built from plain values by its shape: to the letter, but for what a `Leniency` lets pass."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Final, Protocol

from voltyard.protocol import strict
from voltyard.protocol.document import Path, Value, invalid
from voltyard.protocol.errors import ErrorCode, InvalidPayload
from voltyard.protocol.payload import Structure
from voltyard.protocol.shape import Array, Member, Object, Scalar, Shape


class Absent(Enum):
    """The value of a field that is not there; JSON's null is there."""

    ABSENT = 0


ABSENT: Final = Absent.ABSENT


class Leniency(Protocol):
    """Is asked at each deviation from the specification; lets it pass or raises `InvalidPayload`."""

    def unknown_field(self, value: Value, path: Path) -> None:
        """A structure has a field that the specification does not know."""

    def given(self, owner: Object, member: Member, value: Value, path: Path) -> Value | Absent:
        """Say what a field's value is to be taken for before it is read."""

    def missing(self, member: Member, path: Path) -> object:
        """Return the value of a required field that is not there."""

    def scalar(self, shape: Scalar, value: Value, path: Path, defect: InvalidPayload) -> object:
        """Return the value of a field whose strict reading ended with `defect`."""

    def items(
        self, array: Array, values: list[Value], read: Callable[[Value, Path], object], path: Path
    ) -> list[object]:
        """Return the items of an array as `read` gives them."""


class Reader:
    """Reads payloads with one leniency."""

    __slots__ = ("_leniency",)

    def __init__(self, leniency: Leniency) -> None:
        self._leniency = leniency

    def payload(self, shape: Object, value: Value) -> Structure:
        """Return the payload; null stands for an empty one (OCPP-J 1.6 §4.2.1)."""
        if value is None:
            value = {}
        if not isinstance(value, dict):
            raise invalid(ErrorCode.FORMATION_VIOLATION, (), "the payload is not an object")
        return self._structure(shape, value, ())

    def _read(self, shape: Shape, value: Value, path: Path) -> object:
        match shape:
            case Object():
                return self._structure(shape, value, path)
            case Array():
                return self._array(shape, value, path)
        try:
            return strict.scalar(shape, value, path)
        except InvalidPayload as defect:
            return self._leniency.scalar(shape, value, path, defect)

    def _structure(self, shape: Object, value: Value, path: Path) -> Structure:
        if not isinstance(value, dict):
            raise strict.wrong_type(path, "an object")
        fields: dict[str, object] = {}
        for key, item in value.items():
            member = shape.members.get(key)
            if member is None:
                self._leniency.unknown_field(item, (*path, key))
                continue
            given = self._leniency.given(shape, member, item, (*path, key))
            if given is not ABSENT:
                fields[member.name] = self._read(member.shape, given, (*path, key))
        for member in shape.required:
            if member.name not in fields:
                fields[member.name] = self._leniency.missing(member, (*path, member.key))
        return shape.type(**fields)

    def _array(self, shape: Array, value: Value, path: Path) -> tuple[object, ...]:
        if not isinstance(value, list):
            raise strict.wrong_type(path, "an array")
        if len(value) < shape.min_length:
            raise invalid(ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION, path, "an empty array")
        return tuple(self._leniency.items(shape, value, partial(self._read, shape.items), path))


class ToTheLetter:
    """The leniency that lets nothing pass."""

    __slots__ = ()

    def unknown_field(self, value: Value, path: Path) -> None:
        raise invalid(ErrorCode.FORMATION_VIOLATION, path, "the specification has no such field here")

    def given(self, owner: Object, member: Member, value: Value, path: Path) -> Value | Absent:
        return value

    def missing(self, member: Member, path: Path) -> object:
        raise missing(path)

    def scalar(self, shape: Scalar, value: Value, path: Path, defect: InvalidPayload) -> object:
        raise defect

    def items(
        self, array: Array, values: list[Value], read: Callable[[Value, Path], object], path: Path
    ) -> list[object]:
        return [read(value, (*path, index)) for index, value in enumerate(values)]


def missing(path: Path) -> InvalidPayload:
    """Return the finding that a required field is not there."""
    return invalid(ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION, path, "this field is missing")
