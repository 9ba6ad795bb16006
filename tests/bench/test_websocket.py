"""The load generator's WebSocket framing, held against a real implementation."""

from __future__ import annotations

import pytest
from bench.websocket import PING, TEXT, Frame, Template, frame, frames, handshake, is_accepted, masked
from websockets.frames import Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol


def connected() -> ServerProtocol:
    server = ServerProtocol(subprotocols=["ocpp1.6"])  # type: ignore[list-item]  # a NewType of str
    server.receive_data(handshake("127.0.0.1", 9000, "/ocpp/CP00001"))
    (request,) = server.events_received()
    assert isinstance(request, Request)
    server.send_response(server.accept(request))
    return server


def test_the_handshake_is_accepted_and_its_answer_recognised() -> None:
    server = connected()

    (response,) = server.data_to_send()

    assert is_accepted(response.partition(b"\r\n\r\n")[0])
    assert not is_accepted(b"HTTP/1.1 404 Not Found")
    assert not is_accepted(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket")


@pytest.mark.parametrize("length", [0, 5, 125, 126, 1200, 65_535])
def test_a_server_reads_frames_of_any_length(length: int) -> None:
    server = connected()

    server.receive_data(frame(TEXT, masked(b"x" * length)))

    (received,) = server.events_received()
    assert received.opcode is Opcode.TEXT  # type: ignore[union-attr]  # a frame, not a request
    assert received.data == b"x" * length  # type: ignore[union-attr]


def test_a_template_can_be_filled_again_and_again() -> None:
    server = connected()
    template = Template('[2,"%s","MeterValues",{"transactionId":%s}]')

    server.receive_data(template.fill(b"1", b"4711") + template.fill(b"12", b"5"))

    texts = [received.data for received in server.events_received()]  # type: ignore[union-attr]
    assert texts == [
        b'[2,"1","MeterValues",{"transactionId":4711}]',
        b'[2,"12","MeterValues",{"transactionId":5}]',
    ]


def test_the_servers_frames_are_found_however_they_are_cut() -> None:
    server = connected()
    server.data_to_send()
    server.send_text(b'[3,"1",{}]')
    server.send_ping(b"beat")
    server.send_text(b"y" * 300)
    sent = b"".join(server.data_to_send())

    for cut in range(len(sent) + 1):
        found, rest = [], b""
        for received in (sent[:cut], sent[cut:]):
            items = list(frames(rest + received))
            rest = b"".join(item for item in items if not isinstance(item, Frame))
            found += [item for item in items if isinstance(item, Frame)]
        assert found == [Frame(TEXT, b'[3,"1",{}]'), Frame(PING, b"beat"), Frame(TEXT, b"y" * 300)]
