"""Where asyncio meets the protocol: links over WebSocket and in memory, and the peers that live on them."""

from voltyard.transport.backoff import Backoff
from voltyard.transport.client import Reconnecting, connect, connection_url
from voltyard.transport.deadlines import Deadlines
from voltyard.transport.errors import (
    HandshakeFailed,
    HandshakeRefused,
    SubprotocolRefused,
    TransportError,
)
from voltyard.transport.handshake import (
    SUBPROTOCOL,
    Admission,
    BasicCredentials,
    Handshake,
    HandshakeLimits,
    Refusal,
    Tls,
)
from voltyard.transport.link import Link, Receiver
from voltyard.transport.server import Admit, Listener, RefusedHandshake, serve
from voltyard.transport.websocket import Connected, Limits, WebSocketConnection

__all__ = [
    "SUBPROTOCOL",
    "Admission",
    "Admit",
    "Backoff",
    "BasicCredentials",
    "Connected",
    "Deadlines",
    "Handshake",
    "HandshakeFailed",
    "HandshakeLimits",
    "HandshakeRefused",
    "Limits",
    "Link",
    "Listener",
    "Receiver",
    "Reconnecting",
    "Refusal",
    "RefusedHandshake",
    "SubprotocolRefused",
    "Tls",
    "TransportError",
    "WebSocketConnection",
    "connect",
    "connection_url",
    "serve",
]
