"""The usual way to stay connected: a WebSocket to the central system, dialled again with growing delays."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from random import SystemRandom
from ssl import SSLContext
from typing import Any, Final, NamedTuple

from voltyard.chargepoint.uplink import StayConnected
from voltyard.transport.backoff import Backoff
from voltyard.transport.client import Reconnecting, connect
from voltyard.transport.deadlines import Deadlines
from voltyard.transport.errors import TransportError
from voltyard.transport.link import Link, Receiver
from voltyard.transport.websocket import DEFAULT_PING_INTERVAL_S, WebSocketConnection


class Terms(NamedTuple):
    """What the configuration says about the next connection; no password means the one given at first."""

    password: bytes | None = None
    ping_interval_s: float = DEFAULT_PING_INTERVAL_S


_USUAL_TERMS: Final = Terms()
_JITTER: Final = SystemRandom()


def stay_connected_to(
    endpoint_url: str,
    identity: str,
    *,
    password: bytes | None = None,
    terms: Callable[[], Terms] = lambda: _USUAL_TERMS,
    ssl: SSLContext | None = None,
    longest_delay_s: float = 300.0,
    failed: Callable[[OSError | TransportError, float], None] = lambda error, retry_in_s: None,
    deadlines: Deadlines | None = None,
) -> StayConnected:
    """Return what connects as charge point `identity` and connects again after every loss.

    The URL is that of the endpoint, without the identity. `terms` are asked for before each attempt, as the
    central system may change them (AuthorizationKey, WebSocketPingInterval): `Station.terms`. `failed` is
    told what went wrong with an attempt and in how many seconds the next one follows; delays grow to
    `longest_delay_s`. `deadlines` may be shared by all connections of one loop.
    """

    return _Way(endpoint_url, identity, password, terms, ssl, longest_delay_s, failed, deadlines)


class _Way:
    """A `StayConnected`; an object weighs less than a closure, of which a fleet has thousands."""

    __slots__ = (
        "_deadlines",
        "_endpoint_url",
        "_failed",
        "_identity",
        "_longest_delay_s",
        "_password",
        "_reconnecting",
        "_ssl",
        "_terms",
    )

    def __init__(
        self,
        endpoint_url: str,
        identity: str,
        password: bytes | None,
        terms: Callable[[], Terms],
        ssl: SSLContext | None,
        longest_delay_s: float,
        failed: Callable[[OSError | TransportError, float], None],
        deadlines: Deadlines | None,
    ) -> None:
        self._endpoint_url = endpoint_url
        self._identity = identity
        self._password = password
        self._terms = terms
        self._ssl = ssl
        self._longest_delay_s = longest_delay_s
        self._failed = failed
        self._deadlines = deadlines

    def __call__(self, connected: Callable[[Link], Receiver]) -> Coroutine[Any, Any, None]:
        longest_delay_s = self._longest_delay_s
        backoff = Backoff(_JITTER.random, initial_s=min(2.0, longest_delay_s), cap_s=longest_delay_s)
        self._reconnecting = Reconnecting(self._dial, connected, backoff, failed=self._failed)
        return self._reconnecting.run()

    async def _dial(self, connected: Callable[[Link], Receiver]) -> WebSocketConnection:
        agreed = self._terms()
        self._reconnecting.set_ping_interval(agreed.ping_interval_s)
        return await connect(
            self._endpoint_url,
            self._identity,
            connected,
            password=agreed.password or self._password,
            ssl=self._ssl,
            deadlines=self._deadlines,
        )
