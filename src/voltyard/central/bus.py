"""The in-process bus: facts go out to whoever listens, and to those who come back within a moment."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

from voltyard.central.services.events import Event

_REMEMBERED = 1000
_QUEUE_LENGTH = 2000


class Numbered(NamedTuple):
    """An event and its place in the stream of this process."""

    number: int
    event: Event


class Bus:
    """Publishes events. Belongs to the event loop; a listener must not raise and must not block."""

    def __init__(self) -> None:
        self._number = 0
        self._recent: deque[Numbered] = deque(maxlen=_REMEMBERED)
        self._listeners: list[Callable[[Event], None]] = []
        self._streams: set[asyncio.Queue[Numbered | None]] = set()

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Call `listener` for every event from now on."""
        self._listeners.append(listener)

    def publish(self, events: list[Event]) -> None:
        """Tell everybody."""
        for event in events:
            self._number += 1
            numbered = Numbered(self._number, event)
            self._recent.append(numbered)
            for listener in self._listeners:
                listener(event)
            if self._streams:
                for stream in list(self._streams):
                    self._deliver(stream, numbered)

    async def stream(self, after: int | None = None) -> AsyncIterator[Numbered]:
        """Yield events as they come, first those after the given number that are still remembered.

        Ends when the reader is too slow to keep up, or when the bus closes.
        """
        queue: asyncio.Queue[Numbered | None] = asyncio.Queue(_QUEUE_LENGTH)
        missed = [numbered for numbered in self._recent if after is not None and numbered.number > after]
        self._streams.add(queue)
        try:
            for numbered in missed:
                yield numbered
            while (item := await queue.get()) is not None:
                yield item
        finally:
            self._streams.discard(queue)

    def close(self) -> None:
        """End all streams."""
        for stream in self._streams:
            self._end(stream)

    def _deliver(self, stream: asyncio.Queue[Numbered | None], numbered: Numbered) -> None:
        try:
            stream.put_nowait(numbered)
        except asyncio.QueueFull:
            self._streams.discard(stream)
            self._end(stream)

    @staticmethod
    def _end(stream: asyncio.Queue[Numbered | None]) -> None:
        if stream.full():
            stream.get_nowait()
        stream.put_nowait(None)
