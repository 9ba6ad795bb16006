"""Where asyncio meets the protocol: links over WebSocket and in memory, and the peers that live on them."""

from voltyard.transport.backoff import Backoff
from voltyard.transport.client import Reconnecting, connect, connection_url
from voltyard.transport.conversation import connect_peer, serve_peers
from voltyard.transport.deadlines import Deadlines
from voltyard.transport.errors import (
    AnswerInvalid,
    CallRejected,
    CallTimedOut,
    Disconnected,
    HandshakeFailed,
    HandshakeRefused,
    HangUp,
    PeerError,
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
from voltyard.transport.peer import FrameObserver, Peer, Responder
from voltyard.transport.router import Role, Router, RouterResponder
from voltyard.transport.server import Admit, Listener, RefusedHandshake, serve
from voltyard.transport.websocket import Connected, Limits, WebSocketConnection

__all__ = [
    "SUBPROTOCOL",
    "Admission",
    "Admit",
    "AnswerInvalid",
    "Backoff",
    "BasicCredentials",
    "CallRejected",
    "CallTimedOut",
    "Connected",
    "Deadlines",
    "Disconnected",
    "FrameObserver",
    "Handshake",
    "HandshakeFailed",
    "HandshakeLimits",
    "HandshakeRefused",
    "HangUp",
    "Limits",
    "Link",
    "Listener",
    "Peer",
    "PeerError",
    "Receiver",
    "Reconnecting",
    "Refusal",
    "RefusedHandshake",
    "Responder",
    "Role",
    "Router",
    "RouterResponder",
    "SubprotocolRefused",
    "Tls",
    "TransportError",
    "WebSocketConnection",
    "connect",
    "connect_peer",
    "connection_url",
    "serve",
    "serve_peers",
]
