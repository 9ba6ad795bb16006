"""Values of a scenario: JSON, in which `{name}` stands for something seen before, `{now+60}` for a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, TypeAlias, cast

from msgspec import MsgspecError, json

from voltyard.chargepoint.scenario.errors import StepFailed

Value: TypeAlias = "str | int | float | bool | list[Value] | dict[str, Value] | None"
"""What JSON can say."""

NOW: Final = "now"
"""The name that stands for the time when a step is done."""

_REFERENCE: Final = re.compile(r"\{([A-Za-z_]\w*)(?:\s*([+-])\s*(\d{1,9}))?\}")


class Names:
    """What the names in a scenario stand for; `now` says what time it is at the charge point."""

    def __init__(self, known: Mapping[str, Value], now: Callable[[], datetime]) -> None:
        self._known = dict(known)
        self._now = now

    def learn(self, seen: Mapping[str, Value]) -> None:
        """Let names stand for something from now on."""
        self._known.update(seen)

    def fill_in(self, value: Value) -> Value:
        """Return the value with what its names stand for.

        Raises `KeyError` for a name that is not known, `StepFailed` for a sum with what is no number.
        """
        match value:
            case str():
                return self._fill_in_text(value)
            case list():
                return [self.fill_in(each) for each in value]
            case dict():
                return {key: self.fill_in(each) for key, each in value.items()}
            case _:
                return value

    def _fill_in_text(self, text: str) -> Value:
        whole = _REFERENCE.fullmatch(text)
        if whole is not None:
            # Alone it keeps its type: a transactionId is a number.
            return self._meaning(whole)
        return _REFERENCE.sub(lambda reference: str(self._meaning(reference)), text)

    def _meaning(self, reference: re.Match[str]) -> Value:
        name, sign, digits = reference.groups()
        offset = int(f"{sign}{digits}") if digits else 0
        if name == NOW:
            moment = (self._now() + timedelta(seconds=offset)).astimezone(UTC)
            return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        known = self._known[name]
        return _sum(name, known, offset) if digits else known


def read_json(text: bytes) -> Value:
    """Return what JSON says, and anything else as it is written."""
    try:
        return cast("Value", json.decode(text))
    except (MsgspecError, ValueError, RecursionError):
        return text.decode(errors="replace")


def names_in(value: Value) -> Iterator[str]:
    """Return the names that a value refers to."""
    match value:
        case str():
            yield from (reference[1] for reference in _REFERENCE.finditer(value))
        case list():
            for each in value:
                yield from names_in(each)
        case dict():
            for each in value.values():
                yield from names_in(each)
        case _:
            return


def _sum(name: str, known: Value, offset: int) -> Value:
    match known:
        case bool():
            pass
        case int():
            return known + offset
        case float():
            # As decimals: 8.1 and 1 are 9.1.
            return float(Decimal(str(known)) + offset)
        case _:
            pass
    raise StepFailed(f"{{{name}}} stands for {known!r}, which is no number")
