"""The last frames between a charge point and its central system, for people to look at."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from itertools import islice
from typing import Final, NamedTuple

from msgspec import MsgspecError, Raw, json

from voltyard.chargepoint.simulator.fault_rates import Direction
from voltyard.protocol.rpc import Event

MAX_FRAMES: Final = 2000
MAX_BYTES: Final = 8 * 1024 * 1024

_elements = json.Decoder(list[Raw])
_text = json.Decoder(str)
_UNREADABLE: Final = (MsgspecError, ValueError, RecursionError, IndexError)
_OTHER: Final = {Direction.IN: Direction.OUT, Direction.OUT: Direction.IN}
_Calls = dict[tuple[Direction, str], str]
"""The actions of CALLs that have no answer yet, by direction and id."""


class Logged(NamedTuple):
    """A frame; `number` counts all frames from 1 on, also those that are forgotten by now."""

    number: int
    at: datetime
    direction: Direction
    frame: bytes


class Message(NamedTuple):
    """A logged frame and the action it is about: of a CALL its own, of an answer that of its CALL."""

    logged: Logged
    action: str | None


class MessageLog:
    """Keeps so many of the last frames, and so many bytes of them at most; a `FrameObserver`."""

    def __init__(
        self, now: Callable[[], datetime], *, frames: int = MAX_FRAMES, max_bytes: int = MAX_BYTES
    ) -> None:
        self._now = now
        self._frames: deque[Logged] = deque(maxlen=frames)
        self._max_bytes = max_bytes
        self._bytes = 0
        self._last = 0
        self._added = asyncio.Event()
        self._is_closed = False

    @property
    def last_number(self) -> int:
        """The number of the last frame; 0 before the first."""
        return self._last

    def received(self, frame: bytes, event: Event) -> None:
        """See `FrameObserver`."""
        self._add(Direction.IN, frame)

    def sent(self, frame: bytes) -> None:
        """See `FrameObserver`."""
        self._add(Direction.OUT, frame)

    def messages(self, after: int = 0) -> Iterator[Message]:
        """Yield the remembered frames behind a number, oldest first."""
        calls: _Calls = {}
        for logged in self._behind(0):
            action = _action(logged, calls)
            if logged.number > after:
                yield Message(logged, action)

    async def follow(self, after: int) -> AsyncIterator[Message]:
        """Yield the remembered frames behind a number and then each as it comes, until the log is closed.

        Whoever is too slow misses what is forgotten by then.
        """
        calls: _Calls = {}
        seen = 0
        while not self._is_closed:
            added = self._added
            for logged in self._behind(seen):
                seen = logged.number
                action = _action(logged, calls)
                if seen > after:
                    yield Message(logged, action)
            await added.wait()

    def close(self) -> None:
        """End all that follow."""
        self._is_closed = True
        self._wake()

    def _add(self, direction: Direction, frame: bytes) -> None:
        if len(self._frames) == self._frames.maxlen:
            self._forget()
        self._last += 1
        self._frames.append(Logged(self._last, self._now(), direction, frame))
        self._bytes += len(frame)
        while self._bytes > self._max_bytes:
            self._forget()
        self._wake()

    def _behind(self, number: int) -> tuple[Logged, ...]:
        # Numbers have no gaps.
        known = number - self._last + len(self._frames)
        return tuple(islice(self._frames, max(0, known), None))

    def _forget(self) -> None:
        self._bytes -= len(self._frames.popleft().frame)

    def _wake(self) -> None:
        added, self._added = self._added, asyncio.Event()
        added.set()


def _action(logged: Logged, calls: _Calls) -> str | None:
    """Return the action of a frame, given those of the CALLs before it; remember it if it is a CALL."""
    try:
        kind, id, *rest = _elements.decode(logged.frame)
        match bytes(kind), _text.decode(id):
            case b"2", call_id:
                action = calls[logged.direction, call_id] = _text.decode(rest[0])
                return action
            case b"3" | b"4", call_id:
                return calls.pop((_OTHER[logged.direction], call_id), None)
    except _UNREADABLE:
        return None
    return None
