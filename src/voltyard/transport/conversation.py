"""Peers over WebSocket in one line, for programs that need no more than that."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from hmac import compare_digest

from voltyard.protocol.codec import Compliance
from voltyard.transport.client import connect
from voltyard.transport.handshake import Admission, Handshake, Refusal
from voltyard.transport.link import Link, Receiver
from voltyard.transport.peer import Peer
from voltyard.transport.router import Router, RouterResponder
from voltyard.transport.server import Listener, serve


@asynccontextmanager
async def connect_peer(
    endpoint_url: str,
    identity: str,
    router: Router[Peer],
    *,
    password: bytes | None = None,
    compliance: Compliance = Compliance.TOLERANT,
) -> AsyncIterator[Peer]:
    """Connect to a central system as charge point `identity` and give the peer to talk to.

    `router` answers what the central system asks. Raises what `connect` raises; the connection is closed at
    the end of the block.
    """
    responder = RouterResponder(router)
    peers: list[Peer] = []

    def connected(link: Link) -> Receiver:
        peers.append(Peer(link, responder, compliance=compliance))
        return peers[0]

    connection = await connect(endpoint_url, identity, connected, password=password)
    try:
        yield peers[0]
    finally:
        connection.close()
        await connection.wait_closed()


async def serve_peers(
    router: Router[Peer],
    host: str,
    port: int,
    *,
    passwords: Mapping[str, bytes],
    joined: Callable[[str, Peer], None] = lambda _identity, _peer: None,
    compliance: Compliance = Compliance.TOLERANT,
) -> Listener:
    """Listen for charge points on `ws://host:port/ocpp/{identity}` and answer them from `router`.

    `passwords` says who may connect (Basic authentication, OCPP-J 1.6 §6.2): others get 404, or 401 without
    the right password. `joined` is told of each peer. `serve` admits by any other rule.
    """
    responder = RouterResponder(router)

    async def admit(handshake: Handshake) -> Admission | Refusal:
        password = passwords.get(handshake.identity)
        if password is None:
            return Refusal.unknown()
        given = handshake.credentials
        if (
            given is None
            or given.username != handshake.identity
            or not compare_digest(given.password, password)
        ):
            return Refusal.unauthorized("OCPP")

        def connected(link: Link) -> Receiver:
            peer = Peer(link, responder, compliance=compliance)
            joined(handshake.identity, peer)
            return peer

        return Admission(connected=connected)

    return await serve(admit, host, port)
