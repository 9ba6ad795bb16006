"""Where settings come from: flags win over the environment, that over the file, that over the defaults.

What nobody knows or nobody can read is refused with one line that names the key and the place, never skipped.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec
from msgspec import Struct

from voltyard.central.secret import Secret
from voltyard.central.settings import Key, Settings, keys

_PREFIX = "VOLTYARD_"
# Kubernetes tells every container of a service named `voltyard…` where it is, in variables like these.
_KUBERNETES = re.compile(
    r"VOLTYARD_(\w+_)?(SERVICE_(HOST|PORT\w*)=.*|PORT_\d+_\w+=.*|PORT=(tcp|udp|sctp)://.*)", re.DOTALL
)

_LONGEST_ECHO = 60
_DATABASE_URL = re.compile(r"(sqlite|postgres(?:ql)?)(?:\+(?:pysqlite|psycopg))?(://.+)")

S = TypeVar("S", bound=Struct)


class SettingsError(Exception):
    """Settings that cannot be used; the text is one line that names the key and where it was read."""


class Given(NamedTuple):
    """A value somebody set: of which key, as it was written, and where, for example `--ocpp-port`."""

    name: str
    value: object
    source: str


def load_settings(
    config: Path | None = None, environment: Mapping[str, str] | None = None, flags: Iterable[Given] = ()
) -> Settings:
    """Return the settings from a TOML file, environment variables and flags; raises `SettingsError`."""
    known = keys()
    values: dict[str, object] = {}
    if config is not None:
        for given in _in_file(config):
            values[given.name] = _value(known, given, strict=True)
    for given in (*_in_environment(environment or {}), *flags):
        values[given.name] = _value(known, given, strict=False)
    settings = _assembled(Settings(), values, "")
    _refuse_contradictions(settings)
    return settings


def _in_file(path: Path) -> Iterator[Given]:
    try:
        with path.open("rb") as file:
            document = tomllib.load(file)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:  # of bytes, of the grammar, of numbers and of nesting
        raise SettingsError(f"{path}: not TOML: {_on_one_line(str(error))}") from error
    return _flattened(document, "", f"in {path}")


def _flattened(table: Mapping[str, object], prefix: str, source: str) -> Iterator[Given]:
    sections = _sections(keys())
    for name, value in table.items():
        if prefix or name not in sections:
            yield Given(prefix + name, value, source)
        elif isinstance(value, dict):
            yield from _flattened(value, f"{name}.", source)
        else:
            raise SettingsError(f"{name}: expected a table, got {_echo(value)} ({source})")


def _in_environment(environment: Mapping[str, str]) -> Iterator[Given]:
    by_variable = {key.environment: key.name for key in keys().values()}
    for variable, value in environment.items():
        # An empty variable is how compose files write one that is not set.
        if not variable.startswith(_PREFIX) or not value:
            continue
        if variable in by_variable:
            yield Given(by_variable[variable], value, variable)
        elif not _KUBERNETES.fullmatch(f"{variable}={value}"):
            raise SettingsError(f"{_shown(variable)}: no such setting{_suggestion(variable, by_variable)}")


def _value(known: Mapping[str, Key], given: Given, *, strict: bool) -> object:
    key = known.get(given.name)
    if key is None:
        hint = _suggestion(given.name, known.keys() | _sections(known))
        raise SettingsError(f"{_shown(given.name)}: no such setting{hint} ({given.source})")
    try:
        return msgspec.convert(given.value, key.annotation, strict=strict, dec_hook=_decode)
    except msgspec.ValidationError:
        got = "***" if isinstance(key.default, Secret) else _echo(given.value)
        raise SettingsError(f"{key.name}: expected {key.expected}, got {got} ({given.source})") from None


def _decode(type: type, value: object) -> object:
    """Read what msgspec does not know; it turns a ValueError into its own."""
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError(value)
    if type is not Secret:
        return Path(value)
    url = _DATABASE_URL.fullmatch(value)
    if url is None:
        raise ValueError(value)
    backend, rest = url.groups()
    return Secret(("sqlite" if backend == "sqlite" else "postgresql") + rest)


def _assembled(defaults: S, values: Mapping[str, object], prefix: str) -> S:
    chosen: dict[str, object] = {}
    for field in defaults.__struct_fields__:
        default, name = getattr(defaults, field), prefix + field
        if isinstance(default, Struct):
            chosen[field] = _assembled(default, values, f"{name}.")
        elif name in values:
            chosen[field] = values[name]
    return type(defaults)(**chosen)


def _refuse_contradictions(settings: Settings) -> None:
    ocpp, api = settings.ocpp, settings.api
    if ocpp.port and (ocpp.host, ocpp.port) == (api.host, api.port):
        raise SettingsError(f"api.port: expected another port than ocpp.port, got {api.port} for both")


def _sections(names: Iterable[str]) -> set[str]:
    return {name.partition(".")[0] for name in names if "." in name}


def _suggestion(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, sorted(known), n=1)
    return f", did you mean {near[0]}?" if near else ""


def _shown(name: str) -> str:
    return name if name.isprintable() and len(name) <= _LONGEST_ECHO else _echo(name)


def _echo(value: object) -> str:
    """Return a value as one short line of ASCII, so that it cannot pretend to be another line."""
    text = json.dumps(value, default=str)
    return text if len(text) <= _LONGEST_ECHO else f"{text[:_LONGEST_ECHO]}…"


def _on_one_line(text: str) -> str:
    return " ".join(text.split())
