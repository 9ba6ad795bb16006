"""The sockets of one transfer, so that another thread can cut it off."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Lock

from voltyard.chargepoint.transfer.errors import Failure, TransferFailed


class Wire:
    """Connects, and remembers what is connected until it is cut.

    `silence_s` is how long a connection may be silent before it counts as lost.
    """

    def __init__(self, silence_s: float) -> None:
        self._silence_s = silence_s
        self._lock = Lock()
        self._handles: list[socket.socket] = []
        self._is_cut = False

    def connect(self, host: str, port: int) -> socket.socket:
        """Return a connected socket; raises `OSError`, and `TransferFailed` when the wire is cut."""
        failure = OSError(f"{host} has no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            connection = socket.socket(family, kind, protocol)
            try:
                connection.settimeout(self._silence_s)
                self.watch(connection)
                connection.connect(address)
                # Before it was connecting, cutting had nothing to take hold of.
                self.unless_cut(lambda: None)
            except BaseException as error:
                connection.close()
                if not isinstance(error, OSError):
                    raise
                failure = error
            else:
                return connection
        raise failure

    def watch(self, connection: socket.socket) -> None:
        """Remember a socket; raises `TransferFailed` when the wire is cut already."""
        # A handle of our own: TLS and ftplib take the socket out of its first object.
        self.unless_cut(lambda: self._handles.append(connection.dup()))

    def unless_cut(self, action: Callable[[], object]) -> None:
        """Do something while the wire cannot be cut; raises `TransferFailed` when it is cut already."""
        with self._lock:
            if self._is_cut:
                raise TransferFailed(Failure.FAILED, "cut off")
            action()

    def cut(self) -> None:
        """End all connections at once, and let there be no more; whoever reads or writes finds them ended."""
        with self._lock:
            self._is_cut = True
            handles, self._handles = self._handles, []
        for handle in handles:
            with handle, suppress(OSError):
                handle.shutdown(socket.SHUT_RDWR)
