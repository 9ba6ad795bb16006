"""Where the date-times of a payload type are, to find them in a payload or to write them otherwise."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from operator import attrgetter
from typing import TypeAlias, TypeVar

from msgspec import Raw, json, structs

from voltyard.protocol.payload import Structure
from voltyard.protocol.shape import Array, Member, Moment, Object, Shape

S = TypeVar("S", bound=Structure)
Finder: TypeAlias = Callable[[Structure], list[datetime]]

_encode = json.Encoder().encode
_LENGTH_WITHOUT_FRACTION = len('"2026-11-22T08:00:00Z"')


class Moments:
    """The date-times of a structure: its own fields, and the parts of it that have some; false if none.

    `find` returns the date-times of a valid structure; `only` is the one field, if it is one and required.
    """

    __slots__ = ("_own", "_parts", "find", "keys", "only")

    def __init__(self, shape: Shape) -> None:
        members = list(shape.members.values()) if isinstance(shape, Object) else []
        self._own = tuple(member for member in members if isinstance(member.shape, Moment))
        parts = ((member, Moments(_item(member.shape))) for member in members)
        self._parts = tuple((member, moments) for member, moments in parts if moments)
        self.keys: frozenset[str] = frozenset(member.key for member in self._own).union(
            *(moments.keys for _, moments in self._parts)
        )
        self.only = _only_name(self._own) if not self._parts else None
        self.find = self._finder()

    def __bool__(self) -> bool:
        return bool(self.keys)

    def replace(self, structure: S, change: Callable[[datetime], object]) -> S:
        """Return the structure with all its date-times changed.

        Raises `AttributeError` or `TypeError` for one that is not made of what its annotations say.
        """
        changes: dict[str, object] = {}
        for member in self._own:
            if (moment := getattr(structure, member.name)) is not None:
                changes[member.name] = change(moment)
        for member, inner in self._parts:
            part = getattr(structure, member.name)
            if part is None:
                continue
            if isinstance(member.shape, Array):
                changes[member.name] = tuple([inner.replace(item, change) for item in part])
            elif (changed := inner.replace(part, change)) is not part:
                changes[member.name] = changed
        return structs.replace(structure, **changes) if changes else structure

    def _finder(self) -> Finder:
        """Compose what finds the date-times: it runs for every payload that is read."""
        finders = [_own_finder(member.name) for member in self._own]
        for member, inner in self._parts:
            finder = _array_finder if isinstance(member.shape, Array) else _part_finder
            finders.append(finder(member.name, inner))
        if len(finders) == 1:
            return finders[0]
        return lambda structure: [moment for find in finders for moment in find(structure)]


def in_utc(moment: datetime) -> datetime:
    """Return the same moment in UTC; `OverflowError` if that lies outside the years 1 to 9999."""
    return moment.astimezone(UTC)


def as_text(moment: object) -> object:
    """Return a date-time as OCPP sends it: in UTC, to the millisecond, with `Z` (OCPP 1.6 §3.14).

    What is no date-time with a zone comes back as something that no decoder takes for one.
    """
    if not isinstance(moment, datetime):
        return False
    if moment.tzinfo is not UTC:
        if moment.utcoffset() is None:
            return False
        moment = moment.astimezone(UTC)
    text = _encode(moment)
    if len(text) == _LENGTH_WITHOUT_FRACTION:
        return Raw(text[:-2] + b'.000Z"')
    return Raw(text[:-5] + b'Z"')


def _item(shape: Shape) -> Shape:
    return shape.items if isinstance(shape, Array) else shape


def _only_name(members: tuple[Member, ...]) -> str | None:
    match members:
        case [Member(name=name, required=True)]:
            return name
        case _:
            return None


def _own_finder(name: str) -> Finder:
    own = attrgetter(name)
    return lambda structure: [] if (moment := own(structure)) is None else [moment]


def _part_finder(name: str, inner: Moments) -> Finder:
    part, find = attrgetter(name), inner.find
    return lambda structure: [] if (value := part(structure)) is None else find(value)


def _array_finder(name: str, inner: Moments) -> Finder:
    array, find = attrgetter(name), inner.find
    if inner.only is None:
        return lambda structure: [moment for item in array(structure) or () for moment in find(item)]
    only = attrgetter(inner.only)
    return lambda structure: [only(item) for item in array(structure) or ()]
