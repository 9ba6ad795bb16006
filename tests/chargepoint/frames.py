"""An observer for stories in which it matters what leaves the charge point before what."""

from __future__ import annotations

import json
from typing import Any

from voltyard.protocol.rpc import Event


class SentFrames:
    """Remembers what the charge point has sent: actions of its calls, and `answer` for each answer."""

    def __init__(self) -> None:
        self.order: list[str] = []

    def received(self, frame: bytes, event: Event) -> None:
        pass

    def sent(self, frame: bytes) -> None:
        elements: list[Any] = json.loads(frame)
        self.order.append(elements[2] if elements[0] == 2 else "answer")
