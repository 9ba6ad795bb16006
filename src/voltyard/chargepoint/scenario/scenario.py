"""A scenario as a value: who it is about, what has to be known before, and its steps."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from voltyard.chargepoint.scenario.steps import AnyStep, Tag

Name = Annotated[str, Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
Setting = str | int | bool

BUILT_IN: Final = frozenset({"now", "identity", "images", "uploads"})
"""Names that stand for something before the first step."""


class Cables(StrEnum):
    """Whether the cables belong to the charge point or are plugged in by drivers."""

    SOCKET = "socket"
    FIXED = "fixed"


class StationSetup(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The charge point: `settings` are configuration keys, `speed` is how much faster physics runs."""

    connectors: Annotated[int, Meta(ge=1, le=100)] = 1
    cables: Cables = Cables.SOCKET
    speed: Annotated[float, Meta(ge=0.1, le=3600)] = 1.0
    settings: dict[str, Setting] = {}


class KnownTag(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tag that the central system has to know before the scenario begins."""

    id_tag: Tag
    status: Literal["Accepted", "Blocked", "Expired", "Invalid"] = "Accepted"
    parent_id_tag: Tag | None = None


class Scenario(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is done, and what has to come of it; `specification` says which sections it is about."""

    name: Name
    description: Annotated[str, Meta(min_length=1)]
    specification: tuple[str, ...] = ()
    station: StationSetup = StationSetup()
    tags: tuple[KnownTag, ...] = ()
    steps: tuple[AnyStep, ...]


def as_text(setting: Setting) -> str:
    """Return the value of a configuration key as OCPP writes it."""
    return str(setting).lower() if isinstance(setting, bool) else str(setting)


def settings_of(setup: StationSetup) -> Mapping[str, str]:
    """Return the configuration keys of a charge point as text."""
    return {key: as_text(value) for key, value in setup.settings.items()}
