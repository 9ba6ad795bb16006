"""The way to the central system: at most one conversation at a time, and none when offline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol, TypeVar

from voltyard.chargepoint.clock import Clock
from voltyard.protocol.codec import Compliance
from voltyard.protocol.payload import Payload, Request
from voltyard.transport.errors import Disconnected
from voltyard.transport.link import Link, Receiver
from voltyard.transport.peer import FrameObserver, Peer, Responder

R = TypeVar("R", bound=Payload)

StayConnected = Callable[[Callable[[Link], Receiver]], Coroutine[Any, Any, None]]
"""Connects, and connects again whenever the connection is lost, until it is cancelled.

For each connection it calls what it was given, which says who receives."""

CALL_TIMEOUT_S: Final = 30.0
_NOT_CONNECTED: Final = (1006, "not connected")


class Caller(Protocol):
    """Whom messages can be sent through."""

    async def call(self, request: Request[R]) -> R:
        """Return the answer; raises `PeerError`, of which `Disconnected` means that we are offline."""


class Uplink:
    """Keeps the conversation with the central system and notes when something was last sent."""

    def __init__(
        self,
        clock: Clock,
        *,
        compliance: Compliance = Compliance.TOLERANT,
        observer: FrameObserver | None = None,
    ) -> None:
        self._clock = clock
        self._compliance = compliance
        self._observer = observer
        self._peer: Peer | None = None
        self._up = asyncio.Event()
        self._down = asyncio.Event()
        self._down.set()
        self._last_sent_at = clock.monotonic()

    @property
    def is_connected(self) -> bool:
        return self._peer is not None

    @property
    def silent_for_s(self) -> float:
        """How long nothing has been sent."""
        return self._clock.monotonic() - self._last_sent_at

    def connected(self, responder: Responder, link: Link) -> Receiver:
        """Take over a new connection; `responder` answers the central system's calls."""
        peer = Peer(link, responder, compliance=self._compliance, observer=self._observer)
        self._peer = peer
        self._down.clear()
        self._up.set()
        return _Line(peer, self._lost)

    async def call(self, request: Request[R]) -> R:
        """Send a request and return its answer; raises `PeerError`."""
        if self._peer is None:
            raise Disconnected(*_NOT_CONNECTED)
        self._last_sent_at = self._clock.monotonic()
        return await self._peer.call(request, timeout=CALL_TIMEOUT_S)

    def after_answer(self, action: Callable[[], None]) -> None:
        """Run `action` when the answer to the call being handled has been sent."""
        if self._peer is not None:
            self._peer.after_answer(action)

    def close(self) -> None:
        """End the conversation; the connection is made anew unless nobody stays connected."""
        if self._peer is not None:
            self._peer.close()

    async def up(self) -> None:
        """Wait for a connection."""
        await self._up.wait()

    async def down(self) -> None:
        """Wait until there is no connection."""
        await self._down.wait()

    def _lost(self, peer: Peer) -> None:
        if self._peer is peer:
            self._peer = None
            self._up.clear()
            self._down.set()


class _Line:
    """Receives for a peer and tells when the connection is gone."""

    def __init__(self, peer: Peer, lost: Callable[[Peer], None]) -> None:
        self._peer = peer
        self._lost = lost
        self.frame_received = peer.frame_received

    def connection_lost(self, code: int, reason: str) -> None:
        self._peer.connection_lost(code, reason)
        self._lost(self._peer)
