"""The connections of a transfer end when it is cut off, at any time."""

from __future__ import annotations

import socket
import threading

import pytest

from voltyard.chargepoint.transfer.errors import TransferFailed
from voltyard.chargepoint.transfer.wire import Wire

pytestmark = pytest.mark.integration


def test_cutting_wakes_a_thread_that_reads() -> None:
    wire = Wire(silence_s=30)
    with socket.create_server(("127.0.0.1", 0)) as server:
        connection = wire.connect("127.0.0.1", server.getsockname()[1])
        read: list[bytes] = []
        reader = threading.Thread(target=lambda: read.append(connection.recv(1)))
        reader.start()

        wire.cut()
        reader.join(timeout=10)

        assert read == [b""]
        connection.close()


def test_a_cut_wire_connects_nobody() -> None:
    wire = Wire(silence_s=30)
    wire.cut()

    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(TransferFailed):
        wire.connect("127.0.0.1", server.getsockname()[1])


def test_cutting_ends_connecting() -> None:
    wire = Wire(silence_s=30)
    failures: list[Exception] = []

    def connect(port: int) -> None:
        try:
            wire.connect("127.0.0.1", port)
        except (OSError, TransferFailed) as error:
            failures.append(error)

    # Whose queue of connections is full leaves the next one waiting.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        port = server.getsockname()[1]
        waiting = [socket.create_connection(("127.0.0.1", port), timeout=10)]
        connecting = threading.Thread(target=connect, args=(port,))
        connecting.start()
        connecting.join(timeout=0.2)
        assert connecting.is_alive()

        wire.cut()
        connecting.join(timeout=10)

        assert not connecting.is_alive()
        assert len(failures) == 1
        for each in waiting:
            each.close()


def test_nobody_there_is_an_error_of_the_system() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    wire = Wire(silence_s=30)
    with pytest.raises(ConnectionRefusedError):
        wire.connect("127.0.0.1", port)
    wire.cut()


def test_the_next_address_is_tried() -> None:
    wire = Wire(silence_s=30)
    with socket.create_server(("127.0.0.1", 0)) as server:
        # Often ::1 comes first, where nobody listens.
        connection = wire.connect("localhost", server.getsockname()[1])

        assert connection.getpeername()[0] == "127.0.0.1"
        connection.close()
        wire.cut()
