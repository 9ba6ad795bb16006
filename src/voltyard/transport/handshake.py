"""The opening handshake from the server's side: who asks for what, and the answer in bytes. No I/O."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import unquote_to_bytes

from websockets.datastructures import Headers
from websockets.exceptions import RequestLineTooLong, SecurityError
from websockets.headers import parse_subprotocol
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

from voltyard.transport.errors import UnusableRequest
from voltyard.transport.link import Link, Receiver
from voltyard.transport.websocket import WIRE_LOG

SUBPROTOCOL = "ocpp1.6"

_IDENTITY = re.compile(rb"[A-Za-z0-9*\-_=:+|@. ]{1,48}")
_DOT_SEGMENTS = (b".", b"..")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_END_OF_HEAD = b"\r\n\r\n"
_HEADERS_OF_STATUS = {
    HTTPStatus.METHOD_NOT_ALLOWED: (("Allow", "GET"),),
    HTTPStatus.UPGRADE_REQUIRED: (("Upgrade", "websocket"),),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HandshakeLimits:
    """What one attempt to connect may cost.

    `timeout_s` is the time from the TCP connection to the 101; `head_bytes` bounds the request and
    `early_bytes` what arrives behind it before the 101. `per_address` is the number of handshakes one
    remote address may have in progress.
    """

    timeout_s: float = 10.0
    head_bytes: int = 16 * 1024
    early_bytes: int = 64 * 1024
    per_address: int = 256


DEFAULT_HANDSHAKE_LIMITS = HandshakeLimits()


@dataclass(frozen=True, slots=True)
class BasicCredentials:
    """What HTTP Basic authentication says; the password is bytes and need not be text."""

    username: str
    password: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """What the TLS layer knows about the connection; the certificate is DER, if the client gave one."""

    version: str
    cipher: str
    peer_certificate: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """A charge point's wish to connect; everything in it is unproven."""

    identity: str
    path: str
    remote_address: str
    subprotocols: tuple[str, ...] = ()
    authorization: bytes | None = field(default=None, repr=False)
    tls: Tls | None = None

    @property
    def credentials(self) -> BasicCredentials | None:
        """The Basic credentials, or None if there are none that can be read."""
        return None if self.authorization is None else parse_basic(self.authorization)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Yes: upgrade the connection and hand it to `connected`.

    `assume_ocpp16` accepts a charge point that offers no subprotocol at all. `ping_interval_s` replaces
    the listener's; 0 sends no pings.
    """

    connected: Callable[[Link], Receiver]
    assume_ocpp16: bool = False
    ping_interval_s: float | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """No: answer with this HTTP status instead of 101. `reason` is sent, so it must not tell secrets."""

    status: int
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def unknown(cls) -> Refusal:
        """No charge point has this identity (OCPP-J 1.6 §3.2)."""
        return cls(HTTPStatus.NOT_FOUND, "unknown charge point")

    @classmethod
    def unauthorized(cls, realm: str) -> Refusal:
        """The credentials are missing or wrong; `realm` has no quotation marks."""
        headers = (("WWW-Authenticate", f'Basic realm="{realm}"'),)
        return cls(HTTPStatus.UNAUTHORIZED, "credentials missing or wrong", headers)

    @classmethod
    def too_many_attempts(cls, retry_after_s: int) -> Refusal:
        """This charge point or address tries too often."""
        headers = (("Retry-After", str(retry_after_s)),)
        return cls(HTTPStatus.TOO_MANY_REQUESTS, "too many attempts", headers)

    @classmethod
    def unavailable(cls, retry_after_s: int) -> Refusal:
        """The central system cannot serve anybody now."""
        headers = (("Retry-After", str(retry_after_s)),)
        return cls(HTTPStatus.SERVICE_UNAVAILABLE, "try again later", headers)


class ServerHandshake:
    """One opening handshake: takes bytes until the request is complete, then says what it asks for."""

    __slots__ = ("_limits", "_received", "_response")

    def __init__(self, limits: HandshakeLimits) -> None:
        self._limits = limits
        self._received = bytearray()
        self._response: Response | None = None

    def receive(self, data: bytes) -> Request | None:
        """Return the request when `data` completes it; raises UnusableRequest.

        What follows the request is kept, to be read when the connection is open.
        """
        searched = max(len(self._received) - len(_END_OF_HEAD) + 1, 0)
        self._received += data
        if self._response is not None:
            self._check_early()
            return None
        end = self._received.find(_END_OF_HEAD, searched)
        size = len(self._received) if end < 0 else end + len(_END_OF_HEAD)
        if size > self._limits.head_bytes:
            raise UnusableRequest(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the request is too long")
        if end < 0:
            return None
        request, self._response = _upgrade(bytes(self._received[:size]))
        del self._received[:size]
        self._check_early()
        return request

    @property
    def early(self) -> bytes:
        """What arrived behind the request."""
        return bytes(self._received)

    def response(self, subprotocol: str | None) -> bytes:
        """Return the 101 that selects `subprotocol`, or none."""
        if self._response is None:
            raise ValueError("the request is not complete")
        if subprotocol is not None:
            self._response.headers["Sec-WebSocket-Protocol"] = subprotocol
        return self._response.serialize()

    def _check_early(self) -> None:
        # A client must not send anything before it has seen the 101 (RFC 6455 §4.1).
        if len(self._received) > self._limits.early_bytes:
            raise UnusableRequest(HTTPStatus.BAD_REQUEST, "too much data before the connection is open")


def read_handshake(request: Request, endpoint: str, remote_address: str, tls: Tls | None) -> Handshake:
    """Return what `request`, which `ServerHandshake` has checked, asks of the endpoint with that path.

    Raises UnusableRequest.
    """
    headers = request.headers
    authorizations = headers.get_all("Authorization")
    if len(authorizations) > 1:
        raise UnusableRequest(HTTPStatus.BAD_REQUEST, "more than one Authorization header")
    return Handshake(
        identity=parse_identity(request.path, endpoint),
        path=request.path,
        remote_address=remote_address,
        subprotocols=tuple(
            token for value in headers.get_all("Sec-WebSocket-Protocol") for token in parse_subprotocol(value)
        ),
        # The library reads headers as ISO-8859-1, which is reversible.
        authorization=authorizations[0].encode("iso-8859-1") if authorizations else None,
        tls=tls,
    )


def parse_identity(target: str, endpoint: str) -> str:
    """Return the charge point identity in a request target such as `/ocpp/RDAM%20123`.

    It is the last path segment, split off before it is percent-decoded once (OCPP-J 1.6 §3.1.1). Raises
    UnusableRequest.
    """
    path = target.partition("?")[0].removesuffix("/")
    parent, _, segment = path.rpartition("/")
    if parent != endpoint.rstrip("/"):
        raise UnusableRequest(HTTPStatus.NOT_FOUND, "no OCPP endpoint here")
    identity = unquote_to_bytes(segment)
    # Dot segments cannot be a charge point: RFC 3986 §6.2.2.3 lets anybody on the way remove them.
    allowed = _IDENTITY.fullmatch(identity) and identity not in _DOT_SEGMENTS
    if _BROKEN_ESCAPE.search(segment) or not allowed:
        raise UnusableRequest(HTTPStatus.BAD_REQUEST, "not a charge point identity")
    return identity.decode("ascii")


def parse_basic(authorization: bytes) -> BasicCredentials | None:
    """Return the credentials in an `Authorization` header, or None if it is not readable as Basic.

    The octets are split at the first colon: the password may hold colons and need not be UTF-8
    (OCPP-J 1.6 §6.2.2).
    """
    scheme, _, token = authorization.partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        decoded = b64decode(token.strip(), validate=True)
    except binascii.Error:
        return None
    username, colon, password = decoded.partition(b":")
    return BasicCredentials(username.decode(errors="replace"), password) if colon else None


def choose_subprotocol(offered: Sequence[str]) -> str | None:
    """Return OCPP 1.6 as the client spells it, wherever it stands in the list, or None."""
    return next((token for token in offered if token.lower() == SUBPROTOCOL), None)


def refusal_response(refusal: Refusal) -> bytes:
    """Return the HTTP response for a refusal; the connection is closed after it."""
    status = HTTPStatus(refusal.status)
    body = f"{refusal.reason or status.phrase}\n".encode()
    headers = Headers(
        [
            ("Connection", "close"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            *_HEADERS_OF_STATUS.get(status, ()),
            *refusal.headers,
        ]
    )
    return Response(status.value, status.phrase, headers, body).serialize()


def _upgrade(head: bytes) -> tuple[Request, Response]:
    """Return the request in `head` and the 101 that would answer it; raises UnusableRequest."""
    protocol = ServerProtocol(logger=WIRE_LOG)
    protocol.receive_data(head)
    match protocol.events_received():
        case [Request() as request]:
            response = protocol.accept(request)
        case _:
            raise UnusableRequest(_status_of(protocol.handshake_exc), "not a readable HTTP request")
    if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
        raise UnusableRequest(response.status_code, "not a WebSocket opening handshake")
    return request, response


def _status_of(error: Exception | None) -> HTTPStatus:
    match error:
        case RequestLineTooLong():
            return HTTPStatus.REQUEST_URI_TOO_LONG
        case SecurityError():
            return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        case _:
            return HTTPStatus.BAD_REQUEST
