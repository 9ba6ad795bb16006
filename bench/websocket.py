"""The client side of RFC 6455, as little of it as a load generator needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

TEXT = 0x81
CLOSE = 0x88
PING = 0x89
PONG = 0x8A

# Four equal bytes, so that masking does not depend on the position: pieces of a message are masked
# once, in advance, and joined when it is sent. Not zero, because some servers then skip unmasking.
_MASKING_BYTE = 0x5A
_MASKING_KEY = bytes([_MASKING_BYTE]) * 4
_MASKED = bytes(byte ^ _MASKING_BYTE for byte in range(256))


class Frame(NamedTuple):
    """A frame from the server; `opcode` has the FIN bit."""

    opcode: int
    payload: bytes


class Template:
    """A text frame whose changing bytes are `%s`, everything else being masked once."""

    def __init__(self, text: str) -> None:
        constants = [masked(piece.encode()) for piece in text.split("%s")]
        self._pieces = [piece for constant in constants for piece in (constant, b"")][:-1]

    def fill(self, *values: bytes) -> bytes:
        """Return the frame with these bytes in the places of the `%s`, ready to be sent."""
        self._pieces[1::2] = [value.translate(_MASKED) for value in values]
        return frame(TEXT, b"".join(self._pieces))


def masked(payload: bytes) -> bytes:
    """Return `payload` as it stands in a frame."""
    return payload.translate(_MASKED)


def frame(opcode: int, masked_payload: bytes) -> bytes:
    """Return a frame from the client, at most 65 535 bytes long."""
    length = len(masked_payload)
    if length < 126:
        return bytes((opcode, 0x80 | length)) + _MASKING_KEY + masked_payload
    return bytes((opcode, 0xFE)) + length.to_bytes(2, "big") + _MASKING_KEY + masked_payload


def frames(received: bytes) -> Iterator[Frame | bytes]:
    """Yield the frames in `received`, then, if there is one, the beginning of the next as bytes."""
    start = 0
    while len(received) - start >= 2:
        length, head = received[start + 1], start + 2
        if length == 126:
            length, head = int.from_bytes(received[head : head + 2], "big"), head + 2
        elif length == 127:
            length, head = int.from_bytes(received[head : head + 8], "big"), head + 8
        if len(received) < head + length:
            break
        yield Frame(received[start], received[head : head + length])
        start = head + length
    if start < len(received):
        yield received[start:]


def handshake(host: str, port: int, path: str) -> bytes:
    """Return the opening handshake that offers the subprotocol `ocpp1.6`, without extensions."""
    lines: Sequence[str] = (
        f"GET {path} HTTP/1.1",
        f"Host: {host}:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dm9sdHlhcmQtYmVuY2gtMQ==",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: ocpp1.6",
    )
    return "\r\n".join((*lines, "", "")).encode()


def is_accepted(response: bytes) -> bool:
    """Tell whether the server switched protocols and chose `ocpp1.6`."""
    status, *headers = response.lower().split(b"\r\n")
    return status.startswith(b"http/1.1 101 ") and b"sec-websocket-protocol: ocpp1.6" in headers
