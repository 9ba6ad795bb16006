"""The official JSON schemas as judges of payloads: corrected by the text, and turned into instances.

The schemas lie in the directory `shared` beside the project. The corrections are those of the working
reference, section A0.2: the schemas leave out lower bounds, array lengths and one union, and their
`multipleOf: 0.1` is only right for decimals.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st
from jsonschema import Draft4Validator
from jsonschema.validators import validator_for

from voltyard.protocol.actions import ACTIONS
from voltyard.protocol.errors import ErrorCode
from voltyard.protocol.payload import Payload

Json = Any  # what JSON holds; checked by the schemas, not by types
Schema = dict[str, Any]

DIRECTORY = Path(__file__).resolve().parents[2].parent / "shared" / "spec" / "schemas"
PAYLOADS: dict[str, type[Payload]] = {
    name: payload
    for action in ACTIONS.values()
    for name, payload in ((action.name, action.request), (f"{action.name}Response", action.response))
}

_NOT_EMPTY = ("meterValue", "sampledValue", "chargingSchedulePeriod")  # A0.2 row 15
_MINIMUMS = {"stackLevel": 0, "startPeriod": 0, "numberPhases": 1, "duration": 0}  # row 18
_MAXIMUMS = {"numberPhases": 3}
# Row 17. StartTransaction and RemoteStartTransaction have answers for connector 0, so they can be read.
_CONNECTOR_MINIMUMS = {
    "ChangeAvailability": 0,
    "MeterValues": 0,
    "RemoteStartTransaction": 0,
    "ReserveNow": 0,
    "SetChargingProfile": 0,
    "StartTransaction": 0,
    "StatusNotification": 0,
    "UnlockConnector": 1,
}
_TENTHS_BOUND = 10**14 - 1
_FORMATS = Draft4Validator.FORMAT_CHECKER
assert {"date-time", "uri"} <= set(_FORMATS.checkers), "jsonschema checks no formats"


@cache
def schema(name: str) -> Schema:
    """Return the corrected schema of a payload, with its references resolved."""
    assert DIRECTORY.is_dir(), f"the official schemas are not there: {DIRECTORY}"
    official = json.loads((DIRECTORY / f"{name}.json").read_text(), parse_float=Decimal)
    definitions = official.pop("definitions", {})
    corrected: Schema = _corrected(name, "", official, definitions)
    return corrected


def is_valid(name: str, instance: Json) -> bool:
    """Say whether the corrected schema allows the instance; `null` as a payload is `{}` (OCPP-J §4.2.1)."""
    return bool(_judge(name).is_valid({} if instance is None else instance))


@cache
def _judge(name: str) -> Any:
    return validator_for(schema(name))(schema(name), format_checker=_FORMATS)


def _corrected(name: str, field: str, node: Schema, definitions: dict[str, Schema]) -> Schema:
    if "$ref" in node:
        node = definitions[node["$ref"].removeprefix("#/definitions/")]
    node = dict(node)
    match node["type"]:
        case "object":
            node["properties"] = {
                key: _corrected(name, key, child, definitions)
                for key, child in node.get("properties", {}).items()
            }
        case "array":
            node["items"] = _corrected(name, "", node["items"], definitions)
            if field in _NOT_EMPTY:
                node["minItems"] = 1
        case "integer":
            node |= _integer_bounds(name, field)
        case "number":
            node |= {"minimum": -_TENTHS_BOUND, "maximum": _TENTHS_BOUND}
        case "string" if field == "requestedMessage":  # row 14: an unknown one is answered, not refused
            del node["enum"]
            node["maxLength"] = 50
    return node


def _integer_bounds(name: str, field: str) -> Schema:
    minimum = _MINIMUMS.get(field, -(2**63))
    if field == "connectorId":
        minimum = _CONNECTOR_MINIMUMS.get(name, minimum)
    if name == "ClearChargingProfile":  # a filter, not a profile
        minimum = -(2**63)
    return {"minimum": minimum, "maximum": _MAXIMUMS.get(field, 2**63 - 1)}


# --- valid instances -------------------------------------------------------------------------------------


def instances(name: str) -> st.SearchStrategy[Json]:
    """Generate what the corrected schema allows, with any subset of the optional fields."""
    return _valid(schema(name), whole=False)


def whole_instances(name: str) -> st.SearchStrategy[Json]:
    """Generate what the corrected schema allows, with all fields and no empty list."""
    return _valid(schema(name), whole=True)


def _valid(node: Schema, *, whole: bool) -> st.SearchStrategy[Json]:
    match node["type"]:
        case "object":
            return _objects(node, whole=whole)
        case "array":
            items = _valid(node["items"], whole=whole)
            return st.lists(items, min_size=1 if whole else node.get("minItems", 0), max_size=2)
        case "string":
            return _strings(node)
        case "integer":
            return st.integers(node["minimum"], node["maximum"])
        case "number":
            return st.decimals(node["minimum"], node["maximum"], places=1) | st.integers(0, 32)
        case _:
            return st.booleans()


def _objects(node: Schema, *, whole: bool) -> st.SearchStrategy[Json]:
    fields = {key: _valid(child, whole=whole) for key, child in node["properties"].items()}
    required = node.get("required", []) if not whole else list(fields)
    return st.fixed_dictionaries(
        {key: fields[key] for key in required},
        optional={key: values for key, values in fields.items() if key not in required},
    )


def _strings(node: Schema) -> st.SearchStrategy[str]:
    match node:
        case {"enum": members}:
            return st.sampled_from(members)
        case {"format": "date-time"}:
            return date_times()
        case {"format": "uri"}:
            return st.sampled_from(("ftp", "ftps", "http", "https")).map(
                "{}://user:pw@[::1]:8080/a%20b".format
            )
        case _:
            longest = node.get("maxLength", 40)
            text = st.text(_CHARACTERS, max_size=min(longest, 20))
            return text | _CHARACTERS.map(lambda character: character * longest)


# What JSON text can hold in OCPP: no lone surrogates, no NUL.
_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


@st.composite
def date_times(draw: st.DrawFn) -> str:
    """Generate date-times as RFC 3339 writes them, with up to milliseconds and any offset."""
    offset = timezone(timedelta(minutes=draw(st.integers(-14 * 60, 14 * 60))))
    moment = draw(st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.just(offset)))  # noqa: DTZ001 - hypothesis adds the zone
    text = moment.isoformat(timespec=draw(st.sampled_from(("seconds", "milliseconds"))))
    return text.removesuffix("+00:00") + "Z" if moment.utcoffset() == timedelta() else text


# --- invalid instances -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mutant:
    """An instance with one thing wrong in it, and the code it must be refused with."""

    defect: str
    instance: Json
    code: ErrorCode


_MISSING = ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION
_EXTRA = ErrorCode.FORMATION_VIOLATION
_WRONG_TYPE = ErrorCode.TYPE_CONSTRAINT_VIOLATION
_WRONG_VALUE = ErrorCode.PROPERTY_CONSTRAINT_VIOLATION

_Change = tuple[str, Json, ErrorCode]


class Place(NamedTuple):
    """A value in an instance, what the schema says about it, and how to put another one there."""

    path: str
    value: Json
    node: Schema
    replaced: Callable[[Json], Json]


def mutants(name: str, instance: Json) -> Iterator[Mutant]:
    """Yield the instance with each possible defect at each of its fields in turn."""
    for place in _places(name, instance):
        for defect, changed, code in _defects(place):
            yield Mutant(f"{place.path}: {defect}", place.replaced(changed), code)


def _places(name: str, instance: Json) -> Iterator[Place]:
    return _inside(Place("$", instance, schema(name), lambda changed: changed))


def _inside(place: Place) -> Iterator[Place]:
    yield place
    match place.node["type"]:
        case "object":
            for key, child in place.value.items():
                node = place.node["properties"][key]
                yield from _inside(Place(f"{place.path}.{key}", child, node, _field_of(place, key)))
        case "array" if place.value:
            first = Place(f"{place.path}[0]", place.value[0], place.node["items"], _first_of(place))
            yield from _inside(first)


def _field_of(place: Place, key: str) -> Callable[[Json], Json]:
    return lambda changed: place.replaced(place.value | {key: changed})


def _first_of(place: Place) -> Callable[[Json], Json]:
    return lambda changed: place.replaced([changed, *place.value[1:]])


def _defects(place: Place) -> Iterator[_Change]:
    node = place.node
    if place.path != "$":
        for wrong in _OTHER_TYPES[node["type"]]:
            yield f"{wrong!r} is no {node['type']}", wrong, _WRONG_TYPE
    match node["type"]:
        case "object":
            yield from _object_defects(node, place.value)
        case "array":
            if node.get("minItems"):
                yield "empty", [], _MISSING
        case "string":
            yield from _string_defects(node, place.value)
        case "integer":
            yield "too small", node["minimum"] - 1, _WRONG_VALUE
            yield "too great", node["maximum"] + 1, _WRONG_VALUE
        case "number":
            yield "two decimals", Decimal("4.11"), _WRONG_VALUE


_OTHER_TYPES: dict[str, tuple[Json, ...]] = {
    "object": (None, True, 5, "text", []),
    "array": (None, False, 5, "text", {}),
    "string": (None, True, 12, Decimal("1.5"), [], {}),
    "integer": (None, True, "3", Decimal("1.5"), Decimal("3.0"), [], {}),
    "number": (None, True, "16", [], {}),
    "boolean": (None, 0, 1, "true", [], {}),
}


def _object_defects(node: Schema, value: Json) -> Iterator[_Change]:
    yield "extra property", value | {"vendorExtra": 1}, _EXTRA
    for key in node.get("required", []):
        without = {field: child for field, child in value.items() if field != key}
        yield f"{key} missing", without, _MISSING


def _string_defects(node: Schema, value: str) -> Iterator[_Change]:
    match node:
        case {"enum": members}:
            yield "not in the enumeration", "NoSuchMember", _WRONG_VALUE
            yield "empty", "", _WRONG_VALUE
            yield "wrong case", next(word for word in _cases(value) if word not in members), _WRONG_VALUE
        case {"format": "date-time"}:
            for wrong in ("", "soon", "2024-01-01", "2024-01-01T00:00:00", "2024-13-01T00:00:00Z"):
                yield f"{wrong!r} is no date-time", wrong, _WRONG_VALUE
        case {"format": "uri"}:
            for wrong in ("", "firmware.bin", "/tmp/firmware.bin", "http://a b/"):
                yield f"{wrong!r} is no URI", wrong, _WRONG_VALUE
        case {"maxLength": longest}:
            yield "too long", "x" * (longest + 1), _WRONG_VALUE


def _cases(word: str) -> tuple[str, ...]:
    return word.lower(), word.upper(), word.swapcase(), word.title()


# --- any instances ---------------------------------------------------------------------------------------


@st.composite
def dubious_instances(draw: st.DrawFn, name: str) -> Json:
    """Generate an instance with another's value, or a tricky one, put in some place: valid or not."""
    instance = draw(instances(name))
    places = list(_places(name, instance))
    donors = [place.value for place in places]
    return draw(st.sampled_from(places)).replaced(draw(st.sampled_from([*donors, *_TRICKY])))


