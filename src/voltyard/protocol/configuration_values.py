"""What a configuration key is, and how its value is read and written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from voltyard.protocol.actions import FeatureProfile

Value = bool | int | str | tuple[str, ...]


class ValueType(StrEnum):
    """How a value is written in its string, in the specification's words (OCPP 1.6 §9)."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    LIST = "CSL"
    STRING = "string"


class Access(StrEnum):
    """Whether the central system may read and write a key (OCPP 1.6 §9)."""

    READ_ONLY = "R"
    READ_WRITE = "RW"
    WRITE_ONLY = "W"
    EITHER = "R/RW"  # the charge point chooses


MAX_INTEGER: Final = 2**31 - 1  # more does not fit into what many charge points hold


@dataclass(frozen=True, slots=True)
class ConfigurationKey:
    """What the specification says about a key.

    `required` holds for charge points that support the key's profile. `minimum` and `maximum` bound
    integers, `pattern` is what a string or each item of a list has to match as a whole, `max_items_key`
    names the key that tells how many items a list may have (one if the charge point has no such key).
    `default` is a sensible first value as text; the specification prescribes only those of
    MeterValuesSampledData and SecurityProfile. Keys without one depend on the charge point.
    """

    name: str
    type: ValueType
    access: Access
    meaning: str
    _: KW_ONLY
    profile: FeatureProfile = FeatureProfile.CORE
    required: bool = False
    unit: str | None = None
    minimum: int = 0
    maximum: int = MAX_INTEGER
    pattern: str | None = None
    max_items_key: str | None = None
    default: str | None = None


def parse(key: ConfigurationKey, text: str, *, max_items: int | None = None) -> Value:
    """Read a value as the key's type, or raise `ValueError` saying what is wrong with it.

    Booleans are read in any case and blanks around values and items are dropped. `max_items` is the limit
    this charge point sets for a list.
    """
    value = _READERS[key.type](key, text)
    if isinstance(value, tuple) and max_items is not None and len(value) > max_items:
        raise ValueError(f"{key.name} takes at most {max_items} items, not {len(value)}")
    return value


def to_text(value: Value) -> str:
    """Write a value as it stands in GetConfiguration and ChangeConfiguration."""
    match value:
        case bool():
            return "true" if value else "false"
        case tuple():
            return ",".join(value)
        case _:
            return str(value)


def _read_boolean(key: ConfigurationKey, text: str) -> bool:
    match text.strip().lower():
        case "true":
            return True
        case "false":
            return False
        case _:
            raise ValueError(f"{key.name} is true or false")


def _read_integer(key: ConfigurationKey, text: str) -> int:
    digits = text.strip()
    if not re.fullmatch(r"[+-]?[0-9]+", digits):
        raise ValueError(f"{key.name} is an integer")
    if not key.minimum <= int(digits) <= key.maximum:
        raise ValueError(f"{key.name} lies between {key.minimum} and {key.maximum}")
    return int(digits)


def _read_list(key: ConfigurationKey, text: str) -> tuple[str, ...]:
    items = tuple(item.strip() for item in text.split(",")) if text.strip() else ()
    for item in items:
        _match(key, item)
    return items


def _read_string(key: ConfigurationKey, text: str) -> str:
    _match(key, text)
    return text


def _match(key: ConfigurationKey, text: str) -> None:
    if key.pattern is not None and not re.fullmatch(key.pattern, text):
        raise ValueError(f"{key.name} does not take this value")


_READERS: Mapping[ValueType, Callable[[ConfigurationKey, str], Value]] = MappingProxyType(
    {
        ValueType.BOOLEAN: _read_boolean,
        ValueType.INTEGER: _read_integer,
        ValueType.LIST: _read_list,
        ValueType.STRING: _read_string,
    }
)
