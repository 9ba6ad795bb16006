"""Arguments that several commands take, checked: where to connect to and as whom, which keys to set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from voltyard.chargepoint.authorization import is_id_token
from voltyard.chargepoint.simulator import NO_FAULTS, STATION_PLACE, NetworkFaults
from voltyard.cli.endings import BadArgument


def checked_url(url: str) -> str:
    """Return the URL of an endpoint for charge points; raises `BadArgument` if it is none."""
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("ws", "wss") and bool(parts.hostname) and not parts.username
        is_good = is_good and not parts.fragment and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good:
        raise BadArgument(f"--url: expected ws://host:port/path or wss://host:port/path, got {url!a}")
    return url


def checked_identity(identity: str) -> str:
    """Return the identity of a charge point; raises `BadArgument` for what no URL and no line can hold."""
    if not identity or not identity.isprintable():
        raise BadArgument(f"--id: expected printable characters, got {identity!a}")
    return identity


def settings_of(pairs: Iterable[str]) -> dict[str, str]:
    """Return the configuration keys given as `Key=Value`; raises `BadArgument`."""
    settings: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not (key.strip() and equals):
            raise BadArgument(f"--set: expected KEY=VALUE, got {pair!a}")
        settings[key.strip()] = value
    return settings


def faults_of(text: str | None) -> NetworkFaults:
    """Return what goes wrong with the network; raises `BadArgument`."""
    try:
        return NO_FAULTS if text is None else NetworkFaults.parse(text)
    except ValueError as error:
        raise BadArgument(f"--faults: {error}") from error


def tags_of(id_tags: Sequence[str], station_number: int | None = None) -> tuple[str, ...]:
    """Return identifiers of drivers, in which `{n}` may stand for a number; raises `BadArgument`."""
    for id_tag in id_tags:
        filled = id_tag if station_number is None else id_tag.replace(STATION_PLACE, str(station_number))
        if not is_id_token(filled):
            raise BadArgument(f"--id-tag: {id_tag!a} is no identifier of 1 to 20 characters")
    return tuple(id_tags)
