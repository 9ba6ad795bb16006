"""Files by HTTP and HTTPS: GET and PUT, with a few redirections at most."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection, HTTPResponse
from ssl import SSLContext
from types import MappingProxyType
from typing import Final
from urllib.parse import urljoin

from voltyard.chargepoint.transfer.errors import Failure, TransferFailed
from voltyard.chargepoint.transfer.location import DEFAULT_PORTS, Location, locate
from voltyard.chargepoint.transfer.wire import Wire

Secure = Callable[[], SSLContext]
"""Returns what verifies servers; called only where there is TLS."""

CHUNK_BYTES: Final = 16_384
"""How much is read or written at once: a connection may be silent for a while, but not for longer."""

_MOST_REDIRECTIONS: Final = 5
_REDIRECTIONS: Final = frozenset(
    {
        HTTPStatus.MOVED_PERMANENTLY,
        HTTPStatus.FOUND,
        HTTPStatus.TEMPORARY_REDIRECT,
        HTTPStatus.PERMANENT_REDIRECT,
    }
)
_FAILURES: Final[Mapping[int, Failure]] = MappingProxyType(
    {
        HTTPStatus.BAD_REQUEST: Failure.BAD_MESSAGE,
        HTTPStatus.UNAUTHORIZED: Failure.PERMISSION_DENIED,
        HTTPStatus.FORBIDDEN: Failure.PERMISSION_DENIED,
        HTTPStatus.METHOD_NOT_ALLOWED: Failure.NOT_SUPPORTED,
        HTTPStatus.LENGTH_REQUIRED: Failure.BAD_MESSAGE,
        HTTPStatus.NOT_IMPLEMENTED: Failure.NOT_SUPPORTED,
    }
)


def fetch(location: Location, wire: Wire, secure: Secure, take: Callable[[bytes], None]) -> None:
    """Get a file and hand it over piece by piece; raises `TransferFailed`, `OSError`, `HTTPException`."""
    redirections = _REDIRECTIONS | {HTTPStatus.SEE_OTHER}
    for _ in range(1 + _MOST_REDIRECTIONS):
        with (
            closing(_Connection(location, wire, secure)) as connection,
            connection.ask("GET", b"") as response,
        ):
            if response.status not in redirections:
                _expect_success(response)
                _read(response, take)
                return
            location = _redirected(location, response)
    raise TransferFailed(Failure.FAILED, "too many redirections")


def store(location: Location, wire: Wire, secure: Secure, content: bytes) -> None:
    """Put a file; raises `TransferFailed`, `OSError`, `HTTPException`."""
    for _ in range(1 + _MOST_REDIRECTIONS):
        with (
            closing(_Connection(location, wire, secure)) as connection,
            connection.ask("PUT", content) as response,
        ):
            if response.status not in _REDIRECTIONS:
                _expect_success(response)
                return
            location = _redirected(location, response)
    raise TransferFailed(Failure.FAILED, "too many redirections")


class _Connection(HTTPConnection):
    def __init__(self, location: Location, wire: Wire, secure: Secure) -> None:
        super().__init__(location.host, location.port)
        self.default_port = DEFAULT_PORTS[location.scheme]
        self._location = location
        self._wire = wire
        self._secure = secure

    def connect(self) -> None:
        self.sock = self._wire.connect(self.host, self.port)
        if self._location.is_encrypted:
            self.sock = self._secure().wrap_socket(self.sock, server_hostname=self.host)

    def ask(self, method: str, content: bytes) -> HTTPResponse:
        """Return the answer, its body still to be read."""
        headers = {"Accept-Encoding": "identity", "Connection": "close", "User-Agent": "voltyard"}
        location = self._location
        if location.user is not None:
            credentials = b64encode(f"{location.user}:{location.password}".encode()).decode()
            headers["Authorization"] = f"Basic {credentials}"
        if method == "PUT":
            headers |= {"Content-Length": str(len(content)), "Content-Type": "application/octet-stream"}
        try:
            self.request(method, location.target, _pieces(content) if content else None, headers)
        except (BrokenPipeError, ConnectionResetError) as error:
            # A server may refuse a file before it has all of it; then its answer says why.
            try:
                return self.getresponse()
            except OSError:
                raise error from None
        return self.getresponse()


def _pieces(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), CHUNK_BYTES):
        yield content[start : start + CHUNK_BYTES]


def _read(response: HTTPResponse, take: Callable[[bytes], None]) -> None:
    missing = response.length
    while piece := response.read(CHUNK_BYTES):
        take(piece)
        missing = None if missing is None else missing - len(piece)
    if missing:
        raise TransferFailed(Failure.FAILED, f"the connection ended {missing} bytes too early")


def _expect_success(response: HTTPResponse) -> None:
    if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
        failure = _FAILURES.get(response.status, Failure.FAILED)
        raise TransferFailed(failure, f"the server answered {response.status} {response.reason}")


def _redirected(location: Location, response: HTTPResponse) -> Location:
    """Return where a redirection leads: by HTTP still, never out of TLS, and not with our credentials."""
    here = f"{location.scheme}://{_authority(location)}{location.target}"
    there = locate(urljoin(here, response.headers.get("Location", "")))
    if there.scheme not in {"https", location.scheme}:
        raise TransferFailed(Failure.NOT_SUPPORTED, f"a redirection to {there.scheme} is not followed")
    is_same_server = (there.scheme, there.host, there.port) == (location.scheme, location.host, location.port)
    if there.user is None and is_same_server:
        return Location(there.scheme, there.host, there.port, there.target, location.user, location.password)
    return there


def _authority(location: Location) -> str:
    host = f"[{location.host}]" if ":" in location.host else location.host
    return f"{host}:{location.port}"
