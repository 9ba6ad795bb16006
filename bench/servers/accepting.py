"""A central system that accepts everything and keeps nothing: what charge points cost shows beside it.

`python -m bench.servers.accepting` prints the port of 127.0.0.1 it listens on and runs until it is killed.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha1
from itertools import count
from typing import cast

import uvloop

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 §1.3
_END_OF_HEADERS = b"\r\n\r\n"
_KEY = b"sec-websocket-key:"
_TEXT, _CLOSE, _PING, _PONG = 0x81, 0x88, 0x89, 0x8A
_BACKLOG = 1024
_transaction_ids = count(1)


class Accepting(asyncio.Protocol):
    """One charge point's connection."""

    __slots__ = ("_rest", "_transport", "_upgraded")

    def __init__(self) -> None:
        self._rest = b""
        self._upgraded = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # TCP gives a Transport

    def data_received(self, data: bytes) -> None:
        received, self._rest = self._rest + data, b""
        if self._upgraded:
            self._take_frames(received)
        elif _END_OF_HEADERS in received:
            self._upgrade(received)
        else:
            self._rest = received

    def _upgrade(self, request: bytes) -> None:
        lines = request.split(b"\r\n")
        (key,) = (line[len(_KEY) :].strip() for line in lines if line.lower().startswith(_KEY))
        accept = b64encode(sha1(key + _MAGIC).digest())
        self._upgraded = True
        self._transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
        )

    def _take_frames(self, received: bytes) -> None:
        start = 0
        while (end := _end_of_frame(received, start)) is not None:
            self._take(received[start], _payload(received[start:end]))
            start = end
        self._rest = received[start:]

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == _TEXT and payload.startswith(b"[2,"):
            self._transport.write(_frame(_TEXT, answer(payload)))
        elif opcode == _PING:
            self._transport.write(_frame(_PONG, payload))
        elif opcode == _CLOSE:
            self._transport.write(_frame(_CLOSE, payload))
            self._transport.close()


def answer(call: bytes) -> bytes:
    """Return the CALLRESULT of a CALL."""
    _, id, _, action, _ = call.split(b'"', 4)
    return b'[3,"%s",%s]' % (id, _payload_of_answer(action))


def _payload_of_answer(action: bytes) -> bytes:
    match action:
        case b"BootNotification":
            return b'{"status":"Accepted","currentTime":"%s","interval":30}' % _now()
        case b"Heartbeat":
            return b'{"currentTime":"%s"}' % _now()
        case b"Authorize":
            return b'{"idTagInfo":{"status":"Accepted"}}'
        case b"StartTransaction":
            return b'{"idTagInfo":{"status":"Accepted"},"transactionId":%d}' % next(_transaction_ids)
        case _:
            return b"{}"


def _now() -> bytes:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z").encode()


def _end_of_frame(received: bytes, start: int) -> int | None:
    """Return where the masked frame that begins at `start` ends, or None if it is not complete."""
    head = received[start : start + 4]
    if len(head) < 2:
        return None
    size, mask_at = head[1] & 0x7F, start + 2
    if size == 126:
        size, mask_at = int.from_bytes(head[2:4], "big"), start + 4
    end = mask_at + 4 + size
    return end if len(received) >= end else None


def _payload(frame: bytes) -> bytes:
    start = 8 if frame[1] & 0x7F == 126 else 6
    key, masked = frame[start - 4 : start], frame[start:]
    repeated = (key * (len(masked) // 4 + 1))[: len(masked)]
    number = int.from_bytes(masked, "big") ^ int.from_bytes(repeated, "big")
    return number.to_bytes(len(masked), "big")


def _frame(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((opcode, size)) + payload
    return bytes((opcode, 126)) + size.to_bytes(2, "big") + payload


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Accepting, "127.0.0.1", 0, backlog=_BACKLOG)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Serve until killed."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve())


if __name__ == "__main__":
    main()
