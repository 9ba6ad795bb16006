"""What a value has to look like: a literal, a comparison, part of an object, and a name for what was seen.

Texts are read so: `any`, `absent`, `> 5`, `>= 5`, `< 5`, `<= 5`, `= 5`, `!= 5`, `one of A, B`, `like *.zip`,
everything else is itself. `-> name` behind it remembers what was there. `absent` may be one of several.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Final, Protocol, TypeAlias

from msgspec import json

from voltyard.chargepoint.scenario.values import Names, Value, names_in
from voltyard.protocol.masking import without_password

_NAMED: Final = re.compile(r"(?:(.*\S)\s+)?->\s*([A-Za-z_]\w*)")
_COMPARISON: Final = re.compile(r"(>=|<=|!=|>|<|=)\s*(.+)")
_ONE_OF: Final = "one of "
_ABSENT: Final = "absent"
_LIKE: Final = "like "
_LONGEST_SHOWN: Final = 200

Seen: TypeAlias = dict[str, Value]
"""What was seen, by the name that the pattern gives it."""


class Absent:
    """Stands for a field that is not there."""


ABSENT: Final = Absent()


class Mismatch(Exception):
    """A value is not as it has to be."""

    def __init__(self, path: str, found: Value | Absent, wanted: str) -> None:
        super().__init__(f"{path} is {shown(found)}, not {wanted}")


class Pattern:
    """What one value has to look like; made from `source` as it stands in a scenario.

    Raises `ValueError` for a source that nothing can be made of.
    """

    __slots__ = ("_root", "source")

    def __init__(self, source: object) -> None:
        self._root = _read(source)
        self.source = source

    @classmethod
    def exactly(cls, value: Value) -> Pattern:
        """Return the pattern that this value matches, and no other; nothing in it has a meaning."""
        pattern = cls(0)
        pattern._root = _Literal(value)
        pattern.source = value
        return pattern

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pattern) and self.source == other.source

    def __hash__(self) -> int:
        return hash(repr(self.source))

    def match(self, value: Value | Absent, names: Names, path: str = "$") -> Seen:
        """Return what was seen; raises `Mismatch`."""
        seen: Seen = {}
        self._root.check(value, _Look(names, seen), path)
        return seen

    @property
    def gives(self) -> frozenset[str]:
        """The names that it gives to what is seen."""
        return self._root.gives


def shown(value: Value | Absent, longest: int | None = _LONGEST_SHOWN) -> str:
    """Return a value as people read it, without passwords, cut to so many characters; None cuts nothing."""
    text = _ABSENT if isinstance(value, Absent) else without_password(json.encode(value)).decode()
    return text if longest is None or len(text) <= longest else f"{text[:longest]}…"


@dataclass(frozen=True, slots=True)
class _Look:
    names: Names
    seen: Seen


class _Node(Protocol):
    @property
    def gives(self) -> frozenset[str]:
        return frozenset()

    @abstractmethod
    def check(self, value: Value | Absent, look: _Look, path: str) -> None:
        """Raise `Mismatch` unless the value is as it has to be."""


class _Anything(_Node):
    def check(self, value: Value | Absent, look: _Look, path: str) -> None:
        if isinstance(value, Absent):
            raise Mismatch(path, value, "there")


class _Nothing(_Node):
    def check(self, value: Value | Absent, look: _Look, path: str) -> None:
        if not isinstance(value, Absent):
            raise Mismatch(path, value, _ABSENT)


@dataclass(frozen=True, slots=True)
class _Literal(_Node):
    value: Value

    def check(self, value: Value | Absent, look: _Look, path: str) -> None:
        wanted = look.names.fill_in(self.value)
        if isinstance(value, Absent) or not _are_same(value, wanted):
            raise Mismatch(path, value, shown(wanted))


@dataclass(frozen=True, slots=True)
class _Ordered(_Node):
    sign: str
    operand: str

    def check(self, value: Value | Absent, look: _Look, path: str) -> None:
        wanted = look.names.fill_in(self.operand)
        if isinstance(value, Absent) or _order(value, wanted) not in _ORDERS[self.sign]:
            raise Mismatch(path, value, f"{self.sign} {wanted}")


@dataclass(frozen=True, slots=True)
class _Equal(_Node):
    operand: str
    is_equal: bool

    def check(self, value: Value | Absent, look: _Look, path: str) -> None:
        wanted = look.names.fill_in(self.operand)
        if isinstance(value, Absent) or _are_equal(value, wanted) is not self.is_equal:
            raise Mismatch(path, value, f"{'=' if self.is_equal else '!='} {wanted}")


@dataclass(frozen=True, slots=True)
class _OneOf(_Node):
    values: tuple[str, ...]

    def check(self, value: Value | Absent, look: _Look, path: str) -> None:
        wanted = [str(look.names.fill_in(each)) for each in self.values]
        if (_ABSENT if isinstance(value, Absent) else _as_text(value)) not in wanted:
            raise Mismatch(path, value, f"one of {', '.join(wanted)}")


@dataclass(frozen=True, slots=True)
class _Like(_Node):
    glob: str

    def check(self, value: Value | Absent, look: _Look, path: str) -> None:
        glob = str(look.names.fill_in(self.glob))
        if not isinstance(value, str) or not fnmatchcase(value, glob):
            raise Mismatch(path, value, f"like {glob}")


@dataclass(frozen=True, slots=True)
class _Named(_Node):
    inner: _Node
    name: str

    @property
    def gives(self) -> frozenset[str]:
        return self.inner.gives | {self.name}

    def check(self, value: Value | Absent, look: _Look, path: str) -> None:
        self.inner.check(value, look, path)
        look.seen[self.name] = None if isinstance(value, Absent) else value


@dataclass(frozen=True, slots=True)
class _Object(_Node):
    """Each of these fields is as it has to be; there may be others."""

    fields: Mapping[str, _Node] = field(hash=False)

    @property
    def gives(self) -> frozenset[str]:
        return frozenset[str]().union(*(node.gives for node in self.fields.values()))

    def check(self, value: Value | Absent, look: _Look, path: str) -> None:
        if not isinstance(value, dict):
            raise Mismatch(path, value, "an object")
        for name, node in self.fields.items():
            node.check(value.get(name, ABSENT), look, f"{path}.{name}")


@dataclass(frozen=True, slots=True)
class _Array(_Node):
    """There is an element for each of these, in this order; others may stand around them."""

    elements: tuple[_Node, ...]

    @property
    def gives(self) -> frozenset[str]:
        return frozenset[str]().union(*(node.gives for node in self.elements))

    def check(self, value: Value | Absent, look: _Look, path: str) -> None:
        if not isinstance(value, list):
            raise Mismatch(path, value, "an array")
        rest = list(enumerate(value))
        for node in self.elements:
            rest = _after_match(node, rest, look, path)


def _after_match(
    node: _Node, elements: Sequence[tuple[int, Value]], look: _Look, path: str
) -> list[tuple[int, Value]]:
    """Return what stands behind the first element that matches."""
    last = Mismatch(path, [value for _, value in elements], "an array with one more element")
    for position, (index, value) in enumerate(elements):
        try:
            node.check(value, look, f"{path}[{index}]")
        except Mismatch as mismatch:
            last = mismatch
        else:
            return list(elements[position + 1 :])
    raise last


def _read(source: object) -> _Node:
    match source:
        case str():
            return _read_text(source)
        case bool() | int() | float():
            return _Literal(source)
        case list():
            return _Array(tuple(map(_read, source)))
        case dict():
            return _Object(MappingProxyType({str(name): _read(each) for name, each in source.items()}))
        case _:
            # TOML has date-times, JSON has not.
            raise ValueError(f"{source} has to stand in quotation marks")


def _read_text(text: str) -> _Node:
    named = _NAMED.fullmatch(text)
    if named is not None:
        return _Named(_read_text(named[1] or "any"), named[2])
    compared = _COMPARISON.fullmatch(text)
    if compared is not None:
        return _read_comparison(compared[1], compared[2])
    if text.startswith(_ONE_OF):
        return _OneOf(tuple(part.strip() for part in text.removeprefix(_ONE_OF).split(",")))
    if text.startswith(_LIKE):
        return _Like(text.removeprefix(_LIKE).strip())
    return _WORDS[text] if text in _WORDS else _Literal(text)


def _read_comparison(sign: str, operand: str) -> _Node:
    if sign not in _ORDERS:
        return _Equal(operand, is_equal=sign == "=")
    if not any(names_in(operand)) and _order(operand, operand) is None:
        raise ValueError(f"'{sign} {operand}': only numbers and date-times come one after the other")
    return _Ordered(sign, operand)


def _are_same(value: Value, wanted: Value) -> bool:
    if isinstance(value, bool) is not isinstance(wanted, bool):
        return False  # for Python True is 1
    return value == wanted


def _are_equal(value: Value, wanted: Value) -> bool:
    order = _order(value, wanted)
    return _as_text(value) == _as_text(wanted) if order is None else order == 0


def _order(value: Value, wanted: Value) -> int | None:
    """Return 1, 0 or -1 for greater, equal, less; None for what cannot be compared."""
    numbers = _number(value), _number(wanted)
    if numbers[0] is not None and numbers[1] is not None:
        return (numbers[0] > numbers[1]) - (numbers[0] < numbers[1])
    moments = _moment(value), _moment(wanted)
    if moments[0] is not None and moments[1] is not None:
        return (moments[0] > moments[1]) - (moments[0] < moments[1])
    return None


def _number(value: Value) -> Decimal | None:
    # A SampledValue says its number as text (OCPP 1.6 §7.43).
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _moment(value: Value) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _as_text(value: Value) -> str:
    return value if isinstance(value, str) else json.encode(value).decode()


_WORDS: Final[Mapping[str, _Node]] = MappingProxyType({"any": _Anything(), _ABSENT: _Nothing()})
_ORDERS: Final[Mapping[str, frozenset[int]]] = MappingProxyType(
    {
        ">": frozenset({1}),
        ">=": frozenset({0, 1}),
        "<": frozenset({-1}),
        "<=": frozenset({-1, 0}),
    }
)
