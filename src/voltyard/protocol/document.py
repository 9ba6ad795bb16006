"""JSON text nobody vouches for as plain values: exact, bounded, free of what OCPP-J forbids everywhere."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import NoReturn, TypeAlias

import msgspec

from voltyard.protocol.errors import ErrorCode, InvalidPayload

MAX_DEPTH = 32
MAX_EXCERPT = 100
_MAX_QUOTED = 60
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_FORBIDDEN_CHARACTER = re.compile("[\x00\ud800-\udfff]")


class Number:
    """A JSON number as written, so that neither digits nor the difference between 3 and 3.0 are lost."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


Value: TypeAlias = "bool | str | Number | list[Value] | dict[str, Value] | None"
Path = tuple[str | int, ...]


def read(raw: bytes) -> Value:
    """Read a JSON text.

    Raises `InvalidPayload` (FormationViolation) for what is not JSON in UTF-8, repeats a key, is nested
    deeper than 32 levels, or has a NUL or a lone surrogate in a string or key.
    """
    objects = _Objects()
    decoder = json.JSONDecoder(
        object_pairs_hook=objects.read, parse_int=Number, parse_float=Number, parse_constant=_refuse_constant
    )
    try:
        value: Value = decoder.decode(raw.decode())
    except UnicodeDecodeError as error:
        raise invalid(ErrorCode.FORMATION_VIOLATION, (), f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise invalid(ErrorCode.FORMATION_VIOLATION, (), f"not JSON at character {error.pos}") from None
    except RecursionError:
        raise invalid(ErrorCode.FORMATION_VIOLATION, (), "nested too deeply") from None
    # Only an escape can bring a forbidden character, and few brackets cannot nest deeply.
    if objects.repeated or b"\\" in raw or raw.count(b"[") + raw.count(b"{") > MAX_DEPTH:
        _check_form(value)
    return value


def cut(raw: bytes, paths: Iterable[Path]) -> list[bytes]:
    """Return the texts at `paths` exactly as they stand in `raw`, a text that `read` accepts."""
    parts: dict[Path, dict[str | int, msgspec.Raw]] = {}

    def text_at(path: Path) -> msgspec.Raw:
        if not path:
            return msgspec.Raw(raw)
        outer, step = path[:-1], path[-1]
        if outer not in parts:
            parts[outer] = _parts(text_at(outer), step)
        return parts[outer][step]

    return [bytes(text_at(path)) for path in paths]


def invalid(code: ErrorCode, path: Path, reason: str) -> InvalidPayload:
    """Return the finding that what is at `path` breaks the rule of `code`."""
    where = json_path(path)
    return InvalidPayload(code, where, f"{where}: {reason}")


def json_path(path: Path) -> str:
    """Write a path as `$.meterValue[0].timestamp`, printable cut to 100 characters."""
    steps = [f"[{step}]" if isinstance(step, int) else f".{_printable(step)}" for step in path]
    return f"${''.join(steps)}"[:MAX_EXCERPT]


def quote(text: str) -> str:
    """Return a short piece of `text` for a description, in printable ASCII."""
    return ascii(text[:_MAX_QUOTED])[:MAX_EXCERPT]


def excerpt(value: Value) -> str:
    """Return the first 100 characters of a value: a string's own, everything else as JSON."""
    if isinstance(value, str):
        return value[:MAX_EXCERPT]
    return msgspec.json.encode(value, enc_hook=_as_written).decode()[:MAX_EXCERPT]


class _RepeatingObject(dict[str, Value]):
    """An object that has `key` more than once."""

    __slots__ = ("key",)

    def __init__(self, pairs: list[tuple[str, Value]], key: str) -> None:
        super().__init__(pairs)
        self.key = key


class _Objects:
    """Makes the objects of one text, and remembers whether one of them repeats a key."""

    __slots__ = ("repeated",)

    def __init__(self) -> None:
        self.repeated = False

    def read(self, pairs: list[tuple[str, Value]]) -> dict[str, Value]:
        value = dict(pairs)
        if len(value) == len(pairs):
            return value
        self.repeated = True
        times = Counter(key for key, _ in pairs)
        return _RepeatingObject(pairs, next(key for key in times if times[key] > 1))


def _check_form(value: Value) -> None:
    pending: list[tuple[Path, Value]] = [((), value)]
    while pending:
        path, value = pending.pop()
        match value:
            case str():
                _check_characters(path, value)
            case _RepeatingObject(key=key):
                raise invalid(ErrorCode.FORMATION_VIOLATION, (*path, key), "this key is there twice")
            case dict():
                _check_depth(path)
                for key in value:
                    _check_characters((*path, key), key)
                pending.extend(((*path, key), item) for key, item in value.items())
            case list():
                _check_depth(path)
                pending.extend(((*path, index), item) for index, item in enumerate(value))


def _check_depth(path: Path) -> None:
    if len(path) >= MAX_DEPTH:
        raise invalid(ErrorCode.FORMATION_VIOLATION, path, f"nested deeper than {MAX_DEPTH} levels")


def _check_characters(path: Path, text: str) -> None:
    if _FORBIDDEN_CHARACTER.search(text):
        raise invalid(ErrorCode.FORMATION_VIOLATION, path, "a NUL or a lone surrogate in a string")


def _parts(text: msgspec.Raw, step: str | int) -> dict[str | int, msgspec.Raw]:
    if isinstance(step, int):
        return dict(enumerate(_ARRAY.decode(text)))
    return dict(_OBJECT.decode(text).items())


def _printable(text: str) -> str:
    return text if text.isprintable() else ascii(text)[1:-1]


def _refuse_constant(name: str) -> NoReturn:
    raise json.JSONDecodeError(name, "", 0)


def _as_written(number: Number) -> msgspec.Raw:
    return msgspec.Raw(number.text.encode())
