"""Which charge point a message came from."""

from __future__ import annotations

from msgspec import Struct


class Origin(Struct, frozen=True):
    """A charge point as services know it while they handle its messages."""

    id: int
    identity: str
