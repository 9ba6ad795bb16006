"""What happened, told to whoever listens after it is durable."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Event(Struct, frozen=True):
    """One fact. `kind` is a past tense (`transaction.started`), `details` is what a listener needs."""

    kind: str
    charge_point: str | None
    at_us: int
    details: dict[str, Any]