_TRICKY: tuple[Json, ...] = (
    None,
    True,
    -1,
    0,
    2**63,
    Decimal("8.1"),
    Decimal("4.11"),
    Decimal("1E+3"),
    "",
    "x" * 21,
    "x" * 501,
    "Accepted",
    "2024-02-30T00:00:00Z",
    "2024-02-29T23:59:59.123456789+05:30",
    "http://[::1]/",
    [],
    {},
)


# --- comparing -------------------------------------------------------------------------------------------


def to_json(instance: Json) -> bytes:
    """Write an instance; decimals become numbers, in any of the ways JSON has for them."""
    return _text(instance).encode()


def _text(value: Json) -> str:
    match value:
        case dict():
            return "{" + ",".join(f"{json.dumps(key)}:{_text(child)}" for key, child in value.items()) + "}"
        case list():
            return "[" + ",".join(map(_text, value)) + "]"
        case Decimal():
            return str(value)
        case _:
            return json.dumps(value, ensure_ascii=False)


def meaning(name: str, instance: Json) -> Json:
    """Return the instance with what can be written in several ways, like date-times, made one."""
    return _meaning(schema(name), instance)


def parsed_meaning(name: str, raw: bytes) -> Json:
    """Return the meaning of JSON text."""
    return meaning(name, json.loads(raw, parse_float=Decimal))


def _meaning(node: Schema, value: Json) -> Json:
    match node:
        case {"type": "object"}:
            return {key: _meaning(node["properties"][key], child) for key, child in value.items()}
        case {"type": "array"}:
            return [_meaning(node["items"], child) for child in value]
        case {"type": "number"}:
            return Decimal(value)
        case {"format": "date-time"}:
            return datetime.fromisoformat(value).astimezone(UTC)
        case _:
            return value
