"""The OCPP listener: accepts sockets, asks admission before the upgrade, and ends what it opened."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from enum import Enum, auto
from http import HTTPStatus
from ssl import SSLContext
from types import TracebackType
from typing import NamedTuple, Self, cast

from websockets.http11 import Request
from websockets.protocol import Protocol, Side, State

from voltyard.transport.deadlines import Deadlines
from voltyard.transport.errors import UnusableRequest
from voltyard.transport.handshake import (
    DEFAULT_HANDSHAKE_LIMITS,
    SUBPROTOCOL,
    Admission,
    Handshake,
    HandshakeLimits,
    Refusal,
    ServerHandshake,
    Tls,
    choose_subprotocol,
    read_handshake,
    refusal_response,
)
from voltyard.transport.websocket import (
    DEFAULT_LIMITS,
    DEFAULT_PING_INTERVAL_S,
    WIRE_LOG,
    Connected,
    Limits,
    Nobody,
    WebSocketConnection,
    half_close,
)

Admit = Callable[[Handshake], Awaitable[Admission | Refusal]]

_BACKLOG = 4096  # a whole fleet comes back after a power failure
_GOING_AWAY = 1001
_RETRY_AFTER_S = 5

_log = logging.getLogger(__name__)


class RefusedHandshake(NamedTuple):
    """An attempt to connect that came to nothing, for whoever wonders why a charge point is offline.

    `identity` is None as long as none has been read; `status` is 101 for a charge point that offered no
    usable subprotocol.
    """

    remote_address: str
    identity: str | None
    status: int
    reason: str


class Listener:
    """Accepts charge points on one address; made by `serve`, ended by `close` or `async with`."""

    def __init__(self, server: asyncio.Server, door: _Door) -> None:
        self._server = server
        self._door = door
        self._port = int(server.sockets[0].getsockname()[1])

    @property
    def port(self) -> int:
        """The TCP port, also when the system chose it."""
        return self._port

    async def close(self, deadline_s: float = 5.0) -> None:
        """Stop listening, close every connection with 1001 and wait until all are gone.

        What is still open after `deadline_s` seconds is cut.
        """
        self._server.close()
        self._door.shut()
        with suppress(TimeoutError):
            async with asyncio.timeout(deadline_s):
                await self._door.emptied()
        self._door.cut()
        await self._door.emptied()
        await self._server.wait_closed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


async def serve(
    admit: Admit,
    host: str,
    port: int,
    *,
    endpoint: str = "/ocpp",
    ssl: SSLContext | None = None,
    limits: Limits = DEFAULT_LIMITS,
    handshake_limits: HandshakeLimits = DEFAULT_HANDSHAKE_LIMITS,
    ping_interval_s: float = DEFAULT_PING_INTERVAL_S,
    refused: Callable[[RefusedHandshake], None] = lambda _: None,
    resolution_s: float = 0.25,
) -> Listener:
    """Listen for charge points on `ws://host:port{endpoint}/{identity}`; port 0 takes a free one.

    `admit` decides about every well-formed request before the upgrade; nothing else learns of a charge
    point that is not admitted, but `refused`. Deadlines are kept to `resolution_s` seconds.
    """
    loop = asyncio.get_running_loop()
    door = _Door(
        admit=admit,
        endpoint=endpoint,
        limits=limits,
        handshake_limits=handshake_limits,
        ping_interval_s=ping_interval_s,
        refused=refused,
        deadlines=Deadlines(loop, resolution_s),
    )
    server = await loop.create_server(
        lambda: _Opening(loop, door),
        host,
        port,
        ssl=ssl,
        backlog=_BACKLOG,
        ssl_handshake_timeout=handshake_limits.timeout_s if ssl else None,
        ssl_shutdown_timeout=limits.close_timeout_s if ssl else None,
    )
    return Listener(server, door)


class _Door:
    """What the handshakes of one listener share: the terms, and who is inside or on the threshold."""

    def __init__(
        self,
        *,
        admit: Admit,
        endpoint: str,
        limits: Limits,
        handshake_limits: HandshakeLimits,
        ping_interval_s: float,
        refused: Callable[[RefusedHandshake], None],
        deadlines: Deadlines,
    ) -> None:
        self.admit = admit
        self.endpoint = endpoint
        self.limits = limits
        self.handshake_limits = handshake_limits
        self.ping_interval_s = ping_interval_s
        self.refused = refused
        self.deadlines = deadlines
        self._openings: defaultdict[str, set[_Opening]] = defaultdict(set)
        self._connections: set[WebSocketConnection] = set()
        self._is_shut = False
        self._somebody_left = asyncio.Event()

    def enter(self, opening: _Opening, address: str) -> bool:
        """Count a handshake that begins; False if there is no room for it."""
        if self._is_shut or len(self._openings[address]) >= self.handshake_limits.per_address:
            return False
        self._openings[address].add(opening)
        return True

    def leave(self, opening: _Opening, address: str) -> None:
        """Forget a handshake that ended, whichever way."""
        self.deadlines.forget(opening)
        self._openings[address].discard(opening)
        if not self._openings[address]:
            del self._openings[address]
        self._somebody_left.set()

    def admitted(self, connection: WebSocketConnection) -> None:
        self._connections.add(connection)

    def gone(self, connection: WebSocketConnection) -> None:
        self._connections.discard(connection)
        self._somebody_left.set()

    def shut(self) -> None:
        """Let nobody in, send everybody away."""
        self._is_shut = True
        for opening in self._all_openings():
            opening.refuse(Refusal.unavailable(_RETRY_AFTER_S))
        for connection in list(self._connections):
            connection.close(_GOING_AWAY, "the central system is going away")

    def cut(self) -> None:
        """Do not wait for anybody's part in the closing."""
        for opening in self._all_openings():
            opening.abort()
        for connection in list(self._connections):
            connection.abort()

    async def emptied(self) -> None:
        while self._openings or self._connections:
            self._somebody_left.clear()
            await self._somebody_left.wait()

    def _all_openings(self) -> list[_Opening]:
        return [opening for openings in self._openings.values() for opening in openings]


