"""The charge point's side of the connection: connect once, or stay connected for ever."""

from __future__ import annotations

import asyncio
import logging
from base64 import b64encode
from collections.abc import Awaitable, Callable
from ssl import SSLContext, create_default_context
from typing import NoReturn, cast
from urllib.parse import quote, urlsplit, urlunsplit

from websockets.client import ClientProtocol
from websockets.datastructures import Headers
from websockets.exceptions import InvalidStatus, InvalidURI
from websockets.frames import Frame
from websockets.http11 import Response
from websockets.protocol import Protocol, Side
from websockets.typing import Subprotocol
from websockets.uri import WebSocketURI, parse_uri

from voltyard.transport.backoff import Backoff
from voltyard.transport.deadlines import Deadlines
from voltyard.transport.errors import HandshakeFailed, HandshakeRefused, SubprotocolRefused, TransportError
from voltyard.transport.handshake import SUBPROTOCOL, choose_subprotocol
from voltyard.transport.websocket import (
    DEFAULT_LIMITS,
    DEFAULT_PING_INTERVAL_S,
    WIRE_LOG,
    Connected,
    Limits,
    Nobody,
    WebSocketConnection,
)

Dial = Callable[[Connected], Awaitable[WebSocketConnection]]
"""Makes one attempt to connect: `connect` with everything but `connected` given."""

_GOING_AWAY = 1001
_PROTOCOL_ERROR = 1002
_END_OF_HEADERS = b"\r\n\r\n"


def connection_url(endpoint_url: str, identity: str) -> str:
    """Return the URL of OCPP-J 1.6 §3.1.1: the endpoint's, a slash and the percent-encoded identity."""
    if not identity:
        raise ValueError("a charge point identity is not empty")
    url = urlsplit(endpoint_url)
    return urlunsplit(url._replace(path=f"{url.path.rstrip('/')}/{quote(identity, safe='')}"))


async def connect(
    endpoint_url: str,
    identity: str,
    connected: Connected,
    *,
    password: bytes | None = None,
    ssl: SSLContext | None = None,
    limits: Limits = DEFAULT_LIMITS,
    ping_interval_s: float = DEFAULT_PING_INTERVAL_S,
    timeout_s: float = 30.0,
    deadlines: Deadlines | None = None,
) -> WebSocketConnection:
    """Connect as charge point `identity`, with Basic authentication if there is a password.

    `connected` is called once, when the connection is open and speaks `ocpp1.6`. `ssl` replaces the default
    context of a `wss` URL; `deadlines` may be shared by many connections of one loop. Raises OSError (also
    for TLS and after `timeout_s`), HandshakeFailed, HandshakeRefused and SubprotocolRefused.
    """
    uri = _parse(connection_url(endpoint_url, identity))
    if ssl is not None and not uri.secure:
        raise ValueError("an SSL context needs a wss URL")
    protocol = _OcppClientProtocol(uri, max_size=limits.message_bytes, logger=WIRE_LOG)

    def open_connection(transport: asyncio.Transport, framing: Protocol) -> WebSocketConnection:
        connection = WebSocketConnection(
            transport,
            framing,
            connected if protocol.speaks_ocpp16 else lambda _: Nobody(),
            limits=limits,
            deadlines=deadlines or Deadlines(asyncio.get_running_loop()),
            ping_interval_s=ping_interval_s,
            gone=lambda _: None,
        )
        if not protocol.speaks_ocpp16:
            connection.close(_PROTOCOL_ERROR, f"the subprotocol must be {SUBPROTOCOL}")
        return connection

    opening = _Opening(protocol, _authorization(identity, password), open_connection)
    async with asyncio.timeout(timeout_s):
        connection = await _dial(uri, ssl, opening)
    if not protocol.speaks_ocpp16:
        await connection.wait_closed()
        raise SubprotocolRefused(protocol.subprotocol)
    return connection


class Reconnecting:
    """Keeps a charge point connected: after every failure and every loss it waits and dials again.

    `connected` is called for each new connection. `failed` is told what went wrong with an attempt and
    after how many seconds the next one follows. Every refusal is worth another attempt, 404 included
    (errata to OCPP-J 1.6, §3.4).
    """

    __slots__ = ("_backoff", "_connected", "_connection", "_dial", "_failed", "_ping_interval_s")

    def __init__(
        self,
        dial: Dial,
        connected: Connected,
        backoff: Backoff,
        *,
        failed: Callable[[OSError | TransportError, float], None] = lambda error, retry_in_s: None,
        ping_interval_s: float = DEFAULT_PING_INTERVAL_S,
    ) -> None:
        self._dial = dial
        self._connected = connected
        self._backoff = backoff
        self._failed = failed
        self._ping_interval_s = ping_interval_s
        self._connection: WebSocketConnection | None = None

    def set_ping_interval(self, ping_interval_s: float) -> None:
        """Ping every so many seconds, on this connection and later ones; 0 sends no pings."""
        self._ping_interval_s = ping_interval_s
        if self._connection is not None:
            self._connection.set_ping_interval(ping_interval_s)

    async def run(self) -> NoReturn:
        """Stay connected until cancelled; then the connection is closed with 1001."""
        while True:
            delay_s = await self._attempt()
            await asyncio.sleep(delay_s)

    async def _attempt(self) -> float:
        """Connect and stay until the connection is lost; return the seconds to wait before the next time."""
        loop = asyncio.get_running_loop()
        try:
            connection = await self._dial(self._connected)
        except (OSError, TransportError) as error:
            asked_s = error.retry_after_s if isinstance(error, HandshakeRefused) else None
            delay_s = self._backoff.next_delay_s(asked_s or 0.0)
            self._failed(error, delay_s)
            return delay_s
        began = loop.time()
        self._connection = connection
        connection.set_ping_interval(self._ping_interval_s)
        try:
            await connection.wait_closed()
        finally:
            self._connection = None
            connection.close(_GOING_AWAY)
        self._backoff.connection_lasted(loop.time() - began)
        return self._backoff.next_delay_s()


