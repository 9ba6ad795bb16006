"""A connection without sockets: two links in one process, for tests and stories."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum, auto

from voltyard.transport.link import Link, Receiver

_LOST = (1006, "")


class MemoryLink:
    """One end of a connection in memory; behaves like a WebSocket connection, frame by frame."""

    __slots__ = ("_far", "_loop", "_near")

    def __init__(self, loop: asyncio.AbstractEventLoop, near: _End, far: _End) -> None:
        self._loop = loop
        self._near = near
        self._far = far

    def send(self, frame: bytes) -> None:
        """Deliver one text message to the other end, after those sent before it."""
        if self._near.state is _State.OPEN:
            self._loop.call_soon(self._far.frame_arrived, frame)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close after what has been sent; both receivers are told, the other end first."""
        if self._near.state is _State.OPEN:
            self._near.close(code, reason)
            self._loop.call_soon(self._far.close, code, reason)
            self._loop.call_soon(self._far.lose)
            self._loop.call_soon(self._near.lose)

    def abort(self) -> None:
        """Cut the connection as a power failure would: nothing under way arrives, 1006 on both ends."""
        for end in (self._near, self._far):
            end.close(*_LOST)
            self._loop.call_soon(end.lose)


def connect(
    left: Callable[[Link], Receiver], right: Callable[[Link], Receiver]
) -> tuple[MemoryLink, MemoryLink]:
    """Connect two ends in the running loop; each callable gets its end's link and says who receives."""
    loop = asyncio.get_running_loop()
    ends = _End(), _End()
    links = MemoryLink(loop, *ends), MemoryLink(loop, *reversed(ends))
    for end, link, connected in zip(ends, links, (left, right), strict=True):
        end.receiver = connected(link)
    return links


class _State(Enum):
    OPEN = auto()
    CLOSING = auto()
    CLOSED = auto()


class _End:
    __slots__ = ("ending", "receiver", "state")

    receiver: Receiver

    def __init__(self) -> None:
        self.state = _State.OPEN
        self.ending = _LOST

    def frame_arrived(self, frame: bytes) -> None:
        if self.state is _State.OPEN:
            self.receiver.frame_received(frame)

    def close(self, code: int, reason: str) -> None:
        # The first close counts, whichever end it comes from.
        if self.state is _State.OPEN:
            self.state = _State.CLOSING
            self.ending = (code, reason)

    def lose(self) -> None:
        if self.state is not _State.CLOSED:
            self.state = _State.CLOSED
            self.receiver.connection_lost(*self.ending)