class _Phase(Enum):
    READING = auto()
    ADMITTING = auto()
    REFUSED = auto()
    UPGRADED = auto()


class _Opening(asyncio.Protocol):
    """A TCP connection until it is upgraded or refused."""

    __slots__ = (
        "_address",
        "_admission",
        "_door",
        "_handshake",
        "_identity",
        "_loop",
        "_phase",
        "_transport",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, door: _Door) -> None:
        self._loop = loop
        self._door = door
        self._handshake = ServerHandshake(door.handshake_limits)
        self._phase = _Phase.READING
        self._identity: str | None = None
        self._admission: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # TCP and TLS give a Transport
        self._address = str((transport.get_extra_info("peername") or ("",))[0])
        if self._door.enter(self, self._address):
            deadline = self._door.deadlines.now() + self._door.handshake_limits.timeout_s
            self._door.deadlines.set(self, deadline)
        else:
            self._report(HTTPStatus.TOO_MANY_REQUESTS, "no room for another handshake")
            self._phase = _Phase.REFUSED
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._phase is _Phase.REFUSED:
            return
        try:
            request = self._handshake.receive(data)
            if request is not None:
                self._ask_admission(request)
        except UnusableRequest as error:
            self.refuse(Refusal(error.status, error.reason))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._admission is not None:
            self._admission.cancel()
        self._door.leave(self, self._address)

    def deadline_reached(self, now: float) -> None:
        match self._phase:
            case _Phase.READING:
                self.refuse(Refusal(HTTPStatus.REQUEST_TIMEOUT, "no complete request in time"))
            case _Phase.ADMITTING:
                self.refuse(Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "no decision in time"))
            case _:
                self.abort()

    def refuse(self, refusal: Refusal) -> None:
        """Answer with an HTTP error; the client closes, or a deadline does."""
        if self._phase not in {_Phase.READING, _Phase.ADMITTING}:
            return
        self._phase = _Phase.REFUSED
        if self._admission is not None and self._admission is not asyncio.current_task():
            self._admission.cancel()
        self._report(refusal.status, refusal.reason)
        self._transport.write(refusal_response(refusal))
        half_close(self._transport)
        self._door.deadlines.set(self, self._door.deadlines.now() + self._door.limits.close_timeout_s)

    def abort(self) -> None:
        self._transport.abort()

    def _ask_admission(self, request: Request) -> None:
        handshake = read_handshake(request, self._door.endpoint, self._address, _tls(self._transport))
        self._identity = handshake.identity
        self._phase = _Phase.ADMITTING
        self._admission = self._loop.create_task(self._admit(handshake))

    async def _admit(self, handshake: Handshake) -> None:
        try:
            verdict = await self._door.admit(handshake)
            match verdict:
                case Admission():
                    self._upgrade(handshake.subprotocols, verdict)
                case Refusal():
                    self.refuse(verdict)
        except Exception:  # noqa: BLE001 - a fault in admission ends this attempt and nothing else
            _log.exception("admission failed")
            self._fail()

    def _fail(self) -> None:
        if self._phase is _Phase.ADMITTING:
            self.refuse(Refusal(HTTPStatus.INTERNAL_SERVER_ERROR))
        else:
            self.abort()

    def _upgrade(self, offered: tuple[str, ...], admission: Admission) -> None:
        self._phase = _Phase.UPGRADED
        self._admission = None
        subprotocol = choose_subprotocol(offered)
        self._transport.write(self._handshake.response(subprotocol))
        if subprotocol is None and (offered or not admission.assume_ocpp16):
            # OCPP-J 1.6 §3.2: complete the handshake without the header, then close at once.
            self._report(HTTPStatus.SWITCHING_PROTOCOLS, "no common subprotocol")
            self._open(lambda _: Nobody(), 0).close(1002, f"the subprotocol must be {SUBPROTOCOL}")
        else:
            self._open(admission.connected, self._ping_interval_s(admission))

    def _ping_interval_s(self, admission: Admission) -> float:
        interval_s = admission.ping_interval_s
        return self._door.ping_interval_s if interval_s is None else interval_s

    def _open(self, connected: Connected, ping_interval_s: float) -> WebSocketConnection:
        door = self._door
        connection = WebSocketConnection(
            self._transport,
            Protocol(Side.SERVER, state=State.OPEN, max_size=door.limits.message_bytes, logger=WIRE_LOG),
            connected,
            limits=door.limits,
            deadlines=door.deadlines,
            ping_interval_s=ping_interval_s,
            gone=door.gone,
        )
        door.admitted(connection)
        door.leave(self, self._address)
        if early := self._handshake.early:
            connection.data_received(early)
        return connection

    def _report(self, status: int, reason: str) -> None:
        self._door.refused(RefusedHandshake(self._address, self._identity, status, reason))


def _tls(transport: asyncio.Transport) -> Tls | None:
    session = transport.get_extra_info("ssl_object")
    if session is None:
        return None
    return Tls(
        version=session.version(),
        cipher=session.cipher()[0],
        peer_certificate=session.getpeercert(binary_form=True),
    )
