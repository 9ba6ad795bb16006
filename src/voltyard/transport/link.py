"""The seam between a message stream (WebSocket, memory) and what lives on it (a peer)."""

from __future__ import annotations

from typing import Protocol


class Link(Protocol):
    """The sending half of an open connection. Nothing here blocks or raises on a closed connection."""

    def send(self, frame: bytes) -> None:
        """Queue one text message (UTF-8); dropped silently when the connection is closing."""

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Start the closing handshake; `Receiver.connection_lost` follows exactly once."""


class Receiver(Protocol):
    """What a connection delivers to. Called in the event loop, never concurrently."""

    def frame_received(self, frame: bytes) -> None:
        """One complete text message, valid UTF-8."""

    def connection_lost(self, code: int, reason: str) -> None:
        """The connection is gone; no frame follows. 1006 when it ended without a close frame."""
