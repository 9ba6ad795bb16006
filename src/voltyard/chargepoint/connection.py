"""The usual way to stay connected: a WebSocket to the central system, dialled again with growing delays."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from random import SystemRandom
from ssl import SSLContext
from typing import Any

from voltyard.chargepoint.uplink import StayConnected
from voltyard.transport.backoff import Backoff
from voltyard.transport.client import Reconnecting, connect
from voltyard.transport.errors import TransportError
from voltyard.transport.link import Link, Receiver
from voltyard.transport.websocket import WebSocketConnection


def stay_connected_to(
    endpoint_url: str,
    identity: str,
    *,
    password: bytes | None = None,
    ssl: SSLContext | None = None,
    longest_delay_s: float = 300.0,
    failed: Callable[[OSError | TransportError, float], None] = lambda error, retry_in_s: None,
) -> StayConnected:
    """Return what connects as charge point `identity` and connects again after every loss.

    The URL is that of the endpoint, without the identity. `failed` is told what went wrong with an attempt
    and in how many seconds the next one follows; delays grow to `longest_delay_s`.
    """

    async def dial(connected: Callable[[Link], Receiver]) -> WebSocketConnection:
        return await connect(endpoint_url, identity, connected, password=password, ssl=ssl)

    def stay_connected(connected: Callable[[Link], Receiver]) -> Coroutine[Any, Any, None]:
        backoff = Backoff(SystemRandom().random, initial_s=min(2.0, longest_delay_s), cap_s=longest_delay_s)
        return Reconnecting(dial, connected, backoff, failed=failed).run()

    return stay_connected
