"""Files by FTP and FTPS: passive, and encrypted both ways where TLS is asked for (RFC 959, RFC 4217)."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing, suppress
from ftplib import FTP, FTP_TLS, Error, error_perm, error_proto
from socket import SHUT_RDWR, socket
from ssl import SSLContext, SSLSocket
from typing import Final

from voltyard.chargepoint.transfer.errors import Failure, TransferFailed
from voltyard.chargepoint.transfer.http import CHUNK_BYTES, Secure
from voltyard.chargepoint.transfer.location import Location
from voltyard.chargepoint.transfer.wire import Wire

IMPLICIT_PORT: Final = 990
"""Where TLS comes first and FTP within it, as it was before RFC 4217."""

_NOT_LOGGED_IN: Final = ("530", "532", "534")
_NOT_UNDERSTOOD: Final = ("500", "501", "503")
_NOT_THERE: Final = ("502", "504")
_FORBIDDEN: Final = re.compile("permission|privilege|denied|not allowed|forbidden", re.IGNORECASE)


def fetch(
    location: Location,
    wire: Wire,
    secure: Secure,
    take: Callable[[bytes], None],
    *,
    implicit_port: int = IMPLICIT_PORT,
) -> None:
    """Retrieve a file and hand it over piece by piece; raises `TransferFailed`, `OSError`, `EOFError`."""
    with closing(_session(location, wire, secure, implicit_port)) as session:
        try:
            _begin(session, location)
            with session.transfercmd(f"RETR {location.path}") as connection:
                while piece := connection.recv(CHUNK_BYTES):
                    take(piece)
                _end(connection)
            _finish(session)
        except Error as error:
            raise _failure(error) from error


def store(
    location: Location,
    wire: Wire,
    secure: Secure,
    content: bytes,
    *,
    resume: bool = False,
    implicit_port: int = IMPLICIT_PORT,
) -> None:
    """Store a file, or with `resume` what is missing; raises `TransferFailed`, `OSError`, `EOFError`."""
    with closing(_session(location, wire, secure, implicit_port)) as session:
        try:
            _begin(session, location)
            start = _already_there(session, location.path, len(content)) if resume else None
            with session.transfercmd(f"STOR {location.path}", start) as connection:
                for position in range(start or 0, len(content), CHUNK_BYTES):
                    connection.sendall(content[position : position + CHUNK_BYTES])
                _end(connection)
            _finish(session)
        except Error as error:
            raise _failure(error) from error


class _Plain(FTP):
    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire

    def open(self, location: Location) -> None:
        """Connect; done apart from construction so that there is something to close."""
        _connect(self, self._wire.connect(location.host, location.port), location)

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket, int | None]:
        connection, size = super().ntransfercmd(cmd, rest)
        self._wire.watch(connection)
        return connection, size


class _Secure(FTP_TLS):
    def __init__(self, wire: Wire, context: SSLContext, *, is_implicit: bool) -> None:
        super().__init__(context=context)
        self._wire = wire
        self._verifying = context
        self._is_implicit = is_implicit

    def open(self, location: Location) -> None:
        """Connect; done apart from construction so that there is something to close."""
        connection = self._wire.connect(location.host, location.port)
        if self._is_implicit:
            connection = self._verifying.wrap_socket(connection, server_hostname=location.host)
        _connect(self, connection, location)

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket, int | None]:
        connection, size = super(FTP_TLS, self).ntransfercmd(cmd, rest)
        self._wire.watch(connection)
        # Many servers take a data connection only from the TLS session of the control connection.
        session = self.sock.session if isinstance(self.sock, SSLSocket) else None
        secured = self._verifying.wrap_socket(connection, server_hostname=self.host, session=session)
        return secured, size


def _session(location: Location, wire: Wire, secure: Secure, implicit_port: int) -> _Plain | _Secure:
    if location.is_encrypted:
        return _Secure(wire, secure(), is_implicit=location.port == implicit_port)
    return _Plain(wire)


def _connect(session: FTP, connection: socket, location: Location) -> None:
    """Do what ftplib does with a socket of its own."""
    session.host, session.port = location.host, location.port
    session.timeout = connection.gettimeout()
    session.sock = connection
    session.af = connection.family
    session.file = connection.makefile("r", encoding=session.encoding)
    session.welcome = session.getresp()


def _begin(session: _Plain | _Secure, location: Location) -> None:
    session.open(location)
    session.login(location.user or "", location.password)
    if isinstance(session, _Secure):
        session.prot_p()
    session.voidcmd("TYPE I")


def _already_there(session: FTP, path: str, size: int) -> int | None:
    with suppress(error_perm, ValueError):
        there = session.size(path)
        if there is not None and 0 < there < size:
            return there
    return None


def _end(connection: socket) -> None:
    # Whether all has arrived is said on the control connection, not by how this one ends.
    with suppress(OSError):
        if isinstance(connection, SSLSocket):
            connection.unwrap()
    # Closing would not tell the server: the wire has a handle of the connection too.
    with suppress(OSError):
        connection.shutdown(SHUT_RDWR)


def _finish(session: FTP) -> None:
    session.voidresp()
    with suppress(Error, OSError, EOFError):
        session.quit()


def _failure(error: Error) -> TransferFailed:
    text = str(error)
    if isinstance(error, error_proto) or text.startswith(_NOT_UNDERSTOOD):
        failure = Failure.BAD_MESSAGE
    elif text.startswith(_NOT_LOGGED_IN) or _FORBIDDEN.search(text):
        failure = Failure.PERMISSION_DENIED
    elif text.startswith(_NOT_THERE):
        failure = Failure.NOT_SUPPORTED
    else:
        failure = Failure.FAILED
    return TransferFailed(failure, f"the server answered {text}")