class _OcppClientProtocol(ClientProtocol):
    """Leaves the judgement about the subprotocol to us: the library knows only exact spelling."""

    def __init__(
        self, uri: WebSocketURI, *, max_size: int, logger: logging.LoggerAdapter[logging.Logger]
    ) -> None:
        super().__init__(uri, subprotocols=[Subprotocol(SUBPROTOCOL)], max_size=max_size, logger=logger)

    @property
    def speaks_ocpp16(self) -> bool:
        return self.subprotocol is not None and choose_subprotocol([self.subprotocol]) is not None

    def process_subprotocol(self, headers: Headers) -> Subprotocol | None:
        values = headers.get_all("Sec-WebSocket-Protocol")
        return Subprotocol(", ".join(values)) if values else None


class _Opening(asyncio.Protocol):
    """A TCP connection until the server has answered the opening handshake."""

    __slots__ = ("_authorization", "_has_received", "_open_connection", "_protocol", "_transport", "opened")

    def __init__(
        self,
        protocol: ClientProtocol,
        authorization: str | None,
        open_connection: Callable[[asyncio.Transport, Protocol], WebSocketConnection],
    ) -> None:
        self.opened: asyncio.Future[WebSocketConnection] = asyncio.get_running_loop().create_future()
        self._protocol = protocol
        self._authorization = authorization
        self._open_connection = open_connection
        self._has_received = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # TCP and TLS give a Transport
        request = self._protocol.connect()
        if self._authorization is not None:
            request.headers["Authorization"] = self._authorization
        self._protocol.send_request(request)
        self._transport.write(b"".join(self._protocol.data_to_send()))

    def data_received(self, data: bytes) -> None:
        is_all = not self._has_received and data.find(_END_OF_HEADERS) == len(data) - len(_END_OF_HEADERS)
        self._has_received = True
        self._protocol.receive_data(data)
        self._proceed(is_response_alone=is_all)

    def eof_received(self) -> None:
        self._protocol.receive_eof()
        self._proceed(is_response_alone=False)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(HandshakeFailed("the connection was lost during the opening handshake"))

    def abandon(self) -> None:
        """End the connection, which nobody is going to own."""
        if self.opened.cancelled() or self.opened.exception() is not None:
            self._transport.abort()
        else:
            self.opened.result().close(_GOING_AWAY)

    def _proceed(self, *, is_response_alone: bool) -> None:
        match self._protocol.handshake_exc, self._protocol.events_received():
            case InvalidStatus() as error, _:
                self._fail(_refused(error.response))
            case Exception() as error, _:
                self._fail(HandshakeFailed(str(error)))
            case _, [_, *frames]:
                framing = _without_memories(self._protocol) if is_response_alone else self._protocol
                self._open(framing, cast("list[Frame]", frames))  # after the response there are only frames

    def _open(self, framing: Protocol, frames: list[Frame]) -> None:
        connection = self._open_connection(self._transport, framing)
        if not self.opened.done():
            self.opened.set_result(connection)
        connection.frames_received(frames)

    def _fail(self, error: TransportError) -> None:
        if not self.opened.done():
            self.opened.set_exception(error)
        self._transport.abort()


def _without_memories(protocol: ClientProtocol) -> Protocol:
    """Return what goes on after the response as it would have: headers are 3 KiB for as long as it lives."""
    return Protocol(Side.CLIENT, state=protocol.state, max_size=protocol.max_message_size, logger=WIRE_LOG)


async def _dial(uri: WebSocketURI, ssl: SSLContext | None, opening: _Opening) -> WebSocketConnection:
    context = (ssl or create_default_context()) if uri.secure else None
    loop = asyncio.get_running_loop()
    try:
        await loop.create_connection(lambda: opening, uri.host, uri.port, ssl=context)
    except asyncio.CancelledError:
        opening.opened.cancel()
        raise
    try:
        return await opening.opened
    except asyncio.CancelledError:
        opening.abandon()
        raise


def _parse(url: str) -> WebSocketURI:
    try:
        uri = parse_uri(url)
    except InvalidURI as error:
        raise ValueError(str(error)) from error
    if uri.user_info is not None:
        raise ValueError("credentials do not belong into the URL")
    return uri


def _authorization(identity: str, password: bytes | None) -> str | None:
    if password is None:
        return None
    # Also for an identity with a colon, which no user name should have (RFC 7617 §2): the central system has
    # it from the URL as well, and one that does not look there refuses, which is worth another attempt.
    return f"Basic {b64encode(identity.encode() + b':' + password).decode()}"


def _refused(response: Response) -> HandshakeRefused:
    retry_after = response.headers.get_all("Retry-After")[:1]
    seconds = [float(value) for value in retry_after if value.isdecimal()]
    return HandshakeRefused(response.status_code, response.reason_phrase, *seconds)
